"""Which ground the entered scope covers: for rasters whose pixels outside of it must not be seen.

The divisions and cells that row-level security shows, without those inside another one shown: for a county its outline,
for a town official the town, for a grid worker the cells. By the outlines of today.
"""

from __future__ import annotations

from typing import Any

import shapely
from sqlalchemy import Connection, text

# Reads the primary keys of the visible divisions and cells; their number is that of the scope, at most some thousands.
_TOPMOST = """
WITH topmost AS MATERIALIZED (
    SELECT d.geom, d.geom_3857 FROM division d WHERE d.valid_to IS NULL AND d.geom IS NOT NULL
    AND NOT EXISTS (SELECT FROM division p WHERE p.code = d.parent_code AND p.valid_to IS NULL AND p.geom IS NOT NULL)
    UNION ALL
    SELECT c.geom, c.geom_3857 FROM grid_cell c WHERE c.valid_to IS NULL
    AND NOT EXISTS (SELECT FROM division p WHERE p.code = c.parent_code AND p.valid_to IS NULL AND p.geom IS NOT NULL)
    AND NOT EXISTS (SELECT FROM grid_cell p WHERE p.code = c.parent_code AND p.valid_to IS NULL)
)
"""
_OUTLINE = (
    _TOPMOST
    + """
SELECT st_asbinary(st_clipbybox2d(geom_3857, st_tileenvelope(:z, :x, :y))) FROM topmost
WHERE geom_3857 && st_tileenvelope(:z, :x, :y)
"""
)
_COVERS = (
    _TOPMOST
    + """
SELECT EXISTS (SELECT FROM topmost WHERE st_intersects(geom, st_setsrid(st_point(:lon, :lat), 4490)))
"""
)


def outline_in_tile(connection: Connection, z: int, x: int, y: int) -> list[Any]:
    """The polygons (shapely, EPSG:3857) of the scope inside a tile (XYZ); none when it covers nothing of it."""
    found = connection.scalars(text(_OUTLINE), {"z": z, "x": x, "y": y})
    parts = shapely.get_parts(shapely.from_wkb([bytes(one) for one in found]))
    return [part for part in parts if part.area > 0]


def scope_covers(connection: Connection, lon: float, lat: float) -> bool:
    """Whether a point (EPSG:4490, degrees) lies inside the scope."""
    return bool(connection.scalar(text(_COVERS), {"lon": lon, "lat": lat}))
