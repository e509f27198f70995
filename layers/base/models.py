"""The table of the base map. It holds nothing about anybody: everybody of the county may read all of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Float, Index, SmallInteger, Text, UniqueConstraint, text
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
from layers.base.catalogue import LAYERS
from layers.source_columns import row_hash_column, source_column, source_key_column

KINDS = ",".join(f"'{name}'" for name in LAYERS)


class BaseFeature(CountyBase):
    """A feature of the base map (底图要素). ``kind`` is its source layer; the grid code is always that of the county."""

    __tablename__ = "base_feature"
    __table_args__ = (
        CheckConstraint(f"kind IN ({KINDS})", name="kind"),
        CheckConstraint("min_zoom BETWEEN 0 AND 18", name="min_zoom"),
        CheckConstraint("length(grid_code) = 6", name="county_wide"),
        grid_code_check(),
        UniqueConstraint("source", "source_key"),
        # tiles from zoom 13 on, and the few features that lower zooms show
        Index("ix_base_feature_tile", "geom_3857", postgresql_using="gist"),
        Index("ix_base_feature_far", "geom_3857", postgresql_using="gist", postgresql_where=text("min_zoom <= 12")),
        {"comment": "features of the base map (底图要素)"},
    )

    id: Mapped[int] = identity_column()
    kind: Mapped[str] = mapped_column(Text, nullable=False, comment="source layer: roads, water, buildings …")
    klass: Mapped[str] = mapped_column("class", Text, nullable=False, comment="class within the kind")
    name: Mapped[str | None] = mapped_column(Text, comment="name as shown")
    number: Mapped[str | None] = mapped_column(Text, comment="number of a road: G25, S304")
    height_m: Mapped[float | None] = mapped_column(
        Float(53), comment="of a building above the ground, of a contour above the sea"
    )
    min_zoom: Mapped[int] = mapped_column(SmallInteger, nullable=False, comment="lowest zoom that shows it")
    source: Mapped[str] = source_column()
    source_key: Mapped[str] = source_key_column()
    row_hash: Mapped[bytes | None] = row_hash_column()
    updated_at: Mapped[datetime] = now_column("last change")
    grid_code: Mapped[str] = grid_code_column(index=False)
    geom: Mapped[Any] = geometry_column("GEOMETRY", "where", nullable=False)
    geom_3857: Mapped[Any] = tile_geometry_column("GEOMETRY")
