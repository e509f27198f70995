"""A whole source that was delivered in GCJ-02 or BD-09 and taken for CGCS2000."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import shapely
from sqlalchemy import text

from database.geodesy.crs import BD09, GCJ02, to_4490
from gazetteer.quality.points import Floats, Ints, Library, groups
from gazetteer.quality.rule import Found

#: Of addresses that two sources have: metres apart before, and after conversion; pairs needed.
APART_M, TOGETHER_M, PAIRS = 250.0, 100.0, 20
#: Without pairs: share of the points inside their village must grow by GAIN to at least SHARE.
GAIN, SHARE, SAMPLE = 0.15, 0.75, 5000

_PAIRS = """
SELECT hashtextextended(a.source, 0), a.lon, a.lat, b.lon, b.lat
FROM pg_temp.quality_address a
JOIN pg_temp.quality_address b ON b.match_key = a.match_key AND b.division_code = a.division_code AND b.source <> a.source
 AND b.live AND b.lon IS NOT NULL
WHERE a.live AND a.lon IS NOT NULL
"""
_SOURCES = "SELECT DISTINCT source, hashtextextended(source, 0) FROM pg_temp.quality_address"


@dataclass(frozen=True, slots=True)
class Offset:
    """A source that lies off. before, after: metres (median) from where it should be, as it is and after conversion."""

    system: str
    before_m: float
    after_m: float


def find_offset_gcj02(library: Library) -> Iterable[Found]:
    """Every address of a source whose points are GCJ-02."""
    return _find(library, GCJ02)


def find_offset_bd09(library: Library) -> Iterable[Found]:
    """Every address of a source whose points are BD-09."""
    return _find(library, BD09)


def _find(library: Library, system: str) -> Iterable[Found]:
    points = library.points
    names = {number: name for name, number in library.connection.execute(text(_SOURCES))}
    pairs = library.connection.execute(text(_PAIRS)).all() if len(names) > 1 else []
    table = np.array([tuple(row)[1:] for row in pairs], dtype=np.float64).reshape(-1, 4)
    of = np.array([row[0] for row in pairs], dtype=np.int64)
    for source, rows in groups(points.source):
        mine = table[of == source]
        offset = offset_of_pairs(mine) if len(mine) >= PAIRS else _offset_of_villages(library, rows)
        if offset is None or offset.system != system:
            continue
        facts = {"source": names[source], "before": round(offset.before_m), "after": round(offset.after_m)}
        yield from ((int(address_id), facts) for address_id in points.id[rows])


def offset_of_pairs(pairs: Floats) -> Offset | None:
    """The system in which a source meets the other sources. pairs: lon, lat of the source, lon, lat of the other."""
    lon, lat, true_lon, true_lat = pairs.T
    before = _median_m(lon, lat, true_lon, true_lat)
    if before <= APART_M:
        return None
    tried = [(_median_m(*to_4490(lon, lat, system), true_lon, true_lat), system) for system in (GCJ02, BD09)]
    after, system = min(tried)
    return Offset(system, before, after) if after < TOGETHER_M else None


def _offset_of_villages(library: Library, rows: Ints) -> Offset | None:
    """The system in which the points of a source fall into their villages."""
    points = library.points
    rows = rows[np.isin(points.division[rows], list(library.villages))]
    rows = rows[:: max(1, len(rows) // SAMPLE)]
    if len(rows) < 5 * PAIRS:
        return None
    lon, lat = points.lon[rows], points.lat[rows]
    before = float(library.inside_village[rows].mean())
    if before + GAIN > 1:
        return None
    tried = []
    for system in (GCJ02, BD09):
        new_lon, new_lat = to_4490(lon, lat, system)
        tried.append((_share_inside(library, rows, new_lon, new_lat), system, _median_m(lon, lat, new_lon, new_lat)))
    share, system, moved = max(tried)
    return Offset(system, moved, 0.0) if share >= SHARE and share >= before + GAIN else None


def _share_inside(library: Library, rows: Ints, lon: Floats, lat: Floats) -> float:
    inside = 0
    for code, places in groups(library.points.division[rows]):
        inside += int(shapely.intersects_xy(library.villages[code], lon[places], lat[places]).sum())
    return inside / len(rows)


def _median_m(lon: Floats, lat: Floats, lon2: Floats, lat2: Floats) -> float:
    east = (lon - lon2) * np.cos(np.radians(lat)) * 111_320.0
    return float(np.median(np.hypot(east, (lat - lat2) * 110_850.0)))
