"""The numbers of the library as arrays, for rules about order and position: read once a run, by binary COPY."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import shapely
from sqlalchemy import Connection, text

from database.crs import metres_per_degree
from database.engine import raw

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_HEADER = 11 + 4 + 4  # signature, flags, extension length
_COLUMNS = ("id", "lon", "lat", "division", "road", "number", "sub", "depth", "source")
_SELECT = """
COPY (SELECT id, lon, lat, rpad(division_code, 12, '0')::bigint, coalesce(road_id, 0), coalesce(number_n, -1)::bigint,
             coalesce(number_sub, 0)::bigint, depth::bigint, hashtextextended(source, 0)
      FROM pg_temp.quality_address WHERE live AND lon IS NOT NULL ORDER BY id) TO STDOUT (FORMAT binary)
"""


@dataclass(frozen=True, slots=True)
class Points:
    """The live addresses with a point, by id. lon, lat: EPSG:4490. x, y: metres east and north of the county's middle.

    division: 12-digit village code as a number. road: number of (town, road), 0 without a road. number: of the plate,
    -1 when it is not a plain number; sub: of 12-3号 the 3. source: number of the source.
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

    def __len__(self) -> int:
        return len(self.id)


class Library:
    """What the rules of one run see: the connection with the temporary tables, and the arrays when one asks for them."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    @cached_property
    def points(self) -> Points:
        """The live addresses with a point."""
        rows = _read(self.connection)
        lon, lat = rows["lon"], rows["lat"]
        middle_lon, middle_lat = (float(np.median(lon)), float(np.median(lat))) if len(lon) else (0.0, 30.0)
        lon_m, lat_m = metres_per_degree(middle_lat)
        return Points(
            id=rows["id"],
            lon=lon,
            lat=lat,
            x=(lon - middle_lon) * lon_m,
            y=(lat - middle_lat) * lat_m,
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


def groups(keys: Ints) -> list[tuple[int, Ints]]:
    """Each distinct key with the places where it stands, in rising order of place."""
    if not len(keys):
        return []
    order = np.argsort(keys, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(keys[order]) != 0])
    return [(int(keys[part[0]]), part) for part in np.split(order, starts[1:])]


def _prepared(wkb: bytes) -> shapely.Geometry:
    outline = shapely.from_wkb(wkb)
    shapely.prepare(outline)
    return outline


def _read(connection: Connection) -> dict[str, npt.NDArray[np.generic]]:
    """The columns of ``_SELECT``: no value is NULL, so every row of the binary COPY is equally long."""
    with raw(connection).cursor() as cursor, cursor.copy(_SELECT) as copy:
        data = b"".join(bytes(block) for block in copy)
    fields: list[tuple[str, str]] = [("n", ">i2")]
    for name in _COLUMNS:
        fields += [(f"{name}_size", ">i4"), (name, ">f8" if name in ("lon", "lat") else ">i8")]
    dtype = np.dtype(fields)
    body = memoryview(data)[_HEADER + struct.unpack(">i", data[15:19])[0] : len(data) - 2]
    rows = np.frombuffer(body, dtype=dtype)
    return {name: rows[name].astype(np.float64 if name in ("lon", "lat") else np.int64) for name in _COLUMNS}
