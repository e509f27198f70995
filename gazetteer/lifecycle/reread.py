"""Reading the whole library again: after an upgrade that reads texts better, and for rows that an older release left half rewritten.

Keys and depth are those of the text as it is read today. Levels are touched only where the text itself has changed since the
address came: a level that a department wrote stays.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from database.connection.engine import current_day
from gazetteer.library.writing import DERIVED, LEVELS, changed_columns, neighbours, read_text, relink, update_addresses
from gazetteer.lifecycle.operation import Operation, recorded
from gazetteer.matching.match import normalised_alias
from gazetteer.reading.divisions import DivisionIndex, division_index

BATCH = 10_000
REASON = "按现行规则重新解析"

# Served by the primary key; the text before an address was first given another by ix_address_event_uid.
_ROWS = text(f"""
SELECT a.id, a.full_text, a.division_code, {", ".join(f"a.{name}" for name in DERIVED)}, first.before
FROM standard_address a LEFT JOIN LATERAL (
    SELECT e.before FROM address_event e
    WHERE e.uid = a.uid AND e.before ->> 'full_text' <> e.after ->> 'full_text' ORDER BY e.number LIMIT 1) first ON true
WHERE a.id > :after AND a.status <> 'retired' ORDER BY a.id LIMIT :batch
""")  # noqa: S608 - names of columns only
_PRESENT = text("SELECT code FROM division WHERE level = 'village' AND valid_to IS NULL")
_ALIASES = text(
    "SELECT id, address_id, alias_text, match_key FROM address_alias WHERE id > :after ORDER BY id LIMIT :batch"
)
# Served by the primary key and uq_address_alias_address_id_match_key; one that says the same as another already stays as it is.
_ALIAS_KEYS = text("""
UPDATE address_alias x SET match_key = r.match_key
FROM (SELECT DISTINCT ON (address_id, match_key) * FROM jsonb_to_recordset(CAST(:rows AS jsonb))
      AS r(id bigint, address_id bigint, match_key text) ORDER BY address_id, match_key, id) r
WHERE x.id = r.id AND NOT EXISTS (SELECT FROM address_alias o WHERE o.address_id = r.address_id AND o.match_key = r.match_key)
""")


@dataclass(frozen=True, slots=True)
class Reread:
    """How many addresses and aliases were read, and how many were not what their text gives."""

    addresses_n: int
    changed_n: int
    aliases_n: int
    aliases_changed_n: int


def reread(connection: Connection) -> Reread:
    """Bring every address and alias in scope in line with its text, as one operation of the log; those in line stay untouched."""
    index = division_index(connection)
    present = set(connection.scalars(_PRESENT))
    today = current_day(connection)
    read = changed = 0
    for rows in _batches(connection, _ROWS):
        read += len(rows)
        stale = [(row.id, wanted) for row in rows if (wanted := _differing(row, index, present))]
        if stale:
            ids = [address_id for address_id, _ in stale]
            beside = neighbours(connection, ids)
            with recorded(connection, Operation("edited", REASON, today)):
                changed += update_addresses(connection, stale)
            relink(connection, [*ids, *beside])
    aliases, aliases_changed = _reread_aliases(connection)
    return Reread(read, changed, aliases, aliases_changed)


def _differing(row: Any, index: DivisionIndex, present: set[str]) -> dict[str, Any]:
    """What a row should have and has not."""
    new = read_text(row.full_text, index)
    wanted: Mapping[str, Any] = new.key_columns
    if row.before is not None:
        old = read_text(row.before["full_text"], index)
        moved = new.village if new.village in present and new.village != row.division_code else None
        levels = {name: row.before.get(name) for name in LEVELS}
        wanted = changed_columns(levels, old, new, moved, index)
    return {name: value for name, value in wanted.items() if getattr(row, name) != value}


def _reread_aliases(connection: Connection) -> tuple[int, int]:
    read = changed = 0
    for rows in _batches(connection, _ALIASES):
        read += len(rows)
        stale = [
            {"id": row.id, "address_id": row.address_id, "match_key": key}
            for row in rows
            if (key := normalised_alias(row.alias_text)) != row.match_key
        ]
        if stale:
            changed += connection.execute(_ALIAS_KEYS, {"rows": json.dumps(stale, ensure_ascii=False)}).rowcount
    return read, changed


def _batches(connection: Connection, statement: Any) -> Iterator[Sequence[Any]]:
    after = 0
    while rows := connection.execute(statement, {"after": after, "batch": BATCH}).all():
        yield rows
        after = rows[-1].id
