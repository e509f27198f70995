"""Alerts (预警) in the layer catalogue, and how many of them wait in a cell."""

from __future__ import annotations

from alerts.lifecycle import NOT_ENDED, OFF_THE_MAP, PENDING, AlertStatus, states_sql
from alerts.models import Alert
from database.vocabulary import Severity
from layers.catalogue.kind import Field, Kind, Label, Look, Variant
from layers.catalogue.registry import extend, register

#: Served by ``ix_alert_not_ended`` alone; a range, because an alert may carry a micro cell's code.
WAITING = (
    # the end of the range as a column: behind the policy || may not be part of what the index is asked, for it is not leakproof
    "(SELECT count(*) FROM (SELECT {t}.code || '~' AS beyond OFFSET 0) AS cell, alert a "  # noqa: S608 - words of ours
    "WHERE a.grid_code >= {t}.code AND a.grid_code < cell.beyond "
    f"AND a.{NOT_ENDED} AND a.status IN ({states_sql(PENDING)}))"
)

ALERTS = register(
    Kind(
        name="alerts",
        record="alert",
        title=Label("预警", "Alerts"),
        subject="work",
        model=Alert,
        geometry="point",
        order=90,
        colour="alert_high",
        look=Look(
            "alert-high", 0, (5, 2, 8, 3), icons_from=8, above=True, unless=("status", OFF_THE_MAP), decided_by="severity",
            variants=(
                Variant("high", "alert_high", "alert-high"),
                Variant("medium", "alert_medium", "alert-medium"),
                Variant("low", "alert_low", "alert-low"),
            ),
        ),
        names_people=True,
        key_meaning="alert id",
        shows=f"{{t}}.{NOT_ENDED}",
        rows_from=0,
        time="raised_at",
        sortable=frozenset({"id", "raised_at"}),
        fields=(
            Field("rule", Label("规则", "Rule"), tile=0, ogc=True),
            Field("title", Label("标题", "Title"), tile=0, ogc=True, card=True, search=True),
            Field("severity", Label("级别", "Severity"), tile=0, ogc=True, card=True, codes=Severity),
            Field("status", Label("状态", "Status"), tile=0, ogc=True, card=True, codes=AlertStatus),
            Field("raised_at", Label("首次发现", "First raised"), "timestamp", column="first_raised_at", ogc=True, card=True),
            Field("grid_code", Label("网格编码", "Grid code"), ogc=True),
        ),
    )
)  # fmt: skip

extend(
    "cells",
    Field(
        "alerts",
        Label("待处理预警数", "Alerts that wait"),
        "integer",
        sql=WAITING,
        counts="alerts",
        tile=0,
        ogc=True,
        queryable=False,
        card=True,
        meaning="alerts that wait, including those of its micro cells",
    ),
)
