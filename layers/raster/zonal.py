"""Statistics of a raster by grid cell or village, with exactextract: a pixel counts by the share of it that lies inside.

Only the cells and villages that row-level security shows. A page ends after so many zones or so many pixels, so that
neither memory nor time depend on the size of the county.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from exactextract import exact_extract
from exactextract.feature import JSONFeatureSource
from exactextract.raster import RasterioRasterSource
from sqlalchemy import Connection, text

from database.paging import Cursor
from layers.raster.catalogue import RasterRow
from layers.raster.datasets import OPEN_FILES

Level = Literal["cell", "village"]
#: pixels of one page (about two seconds), and pixels worked on at a time: meanwhile no other thread of the process runs
PAGE_PIXELS, READ_PIXELS = 20_000_000, 1_000_000
NUMBERS = ["count", "min", "mean", "max", "sum"]
CLASSES = ["count", "unique", "frac"]


@dataclass(frozen=True, slots=True)
class Zone:
    """A cell or a village. geometry: GeoJSON in the system of the raster. area_m2: of its box."""

    code: str
    name: str
    geometry: dict[str, Any]
    area_m2: float


ZONES = Cursor("zones", str)
# Served by pk_grid_cell and pk_division, in the order of the code.
_ZONES = {
    "cell": "grid_cell WHERE valid_to IS NULL AND level = 'cell'",
    "village": "division WHERE valid_to IS NULL AND level = 'village' AND geom IS NOT NULL",
}


def list_zones(connection: Connection, raster: RasterRow, level: Level, *, after: str, limit: int) -> list[Zone]:
    """The next zones in scope that touch the raster's bounds, by code."""
    column = "geom" if raster.crs == "EPSG:4490" else "geom_3857"
    west, south, east, north = raster.bounds
    rows = connection.execute(
        text(
            f"SELECT code, name, st_asgeojson({column}, 9) AS geometry, "  # noqa: S608
            f"st_area(st_envelope(geom)::geography) AS area_m2 FROM {_ZONES[level]} AND code > :after "
            "AND geom && st_makeenvelope(:w, :s, :e, :n, 4490) ORDER BY code LIMIT :limit"
        ),
        {"after": after, "limit": limit, "w": west, "s": south, "e": east, "n": north},
    )
    return [Zone(row.code, row.name, json.loads(row.geometry), row.area_m2) for row in rows]


def within_budget(zones: list[Zone], resolution_m: float) -> list[Zone]:
    """As many of the zones as one page may read; at least one."""
    pixels, count = 0.0, 0
    for zone in zones:
        pixels += zone.area_m2 / resolution_m**2
        if count and pixels > PAGE_PIXELS:
            break
        count += 1
    return zones[:count]


@dataclass(frozen=True, slots=True)
class ClassShare:
    """The share of a class of land cover in a zone, 0 to 1 of the valid ground."""

    value: int
    share: float


@dataclass(frozen=True, slots=True)
class ZoneStatistics:
    """A zone. count: pixels, with fractions at the edge; the other numbers None without one. shares: of land cover, instead."""

    code: str
    name: str
    count: float
    min: float | None = None
    mean: float | None = None
    max: float | None = None
    sum: float | None = None
    shares: list[ClassShare] | None = None


def zone_statistics(path: Path, raster: RasterRow, zones: Iterable[Zone], *, band: int = 1) -> list[ZoneStatistics]:
    """Statistics of one band for each zone: count (pixels, with fractions), min, mean, max, sum; of land cover the share of
    each class instead, largest first. A zone without a valid pixel has count 0 and nothing else.
    """
    by_class = raster.kind == "land_cover"
    features = [
        {"type": "Feature", "properties": {"code": zone.code, "name": zone.name}, "geometry": zone.geometry}
        for zone in zones
    ]
    if not features:
        return []
    with OPEN_FILES.borrow(path) as reader:
        found = exact_extract(
            RasterioRasterSource(reader.dataset, band),
            JSONFeatureSource(features),
            CLASSES if by_class else NUMBERS,
            include_cols=["code", "name"],
            max_cells_in_memory=READ_PIXELS,
        )
    return [_classes(one["properties"]) if by_class else _numbers(one["properties"]) for one in found]


def _numbers(found: dict[str, Any]) -> ZoneStatistics:
    if not found["count"]:
        return ZoneStatistics(found["code"], found["name"], 0.0)
    count, least, mean, most, total = (round(float(found[name]), 4) for name in NUMBERS)
    return ZoneStatistics(found["code"], found["name"], count, least, mean, most, total)


def _classes(found: dict[str, Any]) -> ZoneStatistics:
    pairs = sorted(zip(found["unique"], found["frac"], strict=True), key=lambda pair: (-pair[1], pair[0]))
    shares = [ClassShare(int(value), round(float(share), 6)) for value, share in pairs]
    return ZoneStatistics(found["code"], found["name"], round(float(found["count"]), 4), shares=shares)
