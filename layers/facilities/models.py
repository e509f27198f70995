"""Tables of objects in public space (物、部件)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
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
from layers.facilities.vocabulary import FacilityState
from layers.source_columns import row_hash_column, source_column, source_key_column


class Facility(CountyBase):
    """An object (物), a part of the public space (部件): lamp, hydrant, camera, manhole, boundary stone."""

    __tablename__ = "facility"
    __table_args__ = (
        CheckConstraint(FacilityState.check("state"), name="state"),
        grid_code_check(),
        UniqueConstraint("source", "source_key"),
        Index("ix_facility_tile", "geom_3857", postgresql_using="gist"),
        {"comment": "objects (物、部件)"},
    )

    id: Mapped[int] = identity_column()
    kind: Mapped[str] = mapped_column(Text, nullable=False, comment="lamp, hydrant, camera …")
    name: Mapped[str] = mapped_column(Text, nullable=False, comment="name as shown")
    state: Mapped[str] = mapped_column(
        Text,
        server_default=text("'normal'"),
        nullable=False,
        comment="normal, damaged, missing, retired",
    )
    attributes: Mapped[dict[str, Any]] = mapped_column(
        JSONB, server_default=text("'{}'"), nullable=False, comment="other columns of the source"
    )
    source: Mapped[str] = source_column()
    source_key: Mapped[str] = source_key_column()
    row_hash: Mapped[bytes | None] = row_hash_column()
    updated_at: Mapped[datetime] = now_column("last change")
    grid_code: Mapped[str] = grid_code_column()
    geom: Mapped[Any] = geometry_column("POINT", "where", nullable=False)
    geom_3857: Mapped[Any] = tile_geometry_column("POINT")
