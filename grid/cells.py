"""Grid cells: one, the children of one, the one at a point."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text

from database.errors import Missing
from grid.assign import NoCellNearby, assign_cell


class CellNotFound(Missing):
    """没有这个网格，或不在您的数据范围内 | No such grid cell, or outside your scope"""


_CELL = (
    "SELECT code, level, name, parent_code, households_n, population_n, valid_from, valid_to, "
    "st_area(geom::geography) AS area_m2, st_x(st_pointonsurface(geom)) AS lon, st_y(st_pointonsurface(geom)) AS lat "
    "FROM grid_cell "
)


def get_cell(connection: Connection, code: str) -> dict[str, Any]:
    """A cell with its area in m² and a point inside it (lon, lat, EPSG:4490). Raises CellNotFound."""
    row = connection.execute(text(_CELL + "WHERE code = :code"), {"code": code}).one_or_none()
    if row is None:
        raise CellNotFound(code)
    return dict(row._mapping)


def list_cells(connection: Connection, parent_code: str) -> list[dict[str, Any]]:
    """The present cells of a village, or micro cells of a cell, by code. Served by ``ix_grid_cell_parent_code``."""
    rows = connection.execute(
        text(_CELL + "WHERE parent_code = :parent AND valid_to IS NULL ORDER BY code"), {"parent": parent_code}
    )
    return [dict(row._mapping) for row in rows]


def cell_at(connection: Connection, lon: float, lat: float) -> dict[str, Any]:
    """The finest cell that covers a point (lon, lat, EPSG:4490). Raises CellNotFound when none does."""
    try:
        found = assign_cell(connection, lon, lat, max_gap_m=0.0)
    except NoCellNearby as error:
        raise CellNotFound(error.detail) from None
    if found.reason == "village":
        raise CellNotFound(f"lon={lon} lat={lat}")
    return get_cell(connection, found.cell_code)
