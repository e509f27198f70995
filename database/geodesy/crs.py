"""Coordinates: everything becomes EPSG:4490, lon lat in degrees, and what does not fit the county gets a diagnosis.

Axis order is always x = east or longitude, y = north or latitude, whatever the registry says (``always_xy``).

GCJ-02 (火星坐标) has no published definition; the formula here is the one in general use. Its inverse is iterated four
times: the residual is below 0.01 mm, far below the 1–2 m by which providers' own offsets differ. BD-09 adds a further
known, invertible offset; its inverse leaves about 1 m before, and below 1 cm after, iteration.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from database.errors import Malformed

Floats = NDArray[np.float64]

STORAGE = "EPSG:4490"
GCJ02 = "GCJ-02"
BD09 = "BD-09"
_GEOGRAPHIC = {"EPSG:4490", "EPSG:4326", "WGS84", "CRS84", "CGCS2000"}
_SEMI_MAJOR_M = 6378245.0  # Krasovsky 1940, as the GCJ-02 formula uses it
_ECCENTRICITY2 = 0.00669342162296594323
_BD_TURN = math.pi * 3000.0 / 180.0
_ROUNDS = 4


class UnknownCrs(Malformed):
    """不认识的坐标系 | Unknown coordinate reference system"""


def metres_per_degree(lat: float) -> tuple[float, float]:
    """Metres in one degree of longitude and of latitude at this latitude (CGCS2000 ellipsoid), within 0.01 %."""
    phi = math.radians(lat)
    e2 = 0.00669438002290
    w = 1 - e2 * math.sin(phi) ** 2
    lon_m = math.pi / 180 * 6378137.0 * math.cos(phi) / math.sqrt(w)
    lat_m = math.pi / 180 * 6378137.0 * (1 - e2) / w**1.5
    return lon_m, lat_m


def distance_m(lon1: float, lat1: float, lon2: float, lat2: float) -> float:
    """Metres between two near points; within 0.1 % up to 50 km."""
    lon_m, lat_m = metres_per_degree((lat1 + lat2) / 2)
    return math.hypot((lon2 - lon1) * lon_m, (lat2 - lat1) * lat_m)


def to_4490(xs: ArrayLike, ys: ArrayLike, source_crs: str) -> tuple[Floats, Floats]:
    """Lon, lat in EPSG:4490 of coordinates in ``source_crs``.

    source_crs: 'EPSG:4490', 'EPSG:4326' or 'WGS84' (taken as equal, the difference is below a decimetre), 'EPSG:4548',
    'EPSG:4549', 'EPSG:4550', 'EPSG:3826', 'EPSG:3857' and every other code PROJ knows, 'GCJ-02', 'BD-09'.
    Raises UnknownCrs.
    """
    x, y = np.asarray(xs, dtype=np.float64), np.asarray(ys, dtype=np.float64)
    if source_crs in _GEOGRAPHIC:
        return x, y
    if source_crs == GCJ02:
        return _invert(_gcj_from_wgs, x, y)
    if source_crs == BD09:
        return _invert(_bd_from_wgs, x, y)
    lon, lat = _transformer(source_crs, STORAGE).transform(x, y)
    return np.asarray(lon), np.asarray(lat)


def from_4490(lons: ArrayLike, lats: ArrayLike, target_crs: str) -> tuple[Floats, Floats]:
    """Coordinates in ``target_crs`` of lon, lat in EPSG:4490; the inverse of :func:`to_4490`."""
    lon, lat = np.asarray(lons, dtype=np.float64), np.asarray(lats, dtype=np.float64)
    if target_crs in _GEOGRAPHIC:
        return lon, lat
    if target_crs == GCJ02:
        return _gcj_from_wgs(lon, lat)
    if target_crs == BD09:
        return _bd_from_wgs(lon, lat)
    x, y = _transformer(STORAGE, target_crs).transform(lon, lat)
    return np.asarray(x), np.asarray(y)


@lru_cache(maxsize=32)
def _transformer(source: str, target: str) -> Transformer:
    try:
        return Transformer.from_crs(CRS.from_user_input(source), CRS.from_user_input(target), always_xy=True)
    except CRSError:
        raise UnknownCrs(f"{source} → {target}", source=source, target=target) from None


def _invert(forward: object, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    assert callable(forward)
    lon, lat = x.copy(), y.copy()
    for _ in range(_ROUNDS):
        fx, fy = forward(lon, lat)
        lon, lat = lon - (fx - x), lat - (fy - y)
    return lon, lat


def _gcj_from_wgs(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    wave = (20 * np.sin(6 * x * np.pi) + 20 * np.sin(2 * x * np.pi)) * 2 / 3
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + wave
    north += (20 * np.sin(y * np.pi) + 40 * np.sin(y / 3 * np.pi)) * 2 / 3
    north += (160 * np.sin(y / 12 * np.pi) + 320 * np.sin(y * np.pi / 30)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + wave
    east += (20 * np.sin(x * np.pi) + 40 * np.sin(x / 3 * np.pi)) * 2 / 3
    east += (150 * np.sin(x / 12 * np.pi) + 300 * np.sin(x / 30 * np.pi)) * 2 / 3
    phi = np.radians(lat)
    w = 1 - _ECCENTRICITY2 * np.sin(phi) ** 2
    d_lat = north * 180 / (_SEMI_MAJOR_M * (1 - _ECCENTRICITY2) / (w * np.sqrt(w)) * np.pi)
    d_lon = east * 180 / (_SEMI_MAJOR_M / np.sqrt(w) * np.cos(phi) * np.pi)
    return lon + d_lon, lat + d_lat


def _bd_from_wgs(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    x, y = _gcj_from_wgs(lon, lat)
    z = np.hypot(x, y) + 0.00002 * np.sin(y * _BD_TURN)
    theta = np.arctan2(y, x) + 0.000003 * np.cos(x * _BD_TURN)
    return z * np.cos(theta) + 0.0065, z * np.sin(theta) + 0.006


# --- what is wrong with coordinates outside the county ---------------------------------------------------

Cause = Literal["zero", "projected_metres", "swapped_axes", "wrong_zone", "gcj02_offset", "bd09_offset", "unknown"]
Bounds = tuple[float, float, float, float]

CAUSES: dict[Cause, str] = {
    "zero": "坐标为 0，视为缺失 / zero coordinates mean none",
    "projected_metres": "像是以米为单位的投影坐标，请在映射中写明坐标系 / looks like projected metres: name the CRS in the mapping",
    "swapped_axes": "经纬度可能写反了 / longitude and latitude look swapped",
    "wrong_zone": "分带（中央经线）可能选错，整体偏东或偏西 / wrong zone or central meridian: everything lies too far east or west",
    "gcj02_offset": "像是 GCJ-02（火星坐标）未经转换 / looks like GCJ-02 that was not converted",
    "bd09_offset": "像是 BD-09（百度坐标）未经转换 / looks like BD-09 that was not converted",
    "unknown": "坐标不在本县范围内 / outside the county",
}
_ZONE_SHIFTS = (2.0, 3.0, 6.0, 1.0)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Why coordinates lie outside. shift_deg: degrees by which they are too far east, for a wrong zone."""

    cause: Cause
    shift_deg: float = 0.0

    @property
    def text(self) -> str:
        """The cause in Chinese and English, with the shift."""
        if self.cause != "wrong_zone":
            return CAUSES[self.cause]
        side_zh, side_en = ("东", "east") if self.shift_deg > 0 else ("西", "west")
        degrees = f"{abs(self.shift_deg):g}"
        return f"{CAUSES[self.cause]}（约偏{side_zh} {degrees}° / about {degrees}° too far {side_en}）"


