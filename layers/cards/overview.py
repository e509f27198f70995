"""The county at a glance, as far as the scope reaches: totals, bounds, towns."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, func, select, text

from database.rights.scope import narrowed_to_scope
from grid.extent import county_bounds
from layers.catalogue.kind import Total
from layers.catalogue.registry import KINDS


def get_overview(connection: Connection) -> dict[str, Any]:
    """Totals of every library, bounds and visible towns.

    Served by the indexes on grid_code (``ix_*_grid_code``, ``ix_person_living``, ``ix_standard_address_published``): a town or a
    cell reads its own range only.
    """
    towns = connection.execute(
        text("SELECT code, name FROM division WHERE level = 'town' AND valid_to IS NULL ORDER BY code")
    ).mappings()
    return {
        "bounds": county_bounds(connection),
        "totals": {total.name: _count(connection, total) for kind in KINDS.values() for total in kind.totals},
        "towns": [dict(town) for town in towns],
    }


def _count(connection: Connection, total: Total) -> int:
    table = total.model.__table__
    narrowed = narrowed_to_scope(connection, table.c.grid_code)
    counted = select(func.count()).select_from(table).where(text(total.condition), *narrowed)
    return connection.execute(counted).scalar_one()
