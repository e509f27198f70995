"""What a transaction may see of a library's answers: the found numbers are read again through row-level security.

A library holds the whole county and decides nothing about who sees what. One question a batch, by the primary key.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, text

#: What a candidate is made of.
COLUMNS = (
    "a.id, a.uid::text AS uid, a.code, a.full_text, a.depth, a.grid_code, st_x(a.geom) AS lon, st_y(a.geom) AS lat"
)
_VISIBLE = text(
    f"SELECT {COLUMNS} FROM standard_address a WHERE a.id = ANY(:ids) AND a.status = 'published'"  # noqa: S608
)


class Sight:
    """The rows of found addresses, as the transaction's scope shows them; kept for the rest of one batch."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows: dict[int, Any] = {}

    def look(self, ids: Iterable[int]) -> None:
        """Read those that were not looked for yet."""
        wanted = sorted({i for i in ids if i not in self._rows})
        if not wanted:
            return
        self._rows |= dict.fromkeys(wanted)
        for row in self._connection.execute(_VISIBLE, {"ids": wanted}):
            self._rows[row.id] = row

    def row(self, address_id: int) -> Any | None:
        """The row, or None when the scope does not show it."""
        return self._rows.get(address_id)
