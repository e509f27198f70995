"""The one writer of standard addresses: what a text fills in, and the statements that write it.

Whoever makes or changes an address (import, lifecycle, quality fixes, a new reading of the whole library) asks here which columns
follow from its text, so that after any of them a row is what a fresh import of its text would be.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from gazetteer.library.parents import link_parents
from gazetteer.reading.divisions import DivisionIndex
from gazetteer.reading.keys import DEPTHS, LOCAL_LEVELS, AddressKeys, address_keys
from gazetteer.reading.normalise import normalise
from gazetteer.reading.parse import parse
from gazetteer.reading.unlisted import unlisted_village

LEVELS = tuple(DEPTHS)
#: levels named by the division an address belongs to → digits of their code
NAMED_BY_DIVISION = {"county": 6, "town": 9, "village": 12}
#: levels that only the text tells
READ_LEVELS = ("province", "city", "village_group", "road", *LOCAL_LEVELS)
KEYS = ("match_key", "local_key", "road_key", "number_key")
#: columns that follow from the text → their type
DERIVED: dict[str, str] = {**dict.fromkeys((*LEVELS, *KEYS), "text"), "depth": "smallint"}
#: columns that a writer may set → their type; ``lon`` and ``lat`` set the point
WRITABLE: dict[str, str] = {
    "code": "text",
    "full_text": "text",
    **DERIVED,
    "division_code": "text",
    "status": "text",
    "valid_from": "date",
    "valid_to": "date",
    "parent_id": "bigint",
}
#: The highest number given in each village of ``{villages}`` (one column of codes): a code once given is never given again.
#: Served by ``uq_standard_address_code``.
LAST_NUMBERS = """
SELECT v.village, coalesce((SELECT max(substr(a.code, 13)::bigint) FROM standard_address a WHERE a.code >= v.village
    AND a.code < v.village || ':' AND length(a.code) = 20 AND translate(a.code, '0123456789', '') = ''), 0) AS n
FROM ({villages}) AS v (village)
"""

#: JSON document: some columns of ``standard_address`` with their new values, as ``jsonb_to_recordset`` reads them
Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text says. levels: as read, normalised; village: 12-digit code of the village it names, when it names one;
    unlisted: a village that it names and the library lacks."""

    full_text: str
    levels: Mapping[str, str | None]
    keys: AddressKeys
    village: str | None
    unlisted: str | None

    @property
    def key_columns(self) -> Values:
        """The columns to find it by, and its depth."""
        return {name: getattr(self.keys, name) for name in (*KEYS, "depth")}


def read_text(full_text: str, index: DivisionIndex) -> Reading:
    """Read a text. ``levels`` holds all twelve; what the text does not have is None."""
    parsed = parse(full_text, index)
    code = parsed.division_code
    return Reading(
        full_text.strip(),
        {name: getattr(parsed, name) for name in LEVELS},
        address_keys(parsed),
        code if code is not None and len(code) == 12 else None,
        unlisted_village(parsed, index),
    )


def new_columns(reading: Reading, division_code: str, index: DivisionIndex) -> Values:
    """Everything that follows from the text and the division of an address that is new."""
    return {
        "full_text": reading.full_text,
        **{name: reading.levels[name] for name in READ_LEVELS},
        **division_columns(division_code, index),
        **reading.key_columns,
        "division_code": division_code,
    }


def changed_columns(
    stored: Mapping[str, str | None], old: Reading, new: Reading, division_code: str | None, index: DivisionIndex
) -> Values:
    """Everything that follows from another text of an address.

    stored: its levels as they stand. division_code: its new division, when it changes. A level that both texts have alike stays
    as the department wrote it, for as long as the new text holds it; all others are read from the new text.
    """
    key = normalise(new.full_text)
    levels = {}
    for name in READ_LEVELS:
        old_value = stored[name]
        alike = old.levels[name] == new.levels[name] and (old_value is None or normalise(old_value) in key)
        levels[name] = old_value if alike else new.levels[name]
    values = {"full_text": new.full_text, **levels, **new.key_columns}
    if division_code is not None:
        values |= {**division_columns(division_code, index), "division_code": division_code}
    return values


def division_columns(division_code: str, index: DivisionIndex) -> Values:
    """County, town and village by their present names; None above or below what the code reaches."""
    return {
        level: index.present_name(division_code[:digits]) if len(division_code) >= digits else None
        for level, digits in NAMED_BY_DIVISION.items()
    }


# --- the statements ------------------------------------------------------------------------------------------


def _value(name: str, kind: str) -> str:
    return f"CAST(w.wanted ->> '{name}' AS {kind})"


