"""Known errors of every rule, planted into a clean library; what each must bring to light, and what it may besides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, text

from benchmarks.quality_library import LAT_M, LON_M, SIZE, Size, street_name, village_code
from database.geodesy.crs import from_4490
from gazetteer.reading.divisions import division_index
from gazetteer.reading.keys import address_keys
from gazetteer.reading.parse import parse

HEAD = ("province", "city", "county", "town", "village")
LOCAL = ("village_group", "road", "number_plate", "building", "entrance", "floor", "room")
ROADWISE = {"number_gap", "number_parity", "number_out_of_order", "number_far_from_neighbours"}
MOVED = ROADWISE | {"cell_not_covering", "far_from_road", "outside_village", "child_far_from_parent"}


@dataclass
class Planted:
    """expected: (rule, address) that must be found. allowed: (rule, road) and (rule, village) that may be found besides."""

    expected: set[tuple[str, int]] = field(default_factory=set)
    allowed: set[tuple[str, str]] = field(default_factory=set)


class Planter:
    """Plants errors, each on a street of its own."""

    def __init__(self, connection: Connection, size: Size) -> None:
        self.connection, self.size = connection, size
        self.planted = Planted()
        self.street = 0
        self.texts: set[int] = set()
        self.serial = 0

    def next_street(self) -> tuple[int, str]:
        """(village, road) of the next untouched street. The last two villages are kept for whole-village plants."""
        v, s = self.street % (self.size.villages - 2), self.street // (self.size.villages - 2)
        if s >= self.size.streets:
            raise ValueError("no streets left: fewer errors, or a larger library")
        self.street += 1
        return v, street_name(self.size, v, s)

    def one(self, road: str, number: int, **levels: str) -> dict[str, Any]:
        """An address of a street by its number and deeper levels."""
        row = self.connection.execute(
            text(
                "SELECT *, st_x(geom) AS lon, st_y(geom) AS lat FROM standard_address WHERE road = :road "
                "AND number_plate = :number AND building IS NOT DISTINCT FROM :building "
                "AND entrance IS NOT DISTINCT FROM :entrance AND room IS NOT DISTINCT FROM :room AND source = 'clean'"
            ),
            {
                "road": road,
                "number": f"{number}号",
                **{name: levels.get(name) for name in ("building", "entrance", "room")},
            },
        ).one()
        return dict(row._mapping)

    def room(self, road: str, which: int = 1) -> dict[str, Any]:
        """A room of the building at number 20."""
        return self.one(road, 20, building="1幢", entrance="1单元", room=f"10{which}室")

    def set(self, row: dict[str, Any], **values: Any) -> int:
        """Change columns; lon and lat move the point."""
        self._moved(values, row)
        names = ", ".join(f"{n} = {_slot(n)}" for n in values)
        self.connection.execute(text(f"UPDATE standard_address SET {names} WHERE id = :id"), values | {"id": row["id"]})
        if {"full_text", *LOCAL} & values.keys():
            self.texts.add(row["id"])
        return int(row["id"])

    def rewrite(self, row: dict[str, Any], full_text: str | None = None, **levels: str | None) -> int:
        """Change levels, and the text to their concatenation unless given."""
        new = {name: levels.get(name, row[name]) for name in (*HEAD, *LOCAL)}
        whole = full_text or "".join(new[name] or "" for name in (*HEAD, *LOCAL))
        return self.set(row, full_text=whole, **levels)

    def copy(self, row: dict[str, Any], **values: Any) -> int:
        """Another address like this one."""
        self.serial += 1
        new = {k: v for k, v in row.items() if k not in ("id", "uid", "geom", "geom_3857", "row_hash", "lon", "lat")}
        new |= {"code": f"{row['code'][:12]}9{self.serial:07d}", "source_key": f"planted{self.serial}"}
        new |= {"lon": row["lon"], "lat": row["lat"]} | values
        self._moved(new, row)
        names = list(new)
        new_id = int(
            self.connection.execute(
                text(
                    f"INSERT INTO standard_address ({', '.join(names)}) VALUES ({', '.join(_slot(n) for n in names)}) RETURNING id"
                ),
                new,
            ).scalar_one()
        )
        self.connection.execute(
            text(
                "INSERT INTO address_cell (address_id, cell_code, reason, grid_code) "
                "SELECT id, grid_code, 'inside', grid_code FROM standard_address WHERE id = :id"
            ),
            {"id": new_id},
        )
        if "full_text" in values:
            self.texts.add(new_id)
        return new_id

    @staticmethod
    def _moved(values: dict[str, Any], row: dict[str, Any]) -> None:
        if "lon" in values or "lat" in values:
            lon, lat = values.pop("lon", row["lon"]), values.pop("lat", row["lat"])
            values["geom"] = f"SRID=4490;POINT({lon} {lat})"

    def run(self, sql: str, **values: Any) -> list[int]:
        """Run SQL; the first column of what it returns."""
        result = self.connection.execute(text(sql), values)
        return [row[0] for row in result] if result.returns_rows else []

    def expect(self, rule: str, *ids: int) -> None:
        """These must be found."""
        self.planted.expected |= {(rule, address_id) for address_id in ids}

    def finish(self) -> Planted:
        """Make the keys of changed texts anew, as an import would."""
        index = division_index(self.connection)
        for address_id in sorted(self.texts):
            whole = self.connection.scalar(
                text("SELECT full_text FROM standard_address WHERE id = :id"), {"id": address_id}
            )
            keys = address_keys(parse(whole, index))
            self.run(
                "UPDATE standard_address SET match_key = :m, local_key = :l, road_key = :r, number_key = :n WHERE id = :id",
                m=keys.match_key, l=keys.local_key, r=keys.road_key, n=keys.number_key, id=address_id,
            )  # fmt: skip
        return self.planted


def _slot(name: str) -> str:
    return "CAST(:geom AS geometry)" if name == "geom" else f":{name}"


Plant = Callable[[Planter, str, int, str, int], set[str]]
PLANTS: dict[str, Plant] = {}


def plant(rule: str) -> Callable[[Plant], Plant]:
    """Register how errors of a rule are planted: (planter, rule, village, road, k) → rules allowed on that road besides."""

    def register(function: Plant) -> Plant:
        PLANTS[rule] = function
        return function

    return register


def plant_all(connection: Connection, size: Size, times: int, rules: list[str] | None = None) -> Planted:
    """Plant errors of every rule ``times`` times, each on its own street."""
    from benchmarks import quality_plants, quality_plants_places  # noqa: F401 - they fill PLANTS

    planter = Planter(connection, size)
    for rule, function in sorted(PLANTS.items()):
        if rules is not None and rule not in rules:
            continue
        for k in range(times):
            v, road = planter.next_street()
            also = function(planter, rule, v, road, k)
            planter.planted.allowed |= {(name, road) for name in also}
    return planter.finish()


def east(row: dict[str, Any], metres: float) -> float:
    """The longitude so many metres further east."""
    return float(row["lon"]) + metres / LON_M


def north(row: dict[str, Any], metres: float) -> float:
    """The latitude so many metres further north."""
    return float(row["lat"]) + metres / LAT_M


def shifted(row: dict[str, Any], system: str) -> dict[str, float]:
    """The point as another system would write it."""
    lon, lat = from_4490([row["lon"]], [row["lat"]], system)
    return {"lon": float(lon[0]), "lat": float(lat[0])}


__all__ = [
    "MOVED",
    "PLANTS",
    "ROADWISE",
    "SIZE",
    "Planter",
    "east",
    "north",
    "plant",
    "plant_all",
    "shifted",
    "village_code",
]
