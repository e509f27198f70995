"""A clean synthetic address library of any size, for measuring the quality rules: nothing in it is wrong.

Villages of 3 km × 3 km in rows; straight streets with odd numbers north and even ones south, 10 m apart; every tenth plate
has a building with entrances and rooms, linked with their parents; two grid cells a village, every address linked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from database.connection.engine import raw

COUNTY = "330521"
WEST, SOUTH, SIZE = 119.5, 30.2, 0.03
LON_M, LAT_M = 96_000.0, 110_850.0
STEP_M, HALF_STREET_M = 10.0, 10.0
FIRST, SECOND = "春夏秋冬东南西北中金银玉石山水云雨风和平安康", "华阳光明兴盛福寿丰登林泉湖海溪桥塘坪岗湾"
VILLAGES_A_TOWN, ROW = 20, 25
_TYPES = {"id": "bigint", "parent_id": "bigint", "lon": "float", "lat": "float", "depth": "smallint"}
DEPTH = {1: 8, 2: 9, 3: 10, 4: 12}
COLUMNS = (
    "id", "code", "full_text", "province", "city", "county", "town", "village", "road", "number_plate", "building", "entrance",
    "room", "depth", "match_key", "local_key", "road_key", "number_key", "division_code", "source", "source_key",
    "grid_code", "lon", "lat", "parent_id",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Size:
    """villages; streets of one; numbers of a street; entrances of a building (every tenth plate has one), rooms of those."""

    villages: int
    streets: int
    numbers: int
    entrances: int
    rooms: int


SMALL = Size(villages=72, streets=8, numbers=44, entrances=2, rooms=3)
MILLION = Size(villages=500, streets=4, numbers=100, entrances=3, rooms=12)


def village_code(v: int) -> str:
    """Every second village is a community (001-199), the others villages (200-399)."""
    number = v % VILLAGES_A_TOWN + (1 if v % 2 else 200)
    return f"{town_code(v)}{number:03d}"


def town_code(v: int) -> str:
    """The town of a village."""
    return f"{COUNTY}{100 + v // VILLAGES_A_TOWN:03d}"


def _name(i: int) -> str:
    return FIRST[i % len(FIRST)] + SECOND[i // len(FIRST) % len(SECOND)]


def village_name(v: int) -> str:
    """社区 or 村 by its code."""
    return _name(v) + ("社区" if v % 2 else "村")


def street_name(size: Size, v: int, s: int) -> str:
    """A name used once in the county."""
    i = v * size.streets + s
    return _name(i) + FIRST[i // (len(FIRST) * len(SECOND)) % len(FIRST)] + "路"


def corner(v: int) -> tuple[float, float]:
    """The south-western corner of a village, degrees."""
    return WEST + v % ROW * SIZE, SOUTH + v // ROW * SIZE


def _box(west: float, south: float, width: float, height: float = SIZE) -> str:
    return f"SRID=4490;MULTIPOLYGON((({west} {south},{west + width} {south},{west + width} {south + height},{west} {south + height},{west} {south})))"


def build(connection: Connection, size: Size) -> int:
    """Fill an empty county; returns the number of addresses."""
    _divisions(connection, size)
    driver = raw(connection)
    driver.execute(
        "CREATE TEMP TABLE made (" + ", ".join(f"{c} {_TYPES.get(c, 'text')}" for c in COLUMNS) + ") ON COMMIT DROP"
    )
    with driver.cursor() as cursor, cursor.copy("COPY made FROM STDIN") as copy:
        for v in range(size.villages):
            for row in addresses(size, v):
                copy.write_row(row)
    kept = [c for c in COLUMNS if c not in ("lon", "lat")]
    driver.execute(
        f"INSERT INTO standard_address ({', '.join(kept)}, valid_from, geom) "
        f"SELECT {', '.join(kept)}, DATE '2020-01-01', st_setsrid(st_point(lon, lat), 4490) FROM made ORDER BY code"
    )
    driver.execute(
        "INSERT INTO address_cell (address_id, cell_code, reason, grid_code) "
        "SELECT id, grid_code, 'inside', grid_code FROM standard_address"
    )
    connection.execute(text("SELECT refresh_statistics()"))
    return connection.scalar(text("SELECT count(*) FROM standard_address")) or 0


def _divisions(connection: Connection, size: Size) -> None:
    rows: list[dict[str, Any]] = []
    boxes = [corner(v) for v in range(size.villages)]
    width = max(west for west, _ in boxes) + SIZE - WEST
    height = max(south for _, south in boxes) + SIZE - SOUTH
    rows.append({"code": COUNTY, "name": "德清县", "parent": None, "geom": _box(WEST, SOUTH, width, height)})
    rows += [
        {"code": code, "name": f"{_name(n + 40)}镇", "parent": COUNTY, "geom": None}
        for n, code in enumerate(sorted({town_code(v) for v in range(size.villages)}))
    ]
    rows += [
        {"code": village_code(v), "name": village_name(v), "parent": town_code(v), "geom": _box(*corner(v), SIZE)}
        for v in range(size.villages)
    ]
    connection.execute(
        text(
            "INSERT INTO division (code, level, name, parent_code, geom) VALUES (:code, "
            "CASE length(:code) WHEN 6 THEN 'county' WHEN 9 THEN 'town' ELSE 'village' END, :name, :parent, CAST(:geom AS geometry))"
        ),
        rows,
    )
    connection.execute(
        text(
            "INSERT INTO grid_cell (code, level, name, parent_code, geom) "
            "VALUES (:code, 'cell', :code, left(:code, 12), CAST(:geom AS geometry))"
        ),
        [
            {
                "code": f"{village_code(v)}00{half + 1}",
                "geom": _box(corner(v)[0] + half * SIZE / 2, corner(v)[1], SIZE / 2),
            }
            for v in range(size.villages)
            for half in (0, 1)
        ],
    )


def addresses(size: Size, v: int) -> Iterator[tuple[Any, ...]]:
    """The rows of one village, in ``COLUMNS``."""
    head = ("浙江省", "湖州市", "德清县", f"{_name(v // VILLAGES_A_TOWN + 40)}镇", village_name(v))
    division, (west, south) = village_code(v), corner(v)
    serial = 0

    def row(road: str, levels: tuple[str, ...], east_m: float, north_m: float, parent: int | None) -> tuple[Any, ...]:
        nonlocal serial
        serial += 1
        number, building, entrance, room = (*levels, *(None,) * (4 - len(levels)))
        local = road + "".join(levels)
        whole = "".join(head) + local
        lon, lat = round(west + east_m / LON_M, 7), round(south + north_m / LAT_M, 7)
        cell = f"{division}00{1 if lon < west + SIZE / 2 else 2}"
        code = f"{division}{serial:08d}"
        return (
            (v + 1) * 100_000 + serial, code, whole, *head, road, number, building, entrance, room, DEPTH[len(levels)], whole, local.removesuffix("室"),
            road, number, division, "clean", code, cell, lon, lat, parent,
        )  # fmt: skip

    for s in range(size.streets):
        road = street_name(size, v, s)
        # the streets lie in the western half, clear of the village's middle
        south_m = 203.3 + s * 2000.0 / size.streets
        for n in range(1, size.numbers + 1):
            east = 153.7 + n * STEP_M
            north = south_m + (HALF_STREET_M if n % 2 else -HALF_STREET_M)
            plate = row(road, (f"{n}号",), east, north, None)
            yield plate
            if n % 10 == 0:
                yield from _building(row, size, road, n, east, north, plate[0])


def _building(
    row: Any, size: Size, road: str, n: int, east: float, north: float, plate_id: int
) -> Iterator[tuple[Any, ...]]:
    building = row(road, (f"{n}号", "1幢"), east + 3, north - 25, plate_id)
    yield building
    for e in range(1, size.entrances + 1):
        entrance = row(road, (f"{n}号", "1幢", f"{e}单元"), east + 3 + e, north - 25, building[0])
        yield entrance
        for r in range(size.rooms):
            room = f"{r // 2 + 1}0{r % 2 + 1}室"
            yield row(road, (f"{n}号", "1幢", f"{e}单元", room), east + 3 + e, north - 25, entrance[0])
