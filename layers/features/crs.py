"""The coordinate systems features are given in, with the axis order that each one's own definition prescribes.

CRS84 is lon lat. EPSG:4490 and 4326 are lat lon; the Gauss-Krüger systems (GB/T 17798 practice: X north, Y east) are
northing easting. Storage and PostGIS know only x y; the order is turned on the way in and out, here and nowhere else.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from pyproj import CRS
from sqlalchemy import ColumnElement, func, type_coerce
from sqlalchemy.types import NullType

from database.geodesy.crs import from_4490, to_4490
from layers.features.errors import ParameterInvalid

_EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
STORAGE_CRS = _EPSG + "4490"
_SHORT = re.compile(r"(?:EPSG:|urn:ogc:def:crs:EPSG:[\d.]*:|https?://www\.opengis\.net/def/crs/EPSG/0/)(\d{4,5})")
#: Mainland and islands, EPSG:4490: longitudes and latitudes of China are never the same numbers.
CHINA = shapely.box(73.0, 3.0, 136.0, 54.0)
#: Half the way around the equator in Web Mercator, metres.
_MERCATOR_EDGE_M = 20_037_508.342789244
#: A projected edge is curved in degrees: boxes get so many pieces an edge (below a centimetre over a county).
_PIECES = 64
#: A piece of two kilometres is off by five centimetres.
_LONGEST_PIECE_M = 2000.0


@dataclass(frozen=True)
class FeatureCrs:
    """One of them. srid: of PostGIS. degrees: geographic, else metres."""

    uri: str
    srid: int
    title: str

    @cached_property
    def degrees(self) -> bool:
        """True when the coordinates are degrees."""
        return bool(CRS.from_epsg(self.srid).is_geographic)

    @cached_property
    def north_first(self) -> bool:
        """True when the first coordinate is latitude or northing."""
        return self.uri != CRS84 and CRS.from_epsg(self.srid).axis_info[0].direction == "north"

    def shape_of(self, geometry: Any) -> Any:
        """A shapely geometry in EPSG:4490, lon lat, of one in this CRS as a client writes it."""

        def turn(xy: Any) -> Any:
            first, second = (xy[:, 1], xy[:, 0]) if self.north_first else (xy[:, 0], xy[:, 1])
            return np.column_stack(to_4490(first, second, "EPSG:4490" if self.degrees else f"EPSG:{self.srid}"))

        turned = shapely.transform(shapely.force_2d(geometry), turn)
        if not np.isfinite(shapely.get_coordinates(turned)).all():
            raise ParameterInvalid(f"坐标超出 {self.title} 的范围 / coordinates outside the CRS")
        return turned

    def box(self, numbers: tuple[float, float, float, float]) -> Any:
        """The area in EPSG:4490 of a box in this CRS (axes in its order), however large. Over the antimeridian first > third is
        allowed in degrees. Raises ParameterInvalid for a box that lies in China only when its axes are turned.
        """
        area = self._box(numbers)
        if not area.intersects(CHINA):
            a, b, c, d = numbers
            if (turned := self._turned(self._box((b, a, d, c)))) is not None:
                raise turned
        return area

    def query_shape(self, geometry: Any) -> Any:
        """As :meth:`shape_of`, of a geometry that is asked for. Raises ParameterInvalid as :meth:`box` does."""
        outside: ParameterInvalid | None = None
        area = shapely.Polygon()
        try:
            area = self.shape_of(geometry)
        except ParameterInvalid as error:
            outside = error
        if not area.intersects(CHINA):
            with suppress(ParameterInvalid):  # turned it may lie nowhere
                turned = self.shape_of(shapely.transform(shapely.force_2d(geometry), lambda xy: xy[:, ::-1]))
                outside = self._turned(turned) or outside
        if outside is not None:
            raise outside
        return area

    def _turned(self, turned: Any) -> ParameterInvalid | None:
        """What is wrong, when the same numbers in the other order lie in China."""
        if turned.is_empty or not CHINA.contains(turned):
            return None
        return ParameterInvalid(f"坐标轴顺序颠倒：{self.title} / the axes are swapped: {self.axes}")

    @property
    def axes(self) -> str:
        """The order of its axes, in words."""
        if self.degrees:
            return "latitude, longitude" if self.north_first else "longitude, latitude"
        return "northing, easting" if self.north_first else "easting, northing"

    @cached_property
    def _area_of_use(self) -> Any:
        """Where a projected system is reckoned with, in its own coordinates: Web Mercator between its edges, a Gauss-Krüger system
        over China and the seas around. A box beyond asks for all that is there."""
        if self.srid == 3857:
            return shapely.box(-_MERCATOR_EDGE_M, -_MERCATOR_EDGE_M, _MERCATOR_EDGE_M, _MERCATOR_EDGE_M)

        def turn(xy: Any) -> Any:
            first, second = from_4490(xy[:, 0], xy[:, 1], f"EPSG:{self.srid}")
            return np.column_stack((second, first) if self.north_first else (first, second))

        return shapely.transform(shapely.segmentize(CHINA.buffer(3.0, join_style="mitre"), 0.5), turn)

    def _box(self, numbers: tuple[float, float, float, float]) -> Any:
        a, b, c, d = numbers
        if self.degrees:
            west, south, east, north = (b, a, d, c) if self.north_first else (a, b, c, d)
            boxes = [(west, east)] if west <= east else [(west, 180.0), (-180.0, east)]
            parts = [_area(w, south, e, north) for w, e in boxes]
            return parts[0] if len(parts) == 1 else shapely.GeometryCollection(parts)
        area = _area(a, b, c, d)
        if area.contains(self._area_of_use):
            return _area(-180.0, -90.0, 180.0, 90.0)
        if not self._area_of_use.contains(area):
            area = area.intersection(self._area_of_use)
        if area.is_empty:
            return area
        if self.srid == 3857:  # its axes are meridians and parallels: the box stays one
            left, lower, right, upper = area.bounds
            return self.shape_of(shapely.MultiPoint([(left, lower), (right, upper)])).envelope
        left, lower, right, upper = area.bounds
        longest = min(max(right - left, upper - lower), _PIECES * _LONGEST_PIECE_M)
        return self.shape_of(shapely.segmentize(area, longest / _PIECES) if longest > 0 else area)

    def in_sql(self, geometry: ColumnElement[Any]) -> ColumnElement[Any]:
        """The stored geometry in this CRS and its axis order, as SQL."""
        plain = type_coerce(geometry, NullType())  # GeoAlchemy would wrap it into ST_AsEWKB
        turned = plain if self.degrees else func.st_transform(func.st_setsrid(plain, self._source), self.srid)
        return func.st_flipcoordinates(turned) if self.north_first else turned

    @property
    def _source(self) -> int:
        # to Web Mercator as tiles go: 4490 is WGS 84 here, to the millimetre
        return 4326 if self.srid == 3857 else 4490

    @property
    def digits(self) -> int:
        """Decimal places: a tenth of a millimetre."""
        return 9 if self.degrees else 4


def _area(a: float, b: float, c: float, d: float) -> Any:
    """A box; a line or a point where it has no width or height."""
    return shapely.MultiPoint([(a, b), (c, d)]).envelope


def is_rectangle(area: Any) -> bool:
    """True when the area is all that lies within its bounds."""
    west, south, east, north = area.bounds
    corners = shapely.get_coordinates(area).tolist()
    return len(corners) <= 5 and all(x in (west, east) and y in (south, north) for x, y in corners)


_SYSTEMS = [
    FeatureCrs(CRS84, 4326, "CRS84（经度、纬度）"),
    FeatureCrs(_EPSG + "4490", 4490, "CGCS2000（纬度、经度）"),
    FeatureCrs(_EPSG + "4326", 4326, "WGS 84（纬度、经度）"),
    FeatureCrs(_EPSG + "4548", 4548, "CGCS2000 三度带 117°E（X 北、Y 东）"),
    FeatureCrs(_EPSG + "4549", 4549, "CGCS2000 三度带 120°E（X 北、Y 东）"),
    FeatureCrs(_EPSG + "4550", 4550, "CGCS2000 三度带 123°E（X 北、Y 东）"),
    FeatureCrs(_EPSG + "4528", 4528, "CGCS2000 三度带 40 带（X 北、Y 东带号）"),
    FeatureCrs(_EPSG + "3857", 3857, "Web 墨卡托（X 东、Y 北）"),
]
SUPPORTED: dict[str, FeatureCrs] = {crs.uri: crs for crs in _SYSTEMS}
DEFAULT = SUPPORTED[CRS84]


def find_crs(name: str | None, parameter: str = "crs") -> FeatureCrs:
    """The CRS of a URI, ``EPSG:4549`` or a URN; CRS84 for none. Raises ParameterInvalid, also for an empty name, with what is supported."""
    if name is None:
        return DEFAULT
    name = name.strip("[]<>")
    short = _SHORT.fullmatch(name)
    uri = _EPSG + short.group(1) if short else CRS84 if name in ("OGC:CRS84", "CRS84") else name
    if uri not in SUPPORTED:
        raise ParameterInvalid(f"{parameter}={name[:100]}；{', '.join(SUPPORTED)}", parameter=parameter)
    return SUPPORTED[uri]
