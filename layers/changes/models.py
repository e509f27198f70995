"""Tables of changes: what differed between two states of a record (异动)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from database.tables.base import (
    CountyBase,
    also_grid_code_column,
    grid_code_check,
    grid_code_column,
    identity_column,
    now_column,
)
from layers.changes.vocabulary import ChangeOperation

#: No personal number, and of dates of birth and death only the year: the database holds writers to it.
NO_NUMBERS = (
    "NOT (coalesce(before, '{}') || coalesce(after, '{}')) ?| "
    "ARRAY['id_number','id_number_masked','phone','phone_masked'] "
    "AND greatest(length(before ->> 'birth_date'), length(after ->> 'birth_date'), length(before ->> 'death_date'), "
    "length(after ->> 'death_date'), 0) <= 4"
)


class Change(CountyBase):
    """A change (异动): the difference between two states of a record.

    No personal number stands in it, of dates of birth and death only the year, of a place that the row's grid code does not
    hold only that there is one: the whole of that stands in ``change_whole``.
    """

    __tablename__ = "change"
    __table_args__ = (
        CheckConstraint(ChangeOperation.check("operation"), name="operation"),
        CheckConstraint(NO_NUMBERS, name="no_numbers"),
        grid_code_check(),
        Index("ix_change_record", "entity", "entity_id"),
        Index("ix_change_entity", "entity", "id"),
        Index("ix_change_batch_id", "batch_id", "id", postgresql_include=["entity", "grid_code"]),
        Index("ix_change_scope", "grid_code", "id", postgresql_include=["entity", "batch_id"]),
        {"comment": "changes (异动)"},
    )

    id: Mapped[int] = identity_column()
    # a foreign key, which importing/models.py declares
    batch_id: Mapped[int | None] = mapped_column(BigInteger, comment="import that made it; empty when made in the app")
    entity: Mapped[str] = mapped_column(Text, nullable=False, comment="table of the record")
    entity_id: Mapped[str] = mapped_column(Text, nullable=False, comment="key of the record")
    operation: Mapped[str] = mapped_column(Text, nullable=False, comment="added, changed, removed")
    fields: Mapped[list[str]] = mapped_column(
        JSONB, server_default=text("'[]'"), nullable=False, comment="names of what differs"
    )
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB, comment="state before")
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB, comment="state after")
    actor: Mapped[str] = mapped_column(Text, nullable=False, comment="who")
    at: Mapped[datetime] = now_column("when")
    grid_code: Mapped[str] = grid_code_column(index=False)


class ChangeWhole(CountyBase):
    """The states of a change that names two places, in full: seen by who sees both."""

    __tablename__ = "change_whole"
    __table_args__ = (
        CheckConstraint(NO_NUMBERS, name="no_numbers"),
        grid_code_check(),
        grid_code_check("also_grid_code"),
        {"comment": "changes that cross scopes, in full (跨范围异动全文)"},
    )

    change_id: Mapped[int] = mapped_column(
        ForeignKey("change.id", ondelete="CASCADE"), primary_key=True, autoincrement=False, comment="the change"
    )
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB, comment="state before")
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB, comment="state after")
    grid_code: Mapped[str] = grid_code_column()
    also_grid_code: Mapped[str] = also_grid_code_column()
