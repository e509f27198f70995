"""What every table of every floor is made of.

One county is one PostgreSQL schema, so tables are named without a schema and the connection's
``search_path`` chooses the county. Shared tables live in ``platform`` and use :class:`PlatformBase`.
"""

from __future__ import annotations

from typing import Any

from geoalchemy2 import Geometry
from sqlalchemy import BigInteger, CheckConstraint, Computed, DateTime, Identity, MetaData, Text, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}

STORAGE_SRID = 4490
TILE_SRID = 3857
PLATFORM_SCHEMA = "platform"


class CountyBase(DeclarativeBase):
    """A table of one county; the schema comes from the ``search_path``."""

    metadata = MetaData(naming_convention=NAMING)


class PlatformBase(DeclarativeBase):
    """A table shared by all counties, in schema ``platform``."""

    metadata = MetaData(schema=PLATFORM_SCHEMA, naming_convention=NAMING)


def code_column(comment: str, **kwargs: Any) -> Any:
    """A code compared byte by byte (collation C), so that prefixes and ranges use the b-tree index.

    Always ``text``, never ``varchar``: one parameter used against both is ambiguous to the server; CHECKs hold the length.
    """
    return mapped_column(Text(collation="C"), comment=comment, **kwargs)


def grid_code_column(**kwargs: Any) -> Any:
    """The permission of a row: 6, 9, 12, 15 or 17 digits (county, town, village, cell, micro cell)."""
    kwargs.setdefault("index", True)
    return code_column(
        "grid code (网格编码): the permission of the row; row-level security compares its prefix",
        nullable=False,
        **kwargs,
    )


def grid_code_check(column: str = "grid_code") -> CheckConstraint:
    """CHECK: county 6, town 9, village 12, grid cell 15, micro cell 17 digits."""
    return CheckConstraint(
        f"{column} ~ '^[0-9]{{6}}([0-9]{{3}}([0-9]{{3}}([0-9]{{3}}([0-9]{{2}})?)?)?)?$'",
        name=f"{column}_grammar",
    )


def identity_column() -> Any:
    """A surrogate key that the database hands out."""
    return mapped_column(BigInteger, Identity(always=False), primary_key=True, comment="surrogate key")


def geometry_column(kind: str, comment: str, **kwargs: Any) -> Any:
    """A geometry in EPSG:4490, coordinates lon, lat in degrees."""
    return mapped_column(
        Geometry(kind, srid=STORAGE_SRID, spatial_index=False),
        comment=f"{comment}; EPSG:4490, lon lat",
        **kwargs,
    )


def tile_geometry_column(kind: str, column: str = "geom") -> Any:
    """The generated Web-Mercator twin of ``column`` that serves tiles; its GiST index serves the tile function.

    EPSG:4490 is geodetically WGS 84 here, so 4490→3857 equals 4326→3857 to the millimetre.
    """
    return mapped_column(
        Geometry(kind, srid=TILE_SRID, spatial_index=False),
        Computed(f"st_transform(st_setsrid({column}, 4326), {TILE_SRID})", persisted=True),
        comment="generated Web-Mercator copy for tiles; EPSG:3857, metres",
    )


def now_column(comment: str) -> Mapped[Any]:
    """A timestamp with time zone that defaults to the start of the transaction."""
    return mapped_column(DateTime(timezone=True), server_default=func.now(), nullable=False, comment=comment)


def also_grid_code_column() -> Any:
    """The second place a row is about; who sees only one of the two does not see the row."""
    return code_column(
        "grid code of the other places named: who does not see those does not see the row", nullable=False
    )
