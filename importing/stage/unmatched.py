"""Texts of the records that found no standard address join the queue of corrections, with how many records carry each."""

from __future__ import annotations

from sqlalchemy import Connection, text

from gazetteer.corrections.queue import WrittenText, enqueue_texts

# every place where a record keeps an address as written and the standard address it was linked to
_WRITTEN = """
SELECT written, grid_code, count(*)::int AS n FROM (
    SELECT address_text AS written, grid_code FROM household WHERE address_id IS NULL
    UNION ALL SELECT actual_address_text, grid_code FROM person WHERE actual_address_id IS NULL
    UNION ALL SELECT registered_address_text, grid_code FROM person WHERE registered_address_id IS NULL
    UNION ALL SELECT address_text, grid_code FROM event WHERE address_id IS NULL
    UNION ALL SELECT address_text, grid_code FROM place WHERE address_id IS NULL
) q WHERE btrim(written) <> '' GROUP BY 1, 2 ORDER BY n DESC, written LIMIT :limit
"""


def collect_uncertain(connection: Connection, *, limit: int = 200_000) -> int:
    """Put the texts of unlinked records into the queue, the most frequent first; returns how many are new.

    One pass over the records of the scope: background work. limit: different texts looked at. Decided texts do not come back: the queue knows them.
    """
    rows = connection.execute(text(_WRITTEN), {"limit": limit})
    return enqueue_texts(connection, [WrittenText(row.written, row.grid_code, row.n) for row in rows])
