"""Outlines for printed and Folium maps: cells and divisions in scope as GeoJSON (EPSG:4490, lon lat).

Drawn as fine as the page needs: the generalised outline of a band of zooms (``layers/tiles/shapes.py``), where it is made.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, text

from database.geodesy.geojson import Feature
from layers.tiles.shapes import tolerance_m

#: bands of zooms, by their highest: a page about one cell, and one about a county
NEAR, FAR = 13, 9
_DIGITS = {NEAR: 5, FAR: 4}
_DEGREE_M = 111_320.0


def cell_outlines(connection: Connection, codes: Sequence[str], *, band: int = NEAR) -> list[Feature]:
    """Features of these cells; properties code, name, level. A micro cell's code gives its own outline."""
    return _features(
        connection,
        "cells",
        band,
        "SELECT code, name, level, geom FROM grid_cell WHERE code = ANY(:codes) AND valid_to IS NULL",
        codes=list(codes),
    )


def unit_outline(connection: Connection, code: str) -> list[Feature]:
    """The feature of one grid code, whatever its level: county, town, village, cell or micro cell; empty if not in scope."""
    return cell_outlines(connection, [code]) or _features(
        connection,
        "divisions",
        NEAR,
        "SELECT code, name, level, geom FROM division WHERE code = :code AND valid_to IS NULL AND geom IS NOT NULL",
        code=code,
    )


def sibling_outlines(connection: Connection, code: str) -> list[Feature]:
    """Features of the other cells of a cell's village. Served by ``ix_grid_cell_parent_code``."""
    return _features(
        connection,
        "cells",
        NEAR,
        "SELECT code, name, level, geom FROM grid_cell WHERE parent_code = :village AND code <> :cell AND valid_to IS NULL",
        village=code[:12],
        cell=code[:15],
    )


def division_outlines(connection: Connection, *, around: str | None = None, band: int = FAR) -> list[Feature]:
    """Features of the visible towns and villages; properties code, name, level (town or village).

    around: a grid code; then only its town and the villages of it, which are all that is seen near a cell.
    """
    town = around[:9] if around and len(around) >= 9 else ""
    return _features(
        connection,
        "divisions",
        band,
        "SELECT code, name, level, geom FROM division WHERE level <> 'county' AND valid_to IS NULL AND geom IS NOT NULL "
        "AND code ^@ :town",
        town=town,
    )


def _features(connection: Connection, layer: str, band: int, rows: str, **values: Any) -> list[Feature]:
    sql = (
        "SELECT r.code, r.name, r.level, st_asgeojson(CASE WHEN s.geom_3857 IS NOT NULL THEN st_transform(s.geom_3857, 4490) "  # noqa: S608
        f"ELSE st_simplifypreservetopology(r.geom, :tolerance) END, :digits) AS outline FROM ({rows}) r "
        "LEFT JOIN tile_shape s ON s.layer = :layer AND s.code = r.code AND s.band = :band ORDER BY r.code"
    )
    drawn = {"layer": layer, "band": band, "tolerance": tolerance_m(band) / _DEGREE_M, "digits": _DIGITS[band]}
    return [
        {
            "type": "Feature",
            "properties": {"code": r.code, "name": r.name, "level": r.level},
            "geometry": json.loads(r.outline),
        }
        for r in connection.execute(text(sql), drawn | values)
    ]
