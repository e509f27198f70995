"""How many alerts there are, as far as the scope reaches."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from alerts.detection.rules import RULES
from alerts.lifecycle import PENDING
from alerts.models import Alert
from database.rights.scope import narrowed_to_scope
from database.vocabulary import Severity


@dataclass(frozen=True, slots=True)
class RuleTotal:
    """Alerts of one rule that wait for something. title: in Chinese."""

    rule: str
    title: str
    n: int


@dataclass(frozen=True, slots=True)
class AlertTotals:
    """Alerts by status, those without any left out; the waiting ones by severity and by rule, the most frequent rule first."""

    open_by_severity: dict[Severity, int]
    by_status: dict[str, int]
    by_rule: list[RuleTotal]


def count_alerts(connection: Connection) -> AlertTotals:
    """Alerts in scope by status; those that wait by severity and by rule. Served by ``ix_alert_not_ended`` and ``ix_alert_status``."""
    grouped = (Alert.rule, Alert.severity, Alert.status)
    rows = connection.execute(
        select(*grouped, func.count().label("n"))
        .where(*narrowed_to_scope(connection, Alert.__table__.c.grid_code))
        .group_by(*grouped)
    ).all()
    by_severity = dict.fromkeys(Severity, 0)
    by_status: dict[str, int] = {}
    by_rule: dict[str, int] = {}
    for row in rows:
        by_status[row.status] = by_status.get(row.status, 0) + row.n
        if row.status in PENDING:
            by_severity[Severity(row.severity)] += row.n
            by_rule[row.rule] = by_rule.get(row.rule, 0) + row.n
    return AlertTotals(
        by_severity,
        by_status,
        [
            RuleTotal(rule, RULES[rule].title if rule in RULES else rule, n)
            for rule, n in sorted(by_rule.items(), key=lambda item: (-item[1], item[0]))
        ],
    )


def count_waiting_in(connection: Connection, code: str) -> dict[Severity, int]:
    """Alerts of a cell and its micro cells that wait for something, by severity. Served by ``ix_alert_not_ended``."""
    found = Alert.__table__.c
    rows = connection.execute(
        select(found.severity, func.count())
        .where(found.grid_code >= code, found.grid_code < f"{code}~", found.status.in_(PENDING))
        .group_by(found.severity)
    )
    return dict.fromkeys(Severity, 0) | {Severity(severity): n for severity, n in rows}
