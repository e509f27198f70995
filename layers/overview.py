"""The county at a glance, as far as the scope reaches: totals, open alerts, bounds, towns."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text

from layers.alerts.lifecycle import PENDING
from layers.anomaly.rules import RULES

TOTALS = {
    "addresses": "SELECT count(*) FROM standard_address WHERE status = 'published'",
    "persons": "SELECT count(*) FROM person WHERE death_date IS NULL",
    "households": "SELECT count(*) FROM household",
    "events": "SELECT count(*) FROM event",
    "places": "SELECT count(*) FROM place",
    "objects": "SELECT count(*) FROM facility",
    "cells": "SELECT count(*) FROM grid_cell WHERE valid_to IS NULL AND level = 'cell'",
}


def county_bounds(connection: Connection) -> list[float] | None:
    """West, south, east, north (EPSG:4490) of the cells in scope, else of its divisions; None when nothing is drawn."""
    row = connection.execute(
        text(
            "SELECT st_xmin(e) AS w, st_ymin(e) AS s, st_xmax(e) AS e, st_ymax(e) AS n FROM (SELECT coalesce("
            "(SELECT st_extent(geom) FROM grid_cell WHERE valid_to IS NULL), (SELECT st_extent(geom) FROM division)) AS e) x"
        )
    ).one()
    return None if row.w is None else [row.w, row.s, row.e, row.n]


def get_overview(connection: Connection) -> dict[str, Any]:
    """Totals of every library, alerts by status, severity and rule, bounds and visible towns."""
    totals = {name: connection.scalar(text(sql)) for name, sql in TOTALS.items()}
    rows = connection.execute(
        text("SELECT rule, severity, status, count(*) AS n FROM alert GROUP BY rule, severity, status")
    ).all()
    by_severity = dict.fromkeys(("high", "medium", "low"), 0)
    by_status: dict[str, int] = {}
    by_rule: dict[str, int] = {}
    for row in rows:
        by_status[row.status] = by_status.get(row.status, 0) + row.n
        if row.status in PENDING:
            by_severity[row.severity] += row.n
            by_rule[row.rule] = by_rule.get(row.rule, 0) + row.n
    towns = connection.execute(text("SELECT code, name FROM division WHERE level = 'town' ORDER BY code")).mappings()
    return {
        "bounds": county_bounds(connection),
        "totals": totals,
        "alerts": {
            "open_by_severity": by_severity,
            "by_status": by_status,
            "by_rule": [
                {"rule": rule, "title": RULES[rule].title if rule in RULES else rule, "n": n}
                for rule, n in sorted(by_rule.items(), key=lambda item: -item[1])
            ],
        },
        "towns": [dict(town) for town in towns],
    }
