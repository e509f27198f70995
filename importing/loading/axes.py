"""Projected coordinates that lie in the county only when they are read otherwise: axes exchanged, zone number before the easting."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import ArrayLike
from pyproj import CRS

from database.geodesy.crs import Bounds, Floats
from database.geodesy.datum import find_system, title_of
from importing.errors import CoordinatesWrong

#: degrees around the county, and the share of a file's positions that must lie there for a reading to be right
MARGIN_DEG, SHARE = 0.05, 0.5
SAMPLE = 2_000
#: eastings with the number of a zone (13 to 45) before them, metres
ZONED_M = (13_000_000.0, 46_000_000.0)
MILLION = 1_000_000.0

Convert = Callable[[ArrayLike, ArrayLike], tuple[Floats, Floats]]
Reading = tuple[Floats, Floats, str, str, str]


def check_axes(xs: Floats, ys: Floats, crs: str, convert: Convert, bounds: Bounds | None) -> None:
    """Raise CoordinatesWrong when hardly any position lies in the county, and most do in another reading, naming it.

    xs, ys: as the file has them, in the system ``crs``; convert: to lon, lat. bounds: of the county, EPSG:4490; without them,
    and for systems in degrees, nothing is said here (see ``territory``).
    """
    system = find_system(crs)
    given = np.flatnonzero(np.isfinite(xs) & np.isfinite(ys))[:SAMPLE]
    if bounds is None or system is None or not system.is_projected or not given.size:
        return
    x, y = xs[given], ys[given]
    if _share(convert, x, y, bounds) >= SHARE:
        return
    zone = _zone_of(system)
    for east, north, cause, zh, en in _readings(x, y, zone):
        if _share(convert, east, north, bounds) >= SHARE:
            raise CoordinatesWrong(
                f"坐标按 {title_of(system)} 不在本县，{zh}后落在本县。请改正坐标，或映射里的 crs、position。 / by {title_of(system)} the coordinates lie "
                f"outside the county, {en} they lie in it: correct them, or crs or position in the mapping.",
                cause=cause,
                rows=int(given.size),
            )


def _zone_of(system: CRS) -> float:
    """The number that stands before the eastings of a system; 0 for none."""
    steps = system.coordinate_operation.params if system.coordinate_operation is not None else []
    return next((float(step.value) // MILLION for step in steps if step.name == "False easting"), 0.0)


def _readings(x: Floats, y: Floats, zone: float) -> Iterator[Reading]:
    yield y, x, "swapped_axes", "东、北坐标对调", "with the axes exchanged"
    for east, north, swapped in ((x, y, False), (y, x, True)):
        also_zh, also_en = ("东、北坐标对调并", "with the axes exchanged and ") if swapped else ("", "")
        if zone == 0 and ((east >= ZONED_M[0]) & (east < ZONED_M[1])).all():
            number = int(east[0] // MILLION)
            yield (
                east % MILLION, north, "wrong_zone", f"{also_zh}去掉东坐标前的带号 {number}",
                f"{also_en}without the zone number {number} before the easting",
            )  # fmt: skip
        if zone > 0 and (east < MILLION).all():
            yield (
                east + zone * MILLION, north, "wrong_zone", f"{also_zh}在东坐标前加上带号 {zone:.0f}",
                f"{also_en}with the zone number {zone:.0f} before the easting",
            )  # fmt: skip


def _share(convert: Convert, x: Floats, y: Floats, bounds: Bounds) -> float:
    lon, lat = convert(x, y)
    west, south, east, north = bounds
    inside = (
        (lon > west - MARGIN_DEG) & (lon < east + MARGIN_DEG) & (lat > south - MARGIN_DEG) & (lat < north + MARGIN_DEG)
    )
    return float(inside.mean())
