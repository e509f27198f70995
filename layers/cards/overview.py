"""The county at a glance, as far as the scope reaches: totals, bounds, towns."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, func, select, text

from database.scope import narrowed_to_scope
from gazetteer.library.models import StandardAddress
from grid.extent import county_bounds
from grid.models import GridCell
from layers.events.models import Event
from layers.facilities.models import Facility
from layers.people.models import Household, Person
from layers.places.models import Place

# name → table and what is counted in it, in an index alone: ix_*_grid_code, or the partial one of the condition
TOTALS: dict[str, tuple[FromClause, list[ColumnElement[bool]]]] = {
    "addresses": (StandardAddress.__table__, [StandardAddress.status == "published"]),
    "persons": (Person.__table__, [Person.death_date.is_(None)]),
    "households": (Household.__table__, []),
    "events": (Event.__table__, []),
    "places": (Place.__table__, []),
    "objects": (Facility.__table__, []),
    "cells": (GridCell.__table__, [GridCell.valid_to.is_(None), GridCell.level == "cell"]),
}


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
        "totals": {name: _count(connection, *counted) for name, counted in TOTALS.items()},
        "towns": [dict(town) for town in towns],
    }


def _count(connection: Connection, table: FromClause, conditions: list[ColumnElement[bool]]) -> int:
    narrowed = narrowed_to_scope(connection, table.c.grid_code)
    return connection.execute(select(func.count()).select_from(table).where(*conditions, *narrowed)).scalar_one()
