"""How far the grid reaches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection, text

from gazetteer.matching.division_names import DivisionHit

# Served by ix_grid_cell_grid_code.
_OF_CELLS = text("""
SELECT w.code, st_xmin(c.box) AS west, st_ymin(c.box) AS south, st_xmax(c.box) AS east, st_ymax(c.box) AS north
FROM unnest(CAST(:codes AS text[])) AS w(code) CROSS JOIN LATERAL (SELECT st_extent(g.geom) AS box FROM grid_cell g
    WHERE g.valid_to IS NULL AND g.code >= w.code AND g.code < w.code || ':') c
WHERE c.box IS NOT NULL
""")


def county_bounds(connection: Connection) -> list[float] | None:
    """West, south, east, north (EPSG:4490) of the cells in scope, else of its divisions; None when nothing is drawn."""
    row = connection.execute(
        text(
            "SELECT st_xmin(e) AS w, st_ymin(e) AS s, st_xmax(e) AS e, st_ymax(e) AS n FROM (SELECT coalesce("
            "(SELECT st_extent(geom) FROM grid_cell WHERE valid_to IS NULL), "
            "(SELECT st_extent(geom) FROM division WHERE valid_to IS NULL)) AS e) x"
        )
    ).one()
    return None if row.w is None else [row.w, row.s, row.e, row.n]


def county_area(connection: Connection) -> str | None:
    """The area of the county as hexadecimal WKB (EPSG:4490): its own outline, else that of its towns, else of its villages; None
    when nothing is drawn. A county has a few hundred divisions, which are read once."""
    found: str | None = connection.execute(
        text(
            "SELECT upper(encode(st_asbinary(st_union(d.geom)), 'hex')) FROM division d WHERE d.valid_to IS NULL "
            "AND d.geom IS NOT NULL AND d.level = (SELECT level FROM division WHERE valid_to IS NULL AND geom IS NOT NULL "
            "AND level IN ('county', 'town', 'village') ORDER BY array_position(ARRAY['county', 'town', 'village'], level) LIMIT 1)"
        )
    ).scalar_one()
    return found


def with_cell_bounds(connection: Connection, divisions: Sequence[DivisionHit]) -> list[DivisionHit]:
    """The divisions, those without bounds with the bounds of the cells in scope inside them (EPSG:4490, degrees)."""
    undrawn = [division.code for division in divisions if division.bounds is None]
    rows = connection.execute(_OF_CELLS, {"codes": undrawn}) if undrawn else ()
    boxes = {row.code: (row.west, row.south, row.east, row.north) for row in rows}
    return [replace(one, bounds=boxes.get(one.code)) if one.bounds is None else one for one in divisions]
