"""Taking an operation back: a new operation that restores the exact former state.

Only the grid code is not restored: it belongs to ``grid/`` and follows the point.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Uuid

from database.errors import OnemapError
from gazetteer.divisions import division_index
from gazetteer.keys import address_keys
from gazetteer.lifecycle.operation import Operation, recorded
from gazetteer.parse import parse


class OperationNotFound(OnemapError):
    """没有这项操作，或其中有地址不在您的数据范围内 | No such operation, or some of its addresses lie outside your scope"""


class LaterChanges(OnemapError):
    """之后又有变更，请先撤回那些变更 | There are later changes; take them back first"""


# The state before the operation is that of its first event of each address, the state after it that of the last.
# Served by ix_address_event_operation and ix_address_event_uid.
_TOUCHED = text("""
SELECT DISTINCT ON (uid) uid, before, max(number) OVER (PARTITION BY uid) AS last FROM address_event
WHERE operation_id = :id AND kind NOT IN ('left', 'regridded') ORDER BY uid, number
""")
_LATER = text("""
SELECT DISTINCT coalesce(e.after, e.before) ->> 'full_text' AS full_text, e.operation_id::text AS operation_id
FROM address_event e JOIN jsonb_to_recordset(CAST(:touched AS jsonb)) AS t(uid uuid, last bigint)
  ON t.uid = e.uid AND e.number > t.last AND e.kind NOT IN ('left', 'regridded')
ORDER BY 1 LIMIT 5
""")
_RESTORE = text("""
UPDATE standard_address a SET code = r.code, full_text = r.full_text, province = r.province, city = r.city,
       county = r.county, town = r.town, village = r.village, village_group = r.village_group, road = r.road,
       number_plate = r.number_plate, building = r.building, entrance = r.entrance, floor = r.floor, room = r.room,
       depth = r.depth, division_code = r.division_code, status = r.status, valid_from = r.valid_from,
       valid_to = r.valid_to, successors = coalesce(r.successors, '{}'),
       match_key = r.match_key, local_key = r.local_key, road_key = r.road_key, number_key = r.number_key,
       geom = CASE WHEN r.lon IS NOT NULL THEN st_setsrid(st_point(r.lon, r.lat), 4490) END, updated_at = now()
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(
    uid uuid, code text, full_text text, province text, city text, county text, town text, village text, village_group text,
    road text, number_plate text, building text, entrance text, floor text, room text, depth smallint, division_code text,
    status text, valid_from date, valid_to date, successors uuid[], lon float, lat float, match_key text,
    local_key text, road_key text, number_key text)
WHERE a.uid = r.uid
""")
# What the operation made is retired, never deleted.
_RETIRE = text("""
UPDATE standard_address SET status = 'retired', valid_to = greatest(CAST(:day AS date), valid_from), updated_at = now()
WHERE uid = ANY(:uids)
""").bindparams(bindparam("uids", type_=ARRAY(Uuid)))
# The former text is the official one again; its alias goes.
_DROP_ALIAS = text("""
DELETE FROM address_alias x USING standard_address a, jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(uid uuid, match_key text)
WHERE a.uid = r.uid AND x.address_id = a.id AND x.match_key = r.match_key AND x.kind = 'former'
""")


def roll_back(connection: Connection, operation: Operation) -> list[uuid.UUID]:
    """Restore every address that ``operation.reverts`` touched; returns their uids. What that operation made is retired.

    A village merger gives the addresses back; the divisions are put right through the divisions' own import. Raises
    OperationNotFound; LaterChanges, with the addresses, when something happened to one of them since.
    """
    touched = connection.execute(_TOUCHED, {"id": operation.reverts}).all()
    if not touched:
        raise OperationNotFound(str(operation.reverts))
    connection.execute(
        text("SELECT id FROM standard_address WHERE uid = ANY(:uids) ORDER BY id FOR UPDATE").bindparams(
            bindparam("uids", type_=ARRAY(Uuid))
        ),
        {"uids": [row.uid for row in touched]},
    )
    pairs = json.dumps([{"uid": str(row.uid), "last": row.last} for row in touched])
    later = connection.execute(_LATER, {"touched": pairs}).all()
    if later:
        raise LaterChanges(
            "；".join(str(row.full_text) for row in later), operations=[row.operation_id for row in later]
        )
    rows = _with_keys(connection, [row.before for row in touched if row.before is not None])
    with recorded(connection, operation):
        packed = {"rows": json.dumps(rows, ensure_ascii=False)}
        connection.execute(_RESTORE, packed)
        connection.execute(_DROP_ALIAS, packed)
        made = [row.uid for row in touched if row.before is None]
        if made:
            connection.execute(_RETIRE, {"uids": made, "day": operation.effective_on})
    return [row.uid for row in touched]


def restore(connection: Connection, operation: Operation, operation_id: uuid.UUID) -> list[uuid.UUID]:
    """The same as an operation of a change set, so that a second person can approve it. operation_id: what is taken back."""
    return roll_back(connection, replace(operation, reverts=operation_id))


def _with_keys(connection: Connection, states: list[dict[str, Any]]) -> list[dict[str, Any]]:
    index = division_index(connection)
    rows = []
    for state in states:
        keys = address_keys(parse(state["full_text"], index))
        rows.append(
            state
            | {
                "match_key": keys.match_key,
                "local_key": keys.local_key,
                "road_key": keys.road_key,
                "number_key": keys.number_key,
            }
        )
    return rows
