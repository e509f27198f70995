"""Writing new texts, levels and keys of addresses, and new addresses: what the operations have in common."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Uuid

from database.errors import OnemapError
from gazetteer.divisions import DivisionIndex, division_index
from gazetteer.keys import DEPTHS, address_keys
from gazetteer.parents import link_parents
from gazetteer.parse import parse

LEVELS = tuple(DEPTHS)


class AddressesNotFound(OnemapError):
    """有的地址不存在，或不在您的数据范围内 | Some of these addresses do not exist, or lie outside your scope"""


class NotApplicable(OnemapError):
    """这项操作不适用于所选地址 | The operation does not fit these addresses"""


class NoVillage(OnemapError):
    """看不出地址属于您范围内的哪个村社区 | The text names no village of your scope"""


@dataclass(frozen=True, slots=True)
class Address:
    """An address as an operation needs it."""

    id: int
    uid: uuid.UUID
    full_text: str
    status: str
    division_code: str
    levels: dict[str, str | None]


@dataclass(frozen=True, slots=True)
class NewAddress:
    """An address to be made. lon, lat: EPSG:4490, degrees; both None without a point."""

    full_text: str
    lon: float | None = None
    lat: float | None = None


_READ = f"""
SELECT id, uid, full_text, status, division_code, {", ".join(LEVELS)} FROM standard_address a
WHERE {{which}} ORDER BY id FOR UPDATE
"""  # noqa: S608 - names of columns only
BY_UID = "a.uid = ANY(:uids)"
# served by ix_standard_address_division and ix_standard_address_road_key
BY_ROAD = "a.road_key = :road_key AND a.division_code ^@ :division AND a.status <> 'retired'"
BY_VILLAGE = "a.division_code = :division AND a.status <> 'retired'"


def read_addresses(connection: Connection, which: str, **values: Any) -> list[Address]:
    """Addresses by one of the conditions above, locked until the transaction ends, so that of two writers one waits."""
    statement = text(_READ.format(which=which))
    if "uids" in values:
        statement = statement.bindparams(bindparam("uids", type_=ARRAY(Uuid)))
    rows = connection.execute(statement, values)
    return [
        Address(r.id, r.uid, r.full_text, r.status, r.division_code, {name: getattr(r, name) for name in LEVELS})
        for r in rows
    ]


def read_by_uid(connection: Connection, uids: Sequence[uuid.UUID], *states: str) -> list[Address]:
    """All of these addresses, in one of the states. Raises AddressesNotFound, NotApplicable when one is in another."""
    found = read_addresses(connection, BY_UID, uids=list(uids))
    missing = set(uids) - {address.uid for address in found}
    if missing:
        raise AddressesNotFound("、".join(sorted(map(str, missing))))
    wrong = [address for address in found if states and address.status not in states]
    if wrong:
        raise NotApplicable(
            "；".join(f"{address.full_text}（{address.status}）" for address in wrong[:5]),
            states=list(states),
            addresses=[str(address.uid) for address in wrong],
        )
    return found


_REWRITE = """
UPDATE standard_address a SET full_text = r.full_text, town = r.town, village = r.village, road = r.road,
       number_plate = r.number_plate, division_code = coalesce(r.division_code, a.division_code),
       match_key = r.match_key, local_key = r.local_key, road_key = r.road_key, number_key = r.number_key,
       updated_at = now()
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(
    id bigint, full_text text, town text, village text, road text, number_plate text, division_code text,
    match_key text, local_key text, road_key text, number_key text)
