"""Outlines for printed and Folium maps: cells and divisions in scope as GeoJSON (EPSG:4490, lon lat, 5 digits)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, text

TOLERANCE_DEG = 0.00005  # about 5 m


def cell_outlines(connection: Connection, codes: Sequence[str]) -> list[dict[str, Any]]:
    """Features of these cells; properties code, name, level. A micro cell's code gives its own outline."""
    return _features(
        connection,
        "SELECT code, name, level, geom FROM grid_cell WHERE code = ANY(:codes) AND valid_to IS NULL",
        codes=list(codes),
    )


def unit_outline(connection: Connection, code: str) -> list[dict[str, Any]]:
    """The feature of one grid code, whatever its level: county, town, village, cell or micro cell; empty if not in scope."""
    return cell_outlines(connection, [code]) or _features(
        connection,
        "SELECT code, name, level, geom FROM division WHERE code = :code AND valid_to IS NULL AND geom IS NOT NULL",
        code=code,
    )


def sibling_outlines(connection: Connection, code: str) -> list[dict[str, Any]]:
    """Features of the other cells of a cell's village. Served by ``ix_grid_cell_parent_code``."""
    return _features(
        connection,
        "SELECT code, name, level, geom FROM grid_cell WHERE parent_code = :village AND code <> :cell AND valid_to IS NULL",
        village=code[:12],
        cell=code[:15],
    )


def division_outlines(connection: Connection) -> list[dict[str, Any]]:
    """Features of the visible towns and villages; properties code, name, level (town or village)."""
    return _features(
        connection,
        "SELECT code, name, level, geom FROM division WHERE level <> 'county' AND valid_to IS NULL AND geom IS NOT NULL",
    )


def _features(connection: Connection, rows: str, **values: Any) -> list[dict[str, Any]]:
    sql = (
        "SELECT code, name, level, st_asgeojson(st_simplifypreservetopology(geom, :tolerance), 5) AS outline "  # noqa: S608
        f"FROM ({rows}) r ORDER BY code"
    )
    return [
        {
            "type": "Feature",
            "properties": {"code": r.code, "name": r.name, "level": r.level},
            "geometry": json.loads(r.outline),
        }
        for r in connection.execute(text(sql), {"tolerance": TOLERANCE_DEG, **values})
    ]
