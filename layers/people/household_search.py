"""Finding households: by number, by what was typed of an address, and all inside a house, building or entrance."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from database.connection.records import records_of
from gazetteer.matching.index.library import natural_key
from gazetteer.matching.search import search

#: a house may hold so many; beyond that somebody has to name the room
INSIDE_LIMIT = 200
#: addresses that a text may mean whose households are shown
DOORS = 20


@dataclass(frozen=True, slots=True)
class FoundHousehold:
    """A household found. address: the standard text of its door or room, else as the department wrote it; members_n: living ones."""

    id: int
    household_no: str
    head_name: str | None
    address_id: int | None
    address: str | None
    grid_code: str
    members_n: int


# The addresses inside: the same village, group, road and number, and what else the address names. Served by the primary key and
# ix_standard_address_road_key; those linked below it by ix_standard_address_parent_id.
_INSIDE = """
SELECT door.place, a.id, a.full_text FROM unnest(CAST(:ids AS bigint[])) WITH ORDINALITY AS door(id, place)
JOIN standard_address d ON d.id = door.id CROSS JOIN LATERAL (
    SELECT d.id, d.full_text
    UNION SELECT a.id, a.full_text FROM standard_address a
    WHERE d.depth >= 8 AND a.road_key = d.road_key AND coalesce(a.number_key, '') = coalesce(d.number_key, '')
      AND a.division_code = d.division_code AND coalesce(a.village_group, '') = coalesce(d.village_group, '')
      AND a.depth > d.depth AND a.status <> 'retired' AND coalesce(d.building, a.building, '') = coalesce(a.building, '')
      AND coalesce(d.entrance, a.entrance, '') = coalesce(a.entrance, '') AND coalesce(d.floor, a.floor, '') = coalesce(a.floor, '')
    UNION SELECT a.id, a.full_text FROM standard_address a WHERE a.parent_id = d.id AND a.status <> 'retired'
) a
"""
_COLUMNS = """
h.id, h.household_no, h.head_name, h.address_id, coalesce(a.full_text, h.address_text) AS address, h.grid_code,
(SELECT count(*) FROM household_member m JOIN person p ON p.id = m.person_id WHERE m.household_id = h.id
 AND is_present_member(m.valid_from, m.valid_to, p.death_date, CURRENT_DATE)) AS members_n
"""
# Served by ix_household_address_id.
_AT = text(f"""
WITH inside AS MATERIALIZED (SELECT id, min(place) AS place, min(full_text) AS full_text FROM ({_INSIDE}) i GROUP BY id)
SELECT {_COLUMNS}, a.place FROM inside a JOIN household h ON h.address_id = a.id
""")  # noqa: S608 - constants
# Served by ix_household_no_beginning.
_BY_NUMBER = text(f"""
SELECT {_COLUMNS} FROM household h LEFT JOIN standard_address a ON a.id = h.address_id
WHERE h.household_no ^@ :number ORDER BY h.household_no <> :number, length(h.household_no), h.household_no LIMIT :limit
""")  # noqa: S608 - constants


def households_inside(connection: Connection, address_id: int) -> tuple[list[FoundHousehold], bool]:
    """The households at an address and in the rooms of it, by room, with the number of living members; True when there are more."""
    return _at(connection, [address_id], INSIDE_LIMIT)


def find_households(connection: Connection, typed: str, limit: int = 20) -> tuple[list[FoundHousehold], bool]:
    """The households that a text means: by the beginning of their number, else at the addresses it means or may become, and in
    their rooms. True when there are more than ``limit``.
    """
    number = unicodedata.normalize("NFKC", typed).strip().upper()
    if len(number) >= 4 and number.isascii():
        rows = connection.execute(_BY_NUMBER, {"number": number.replace(" ", ""), "limit": limit + 1})
        found = records_of(FoundHousehold, rows)
        if found:
            return found[:limit], len(found) > limit
    hits = search(connection, typed, DOORS)
    found, more = _at(connection, [one.address_id for one in hits.candidates], limit)
    return found, more or (hits.more and len(found) == limit)


def _at(connection: Connection, address_ids: Sequence[int], limit: int) -> tuple[list[FoundHousehold], bool]:
    if not address_ids:
        return [], False
    rows = sorted(
        connection.execute(_AT, {"ids": list(address_ids)}),
        key=lambda row: (row.place, natural_key(row.address), row.household_no),
    )
    found = [FoundHousehold(*row[:-1]) for row in rows[:limit]]  # without its place
    return found, len(rows) > limit
