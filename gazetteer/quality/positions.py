"""Rules about where a point lies: village, county, road, crowd."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import shapely
from sqlalchemy import text

from database.geodesy.crs import diagnose_batch
from gazetteer.quality.points import Ints, Library, groups
from gazetteer.quality.rule import Found

#: Metres a point may lie outside its village: survey slivers. Outside the county: piers, simplified coasts.
VILLAGE_TOLERANCE_M, COUNTY_TOLERANCE_M = 30.0, 500.0
CROWD = 30
#: A point is far from its road when it lies this far from the road's middle, and this many times the usual distance.
#: Another number of the road within ALONE_M speaks for it.
FAR_M, FAR_TIMES, ROAD_ADDRESSES, ALONE_M = 1000.0, 6.0, 5, 500.0


def find_outside_village(library: Library) -> Iterable[Found]:
    """Points outside the village they belong to, yet inside the county."""
    points = library.points
    outside = np.flatnonzero(~library.inside_village & (library.outside_county_m <= COUNTY_TOLERANCE_M))
    names = _village_names(library)
    for code, places in groups(points.division[outside]):
        rows = outside[places]
        metres = library.metres_to(library.villages[code], rows)
        for i in np.flatnonzero(metres > VILLAGE_TOLERANCE_M).tolist():
            yield int(points.id[rows[i]]), {"village": names.get(code, ""), "metres": round(float(metres[i]))}


def find_outside_county(library: Library) -> Iterable[Found]:
    """Points outside the county for another reason than a wrong zone, with the likely cause."""
    for row, cause, text_zh, _shift in _outside(library):
        if cause != "wrong_zone":
            metres = round(float(library.outside_county_m[row]))
            shown = f"（{text_zh}）" if cause != "unknown" else ""
            yield int(library.points.id[row]), {"metres": metres, "cause": shown}


def find_wrong_zone(library: Library) -> Iterable[Found]:
    """Points that lie in the county once moved by whole degrees of longitude."""
    for row, cause, _text, shift in _outside(library):
        if cause == "wrong_zone":
            yield int(library.points.id[row]), {"side": "东" if shift > 0 else "西", "degrees": f"{abs(shift):g}"}


def find_point_crowded(library: Library) -> Iterable[Found]:
    """Number plates that share their point with thirty or more."""
    points = library.points
    plates = np.flatnonzero(points.depth == 8)
    at = np.column_stack([points.lon[plates], points.lat[plates]])
    _, which, counts = np.unique(at, axis=0, return_inverse=True, return_counts=True)
    which = which.reshape(-1)
    for i in np.flatnonzero(counts[which] >= CROWD).tolist():
        yield int(points.id[plates[i]]), {"n": int(counts[which[i]])}


def find_far_from_road(library: Library) -> Iterable[Found]:
    """Points far from the middle of their road in their village, measured against the road's usual distance.

    By village, for a town may have two roads of one name.
    """
    points = library.points
    rows = np.flatnonzero((points.road != 0) & (library.outside_county_m <= COUNTY_TOLERANCE_M))
    far: list[tuple[int, float, float]] = []
    for _road, places in groups(points.road[rows] ^ (points.division[rows] << 8)):
        if len(places) < ROAD_ADDRESSES:
            continue
        members = rows[places]
        x, y = points.x[members], points.y[members]
        metres = np.hypot(x - np.median(x), y - np.median(y))
        usual = float(np.median(metres))
        for i in np.flatnonzero(metres > max(FAR_M, FAR_TIMES * usual)).tolist():
            others = points.number[members] != points.number[members[i]]
            nearest = np.hypot(x[others] - x[i], y[others] - y[i]).min(initial=np.inf)
            if nearest > ALONE_M:
                far.append((int(members[i]), float(metres[i]), usual))
    names = _roads_of(library, [int(points.id[row]) for row, _, _ in far])
    for row, distance, usual in far:
        address_id = int(points.id[row])
        yield address_id, {"road": names.get(address_id, ""), "metres": round(distance), "usual": max(round(usual), 1)}


def _outside(library: Library) -> Iterable[tuple[int, str, str, float]]:
    """Rows outside the county, each with cause, its Chinese words, and degrees too far east."""
    rows: Ints = np.flatnonzero(library.outside_county_m > COUNTY_TOLERANCE_M)
    if not len(rows) or library.county is None:
        return
    west, south, east, north = shapely.bounds(library.county).tolist()
    lon, lat = library.points.lon[rows], library.points.lat[rows]
    between = (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
    for row, diagnosis, near in zip(
        rows.tolist(), diagnose_batch(lon, lat, (west, south, east, north)), between.tolist(), strict=True
    ):
        cause = "unknown" if near else diagnosis.cause
        yield row, cause, diagnosis.text.partition(" / ")[0], diagnosis.shift_deg


def _village_names(library: Library) -> dict[int, str]:
    rows = library.connection.execute(text("SELECT code, name FROM division WHERE level = 'village'"))
    return {int(code): name for code, name in rows}


def _roads_of(library: Library, ids: list[int]) -> dict[int, str]:
    rows = library.connection.execute(
        text("SELECT id, coalesce(road, village_group, '') FROM pg_temp.quality_address WHERE id = ANY(:ids)"),
        {"ids": ids},
    )
    return {int(address_id): str(road) for address_id, road in rows}
