"""Outlines for low zooms: simplified as one coverage, so that neighbours keep the edge they share.

GEOS 3.12 can (``coverage_simplify``, Visvalingam–Whyatt over the shared edges); shapely brings it, PostGIS 3.3 does not, so it is done here
and kept in ``tile_shape``, one row a band of zooms. An outline that changes meanwhile loses its row in the same transaction
(``database/functions``) and is shown as it is until the next run.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from sqlalchemy import Connection, text

#: Highest zoom of each band; from zoom 14 on outlines are shown as surveyed.
BANDS = (7, 9, 11, 13)
_WORLD_M = 40075016.685578488
_EXTENT = 4096
_SOURCES = {
    "divisions": "SELECT code, level, grid_code, geom_3857 FROM division WHERE valid_to IS NULL AND geom_3857 IS NOT NULL",
    "cells": "SELECT code, level, grid_code, geom_3857 FROM grid_cell WHERE valid_to IS NULL",
}
_STAGE = text(
    'CREATE TEMP TABLE staged_shape (layer text COLLATE "C", code text COLLATE "C", band smallint, outline bytea, shape bytea) '
    "ON COMMIT DROP"
)
# an outline that is no longer what was simplified is left out; the lock keeps it from changing until the commit
_KEEP = """
    INSERT INTO tile_shape (layer, code, band, grid_code, geom_3857)
    SELECT s.layer, s.code, s.band, t.grid_code, st_geomfromwkb(s.shape, 3857)
    FROM staged_shape s JOIN (SELECT code, grid_code, valid_to, geom_3857 FROM {table} FOR SHARE) t
      ON t.code = s.code AND t.valid_to IS NULL AND st_asbinary(t.geom_3857) = s.outline
    WHERE s.layer = '{layer}' ORDER BY s.code, s.band
    ON CONFLICT (layer, code, band) DO UPDATE SET geom_3857 = excluded.geom_3857, grid_code = excluded.grid_code
    WHERE NOT st_orderingequals(tile_shape.geom_3857, excluded.geom_3857) OR tile_shape.grid_code <> excluded.grid_code
"""


@dataclass(frozen=True, slots=True)
class Missing:
    """How many outlines of a layer have no generalised form."""

    layer: str
    outlines: int


def tolerance_m(band: int) -> float:
    """Half a screen pixel (512 to a tile) at the highest zoom of a band, Web-Mercator metres."""
    return float(_WORLD_M / 1024 / 2**band)


def missing_shapes(connection: Connection) -> list[Missing]:
    """Layers with outlines that have no generalised form (served by ``pk_tile_shape``)."""
    found = []
    for layer, source in _SOURCES.items():
        sql = (
            f"SELECT count(*) FROM ({source}) t WHERE NOT EXISTS "  # noqa: S608 - constants
            f"(SELECT FROM tile_shape s WHERE s.layer = '{layer}' AND s.code = t.code AND s.band = {BANDS[-1]})"
        )
        number = connection.execute(text(sql)).scalar_one()
        if number:
            found.append(Missing(layer, number))
    return found


def refresh_shapes(connection: Connection, layers: tuple[str, ...] = ("divisions", "cells")) -> int:
    """Make the generalised outlines again, as the whole county; returns how many were made or changed."""
    connection.execute(_STAGE)
    changed = 0
    for layer in layers:
        rows = connection.execute(
            text(f"SELECT code, level, st_asbinary(geom_3857) AS wkb FROM ({_SOURCES[layer]}) t")  # noqa: S608
        ).all()
        for level in sorted({row.level for row in rows}):
            _stage(connection, layer, [(row.code, bytes(row.wkb)) for row in rows if row.level == level])
        table = {"divisions": "division", "cells": "grid_cell"}[layer]
        changed += connection.execute(text(_KEEP.format(table=table, layer=layer))).rowcount
    connection.execute(text("DROP TABLE staged_shape"))
    return changed


def coordinate_m(band: int) -> float:
    """One tile coordinate at the lower zoom of a band, Web-Mercator metres: an eighth of a pixel there, a quarter at the other."""
    return float(_WORLD_M / _EXTENT / 2 ** (band - 1))


def snapped(outlines: np.ndarray, band: int) -> np.ndarray:
    """Polygons moved onto the tile coordinates of both zooms of a band, valid there, so that a tile takes them as they are.

    A vertex that neighbours share moves alike for both. An outline that would cross itself is mended alone, one that would vanish
    stays where it was.
    """
    step, corner = coordinate_m(band), _WORLD_M / 2
    moved = shapely.transform(outlines, lambda xy: np.round((xy + corner) / step) * step - corner)
    bad = ~shapely.is_valid(moved)
    moved[bad] = shapely.set_precision(
        outlines[bad], step
    )  # its origin is a corner of the grid too: half a world is 2^n steps
    gone = shapely.is_empty(moved) | (shapely.area(moved) == 0)
    return np.where(gone, outlines, moved)


def simplified(outlines: np.ndarray, band: int) -> np.ndarray:
    """Polygons of one level, Web Mercator, simplified for a band; an outline that would vanish stays as it is."""
    thin = shapely.coverage_simplify(outlines, tolerance_m(band))
    bad = shapely.is_empty(thin) | ~shapely.is_valid(thin)
    return np.where(bad, outlines, thin)


def _stage(connection: Connection, layer: str, outlines: list[tuple[str, bytes]]) -> None:
    shapes = shapely.from_wkb([wkb for _, wkb in outlines])
    for band in BANDS:
        made = shapely.to_wkb(snapped(simplified(shapes, band), band), flavor="iso")
        connection.execute(
            text("INSERT INTO staged_shape VALUES (:layer, :code, :band, :outline, :shape)"),
            [
                {"layer": layer, "code": code, "band": band, "outline": wkb, "shape": shape}
                for (code, wkb), shape in zip(outlines, made, strict=True)
            ],
        )
