"""The cell that an address belongs to today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

# Served by the index on the address of address_cell and the primary key of grid_cell.
_CELL = text("""
SELECT l.reason AS cell_reason, l.distance_m AS cell_distance_m, l.valid_from AS cell_since, c.name AS cell_name
FROM address_cell l LEFT JOIN grid_cell c ON c.code = l.cell_code WHERE l.address_id = :id AND l.valid_to IS NULL
""")


@dataclass(frozen=True, slots=True)
class CellOfAddress:
    """Why, how far (metres) and since when an address belongs to its cell; all None without one."""

    cell_reason: str | None = None
    cell_distance_m: float | None = None
    cell_since: date | None = None
    cell_name: str | None = None


def cell_of_address(connection: Connection, address_id: int) -> CellOfAddress:
    """The current link of an address."""
    row = connection.execute(_CELL, {"id": address_id}).mappings().one_or_none()
    return CellOfAddress() if row is None else CellOfAddress(**row)
