"""Tables behind the tiles: counts for low zooms, what changed and where, outlines generalised for low zooms.

Columns and rows of tiles are XYZ numbers at zoom 18. A *cell* is a tile of some zoom, named by its Morton number (the bits of
column and row interleaved, column in the even places), so that the cells inside any larger tile are one range of numbers.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from geoalchemy2 import Geometry
from sqlalchemy import BigInteger, CheckConstraint, Index, Integer, SmallInteger, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from database.tables.base import TILE_SRID, CountyBase, code_column, grid_code_check, grid_code_column, now_column
from database.tables.base import identity_column as identity


class TileCount(CountyBase):
    """How many rows of a layer lie in a cell, by grid code. Several rows of one cell add up; nobody waits for another's."""

    __tablename__ = "tile_count"
    __table_args__ = (
        CheckConstraint("level BETWEEN 14 AND 18", name="level"),
        grid_code_check(),
        # one tile is one range; the sums are read from the index alone
        Index("ix_tile_count_cell", "layer", "level", "cell", "grid_code", postgresql_include=["n", "members"]),
        # what settle_tile_counts() still has to add up
        Index("ix_tile_count_loose", "layer", "level", "cell", "grid_code", postgresql_where=text("NOT settled")),
        {"comment": "rows of a layer in a cell, by grid code; several rows of one cell add up (瓦片计数)"},
    )

    id: Mapped[int] = identity()
    layer: Mapped[str] = mapped_column(Text(collation="C"), nullable=False, comment="tile layer")
    level: Mapped[int] = mapped_column(SmallInteger, nullable=False, comment="zoom of the cell, 14 to 18")
    cell: Mapped[int] = mapped_column(BigInteger, nullable=False, comment="Morton number of the tile at that zoom")
    n: Mapped[int] = mapped_column(Integer, nullable=False, comment="rows that came less rows that went")
    members: Mapped[int] = mapped_column(
        Integer,
        server_default=text("0"),
        nullable=False,
        comment="of households: members that came less those that went",
    )
    settled: Mapped[bool] = mapped_column(
        server_default=text("false"), nullable=False, comment="the sum of earlier rows, not a single change"
    )
    grid_code: Mapped[str] = grid_code_column(index=False)


class TileChange(CountyBase):
    """Where a transaction changed what a layer shows: a box of tile numbers at zoom 18, old and new places both."""

    __tablename__ = "tile_change"
    __table_args__ = (
        grid_code_check(),
        CheckConstraint("col_from <= col_to AND row_from <= row_to", name="box"),
        Index("ix_tile_change_xid", "xid"),
        Index("ix_tile_change_changed_at", "changed_at"),
        {"comment": "where tiles changed, kept for a day (瓦片变更)"},
    )

    id: Mapped[int] = identity()
    xid: Mapped[int] = mapped_column(
        BigInteger,
        server_default=text("(pg_current_xact_id()::text)::bigint"),
        nullable=False,
        comment="transaction that changed it; compared with the snapshot of a reader",
    )
    layer: Mapped[str] = mapped_column(Text(collation="C"), nullable=False, comment="tile layer")
    col_from: Mapped[int] = mapped_column(Integer, nullable=False, comment="westernmost tile column at zoom 18")
    row_from: Mapped[int] = mapped_column(Integer, nullable=False, comment="northernmost tile row at zoom 18")
    col_to: Mapped[int] = mapped_column(Integer, nullable=False, comment="easternmost tile column at zoom 18")
    row_to: Mapped[int] = mapped_column(Integer, nullable=False, comment="southernmost tile row at zoom 18")
    changed_at: Mapped[datetime] = now_column("when")
    grid_code: Mapped[str] = grid_code_column()


class TileShape(CountyBase):
    """An outline generalised for a band of zooms, edges shared with its neighbours. Absent: the outline itself is used."""

    __tablename__ = "tile_shape"
    __table_args__ = (
        grid_code_check(),
        CheckConstraint("layer IN ('divisions', 'cells')", name="layer"),
        {"comment": "outlines generalised for low zooms (简化边界)"},
    )

    layer: Mapped[str] = mapped_column(Text(collation="C"), primary_key=True, comment="divisions or cells")
    code: Mapped[str] = code_column("division or cell", primary_key=True)
    band: Mapped[int] = mapped_column(SmallInteger, primary_key=True, comment="highest zoom it serves")
    grid_code: Mapped[str] = grid_code_column()
    geom_3857: Mapped[Any] = mapped_column(
        Geometry("GEOMETRY", srid=TILE_SRID, spatial_index=False),
        nullable=False,
        comment="generalised outline; EPSG:3857, metres",
    )
