"""Coordinates of the file → geometry in EPSG:4490, lon lat; what is no valid geometry becomes a problem of its row."""

from __future__ import annotations

import re
from contextlib import suppress

import numpy as np
import shapely

from database.geodesy.crs import BD09, GCJ02, STORAGE, Bounds, UnknownCrs
from database.geodesy.datum import conversion, find_system, parse_system, same_system, shorten, title_of
from importing.errors import CoordinateSystemUnknown
from importing.files.source import ASSUMED_CRS, FLAWS, Geometries, RowBatch, Source
from importing.loading.axes import check_axes
from importing.mappings.mapping import Mapping
from importing.targets.base import GeometryKind
from importing.values.dates import RowProblem
from importing.values.reasons import Problem
from importing.values.standardise import coordinate

SRID = 4490
_PLACE = re.compile(r"^([^\[]*)\[([-\d.e+]+) ([-\d.e+]+)")
NOT_FINITE = "Invalid Coordinate"
_ZH = {
    "Self-intersection": "自相交", "Ring Self-intersection": "环自相交", "Too few points in geometry component": "点数过少",
    "Hole lies outside shell": "洞在外环之外", "Holes are nested": "洞相互嵌套",
    "Interior is disconnected": "内部不连通", "Nested shells": "外环相互嵌套", "Duplicate Rings": "环重复",
}  # fmt: skip

_TYPES = {
    "LineString": "线 ", "MultiLineString": "多线 ", "LinearRing": "环 ", "MultiPoint": "多点 ", "GeometryCollection": "混合集合 ",
    "Polygon": "面 ", "MultiPolygon": "多面 ", "Point": "点 ",
}  # fmt: skip
POINT, LINE, POLYGON, MULTIPOINT, MULTILINE, MULTIPOLYGON = 0, 1, 3, 4, 5, 6


