"""Coordinates of the file → geometry in EPSG:4490, lon lat; what is no valid geometry becomes a problem of its row."""

from __future__ import annotations

import re

import numpy as np
import shapely

from database.crs import to_4490
from layers.importing.dates import RowProblem
from layers.importing.errors import CoordinateSystemUnknown
from layers.importing.mapping import Mapping
from layers.importing.readers.source import Geometries, RowBatch, Source
from layers.importing.reasons import Problem
from layers.importing.standardise import coordinate
from layers.importing.targets.base import GeometryKind

SRID = 4490
#: Geographic systems that differ by less than a decimetre here.
ALIKE = {"EPSG:4490", "EPSG:4326", "OGC:CRS84", "CRS84", "WGS84", "EPSG:3824", "EPSG:4979"}
_PLACE = re.compile(r"^([^\[]*)\[([-\d.e+]+) ([-\d.e+]+)")
_ZH = {"Self-intersection": "自相交", "Ring Self-intersection": "环自相交", "Too few points": "点数过少"}

POINT, POLYGON, MULTIPOINT, MULTIPOLYGON = 0, 3, 4, 6


class Projector:
    """Turns the coordinates of one file into EPSG:4490.

    Raises CoordinateSystemUnknown when neither file nor mapping names the system, or they contradict each other.
    """

    def __init__(self, mapping: Mapping, source: Source, kind: GeometryKind, *, required: bool) -> None:
        self._kind = kind
        self._required = required
        self.crs = _crs_of(mapping, source)
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
            shapes = self._shapes(batch.geometries, problems)
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
        lon, lat = to_4490(coordinates[given, 0], coordinates[given, 1], self.crs)
        shapes[given] = shapely.points(lon, lat)
        return shapes

    def _number(self, text: str, axis: int, problems: list[Problem]) -> float:
        try:
            return coordinate(text)
        except RowProblem as problem:
            problems.append(problem.at(self._names[axis]))
            return float("nan")

    def _shapes(self, geometries: Geometries, problems: list[list[Problem]]) -> Geometries:
        """Outlines and points of a layer: two dimensions, projected, of the wanted type, and valid."""
        shapes = shapely.force_2d(geometries)
        shapes[shapely.is_empty(shapes)] = None
        self._check_valid(shapes, problems, original=True)
        shapes = shapely.transform(shapes, self._transform)
        self._check_valid(shapes, problems, original=False)
        return _typed(shapes, self._kind, problems)

    def _transform(self, coordinates: np.ndarray) -> np.ndarray:
        lon, lat = to_4490(coordinates[:, 0], coordinates[:, 1], self.crs)
        return np.column_stack([lon, lat])

    def _check_valid(self, shapes: Geometries, problems: list[list[Problem]], *, original: bool) -> None:
        """Invalid shapes become problems that name the place, and None."""
        present = ~shapely.is_missing(shapes)
        for i in np.flatnonzero(present & ~shapely.is_valid(shapes)).tolist():
            why, x, y = _explain(str(shapely.is_valid_reason(shapes[i])))
            if original:
                (x,), (y,) = (axis.tolist() for axis in to_4490([x], [y], self.crs))
            problems[i].append(
                Problem(
                    "invalid_geometry",
                    None,
                    {"why": _ZH.get(why, why), "why_en": why, "lon": round(x, 7), "lat": round(y, 7)},
                )
            )
            shapes[i] = None


def _explain(reason: str) -> tuple[str, float, float]:
    match = _PLACE.match(reason)
    if match is None:
        return reason, float("nan"), float("nan")
    return match.group(1), float(match.group(2)), float(match.group(3))


def _typed(shapes: Geometries, kind: GeometryKind, problems: list[list[Problem]]) -> Geometries:
    types = shapely.get_type_id(shapes)
    if kind == "any":
        return shapes
    if kind == "multipolygon":
        for i in np.flatnonzero(types == POLYGON).tolist():
            shapes[i] = shapely.multipolygons([shapes[i]])
        wrong = np.isin(types, (POLYGON, MULTIPOLYGON, -1), invert=True)
    else:
        for i in np.flatnonzero((types == MULTIPOINT) & (shapely.get_num_geometries(shapes) == 1)).tolist():
            shapes[i] = shapely.get_geometry(shapes[i], 0)
        types = shapely.get_type_id(shapes)
        wrong = np.isin(types, (POINT, -1), invert=True)
    for i in np.flatnonzero(wrong).tolist():
        problems[i].append(Problem("wrong_geometry", None, {"found": shapes[i].geom_type, "expected": kind}))
        shapes[i] = None
    return shapes


def _crs_of(mapping: Mapping, source: Source) -> str:
    said, wanted = source.crs, mapping.crs
    if wanted is None and said is None:
        raise CoordinateSystemUnknown(
            f"文件没有写明坐标系，请在映射 {mapping.name} 里写 crs（EPSG:4490、EPSG:4549、GCJ-02 …） / "
            "the file does not say; set crs in the mapping"
        )
    if wanted is None:
        assert said is not None
        return "EPSG:4490" if said in ALIKE else said
    offset = wanted in ("GCJ-02", "BD-09")
    contradiction = said is not None and said != wanted and not {said, wanted} <= ALIKE
    if contradiction and not (offset and said in ALIKE):
        raise CoordinateSystemUnknown(
            f"文件说 {said}，映射 {mapping.name} 说 {wanted}，二者矛盾 / the file says {said}, the mapping {wanted}",
            found=said,
            wanted=wanted,
        )
    return "EPSG:4490" if wanted in ALIKE else wanted
