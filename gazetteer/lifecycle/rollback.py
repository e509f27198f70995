"""Taking an operation back: a new operation that restores the exact former state.

Only the grid code is not restored: it belongs to ``grid/`` and follows the point.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Uuid

from database.errors import Missing, Taken
from gazetteer.library.writing import KEYS, WRITABLE, neighbours, read_text, update_addresses
from gazetteer.lifecycle.operation import Operation, recorded
from gazetteer.lifecycle.writing import link
from gazetteer.reading.divisions import DivisionIndex, division_index


class OperationNotFound(Missing):
    """没有这项操作，或其中有地址不在您的数据范围内 | No such operation, or some of its addresses lie outside your scope"""


class LaterChanges(Taken):
    """之后又有变更，请先撤回那些变更 | There are later changes; take them back first"""


# The state before the operation is that of its first event of each address, the state after it that of the last.
# Served by ix_address_event_operation and ix_address_event_uid.
_TOUCHED = text("""
SELECT DISTINCT ON (uid) uid, kind, before, after, max(number) OVER (PARTITION BY uid) AS last FROM address_event
WHERE operation_id = :id AND kind NOT IN ('left', 'regridded') ORDER BY uid, number
""")
_LATER = text("""
SELECT DISTINCT coalesce(e.after, e.before) ->> 'full_text' AS full_text, e.operation_id::text AS operation_id
FROM address_event e JOIN jsonb_to_recordset(CAST(:touched AS jsonb)) AS t(uid uuid, last bigint)
  ON t.uid = e.uid AND e.number > t.last AND e.kind NOT IN ('left', 'regridded')
ORDER BY 1 LIMIT 5
""")
_LOCK = text(
    "SELECT id, uid, valid_from FROM standard_address WHERE uid = ANY(:uids) ORDER BY id FOR UPDATE"
).bindparams(bindparam("uids", type_=ARRAY(Uuid)))
# The former text is the official one again; its alias goes. Served by uq_address_alias_address_id_match_key.
_DROP_ALIAS = text("""
DELETE FROM address_alias x USING jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id bigint, match_key text)
WHERE x.address_id = r.id AND x.match_key = r.match_key AND x.kind = 'former'
""")
#: what the log keeps of an address, and the text's keys follow
_RESTORABLE = [name for name in (*WRITABLE, "lon", "lat") if name not in (*KEYS, "parent_id")]


def roll_back(connection: Connection, operation: Operation) -> list[uuid.UUID]:
    """Restore every address that ``operation.reverts`` touched; returns their uids. What that operation made is retired.

    A village merger gives back the village as well. Raises
    OperationNotFound; LaterChanges, with the addresses, when something happened to one of them since.
    """
    touched = connection.execute(_TOUCHED, {"id": operation.reverts}).all()
    if not touched:
        raise OperationNotFound(str(operation.reverts))
    locked = {row.uid: row for row in connection.execute(_LOCK, {"uids": [row.uid for row in touched]})}
    pairs = json.dumps([{"uid": str(row.uid), "last": row.last} for row in touched])
    later = connection.execute(_LATER, {"touched": pairs}).all()
    if later:
        raise LaterChanges(
            "；".join(str(row.full_text) for row in later), operations=[row.operation_id for row in later]
        )
    index = division_index(connection)
    with recorded(connection, operation):
        rows = [
            (
                locked[row.uid].id,
                _ended(locked[row.uid], operation) if row.before is None else _state(row.before, index),
            )
            for row in touched
            if row.uid in locked
        ]
        _reopen(connection, touched)
        beside = neighbours(connection, [address_id for address_id, _values in rows])
        update_addresses(connection, rows)
        official = [{"id": i, "match_key": values["match_key"]} for i, values in rows if "match_key" in values]
        connection.execute(_DROP_ALIAS, {"rows": json.dumps(official, ensure_ascii=False)})
    uids = [row.uid for row in touched]
    link(connection, uids, beside)
    return uids


def restore(connection: Connection, operation: Operation, operation_id: uuid.UUID) -> list[uuid.UUID]:
    """The same as an operation of a change set, so that a second person can approve it. operation_id: what is taken back."""
    return roll_back(connection, replace(operation, reverts=operation_id))


def _reopen(connection: Connection, touched: Sequence[Any]) -> None:
    """The villages that a merger ended hold again, and their heirs give the names back."""
    merged = {
        (row.before["division_code"], row.after["division_code"])
        for row in touched
        if row.kind == "villages_merged" and row.before and row.after
    }
    for old, heir in sorted(merged - {(code, code) for code, _ in merged}):
        connection.execute(
            text(
                "UPDATE division h SET former_names = h.former_names - o.name FROM division o "
                "WHERE h.code = :heir AND o.code = :old AND o.valid_to IS NOT NULL"
            ),
            {"old": old, "heir": heir},
        )
        connection.execute(
            text("UPDATE division SET valid_to = NULL WHERE code = :old AND valid_to IS NOT NULL"), {"old": old}
        )


def _ended(row: Any, operation: Operation) -> dict[str, Any]:
    """What the operation made is retired, never deleted."""
    return {"status": "retired", "valid_to": max(operation.effective_on, row.valid_from)}


def _state(before: dict[str, Any], index: DivisionIndex) -> dict[str, Any]:
    """The state before, whole (the log leaves empty columns out), with the keys of its text as they are read today."""
    state = {name: before.get(name) for name in _RESTORABLE}
    return state | read_text(before["full_text"], index).key_columns | {"successors": before.get("successors", [])}