class Projector:
    """Turns the coordinates of one file into EPSG:4490.

    Raises CoordinateSystemUnknown when neither file nor mapping names the system, they contradict each other, or no sure way
    leads from its datum to CGCS2000. ``project`` raises CoordinatesWrong for exchanged axes and zone numbers.
    """

    def __init__(
        self, mapping: Mapping, source: Source, kind: GeometryKind, *, required: bool, bounds: Bounds | None = None
    ) -> None:
        """bounds: of the county, EPSG:4490; a transformation between datums must cover them, most positions lie in them."""
        self._kind = kind
        self._bounds = bounds
        self._axes_checked = False
        self._required = required
        self.crs = _crs_of(mapping, source)
        try:
            self._to_4490 = conversion(self.crs, mapping.transformation, bounds)
        except UnknownCrs as error:
            raise CoordinateSystemUnknown(error.detail, **error.facts) from None
        self._position: tuple[int, int] | None = None
        self._names = ("", "")
        if mapping.position is not None:
            self._names = (mapping.position.lon, mapping.position.lat)
            self._position = (source.columns.index(self._names[0]), source.columns.index(self._names[1]))

    def project(self, batch: RowBatch) -> tuple[list[str | None], list[list[Problem]]]:
        """Hexadecimal EWKB of each row (None without position), and the problems of each row."""
        problems: list[list[Problem]] = [[] for _ in batch.values]
        if self._position is not None and batch.geometries is None:
            shapes = self._points(batch, problems)
        elif batch.geometries is not None:
            shapes = self._shapes(batch, batch.geometries, problems)
        else:
            shapes = np.full(len(batch.values), None, dtype=object)
        if self._required:
            for i in np.flatnonzero(shapely.is_missing(shapes)).tolist():
                if not problems[i]:
                    problems[i].append(Problem("missing_value", self._names[0] or "geometry"))
        texts = shapely.to_wkb(shapely.set_srid(shapes, SRID), hex=True, include_srid=True)
        return [None if text is None else str(text) for text in texts], problems

    def _points(self, batch: RowBatch, problems: list[list[Problem]]) -> Geometries:
        assert self._position is not None
        coordinates = np.full((len(batch.values), 2), np.nan)
        for i, row in enumerate(batch.values):
            for axis, place in enumerate(self._position):
                text = row[place]
                if text is None:
                    continue
                coordinates[i, axis] = self._number(text, axis, problems[i])
        shapes = np.full(len(batch.values), None, dtype=object)
        given = np.isfinite(coordinates).all(axis=1) & (coordinates != 0).any(axis=1)
        for i in np.flatnonzero(np.isfinite(coordinates).any(axis=1) & ~np.isfinite(coordinates).all(axis=1)).tolist():
            if not problems[i]:
                problems[i].append(Problem("missing_value", self._names[int(np.isnan(coordinates[i, 1]))]))
        self._check_axes(coordinates[given])
        lon, lat = self._to_4490(coordinates[given, 0], coordinates[given, 1])
        shapes[given] = shapely.points(lon, lat)
        for i in np.flatnonzero(given)[~(np.isfinite(lon) & np.isfinite(lat))].tolist():
            problems[i].append(_not_finite())
            shapes[i] = None
        return shapes

    def _number(self, text: str, axis: int, problems: list[Problem]) -> float:
        with suppress(ValueError):
            found = float(text.replace("_", "-"))  # Python takes 1_20 for 120
            if np.isfinite(found):
                return found
        try:
            return coordinate(text)
        except RowProblem as problem:
            problems.append(problem.at(self._names[axis]))
            return float("nan")

    def _shapes(self, batch: RowBatch, geometries: Geometries, problems: list[list[Problem]]) -> Geometries:
        """Outlines and points of a layer: two dimensions, projected, of the wanted type, and valid."""
        for i, flaw in batch.flaws.items():
            zh, en = FLAWS[flaw]
            problems[i].append(Problem("no_geometry", None, {"why": zh, "why_en": en}))
        shapes = _typed(shapely.force_2d(geometries), self._kind, problems)
        self._check_valid(shapes, problems, original=True)
        self._check_axes(shapely.get_coordinates(shapes))
        shapes = shapely.transform(shapes, self._transform)
        self._check_valid(shapes, problems, original=False)
        return shapes

    def _check_axes(self, coordinates: np.ndarray) -> None:
        """Once, with the first positions of the file. Raises CoordinatesWrong."""
        if len(coordinates) and not self._axes_checked:
            self._axes_checked = True
            check_axes(coordinates[:, 0], coordinates[:, 1], self.crs, self._to_4490, self._bounds)

    def _transform(self, coordinates: np.ndarray) -> np.ndarray:
        lon, lat = self._to_4490(coordinates[:, 0], coordinates[:, 1])
        return np.column_stack([lon, lat])

    def _check_valid(self, shapes: Geometries, problems: list[list[Problem]], *, original: bool) -> None:
        """Invalid shapes become problems that name the place, and None."""
        present = ~shapely.is_missing(shapes)
        for i in np.flatnonzero(present & ~shapely.is_valid(shapes)).tolist():
            why, x, y = _explain(str(shapely.is_valid_reason(shapes[i])))
            if why == NOT_FINITE:
                problems[i].append(_not_finite())
                shapes[i] = None
                continue
            if original:
                (x,), (y,) = (axis.tolist() for axis in self._to_4490([x], [y]))
            problems[i].append(
                Problem(
                    "invalid_geometry",
                    None,
                    {"why": _ZH.get(why, why), "why_en": why, "lon": round(x, 7), "lat": round(y, 7)},
                )
            )
            shapes[i] = None


def _not_finite() -> Problem:
    return Problem(
        "no_geometry", None, {"why": "坐标不是有限的数，或按所写坐标系算不出经纬度", "why_en": "a coordinate is no finite number, or lies where its system has none"}
    )  # fmt: skip


