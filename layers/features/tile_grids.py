"""Tile matrix sets (OGC 17-083r4), and tiles cut in them: Web Mercator, and CGCS2000 in degrees (EPSG:4490).

The CGCS2000 grid is the one of the national platform's ``*_c`` layers: at level z there are 2^z columns of 360/2^z degrees from
180° W and 2^(z-1) rows from 90° N, levels counted from 1. A level has tiles as wide as the Web-Mercator zoom of that number.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TypedDict, cast

import morecantile
from sqlalchemy import Connection, text

from database.errors import Missing
from layers.tiles.catalogue import MAX_ZOOM
from layers.tiles.tile import TileOutOfRange, check_layers, get_tile

MERCATOR, CGCS2000 = "WebMercatorQuad", "CGCS2000Quad"
TITLES = {MERCATOR: "Web 墨卡托", CGCS2000: "CGCS2000 经纬度（与天地图 c 系列同级同行列）"}
#: What the registry of the OGC calls those it holds.
WELL_KNOWN = {MERCATOR: "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad"}
#: Metres in a degree of the equator, and the pixel of 0.28 mm that scale denominators assume (17-083r4, 6.1.1).
_DEGREE_M, _PIXEL_M = 111319.49079327358, 0.00028


_TILE = text(
    "SELECT string_agg(t.body, '' ORDER BY l.place) FROM unnest(CAST(:layers AS text[])) WITH ORDINALITY AS l(name, place), "
    "LATERAL tile_layer_4490(l.name, :z, :x, :y) AS t"
)


class TileMatrix(TypedDict):
    """One zoom of a tile matrix set. cellSize: of a pixel, in units of the system; pointOfOrigin: in the order of its axes."""

    id: str
    scaleDenominator: float
    cellSize: float
    cornerOfOrigin: str
    pointOfOrigin: list[float]
    tileWidth: int
    tileHeight: int
    matrixWidth: int
    matrixHeight: int


class TileMatrixSet(TypedDict):
    """The definition of a tile matrix set as JSON (17-083r4, annex E)."""

    id: str
    title: str
    crs: str
    orderedAxes: list[str]
    tileMatrices: list[TileMatrix]


class UnknownTileMatrixSet(Missing):
    """没有这个瓦片矩阵集 | No such tile matrix set"""


def matrix_set(name: str) -> TileMatrixSet:
    """The definition of a tile matrix set. Raises UnknownTileMatrixSet."""
    if name == MERCATOR:
        return _mercator()
    if name == CGCS2000:
        return _cgcs2000()
    raise UnknownTileMatrixSet(f"{name}；{', '.join(TITLES)}")


@cache
def _mercator() -> TileMatrixSet:
    document = cast(TileMatrixSet, morecantile.tms.get(MERCATOR).model_dump(mode="json", exclude_none=True))
    document["tileMatrices"] = document["tileMatrices"][: MAX_ZOOM + 1]
    return document


@cache
def _cgcs2000() -> TileMatrixSet:
    return {
        "id": CGCS2000,
        "title": TITLES[CGCS2000],
        "crs": "http://www.opengis.net/def/crs/EPSG/0/4490",
        "orderedAxes": ["Lat", "Lon"],
        "tileMatrices": [_level(z) for z in range(1, MAX_ZOOM + 1)],
    }


def _level(z: int) -> TileMatrix:
    cell = 360 / 2**z / 256
    return {
        "id": str(z),
        "scaleDenominator": cell * _DEGREE_M / _PIXEL_M,
        "cellSize": cell,
        "cornerOfOrigin": "topLeft",
        "pointOfOrigin": [90.0, -180.0],
        "tileWidth": 256,
        "tileHeight": 256,
        "matrixWidth": 2**z,
        "matrixHeight": 2 ** (z - 1),
    }


def get_grid_tile(connection: Connection, grid: str, names: Sequence[str], z: int, row: int, column: int) -> bytes:
    """A vector tile of a tile matrix set, in scope; empty when there is nothing to see.

    Raises UnknownTileMatrixSet, UnknownLayer, TileOutOfRange.
    """
    matrix_set(grid)
    if grid == MERCATOR:
        return get_tile(connection, names, z, column, row)
    check_layers(names)
    if not (1 <= z <= MAX_ZOOM and 0 <= column < 2**z and 0 <= row < 2 ** (z - 1)):
        raise TileOutOfRange(f"z={z} row={row} column={column}")
    return bytes(connection.scalar(_TILE, {"layers": list(names), "z": z, "x": column, "y": row}) or b"")
