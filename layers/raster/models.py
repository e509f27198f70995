"""Tables of rasters: the catalogue, and the elevation at each address."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Float, ForeignKey, Index, Integer, Text, text
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
from gazetteer.library.models import StandardAddress
from layers.raster.vocabulary import RasterKind, RasterSensitivity

FILE_GRAMMAR = "'^[0-9]{6}/[a-z0-9][a-z0-9_-]*-[0-9a-f]{16}([.]tiles)?[.]tif$'"


class Raster(CountyBase):
    """A raster of the county (栅格): what it shows and where its files are. Removed ones stay, without files."""

    __tablename__ = "raster"
    __table_args__ = (
        CheckConstraint("name ~ '^[a-z0-9][a-z0-9_-]{0,62}$'", name="name"),
        CheckConstraint(RasterKind.check("kind"), name="kind"),
        CheckConstraint(RasterSensitivity.check("sensitivity"), name="sensitivity"),
        CheckConstraint("crs IN ('EPSG:4490','EPSG:3857')", name="crs"),
        CheckConstraint(f"file ~ {FILE_GRAMMAR} AND tile_file ~ {FILE_GRAMMAR}", name="file"),
        CheckConstraint("sha256 ~ '^[0-9a-f]{64}$' AND tile_sha256 ~ '^[0-9a-f]{64}$'", name="sha256"),
        CheckConstraint("bands BETWEEN 1 AND 16 AND resolution_m > 0", name="pixels"),
        CheckConstraint("minzoom BETWEEN 0 AND 24 AND maxzoom BETWEEN minzoom AND 24", name="zooms"),
        CheckConstraint("(removed_at IS NULL) = (removed_by IS NULL)", name="removed"),
        CheckConstraint("length(grid_code) = 6", name="county_wide"),
        grid_code_check(),
        Index("uq_raster_name", "name", unique=True, postgresql_where=text("removed_at IS NULL")),
        {"comment": "rasters (栅格): imagery, elevation, land cover, population"},
    )

    id: Mapped[int] = identity_column()
    name: Mapped[str] = mapped_column(Text, nullable=False, comment="name in addresses; once among those not removed")
    title: Mapped[str] = mapped_column(Text, nullable=False, comment="name as shown")
    kind: Mapped[str] = mapped_column(Text, nullable=False, comment="imagery, dem, land_cover, population")
    sensitivity: Mapped[str] = mapped_column(
        Text, nullable=False, comment="public: for everybody of the county; scoped: only pixels inside the scope"
    )
    file: Mapped[str] = mapped_column(Text, nullable=False, comment="COG for values, below the folder of rasters")
    tile_file: Mapped[str] = mapped_column(
        Text, nullable=False, comment="COG for tiles, EPSG:3857; of imagery the same as file"
    )
    crs: Mapped[str] = mapped_column(Text, nullable=False, comment="of file: EPSG:4490, of imagery EPSG:3857")
    geom: Mapped[Any] = geometry_column("POLYGON", "outer bounds", nullable=False)
    bands: Mapped[int] = mapped_column(Integer, nullable=False, comment="bands, an alpha band included")
    dtype: Mapped[str] = mapped_column(Text, nullable=False, comment="of a pixel, as numpy names it")
    nodata: Mapped[float | None] = mapped_column(Float(53), comment="value of pixels without data")
    resolution_m: Mapped[float] = mapped_column(
        Float(53), nullable=False, comment="width of a pixel of the source, metres"
    )
    unit: Mapped[str | None] = mapped_column(Text, comment="of a value: m, persons …")
    stretch: Mapped[list[list[float]]] = mapped_column(
        JSONB, nullable=False, comment="2nd and 98th percentile of each band: drawn from black to white"
    )
    minzoom: Mapped[int] = mapped_column(Integer, nullable=False, comment="zoom of the smallest overview")
    maxzoom: Mapped[int] = mapped_column(Integer, nullable=False, comment="zoom of the full resolution")
    sha256: Mapped[str] = mapped_column(Text, nullable=False, comment="of file")
    tile_sha256: Mapped[str] = mapped_column(Text, nullable=False, comment="of tile_file")
    source_name: Mapped[str] = mapped_column(Text, nullable=False, comment="name of the file it was made from")
    source_sha256: Mapped[str] = mapped_column(Text, nullable=False, comment="of that file")
    source_crs: Mapped[str] = mapped_column(Text, nullable=False, comment="of that file, as read or as declared")
    attribution: Mapped[str | None] = mapped_column(Text, comment="whom to name when it is shown")
    added_by: Mapped[str] = mapped_column(Text, nullable=False, comment="who added it")
    added_at: Mapped[datetime] = now_column("when it was added")
    removed_by: Mapped[str | None] = mapped_column(Text, comment="who removed or replaced it")
    removed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), comment="when")
    grid_code: Mapped[str] = grid_code_column()


class AddressElevation(CountyBase):
    """The ground at an address, from the elevation model."""

    __tablename__ = "address_elevation"
    __table_args__ = (
        grid_code_check(),
        Index("ix_address_elevation_elevation_m", "elevation_m"),
        {"comment": "elevation at addresses (地址高程)"},
    )

    address_id: Mapped[int] = mapped_column(
        BigInteger,
        ForeignKey(StandardAddress.id, ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
        comment="the address",
    )
    elevation_m: Mapped[float | None] = mapped_column(
        Float(53), comment="metres above the zero of the model, to the centimetre; none: the model has no value here"
    )
    raster_id: Mapped[int] = mapped_column(ForeignKey("raster.id"), nullable=False, index=True, comment="the model")
    geom: Mapped[Any] = geometry_column(
        "POINT", "where it was read; differs once the address has moved", nullable=False
    )
    read_at: Mapped[datetime] = now_column("when it was read")
    grid_code: Mapped[str] = grid_code_column()
