"""The county at a glance, as far as the scope reaches: totals, open alerts, bounds, towns."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, func, select, text

from database.scope import narrowed_to_scope
from gazetteer.models import StandardAddress
from grid.models import GridCell
from layers.alerts.lifecycle import PENDING
from layers.anomaly.rules import RULES
from layers.models import Alert, Event, Facility, Household, Person, Place

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
    """Totals of every library, alerts by status, severity and rule, bounds and visible towns.

    Served by the indexes on grid_code (``ix_*_grid_code``, ``ix_person_living``, ``ix_standard_address_published``): a town or a
    cell reads its own range only.
    """
    towns = connection.execute(
        text("SELECT code, name FROM division WHERE level = 'town' AND valid_to IS NULL ORDER BY code")
    ).mappings()
    return {
        "bounds": county_bounds(connection),
        "totals": {name: _count(connection, *counted) for name, counted in TOTALS.items()},
        "alerts": _alerts(connection),
        "towns": [dict(town) for town in towns],
    }


def county_bounds(connection: Connection) -> list[float] | None:
    """West, south, east, north (EPSG:4490) of the cells in scope, else of its divisions; None when nothing is drawn."""
    row = connection.execute(
        text(
            "SELECT st_xmin(e) AS w, st_ymin(e) AS s, st_xmax(e) AS e, st_ymax(e) AS n FROM (SELECT coalesce("
            "(SELECT st_extent(geom) FROM grid_cell WHERE valid_to IS NULL), "
            "(SELECT st_extent(geom) FROM division WHERE valid_to IS NULL)) AS e) x"
        )
    ).one()
    return None if row.w is None else [row.w, row.s, row.e, row.n]


def _count(connection: Connection, table: FromClause, conditions: list[ColumnElement[bool]]) -> int:
    narrowed = narrowed_to_scope(connection, table.c.grid_code)
    return connection.execute(select(func.count()).select_from(table).where(*conditions, *narrowed)).scalar_one()


def _alerts(connection: Connection) -> dict[str, Any]:
    grouped = (Alert.rule, Alert.severity, Alert.status)
    rows = connection.execute(
        select(*grouped, func.count().label("n"))
        .where(*narrowed_to_scope(connection, Alert.__table__.c.grid_code))
        .group_by(*grouped)
    ).all()
    by_severity = dict.fromkeys(("high", "medium", "low"), 0)
    by_status: dict[str, int] = {}
    by_rule: dict[str, int] = {}
    for row in rows:
        by_status[row.status] = by_status.get(row.status, 0) + row.n
        if row.status in PENDING:
            by_severity[row.severity] += row.n
            by_rule[row.rule] = by_rule.get(row.rule, 0) + row.n
    return {
        "open_by_severity": by_severity,
        "by_status": by_status,
        "by_rule": [
            {"rule": rule, "title": RULES[rule].title if rule in RULES else rule, "n": n}
            for rule, n in sorted(by_rule.items(), key=lambda item: (-item[1], item[0]))
        ],
    }
