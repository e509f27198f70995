"""Tables of visits (走访)."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Index,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from database.tables.base import (
    CountyBase,
    geometry_column,
    grid_code_check,
    grid_code_column,
    identity_column,
    now_column,
)
from layers.visits.vocabulary import VisitOutcome


class Visit(CountyBase):
    """A visit to a household (走访)."""

    __tablename__ = "visit"
    __table_args__ = (
        CheckConstraint(VisitOutcome.check("outcome"), name="outcome"),
        grid_code_check(),
        Index("ix_visit_household", "household_id", "visited_at"),
        {"comment": "visits (走访)"},
    )

    id: Mapped[int] = identity_column()
    client_uid: Mapped[uuid.UUID] = mapped_column(
        Uuid, nullable=False, unique=True, comment="made on the phone; sending twice makes one visit"
    )
    household_id: Mapped[int | None] = mapped_column(BigInteger, comment="household visited")
    address_id: Mapped[int | None] = mapped_column(BigInteger, comment="address visited")
    visitor: Mapped[str] = mapped_column(Text, nullable=False, comment="sign-in name of the visitor")
    visited_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True),
        nullable=False,
        comment="when, by the phone's clock; when the server got it, where that clock was wrong",
    )
    phone_time: Mapped[str | None] = mapped_column(
        Text, comment="what the phone's clock said, as it came, where it could not be right; else empty"
    )
    received_at: Mapped[datetime] = now_column("when the server got it")
    outcome: Mapped[str] = mapped_column(Text, nullable=False, comment=VisitOutcome.comment())
    note: Mapped[str | None] = mapped_column(Text, comment="in the visitor's words")
    found: Mapped[dict[str, Any]] = mapped_column(
        JSONB, server_default=text("'{}'"), nullable=False, comment="what was found different from the file"
    )
    grid_code: Mapped[str] = grid_code_column()
    geom: Mapped[Any | None] = geometry_column("POINT", "where the visitor stood")
