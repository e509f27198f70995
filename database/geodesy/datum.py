"""Reference systems in any words: which one a text means, whether two are the same, and whether its datum leads to CGCS2000.

Coordinates on CGCS2000, WGS 84, ITRF or TWD97 differ by less than a metre here and count as one. Beijing 54, Xi'an 80 and
every other datum lie tens of metres to more than a hundred metres apart; PROJ, which knows no transformation for most of
China, then takes the coordinates over unchanged ("ballpark"). Such a system is refused, unless a published transformation of
known accuracy covers the county and is asked for by name.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np
from numpy.typing import ArrayLike
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, ProjError
from pyproj.transformer import AreaOfInterest, TransformerGroup

from database.geodesy.crs import BD09, GCJ02, Bounds, Floats, UnknownCrs, to_4490

#: transformations of a larger stated error are not offered, metres
MOST_ERROR_M = 5.0
#: two projections are the same when points all over China differ by less, metres or, of degrees, as much of one
ALIKE_M, ALIKE_DEG = 0.01, 1e-7
LONGEST = 20_000

_MODERN = re.compile(
    r"world.?geodetic.?system.?1984|wgs.?(19)?84|china.*2000|cgcs.?2000|2000\s*国家|中国.*2000|international terrestrial|itrf|taiwan.*1997|twd.?97",
    re.IGNORECASE,
)
#: the address of a code, as OGC writes it: urn:ogc:def:crs:EPSG::4549, http://www.opengis.net/def/crs/EPSG/0/4549
_ADDRESS = re.compile(r"(?:urn|https?):.*\bEPSG[:/](?:[\d.]*[:/])?(\d{4,6})", re.IGNORECASE)
#: a code, WKT, PROJJSON, a PROJ string
_FORMAL = re.compile(r"\w+:\S|[A-Za-z]\w*\s*[\[(]|\{|\+proj=|\+init=", re.ASCII)
_SHORT = {"CGCS2000": "EPSG:4490", "WGS84": "EPSG:4326", "CRS84": "OGC:CRS84"}
_UNSAID = re.compile(r"^(undefined|unknown|unnamed|not.specified)", re.IGNORECASE)
_ELLIPSOIDS = {  # semi-major axis in metres, inverse flattening → what is on it in China
    (6378245.0, 298.3): "北京 54 类（克拉索夫斯基椭球） / Beijing 1954 or another system on the Krassovsky ellipsoid",
    (6378140.0, 298.257): "西安 80（IAG 1975 椭球） / Xian 1980 (IAG 1975 ellipsoid)",
}
_NAMES = (
    ("new beijing", "新北京 54"),
    ("beijing", "北京 54"),
    ("xian", "西安 80"),
    ("hong kong", "香港 1980"),
    ("taiwan datum 1967", "TWD67"),
)


class DatumUncertain(UnknownCrs):
    """坐标系的基准无法可靠地转换到 CGCS2000 | The datum of the coordinates has no sure way to CGCS2000"""


@dataclass(frozen=True, slots=True)
class Transformation:
    """A published way from a datum to WGS 84 that covers the county. accuracy_m: its stated error, metres."""

    code: str
    name: str
    accuracy_m: float


@lru_cache(maxsize=64)
def parse_system(words: str) -> CRS:
    """The horizontal reference system that a code or WKT means.

    Raises UnknownCrs for what is none that positions on the earth follow from: local, geocentric, undefined, misspelt.
    """
    try:
        plain = words.strip()
        plain = _SHORT.get(plain.upper().replace(" ", ""), plain)
        # a bare name would be looked for among the names that sound alike
        if len(plain) > LONGEST or not _FORMAL.match(plain):
            raise CRSError("no code and no definition")
        address = _ADDRESS.fullmatch(plain)
        crs = CRS.from_epsg(int(address.group(1))) if address else CRS.from_user_input(plain)
        if crs.is_compound or len(crs.axis_info) > 2:
            crs = (crs.sub_crs_list[0] if crs.is_compound else crs).to_2d()
    except (CRSError, ProjError, UnicodeError, ValueError):
        raise UnknownCrs(shorten(words), source=shorten(words)) from None
    if not (crs.is_geographic or crs.is_projected) or (crs.is_geographic and (crs.is_derived or _is_unsaid(crs))):
        raise UnknownCrs(shorten(words), source=shorten(words))
    return crs


def find_system(words: str | None) -> CRS | None:
    """The system that a file's words mean; None when they mean none."""
    try:
        return parse_system(words) if words else None
    except UnknownCrs:
        return None


