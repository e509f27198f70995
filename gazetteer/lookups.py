"""The set-based questions that matching asks of the library, all at once for all open texts.

Every join is an equality or a range on text of collation C. Both are leakproof, so row-level security keeps the b-tree
indexes in use: ``ix_standard_address_match_key``, ``_local_key``, ``_road_key``, ``_division`` and
``ix_address_alias_match_key``. A few texts travel as one JSON parameter; many go through a temporary table with
statistics, so that the planner takes hash joins instead of a probe for each.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, text

from database.engine import raw
from gazetteer.candidates import COLUMNS

MANY = 1000
Asked = tuple[int, str, str]  # number of the text, key, division code (or its beginning)

_FEW = "(SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(i int, key text, division text))"
_TABLE = (
    "DROP TABLE IF EXISTS pg_temp.asked_text",
    'CREATE TEMP TABLE asked_text (i int, key text COLLATE "C", division text COLLATE "C") ON COMMIT DROP',
)

WHOLE = f"""
SELECT q.i, false AS alias, {COLUMNS} FROM {{asked}} q JOIN standard_address a ON a.match_key = q.key COLLATE "C"
WHERE a.status = 'published'
UNION ALL
SELECT q.i, true AS alias, {COLUMNS} FROM {{asked}} q JOIN address_alias x ON x.match_key = q.key COLLATE "C"
JOIN standard_address a ON a.id = x.address_id WHERE a.status = 'published'
"""  # noqa: S608 - constants only
IN_VILLAGE = f"""
SELECT q.i, false AS alias, {COLUMNS} FROM {{asked}} q
JOIN standard_address a ON a.local_key = q.key COLLATE "C" AND a.division_code = q.division COLLATE "C"
WHERE a.status = 'published'
UNION ALL
SELECT q.i, true AS alias, {COLUMNS} FROM {{asked}} q JOIN address_alias x ON x.match_key = q.key COLLATE "C"
JOIN standard_address a ON a.id = x.address_id
WHERE a.status = 'published' AND a.division_code = q.division COLLATE "C"
"""  # noqa: S608
WITHIN = f"""
SELECT q.i, false AS alias, {COLUMNS} FROM {{asked}} q JOIN standard_address a ON a.local_key = q.key COLLATE "C"
WHERE a.status = 'published' AND starts_with(a.division_code, q.division)
UNION ALL
SELECT q.i, true AS alias, {COLUMNS} FROM {{asked}} q JOIN address_alias x ON x.match_key = q.key COLLATE "C"
JOIN standard_address a ON a.id = x.address_id WHERE a.status = 'published' AND starts_with(a.division_code, q.division)
"""  # noqa: S608
KNOWN_ROADS = """
SELECT q.division, q.key AS road FROM {asked} q WHERE EXISTS (
    SELECT FROM standard_address a WHERE a.road_key = q.key COLLATE "C" AND starts_with(a.division_code, q.division))
"""
ROADS_IN = """
SELECT DISTINCT q.division, a.road_key FROM {asked} q
JOIN standard_address a ON a.division_code >= q.division COLLATE "C" AND a.division_code < (q.division || '~') COLLATE "C"
WHERE a.road_key IS NOT NULL AND a.status = 'published'
"""


def ask(connection: Connection, question: str, asked: Sequence[Asked]) -> Sequence[Any]:
    """The rows that answer one of the questions above for all of ``asked``."""
    if not asked:
        return []
    if len(asked) < MANY:
        rows = json.dumps([{"i": i, "key": key, "division": division} for i, key, division in asked])
        return connection.execute(text(question.format(asked=_FEW)), {"rows": rows}).all()
    for statement in _TABLE:
        connection.execute(text(statement))
    with raw(connection).cursor() as cursor, cursor.copy("COPY asked_text FROM STDIN") as copy:
        for row in asked:
            copy.write_row(row)
    connection.execute(text("ANALYZE pg_temp.asked_text"))
    return connection.execute(text(question.format(asked="pg_temp.asked_text"))).all()
