"""The cell that an address belongs to today."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text

# Served by the index on the address of address_cell and the primary key of grid_cell.
_CELL = text("""
SELECT l.reason AS cell_reason, l.distance_m AS cell_distance_m, l.valid_from AS cell_since, c.name AS cell_name
FROM address_cell l LEFT JOIN grid_cell c ON c.code = l.cell_code WHERE l.address_id = :id AND l.valid_to IS NULL
""")
_NONE = {"cell_reason": None, "cell_distance_m": None, "cell_since": None, "cell_name": None}


def cell_of_address(connection: Connection, address_id: int) -> dict[str, Any]:
    """``cell_name``, ``cell_reason``, ``cell_distance_m`` (metres), ``cell_since`` of the current link; all None without one."""
    row = connection.execute(_CELL, {"id": address_id}).mappings().one_or_none()
    return _NONE.copy() if row is None else dict(row)