_SET = ", ".join(
    f"{name} = CASE WHEN w.wanted ? '{name}' THEN {_value(name, kind)} ELSE a.{name} END"
    for name, kind in WRITABLE.items()
)
_POINT = f"st_setsrid(st_point({_value('lon', 'float')}, {_value('lat', 'float')}), 4490)"
_UIDS = "ARRAY(SELECT CAST(e AS uuid) FROM jsonb_array_elements_text(w.wanted -> 'successors') AS e)"
_UPDATE = f"""
UPDATE standard_address a SET {_SET}, geom = CASE WHEN w.wanted ? 'lon' THEN {_POINT} ELSE a.geom END,
    successors = CASE WHEN w.wanted ? 'successors' THEN {_UIDS} ELSE a.successors END, updated_at = now()
FROM ({{rows}}) AS w WHERE a.id = w.id AND {{guard}}
"""  # noqa: S608 - names of columns only
_GIVEN = "SELECT id, wanted FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id bigint, wanted jsonb)"
_INSERTED = [name for name in WRITABLE if name != "parent_id"]
_INSERT = f"""
INSERT INTO standard_address ({", ".join(_INSERTED)}, source, source_key, grid_code, geom)
SELECT {", ".join(_value(n, WRITABLE[n]) for n in _INSERTED)}, 'onemap', w.wanted ->> 'code', w.wanted ->> 'division_code', {_POINT}
FROM jsonb_array_elements(CAST(:rows AS jsonb)) WITH ORDINALITY AS w (wanted, place) ORDER BY w.place RETURNING id, uid
"""  # noqa: S608 - names of columns only


def update_addresses(connection: Connection, rows: Sequence[tuple[int, Values]]) -> int:
    """Set columns of addresses by id, in one statement; returns how many. Names: ``WRITABLE``, lon and lat, successors."""
    packed = [{"id": address_id, "wanted": values} for address_id, values in rows]
    return update_from(connection, _GIVEN, {"rows": json.dumps(packed, ensure_ascii=False, default=str)})


def update_from(connection: Connection, rows: str, parameters: Values, *, guard: str = "true") -> int:
    """The same with rows from SQL: ``id``, ``wanted`` (jsonb) and whatever ``guard``, a condition on ``a`` and ``w``, reads."""
    return connection.execute(text(_UPDATE.format(rows=rows, guard=guard)), parameters).rowcount


def insert_rows(connection: Connection, rows: Sequence[Values]) -> list[Any]:
    """New addresses of the library's own; id and uid of each, in order."""
    return list(connection.execute(text(_INSERT), {"rows": json.dumps(rows, ensure_ascii=False, default=str)}))


# Those that hung on them, and all at the same door numbers: a nearer parent may have come. Served by the primary key,
# ix_standard_address_parent_id and ix_standard_address_road_key.
_UNLINK = text("""
WITH changed AS (
    SELECT id, division_code, road_key, coalesce(number_key, '') AS number_key FROM standard_address WHERE id = ANY(:ids)
), loose AS (
    SELECT a.id FROM standard_address a WHERE a.parent_id = ANY(:ids)
    UNION SELECT id FROM changed
    UNION SELECT a.id FROM standard_address a JOIN (SELECT DISTINCT division_code, road_key, number_key FROM changed) c
      ON a.road_key = c.road_key AND a.division_code = c.division_code AND coalesce(a.number_key, '') = c.number_key
)
UPDATE standard_address SET parent_id = NULL WHERE id IN (SELECT id FROM loose) AND parent_id IS NOT NULL RETURNING id
""")


# Served by the primary key and ix_standard_address_road_key.
_NEIGHBOURS = text("""
SELECT DISTINCT a.id FROM standard_address a JOIN standard_address c
  ON a.road_key = c.road_key AND a.division_code = c.division_code AND coalesce(a.number_key, '') = coalesce(c.number_key, '')
WHERE c.id = ANY(:ids) AND a.id <> ALL(:ids) AND a.status <> 'retired'
""")


def neighbours(connection: Connection, ids: Sequence[int]) -> list[int]:
    """Others at the door numbers of these. Asked before these leave: of two equal parents one may be left, to hang on."""
    return list(connection.scalars(_NEIGHBOURS, {"ids": list(ids)})) if ids else []


def relink(connection: Connection, ids: Sequence[int]) -> None:
    """Hang addresses whose text or state changed, and those near them in the tree, where they belong now.

    ids: with the :func:`neighbours` that they had before, where texts changed.
    """
    if not ids:
        return
    loose = connection.scalars(_UNLINK, {"ids": list(ids)}).all()
    link_parents(connection, sorted({*ids, *loose}))
