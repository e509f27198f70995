"""Tables of events (事)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    Text,
    UniqueConstraint,
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
    tile_geometry_column,
)
from gazetteer.library.models import StandardAddress
from layers.events.vocabulary import EventState
from layers.source_columns import row_hash_column, source_column, source_key_column


class Event(CountyBase):
    """Something that happened at a time and a place (事): hotline case, accident, inspection."""

    __tablename__ = "event"
    __table_args__ = (
        CheckConstraint(EventState.check("state"), name="state"),
        grid_code_check(),
        UniqueConstraint("source", "source_key"),
        Index("ix_event_tile", "geom_3857", postgresql_using="gist"),
        Index("ix_event_grid_time", "grid_code", "kind", "occurred_at"),
        Index("ix_event_address", "address_id"),
        {"comment": "events (事)"},
    )

    id: Mapped[int] = identity_column()
    kind: Mapped[str] = mapped_column(Text, nullable=False, comment="what happened: dispute, accident, complaint …")
    title: Mapped[str] = mapped_column(Text, nullable=False, comment="in a line")
    detail: Mapped[str | None] = mapped_column(Text, comment="in full")
    occurred_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), nullable=False, comment="when it happened")
    state: Mapped[str] = mapped_column(
        Text,
        server_default=text("'recorded'"),
        nullable=False,
        comment="open, in_progress, closed, cancelled, recorded",
    )
    address_text: Mapped[str | None] = mapped_column(Text, comment="place as written")
    address_id: Mapped[int | None] = mapped_column(
        ForeignKey(StandardAddress.id), comment="standard address, when matched"
    )
    address_match: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB, comment="how the address was matched: confidence, reasons"
    )
    attributes: Mapped[dict[str, Any]] = mapped_column(
        JSONB, server_default=text("'{}'"), nullable=False, comment="other columns of the source"
    )
    source: Mapped[str] = source_column()
    source_key: Mapped[str] = source_key_column()
    row_hash: Mapped[bytes | None] = row_hash_column()
    updated_at: Mapped[datetime] = now_column("last change")
    grid_code: Mapped[str] = grid_code_column()
    geom: Mapped[Any | None] = geometry_column("POINT", "where")
    geom_3857: Mapped[Any | None] = tile_geometry_column("POINT")
