"""Table of land parcels (承包地块)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, Double, ForeignKey, Index, Text, UniqueConstraint, text
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
from layers.people.models import Household
from layers.source_columns import row_hash_column, source_column, source_key_column


class Parcel(CountyBase):
    """A parcel of a village's land, contracted to a household (承包地块)."""

    __tablename__ = "parcel"
    __table_args__ = (
        CheckConstraint("area_mu > 0", name="area_mu"),
        grid_code_check(),
        UniqueConstraint("source", "source_key"),
        Index("ix_parcel_tile", "geom_3857", postgresql_using="gist"),
        {"comment": "land parcels of villages (承包地块)"},
    )

    id: Mapped[int] = identity_column()
    code: Mapped[str] = mapped_column(Text, nullable=False, comment="parcel code (地块编码), 19 digits")
    name: Mapped[str] = mapped_column(Text, nullable=False, comment="name as shown")
    household_id: Mapped[int | None] = mapped_column(
        ForeignKey(Household.id, ondelete="SET NULL"), index=True, comment="household that holds it (承包方)"
    )
    area_mu: Mapped[float | None] = mapped_column(Double, comment="contracted area in mu (亩, 666.67 m2)")
    crop: Mapped[str | None] = mapped_column(Text, comment="what grows on it")
    contract_from: Mapped[date | None] = mapped_column(Date, comment="first day of the contract")
    contract_to: Mapped[date | None] = mapped_column(Date, comment="first day after the contract")
    attributes: Mapped[dict[str, Any]] = mapped_column(
        JSONB, server_default=text("'{}'"), nullable=False, comment="other columns of the source"
    )
    source: Mapped[str] = source_column()
    source_key: Mapped[str] = source_key_column()
    row_hash: Mapped[bytes | None] = row_hash_column()
    updated_at: Mapped[datetime] = now_column("last change")
    grid_code: Mapped[str] = grid_code_column()
    geom: Mapped[Any] = geometry_column("MULTIPOLYGON", "outline", nullable=False)
    geom_3857: Mapped[Any] = tile_geometry_column("MULTIPOLYGON")
