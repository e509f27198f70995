"""Standard addresses one at a time: the card, the nearest to a point, a new alias."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from database.errors import Missing
from gazetteer.matching.match import normalised_alias


class AddressNotFound(Missing):
    """没有这个标准地址，或不在您的数据范围内 | No such standard address, or outside your scope"""


@dataclass(frozen=True, slots=True)
class AddressCard:
    """A standard address with its levels and aliases. lon, lat: EPSG:4490, degrees. uid: lifelong identity."""

    id: int
    uid: str
    code: str
    full_text: str
    province: str | None
    city: str | None
    county: str | None
    town: str | None
    village: str | None
    village_group: str | None
    road: str | None
    number_plate: str | None
    building: str | None
    entrance: str | None
    floor: str | None
    room: str | None
    depth: int
    status: str
    valid_from: date
    valid_to: date | None
    division_code: str
    grid_code: str
    lon: float | None
    lat: float | None
    aliases: list[str]


@dataclass(frozen=True, slots=True)
class NearAddress:
    """An address near a point: how far, in metres, and why it is named."""

    id: int
    uid: str
    code: str
    full_text: str
    depth: int
    grid_code: str
    lon: float
    lat: float
    distance_m: float
    reason: str


def get_address(connection: Connection, address_id: int) -> AddressCard:
    """One address with its levels, point (lon, lat, EPSG:4490), status and aliases.

    Raises AddressNotFound, also for what the scope does not show.
    """
    row = connection.execute(
        text(
            "SELECT a.id, a.uid::text AS uid, a.code, a.full_text, a.province, a.city, a.county, a.town, a.village, "
            "a.village_group, a.road, a.number_plate, a.building, a.entrance, a.floor, a.room, a.depth, a.status, "
            "a.valid_from, a.valid_to, a.division_code, a.grid_code, st_x(a.geom) AS lon, st_y(a.geom) AS lat, "
            "ARRAY(SELECT alias_text FROM address_alias x WHERE x.address_id = a.id ORDER BY x.id) AS aliases "
            "FROM standard_address a WHERE a.id = :id"
        ),
        {"id": address_id},
    ).one_or_none()
    if row is None:
        raise AddressNotFound(str(address_id))
    return AddressCard(**row._mapping)


# nearest_addresses applies the scope itself and is served by ix_standard_address_tile
_NEAREST = text("""
SELECT a.id, a.uid::text AS uid, a.code, a.full_text, a.depth, a.grid_code, st_x(a.geom) AS lon, st_y(a.geom) AS lat, n.distance_m
FROM nearest_addresses(:lon, :lat, :max_m, :limit) n JOIN standard_address a ON a.id = n.id ORDER BY n.distance_m, a.code
""")
AT_THE_DOOR_M = 2.0


def reverse(
    connection: Connection, lon: float, lat: float, *, max_m: float = 100.0, limit: int = 5
) -> list[NearAddress]:
    """The published addresses in scope nearest to a point, within ``max_m`` metres, each with ``distance_m`` and why.

    lon, lat in EPSG:4490, degrees. Several at one point (the rooms of a house) are all equally near; ``reason`` says so.
    """
    rows = connection.execute(_NEAREST, {"lon": lon, "lat": lat, "max_m": max_m, "limit": limit})
    found = [dict(row) for row in rows.mappings()]
    return [
        NearAddress(**one, reason=_near(one["distance_m"], [other["distance_m"] for other in found])) for one in found
    ]


def _near(distance_m: float, others_m: list[float]) -> str:
    """Why an address is named. others_m: the distances of all that are, its own among them."""
    equal = sum(abs(other - distance_m) < 0.01 for other in others_m)
    where = "就在门牌点上" if distance_m <= AT_THE_DOOR_M else f"距门牌点 {distance_m:.1f} 米"
    return where + (f"，同一位置有 {equal} 个地址" if equal > 1 else "")


def add_alias(connection: Connection, address_id: int, alias: str, *, kind: str, actor: str) -> None:
    """Record another name for an address; saying it twice changes nothing. kind: former, nickname or reviewed."""
    added = connection.execute(
        text(
            "INSERT INTO address_alias (address_id, alias_text, match_key, kind, created_by, grid_code) "
            "SELECT id, :alias, :key, :kind, :actor, grid_code FROM standard_address WHERE id = :id "
            "ON CONFLICT (address_id, match_key) DO UPDATE SET alias_text = excluded.alias_text RETURNING id"
        ),
        {
            "id": address_id,
            "alias": alias.strip(),
            "key": normalised_alias(alias),
            "kind": kind,
            "actor": actor,
        },
    ).one_or_none()
    if added is None:
        raise AddressNotFound(str(address_id))