def diagnose_outside(lon: float, lat: float, bounds: Bounds) -> Diagnosis:
    """The likely cause why one point lies outside the county. bounds: west, south, east, north in EPSG:4490."""
    return diagnose_batch(np.array([lon]), np.array([lat]), bounds)[0]


def diagnose_batch(lons: ArrayLike, lats: ArrayLike, bounds: Bounds) -> list[Diagnosis]:
    """The likely cause for each of many points outside the county, the plainest explanation first."""
    lon, lat = np.asarray(lons, dtype=np.float64), np.asarray(lats, dtype=np.float64)
    answers = [Diagnosis("unknown")] * len(lon)
    remaining = np.ones(len(lon), dtype=bool)

    def settle(hit: NDArray[np.bool_], diagnosis: Diagnosis) -> None:
        nonlocal remaining
        for index in np.flatnonzero(hit & remaining):
            answers[index] = diagnosis
        remaining &= ~hit

    settle((np.abs(lon) < 1e-6) & (np.abs(lat) < 1e-6), Diagnosis("zero"))
    settle((np.abs(lon) > 1000) | (np.abs(lat) > 1000), Diagnosis("projected_metres"))
    settle(_inside(lat, lon, bounds), Diagnosis("swapped_axes"))
    for source, cause in ((GCJ02, "gcj02_offset"), (BD09, "bd09_offset")):
        fixed_lon, fixed_lat = to_4490(lon, lat, source)
        settle(_inside(fixed_lon, fixed_lat, bounds), Diagnosis(cause))  # type: ignore[arg-type]
    for size in _ZONE_SHIFTS:
        for shift in (size, -size):
            settle(_inside(lon - shift, lat, bounds), Diagnosis("wrong_zone", shift))
    return answers


def _inside(lon: Floats, lat: Floats, bounds: Bounds) -> NDArray[np.bool_]:
    west, south, east, north = bounds
    return (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
