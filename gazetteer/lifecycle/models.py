"""Tables of the lifecycle: the log of address events, its counter, change sets and their items."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Date, DateTime, ForeignKey, Index, Integer, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from database.tables.base import CountyBase, code_column, grid_code_check, grid_code_column, identity_column, now_column
from gazetteer.lifecycle.vocabulary import ChangeSetState


class AddressEvent(CountyBase):
    """One state change of one address, in the order of commits. Append-only (地址变更日志).

    An address whose grid code changes leaves two events: ``left`` under the old code, with nothing after, then the change
    itself under the new one, so that a reader whose scope it leaves hears of it.
    """

    __tablename__ = "address_event"
    __table_args__ = (
        CheckConstraint("before IS NOT NULL OR after IS NOT NULL", name="states"),
        grid_code_check(),
        Index("ix_address_event_uid", "uid", "number"),
        Index("ix_address_event_scope", "grid_code", "number"),
        Index("ix_address_event_operation", "operation_id"),
        Index("ix_address_event_local_key", "local_key", "uid"),
        Index("ix_address_event_recorded_at", "recorded_at", postgresql_where=text("operation_id IS NOT NULL")),
        Index(
            "ix_address_event_lost",
            "recorded_at",
            postgresql_where=text(
                "kind <> 'left' AND (before ->> 'status') = 'published' AND (after IS NULL OR (after ->> 'status') <> 'published' "
                "OR (after ->> 'division_code') <> (before ->> 'division_code'))"
            ),
        ),
        {"comment": "log of the address library (地址变更日志)"},
    )

    number: Mapped[int] = mapped_column(
        BigInteger, primary_key=True, autoincrement=False, comment="order of commits; no reader misses one"
    )
    operation_id: Mapped[uuid.UUID | None] = mapped_column(
        Uuid, comment="what was done in one go; none for a plain write"
    )
    kind: Mapped[str] = mapped_column(
        Text, nullable=False, comment="created, imported, renamed … ; see gazetteer/lifecycle/vocabulary.py"
    )
    reason: Mapped[str | None] = mapped_column(Text, comment="why, in words")
    reverts: Mapped[uuid.UUID | None] = mapped_column(Uuid, comment="the operation this one takes back")
    uid: Mapped[uuid.UUID] = mapped_column(Uuid, nullable=False, comment="the address, by its lifelong identity")
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB, comment="state before; none when it is new")
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB, comment="state after; none when it left this grid code")
    local_key: Mapped[str | None] = code_column(
        "road or group and below, normalised, in the state after: how a text of that time finds it", nullable=True
    )
    effective_on: Mapped[date] = mapped_column(Date, nullable=False, comment="day from which it holds")
    actor: Mapped[str] = mapped_column(Text, nullable=False, comment="who")
    recorded_at: Mapped[datetime] = now_column("when it was recorded")
    grid_code: Mapped[str] = grid_code_column(index=False)


class AddressFeed(CountyBase):
    """The last number given to an event. Its row is locked until the writer commits, so numbers commit in order."""

    __tablename__ = "address_feed"
    __table_args__ = (grid_code_check(), {"comment": "counter of address events (地址变更序号)"})

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False, comment="always 1")
    number: Mapped[int] = mapped_column(BigInteger, server_default=text("0"), nullable=False, comment="last one given")
    grid_code: Mapped[str] = grid_code_column()


class AddressChangeSet(CountyBase):
    """Operations prepared together, looked over, and published as one (变更集)."""

    __tablename__ = "address_change_set"
    __table_args__ = (
        CheckConstraint(ChangeSetState.check("state"), name="state"),
        grid_code_check(),
        {"comment": "address change sets (地址变更集)"},
    )

    id: Mapped[int] = identity_column()
    title: Mapped[str] = mapped_column(Text, nullable=False, comment="what it is about")
    reason: Mapped[str] = mapped_column(Text, nullable=False, comment="why, e.g. the document that orders it")
    effective_on: Mapped[date] = mapped_column(Date, nullable=False, comment="day from which it holds")
    state: Mapped[str] = mapped_column(
        Text, server_default=text("'draft'"), nullable=False, comment="draft, submitted, approved, published, …"
    )
    author: Mapped[str] = mapped_column(Text, nullable=False, comment="who prepared it")
    approver: Mapped[str | None] = mapped_column(Text, comment="who approved or rejected it")
    note: Mapped[str | None] = mapped_column(Text, comment="the approver's words")
    basis: Mapped[int] = mapped_column(
        BigInteger, nullable=False, comment="last event known when it was prepared; later ones conflict"
    )
    created_at: Mapped[datetime] = now_column("when")
    decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), comment="when approved or rejected")
    published_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), comment="when published")
    grid_code: Mapped[str] = grid_code_column()


class AddressChangeItem(CountyBase):
    """One operation of a change set: its kind and what it needs."""

    __tablename__ = "address_change_item"
    __table_args__ = (grid_code_check(), {"comment": "operations of change sets (变更集条目)"})

    id: Mapped[int] = identity_column()
    change_set_id: Mapped[int] = mapped_column(
        ForeignKey("address_change_set.id"), nullable=False, index=True, comment="the set"
    )
    position: Mapped[int] = mapped_column(Integer, nullable=False, comment="order within the set")
    kind: Mapped[str] = mapped_column(Text, nullable=False, comment="rename_road, split, merge …")
    arguments: Mapped[dict[str, Any]] = mapped_column(JSONB, nullable=False, comment="what the operation needs")
    operation_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, index=True, comment="the operation once published")
    grid_code: Mapped[str] = grid_code_column()