def _explain(reason: str) -> tuple[str, float, float]:
    match = _PLACE.match(reason)
    if match is None:
        return reason.split("[", 1)[0], float("nan"), float("nan")
    return match.group(1), float(match.group(2)), float(match.group(3))


#: kind of geometry a target takes → its name, and the types that are of it
_TAKEN: dict[GeometryKind, tuple[str, str, tuple[int, ...]]] = {
    "point": ("点", "a point", (POINT,)),
    "multipolygon": ("面", "a polygon", (MULTIPOLYGON,)),
    "any": ("点或面", "a point or a polygon", (POINT, POLYGON, MULTIPOLYGON)),
    "shape": ("点、线或面", "a point, a line or a polygon", (POINT, LINE, MULTILINE, POLYGON, MULTIPOLYGON)),
}


def _typed(shapes: Geometries, kind: GeometryKind, problems: list[list[Problem]]) -> Geometries:
    """The shapes as the target stores them; those of another kind become problems, and None. A multipoint of one point is it."""
    zh, en, taken = _TAKEN[kind]
    shapes = shapes.copy()
    types = shapely.get_type_id(shapes)
    for i in np.flatnonzero((types == MULTIPOINT) & (shapely.get_num_geometries(shapes) == 1)).tolist():
        shapes[i] = shapely.get_geometry(shapes[i], 0)
    if kind == "multipolygon":
        for i in np.flatnonzero(types == POLYGON).tolist():
            shapes[i] = shapely.multipolygons([shapes[i]])
    types = shapely.get_type_id(shapes)
    for i in np.flatnonzero(np.isin(types, (*taken, -1), invert=True)).tolist():
        found = shapes[i].geom_type
        problems[i].append(
            Problem(
                "wrong_geometry", None, {"found": f"{_TYPES.get(found, '')}{found}", "expected": zh, "found_en": found, "expected_en": en}
            )
        )  # fmt: skip
        shapes[i] = None
    return shapes


def _crs_of(mapping: Mapping, source: Source) -> str:
    """The system to read by: the file's, the mapping's, or both when they are one. Raises CoordinateSystemUnknown."""
    words, wanted = source.crs, mapping.crs
    file_system = find_system(words)
    if wanted is None:
        if words is None or file_system is None:
            raise _unknown(words, mapping)
        return STORAGE if same_system(file_system, parse_system(STORAGE)) else words
    offset = wanted in (GCJ02, BD09)
    wanted_system = parse_system(STORAGE) if offset else find_system(wanted)
    if wanted_system is None:
        raise CoordinateSystemUnknown(
            f"映射 {mapping.name} 的 crs 不认识：{shorten(wanted)}。写 EPSG:4490、EPSG:4549、GCJ-02 等。 / the mapping's crs is not known: "
            "write EPSG:4490, EPSG:4549, GCJ-02 or the like"
        )
    if file_system is not None and words != ASSUMED_CRS and not same_system(file_system, wanted_system):
        raise CoordinateSystemUnknown(
            f"文件说 {title_of(file_system)}，映射 {mapping.name} 说 {wanted if offset else title_of(wanted_system)}，二者矛盾。请核对后改正其中之一。 / "
            f"the file says {title_of(file_system)}, the mapping {wanted}: they contradict each other, correct one of them",
            found=shorten(words or ""),
            wanted=wanted,
        )
    return wanted if offset or not same_system(wanted_system, parse_system(STORAGE)) else STORAGE


def _unknown(words: str | None, mapping: Mapping) -> CoordinateSystemUnknown:
    zh = f"文件写的坐标系看不懂（{shorten(words)}）" if words else "文件没有写明坐标系"
    en = f"what the file says of its system is not understood ({shorten(words)})" if words else "the file does not say"
    return CoordinateSystemUnknown(
        f"{zh}，请在映射 {mapping.name} 里写 crs（EPSG:4490、EPSG:4549、GCJ-02 …） / {en}; set crs in the mapping"
    )