def shorten(words: str) -> str:
    """Words of a file for a message: one line, not too long."""
    plain = " ".join(words.split())
    return plain if len(plain) <= 120 else f"{plain[:120]}…"


def title_of(crs: CRS) -> str:
    """The name of a system for a message, with its code where it has one."""
    identity = crs.to_json_dict().get("id")
    return f"{shorten(crs.name)}（{identity['authority']}:{identity['code']}）" if identity else shorten(crs.name)


def same_system(one: CRS, other: CRS) -> bool:
    """Whether two systems give the same coordinates, in whatever words: the same datum, and projections that agree by a centimetre."""
    if one == other:
        return True
    if on_cgcs2000(one) != on_cgcs2000(other) or one.is_geographic != other.is_geographic:
        return False
    if not on_cgcs2000(one) and not _same_ellipsoid(one, other):
        return False
    lon, lat = (axis.ravel() for axis in np.meshgrid(np.arange(75.0, 136.0, 6.0), np.arange(20.0, 51.0, 10.0)))
    first, second = _from_own_degrees(one, lon, lat), _from_own_degrees(other, lon, lat)
    usable = np.isfinite(first).all(axis=0) & np.isfinite(second).all(axis=0)
    limit = ALIKE_DEG if one.is_geographic else ALIKE_M
    return bool(usable.any()) and bool(np.abs(first - second)[:, usable].max() < limit)


@lru_cache(maxsize=64)
def on_cgcs2000(crs: CRS) -> bool:
    """Whether coordinates of this system lie on CGCS2000, within a metre, without a change of datum."""
    if crs.is_bound:
        towgs84 = crs.coordinate_operation.towgs84 if crs.coordinate_operation else [1.0]
        if any(towgs84) or crs.source_crs is None:
            return False
        crs = crs.source_crs
    base = crs.geodetic_crs
    if base is None or base.ellipsoid is None or base.datum is None:
        return False
    if base.prime_meridian is not None and base.prime_meridian.longitude != 0:
        return False
    major, flattening = base.ellipsoid.semi_major_metre, base.ellipsoid.inverse_flattening
    if abs(major - 6378137.0) > 0.01 or not 298.2572 < flattening < 298.2573:
        return False
    # a datum that EPSG knows, such as NAD83, is itself; one in a file's own words is judged by its ellipsoid
    if _MODERN.search(f"{base.datum.name} {base.name}") or _UNSAID.match(base.datum.name):
        return True
    return base.to_epsg(min_confidence=60) is None


def check_datum(crs: CRS, bounds: Bounds | None) -> None:
    """Raise DatumUncertain when the datum of a system is not CGCS2000 or alike, naming it and the transformations there are.

    bounds: of the county, EPSG:4490; without them no transformation is offered.
    """
    if on_cgcs2000(crs):
        return
    name = datum_name(crs)
    found = transformations(crs, bounds)
    offer_zh = "本县没有已公布且精度已知的转换参数，请用当地测绘部门的参数转换到 CGCS2000（EPSG:4490）后再发送"
    offer_en = (
        "no published transformation of known accuracy covers the county: have it converted to CGCS2000 (EPSG:4490)"
    )
    if found:
        listed = "、".join(f"{one.code}（{one.name}，精度 {one.accuracy_m:g} 米）" for one in found)
        offer_zh = (
            f'可用的转换：{listed}。核对后在映射里写 transformation = "{found[0].code}"，或转换到 CGCS2000 后再发送'
        )
        offer_en = f'transformations of known accuracy: {listed}; set transformation = "{found[0].code}" in the mapping, or convert it first'
    zh, _, en = name.partition(" / ")
    raise DatumUncertain(
        f"{title_of(crs)} 的基准是{zh}，不是 CGCS2000，直接使用会偏移（常为几十到一百多米）。{offer_zh}。 / the datum is {en or zh}, not CGCS2000; "
        f"used as it is, everything would be off, often by tens of metres or more: {offer_en}.",
        datum=name,
        offered=[one.code for one in found],
    )


