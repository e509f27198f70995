"""Outlines for printed and Folium maps: cells and divisions in scope as GeoJSON (EPSG:4490, lon lat, 6 digits)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, text

TOLERANCE_DEG = 0.00005  # about 5 m


def cell_outlines(connection: Connection, codes: Sequence[str]) -> list[dict[str, Any]]:
    """Features of these cells; properties code and name. A micro cell's code gives its own outline."""
    return _features(
        connection,
        "SELECT code, name, geom FROM grid_cell WHERE code = ANY(:codes) AND valid_to IS NULL",
        codes=list(codes),
    )


def division_outlines(connection: Connection) -> list[dict[str, Any]]:
    """Features of the visible towns and villages; properties code and name."""
    return _features(
        connection,
        "SELECT code, name, geom FROM division WHERE level <> 'county' AND valid_to IS NULL AND geom IS NOT NULL",
    )


def _features(connection: Connection, rows: str, **values: Any) -> list[dict[str, Any]]:
    sql = (
        "SELECT code, name, st_asgeojson(st_simplifypreservetopology(geom, :tolerance), 6) AS outline "  # noqa: S608
        f"FROM ({rows}) r ORDER BY code"
    )
    return [
        {"type": "Feature", "properties": {"code": r.code, "name": r.name}, "geometry": json.loads(r.outline)}
        for r in connection.execute(text(sql), {"tolerance": TOLERANCE_DEG, **values})
    ]
