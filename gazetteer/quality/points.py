"""The numbers of the library as arrays, for rules about order and position: read once a run, by binary COPY."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from sqlalchemy import Connection, text

from database.connection.engine import raw
from database.geodesy.crs import metres_per_degree

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_HEADER = 11 + 4 + 4  # signature, flags, extension length
_COLUMNS = ("id", "lon", "lat", "division", "road", "number", "sub", "depth", "source")
_SELECT = """
SELECT id, lon, lat, rpad(division_code, 12, '0')::bigint, coalesce(road_id, 0), coalesce(number_n, -1)::bigint,
             coalesce(number_sub, 0)::bigint, depth::bigint, hashtextextended(source, 0)
      FROM pg_temp.quality_address WHERE live AND lon IS NOT NULL ORDER BY id
"""


@dataclass(frozen=True, slots=True)
class Points:
    """The live addresses with a point, by id. lon, lat: EPSG:4490. x, y: metres east and north of the county's middle.

    division: 12-digit village code as a number. road: number of (town, road), 0 without a road. number: of the plate,
    -1 when it is not a plain number; sub: of 12-3号 the 3. source: number of the source. middle: lon, lat of x = y = 0;
    scale: metres in a degree of each.
    """

    id: Ints
    lon: Floats
    lat: Floats
    x: Floats
    y: Floats
    division: Ints
    road: Ints
    number: Ints
    sub: Ints
    depth: Ints
    source: Ints
    middle: Floats
    scale: Floats

    def __len__(self) -> int:
        return len(self.id)


class Library:
    """What the rules of one run see: the connection with the temporary tables, and the arrays when one asks for them."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    @cached_property
    def points(self) -> Points:
        """The live addresses with a point."""
        rows = read_arrays(self.connection, _SELECT, _COLUMNS, floats=("lon", "lat"))
        lon, lat = rows["lon"], rows["lat"]
        middle_lon, middle_lat = (float(np.median(lon)), float(np.median(lat))) if len(lon) else (0.0, 30.0)
        lon_m, lat_m = metres_per_degree(middle_lat)
        return Points(
            id=rows["id"],
            lon=lon,
            lat=lat,
            x=(lon - middle_lon) * lon_m,
            y=(lat - middle_lat) * lat_m,
            middle=np.array([middle_lon, middle_lat]),
            scale=np.array([lon_m, lat_m]),
            **{name: rows[name] for name in _COLUMNS[3:]},
        )

    @cached_property
    def villages(self) -> dict[int, shapely.Geometry]:
        """The present villages' outlines (EPSG:4490), prepared, by code as a number."""
        rows = self.connection.execute(
            text(
                "SELECT code, st_asbinary(geom) FROM division WHERE level = 'village' AND geom IS NOT NULL "
                "AND valid_to IS NULL"
            )
        ).all()
        return {int(code): outline for code, outline in ((code, _prepared(wkb)) for code, wkb in rows)}

    @cached_property
    def inside_village(self) -> npt.NDArray[np.bool_]:
        """For each point: lies in the village of its division code, or that village has no outline."""
        points, inside = self.points, np.ones(len(self.points), dtype=bool)
        for code, rows in groups(points.division):
            outline = self.villages.get(code)
            if outline is not None:
                inside[rows] = shapely.intersects_xy(outline, points.lon[rows], points.lat[rows])
        return inside

    @cached_property
    def outside_county_m(self) -> Floats:
        """For each point: metres outside the county (its outline, or that of its villages); 0 inside, or without outline."""
        points, distance = self.points, np.zeros(len(self.points))
        doubtful = np.flatnonzero(~(self.inside_village & np.isin(points.division, list(self.villages))))
        outline = self.county
        if outline is None or not len(doubtful):
            return distance
        outside = doubtful[~shapely.intersects_xy(outline, points.lon[doubtful], points.lat[doubtful])]
        distance[outside] = self.metres_to(outline, outside)
        return distance

    @cached_property
    def county(self) -> shapely.Geometry | None:
        """The county's outline, else the union of its towns, else of its villages; None when there is none."""
        for level in ("county", "town", "village"):
            found = self.connection.scalars(
                text(
                    "SELECT st_asbinary(geom) FROM division WHERE level = :level AND geom IS NOT NULL AND valid_to IS NULL"
                ),
                {"level": level},
            ).all()
            if found:
                outline = shapely.union_all(shapely.from_wkb([bytes(wkb) for wkb in found]))
                shapely.prepare(outline)
                return outline
        return None

    def metres_to(self, outline: shapely.Geometry, rows: Ints) -> Floats:
        """Metres from some of the points to an outline given in EPSG:4490."""
        points = self.points
        flat = shapely.transform(outline, lambda lon_lat: (lon_lat - points.middle) * points.scale)
        at = shapely.points(points.x[rows], points.y[rows])
        return np.asarray(shapely.distance(flat, at), dtype=np.float64)


def groups(keys: Ints) -> list[tuple[int, Ints]]:
    """Each distinct key with the places where it stands, in rising order of place."""
    if not len(keys):
        return []
    order = np.argsort(keys, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(keys[order]) != 0])
    return [(int(keys[part[0]]), part) for part in np.split(order, starts[1:])]


def _prepared(wkb: bytes) -> shapely.Geometry:
    outline = shapely.from_wkb(bytes(wkb))
    shapely.prepare(outline)
    return outline


def read_arrays(
    connection: Connection, select: str, names: Sequence[str], floats: Container[str] = ()
) -> dict[str, npt.NDArray[Any]]:
    """The columns of a query as arrays, through binary COPY: every one bigint, or double precision when in ``floats``.

    No value may be NULL: then every row of the answer is equally long, and the answer is the array.
    """
    with raw(connection).cursor() as cursor, cursor.copy(f"COPY ({select}) TO STDOUT (FORMAT binary)".encode()) as copy:
        data = b"".join(bytes(block) for block in copy)
    fields: list[tuple[str, str]] = [("n", ">i2")]
    for name in names:
        fields += [(f"{name}_size", ">i4"), (name, ">f8" if name in floats else ">i8")]
    rows = np.frombuffer(memoryview(data)[_HEADER : len(data) - 2], dtype=np.dtype(fields))
    return {name: rows[name].astype(np.float64 if name in floats else np.int64) for name in names}