def datum_name(crs: CRS) -> str:
    """The datum of a system: in Chinese where it has a name here, and in English; by its ellipsoid when its own name says nothing."""
    base = crs.geodetic_crs or crs
    datum = base.datum.name if base.datum else base.name
    for part, zh in _NAMES:
        if part in datum.lower().replace("_", " "):
            return f"{zh} / {datum}"
    ellipsoid = base.ellipsoid
    if ellipsoid is not None:
        for (major, flattening), name in _ELLIPSOIDS.items():
            if abs(ellipsoid.semi_major_metre - major) < 0.5 and abs(ellipsoid.inverse_flattening - flattening) < 0.001:
                return name
        return f"{datum}（{ellipsoid.name}）"
    return datum


def transformations(crs: CRS, bounds: Bounds | None) -> list[Transformation]:
    """The published transformations to WGS 84 whose stated error is small and whose area holds the county, the best first."""
    return [found for found, _way in _ways(crs, bounds)]


def conversion(
    crs: str, transformation: str | None, bounds: Bounds | None
) -> Callable[[ArrayLike, ArrayLike], tuple[Floats, Floats]]:
    """A function from coordinates in a system to lon, lat in EPSG:4490.

    crs: a code, WKT, GCJ-02 or BD-09. transformation: the code of one of those offered, for a datum that needs it.
    Raises UnknownCrs; DatumUncertain also when the transformation is none of those offered.
    """
    if crs in (GCJ02, BD09):
        return partial(to_4490, source_crs=crs)
    system = parse_system(crs)
    if on_cgcs2000(system):
        return partial(to_4490, source_crs=crs)
    way = next((way for found, way in _ways(system, bounds) if found.code == transformation), None)
    if way is None:
        check_datum(system, bounds)
        raise DatumUncertain(title_of(system))
    return partial(_moved, way)


def _moved(way: Transformer, xs: ArrayLike, ys: ArrayLike) -> tuple[Floats, Floats]:
    lon, lat = way.transform(np.asarray(xs, dtype=np.float64), np.asarray(ys, dtype=np.float64))
    return np.asarray(lon), np.asarray(lat)


def _ways(crs: CRS, bounds: Bounds | None) -> list[tuple[Transformation, Transformer]]:
    if bounds is None:
        return []
    group = TransformerGroup(
        crs, CRS.from_epsg(4326), always_xy=True, allow_ballpark=False, area_of_interest=AreaOfInterest(*bounds)
    )
    ways = []
    for way in group.transformers:
        steps = [step for step in way.operations or () if "axis" not in step.method_name.lower()]
        changes = [step for step in steps if step.type_name != "Conversion" and step.to_json_dict().get("id")]
        if len(changes) != 1 or not 0 < way.accuracy <= MOST_ERROR_M or not _holds(changes[0].area_of_use, bounds):
            continue
        identity = changes[0].to_json_dict()["id"]
        ways.append((Transformation(f"{identity['authority']}:{identity['code']}", changes[0].name, way.accuracy), way))
    return sorted(ways, key=lambda pair: pair[0].accuracy_m)


def _holds(area: object, bounds: Bounds) -> bool:
    west, south, east, north = area.bounds  # type: ignore[attr-defined]
    return bool(west <= bounds[0] and south <= bounds[1] and east >= bounds[2] and north >= bounds[3])


def _from_own_degrees(crs: CRS, lon: Floats, lat: Floats) -> Floats:
    """Coordinates of lon, lat (degrees on the system's own datum) in the system: its projection alone, 2 × points."""
    plain = crs.source_crs if crs.is_bound and crs.source_crs is not None else crs
    base = plain.geodetic_crs
    assert base is not None
    if plain.is_geographic:
        factor = np.degrees(plain.axis_info[0].unit_conversion_factor)
        return np.stack([lon / factor, lat / factor])
    degrees = np.degrees(base.axis_info[0].unit_conversion_factor)
    moved = Transformer.from_crs(base, plain, always_xy=True).transform(lon / degrees, lat / degrees)
    return np.stack([np.asarray(axis) for axis in moved])


def _same_ellipsoid(one: CRS, other: CRS) -> bool:
    a, b = one.ellipsoid, other.ellipsoid
    return (
        a is not None
        and b is not None
        and abs(a.semi_major_metre - b.semi_major_metre) < 0.01
        and abs(a.inverse_flattening - b.inverse_flattening) < 1e-6
    )


def _is_unsaid(crs: CRS) -> bool:
    """A stand-in that says only that nothing is known, as GeoPackages carry for srs_id -1 and 0."""
    return bool(_UNSAID.match(crs.name)) and crs.to_epsg() is None and "based on" not in crs.name.lower()