WHERE a.id = r.id
"""
# The old text stays findable. Served by uq_address_alias_address_id_match_key.
_FORMER = """
INSERT INTO address_alias (address_id, alias_text, match_key, kind, created_by, grid_code)
SELECT a.id, r.old_text, r.old_key, 'former', current_setting('onemap.actor'), a.grid_code
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id bigint, old_text text, old_key text) JOIN standard_address a ON a.id = r.id
ON CONFLICT (address_id, match_key) DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A new text of an address, with the levels that differ and, in a village merger, the new village."""

    address: Address
    full_text: str
    levels: dict[str, str | None]
    division_code: str | None = None


def rewrite(connection: Connection, rewrites: Sequence[Rewrite], *, keep_former: bool = True) -> None:
    """Write texts, levels and the keys that follow from them; the former texts become aliases."""
    index = division_index(connection)
    rows = []
    for one in rewrites:
        levels = one.address.levels | one.levels
        keys = address_keys(parse(one.full_text, index))
        rows.append(
            {
                "id": one.address.id,
                "full_text": one.full_text,
                **{name: levels[name] for name in ("town", "village", "road", "number_plate")},
                "division_code": one.division_code,
                "match_key": keys.match_key,
                "local_key": keys.local_key,
                "road_key": keys.road_key,
                "number_key": keys.number_key,
                "old_text": one.address.full_text,
                "old_key": address_keys(parse(one.address.full_text, index)).match_key,
            }
        )
    packed = {"rows": json.dumps(rows, ensure_ascii=False)}
    connection.execute(text(_REWRITE), packed)
    if keep_former:
        connection.execute(text(_FORMER), packed)


_PRESENT = "SELECT EXISTS (SELECT FROM division WHERE code = :village AND level = 'village' AND valid_to IS NULL)"
_NEXT_CODE = """
SELECT coalesce(max(substr(code, 13)::bigint), 0) FROM standard_address
WHERE code >= :village AND code < :village || ':' AND code ~ '^[0-9]{20}$'
"""
_INSERT = f"""
INSERT INTO standard_address (code, full_text, {", ".join(LEVELS)}, depth, match_key, local_key, road_key, number_key,
    division_code, status, valid_from, source, source_key, grid_code, geom)
SELECT r.code, r.full_text, {", ".join(f"r.{name}" for name in LEVELS)}, r.depth, r.match_key, r.local_key, r.road_key,
    r.number_key, r.division_code, :status, :day, 'onemap', r.code, r.division_code,
    CASE WHEN r.lon IS NOT NULL THEN st_setsrid(st_point(r.lon, r.lat), 4490) END
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(code text, full_text text, {", ".join(f"{n} text" for n in LEVELS)},
    depth smallint, match_key text, local_key text, road_key text, number_key text, division_code text,
    lon float, lat float)
RETURNING id, uid
"""  # noqa: S608 - names of columns only


def insert_addresses(
    connection: Connection, new: Sequence[NewAddress], *, status: str, day: Any, division_code: str | None = None
) -> list[tuple[int, uuid.UUID]]:
    """Make addresses, each with the next code of its village; id and uid of each, in order.

    division_code: the village where the text does not name one. The grid code is the village's until ``grid/`` assigns
    the cell. Raises NoVillage.
    """
    index = division_index(connection)
    taken: dict[str, int] = {}
    rows = [_row(connection, one, index, division_code, taken) for one in new]
    made = connection.execute(
        text(_INSERT), {"rows": json.dumps(rows, ensure_ascii=False), "status": status, "day": day}
    ).all()
    link_parents(connection, [row.id for row in made])
    return [(row.id, row.uid) for row in made]


def _row(
    connection: Connection, one: NewAddress, index: DivisionIndex, division_code: str | None, taken: dict[str, int]
) -> dict[str, Any]:
    parsed = parse(one.full_text, index)
    village = parsed.division_code if parsed.division_code and len(parsed.division_code) == 12 else division_code
    if village is None or len(village) != 12:
        raise NoVillage(one.full_text)
    if not parsed.number_plate and not parsed.building and not parsed.road and not parsed.village_group:
        raise NotApplicable(f"{one.full_text}：没有道路、组或门牌 / no road, group or number")
    if village not in taken:
        if not connection.scalar(text(_PRESENT), {"village": village}):
            raise NoVillage(
                f"{one.full_text}：{village} 不是您范围内现有的村社区 / no present village of your scope",
                division_code=village,
            )
        # a code once given is never given again; the lock on the village keeps two writers from the same number
        connection.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended('address code ' || :v, 0))"), {"v": village}
        )
        taken[village] = connection.scalar(text(_NEXT_CODE), {"village": village}) or 0
    taken[village] += 1
    keys = address_keys(parsed)
    return {
        "code": f"{village}{taken[village]:08d}",
        "full_text": one.full_text.strip(),
        **{name: getattr(parsed, name) for name in LEVELS},
        "depth": keys.depth,
        "match_key": keys.match_key,
        "local_key": keys.local_key,
        "road_key": keys.road_key,
        "number_key": keys.number_key,
        "division_code": village,
        "lon": one.lon,
        "lat": one.lat,
    }
