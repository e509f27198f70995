"""The county at a glance, as far as the scope reaches: totals, bounds, towns."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, select, text

from database.connection.records import records_of
from database.rights.scope import narrowed_to_scope
from grid.extent import county_bounds
from layers.catalogue.kind import Total
from layers.catalogue.registry import KINDS


@dataclass(frozen=True, slots=True)
class Town:
    """A town or subdistrict in scope."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Overview:
    """The county at a glance. bounds: west, south, east, north in EPSG:4490, None where there is nothing; totals: by name."""

    bounds: list[float] | None
    totals: dict[str, int]
    towns: list[Town]


def get_overview(connection: Connection) -> Overview:
    """Totals of every library, bounds and visible towns.

    Served by the indexes on grid_code (``ix_*_grid_code``, ``ix_person_living``, ``ix_standard_address_published``): a town or a
    cell reads its own range only.
    """
    towns = connection.execute(
        text("SELECT code, name FROM division WHERE level = 'town' AND valid_to IS NULL ORDER BY code")
    )
    return Overview(
        bounds=county_bounds(connection),
        totals={total.name: _count(connection, total) for kind in KINDS.values() for total in kind.totals},
        towns=records_of(Town, towns),
    )


def _count(connection: Connection, total: Total) -> int:
    table = total.model.__table__
    narrowed = narrowed_to_scope(connection, table.c.grid_code)
    counted = select(func.count()).select_from(table).where(text(total.condition), *narrowed)
    return connection.execute(counted).scalar_one()
