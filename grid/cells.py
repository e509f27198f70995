"""Grid cells: one, and the one at a point."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from database.errors import Missing
from grid.assign import NoCellNearby, assign_cell


class CellNotFound(Missing):
    """没有这个网格，或不在您的数据范围内 | No such grid cell, or outside your scope"""


@dataclass(frozen=True, slots=True)
class Cell:
    """A grid cell, ended or not. lon, lat: a point inside it, EPSG:4490."""

    code: str
    level: str
    name: str
    parent_code: str
    households_n: int | None
    population_n: int | None
    valid_from: date
    valid_to: date | None
    area_m2: float
    lon: float
    lat: float


_CELL = (
    "SELECT code, level, name, parent_code, households_n, population_n, valid_from, valid_to, "
    "st_area(geom::geography) AS area_m2, st_x(st_pointonsurface(geom)) AS lon, st_y(st_pointonsurface(geom)) AS lat "
    "FROM grid_cell "
)


def get_cell(connection: Connection, code: str) -> Cell:
    """A cell by its code. Raises CellNotFound."""
    row = connection.execute(text(_CELL + "WHERE code = :code"), {"code": code}).one_or_none()
    if row is None:
        raise CellNotFound(code)
    return Cell(**row._mapping)


def cell_at(connection: Connection, lon: float, lat: float) -> Cell:
    """The finest cell that covers a point (lon, lat, EPSG:4490). Raises CellNotFound when none does."""
    try:
        found = assign_cell(connection, lon, lat, max_gap_m=0.0)
    except NoCellNearby as error:
        raise CellNotFound(error.detail) from None
    if found.reason == "village":
        raise CellNotFound(f"lon={lon} lat={lat}")
    return get_cell(connection, found.cell_code)
