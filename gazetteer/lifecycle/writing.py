"""Reading addresses for an operation, giving them new texts, making new ones: what the operations have in common."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Uuid

from database.errors import Invalid, Missing
from gazetteer.library.writing import (
    LAST_NUMBERS,
    LEVELS,
    Reading,
    changed_columns,
    insert_rows,
    neighbours,
    new_columns,
    read_text,
    relink,
    update_addresses,
)
from gazetteer.reading.divisions import division_index


class AddressesNotFound(Missing):
    """有的地址不存在，或不在您的数据范围内 | Some of these addresses do not exist, or lie outside your scope"""


class NotApplicable(Invalid):
    """这项操作不适用于所选地址 | The operation does not fit these addresses"""


class NoVillage(Invalid):
    """看不出地址属于您范围内的哪个村社区 | The text names no village of your scope"""


@dataclass(frozen=True, slots=True)
class Address:
    """An address as an operation needs it."""

    id: int
    uid: uuid.UUID
    full_text: str
    status: str
    division_code: str
    valid_from: date
    levels: dict[str, str | None]


@dataclass(frozen=True, slots=True)
class NewAddress:
    """An address to be made. lon, lat: EPSG:4490, degrees; both None without a point."""

    full_text: str
    lon: float | None = None
    lat: float | None = None


_READ = f"""
SELECT id, uid, full_text, status, division_code, valid_from, {", ".join(LEVELS)} FROM standard_address a
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
        Address(
            r.id,
            r.uid,
            r.full_text,
            r.status,
            r.division_code,
            r.valid_from,
            {name: getattr(r, name) for name in LEVELS},
        )
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


# The old text stays findable. Served by uq_address_alias_address_id_match_key.
_FORMER = """
INSERT INTO address_alias (address_id, alias_text, match_key, kind, created_by, grid_code)
SELECT a.id, r.old_text, r.old_key, 'former', current_setting('onemap.actor'), a.grid_code
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id bigint, old_text text, old_key text) JOIN standard_address a ON a.id = r.id
ON CONFLICT (address_id, match_key) DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A new text of an address; in a village merger, the new village."""

    address: Address
    full_text: str
    division_code: str | None = None


def rewrite(connection: Connection, rewrites: Sequence[Rewrite], *, keep_former: bool = True) -> list[int]:
    """Write texts and everything that follows from them; the former texts become aliases. Returns who stood beside them.

    An address whose new text names another present village of the scope belongs to that village from now on.
    """
    index = division_index(connection)
    readings = [(read_text(one.address.full_text, index), read_text(one.full_text, index)) for one in rewrites]
    present = _present(connection, {new.village for _old, new in readings if new.village is not None})
    rows, former = [], []
    for one, (old, new) in zip(rewrites, readings, strict=True):
        village = one.division_code or (new.village if new.village in present else None)
        if village == one.address.division_code:
            village = None
        rows.append((one.address.id, changed_columns(one.address.levels, old, new, village, index)))
        former.append({"id": one.address.id, "old_text": one.address.full_text, "old_key": old.keys.match_key})
    beside = neighbours(connection, [address_id for address_id, _values in rows])
    update_addresses(connection, rows)
    if keep_former:
        connection.execute(text(_FORMER), {"rows": json.dumps(former, ensure_ascii=False)})
    return beside


_PRESENT = "SELECT code FROM division WHERE code = ANY(:villages) AND level = 'village' AND valid_to IS NULL"


def _present(connection: Connection, villages: set[str]) -> set[str]:
    """Those that are present villages of the scope."""
    return set(connection.scalars(text(_PRESENT), {"villages": sorted(villages)})) if villages else set()


def insert_addresses(
    connection: Connection, new: Sequence[NewAddress], *, status: str, day: Any, division_code: str | None = None
) -> list[tuple[int, uuid.UUID]]:
    """Make addresses, each with the next code of its village; id and uid of each, in order.

    division_code: the village where the text does not name one. The grid code is the village's until ``grid/`` assigns
    the cell. Raises NoVillage.
    """
    index = division_index(connection)
    readings = [read_text(one.full_text, index) for one in new]
    villages = [_village(reading, division_code) for reading in readings]
    absent = set(villages) - _present(connection, set(villages))
    if absent:
        first = next(reading for reading, village in zip(readings, villages, strict=True) if village in absent)
        raise NoVillage(
            f"{first.full_text}：{'、'.join(sorted(absent))} 不是您范围内现有的村社区 / no present village of your scope",
            division_code=min(absent),
        )
    taken = _last_numbers(connection, sorted(set(villages)))
    rows = []
    for one, reading, village in zip(new, readings, villages, strict=True):
        taken[village] += 1
        rows.append(
            new_columns(reading, village, index)
            | {"code": f"{village}{taken[village]:08d}", "status": status, "valid_from": day}
            | {"lon": one.lon, "lat": one.lat}
        )
    return [(row.id, row.uid) for row in insert_rows(connection, rows)]


def _village(reading: Reading, division_code: str | None) -> str:
    village = reading.village or division_code
    if village is None or len(village) != 12:
        raise NoVillage(reading.full_text)
    if not any(reading.levels[name] for name in ("number_plate", "building", "road", "village_group")):
        raise NotApplicable(f"{reading.full_text}：没有道路、组或门牌 / no road, group or number")
    return village


def _last_numbers(connection: Connection, villages: Sequence[str]) -> dict[str, int]:
    """The last code number of each village; the lock on the village keeps two writers from the same number."""
    for village in villages:
        connection.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended('address code ' || :v, 0))"), {"v": village}
        )
    statement = text(LAST_NUMBERS.format(villages="SELECT unnest(CAST(:villages AS text[]))"))
    return {row.village: row.n for row in connection.execute(statement, {"villages": list(villages)})}


def link(connection: Connection, uids: Sequence[uuid.UUID], beside: Sequence[int] = ()) -> None:
    """Hang the addresses an operation touched, those below them and those they stood beside where they belong now.

    No event of the log.
    """
    statement = text("SELECT id FROM standard_address WHERE uid = ANY(:uids)")
    ids = connection.scalars(statement.bindparams(bindparam("uids", type_=ARRAY(Uuid))), {"uids": list(uids)}).all()
    relink(connection, [*ids, *beside])
