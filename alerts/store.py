"""Reading alerts in pages, one with its history, and taking a step: each under the reader's own scope."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, or_, select, text, tuple_

from access.accounts.accounts import list_accounts
from access.administration.account_names import display_names
from alerts.detection.rules import needs_second_person
from alerts.lifecycle import (
    PENDING,
    STEP_LABELS,
    AlertAction,
    AlertStatus,
    AlertSystemStep,
    Transition,
    next_status,
    refuse_barred,
)
from alerts.models import Alert, AlertWhole
from alerts.records import (
    AlertFile,
    AlertStepTaken,
    EndedBefore,
    FilteredCounts,
    ListedAlert,
    RelatedSide,
    WaitingAlert,
)
from database.connection.records import records_of
from database.errors import Invalid, Missing, Taken
from database.paging import Cursor, Page
from database.rights.scope import Role, narrowed_to_scope, within_prefix
from database.vocabulary import Severity
from gazetteer.library.models import Division
from grid.models import GridCell
from layers.people.masking import mask_numbers, mask_values

FIELD_ROLES = (Role.GRID_WORKER, Role.VILLAGE_OFFICER, Role.TOWN_OFFICIAL)


class AlertNotFound(Missing):
    """没有这条预警，或不在您的数据范围内 | No such alert, or outside your scope"""


class StaleAlert(Taken):
    """预警已被他人更新，请刷新后再处理 | The alert has moved on; reload it and try again"""


class AssigneeUnknown(Invalid):
    """承办人不存在，或其网格不包含这条预警 | No such assignee, or their grid does not cover this alert"""


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """What a list is narrowed to.

    grid: prefix of a grid code. first_day, last_day: a period in which the alert was found, from its first raising to its
    last. new_since: a day on which or after which it was first raised. assignee: user name of who deals with it.
    unassigned: only what nobody deals with. ceased: whether what it says no longer holds. q: words, each in title or reason.
    """

    status: Sequence[str] = ()
    rule: Sequence[str] = ()
    severity: Sequence[str] = ()
    grid: str | None = None
    first_day: date | None = None
    last_day: date | None = None
    new_since: date | None = None
    assignee: str | None = None
    unassigned: bool = False
    ceased: bool | None = None
    q: str | None = None


# pk_grid_cell, pk_division; an alert that belongs to no cell carries the code of its village, town or county
_GRID_NAME = func.coalesce(
    select(GridCell.name).where(GridCell.code == Alert.grid_code).scalar_subquery(),
    select(Division.name).where(Division.code == Alert.grid_code).scalar_subquery(),
).label("grid_name")
_COLUMNS: tuple[ColumnElement[Any], ...] = (
    Alert.id,
    Alert.rule,
    Alert.title,
    Alert.severity,
    Alert.status,
    Alert.version,
    Alert.grid_code,
    _GRID_NAME,
    Alert.subject_kind,
    Alert.subject_id,
    Alert.household_id,
    func.st_x(Alert.geom).label("lon"),
    func.st_y(Alert.geom).label("lat"),
    Alert.assignee,
    Alert.first_raised_at,
    Alert.last_raised_at,
    Alert.ceased_at,
    Alert.severity_rank,
)  # type: ignore[assignment]


_ORDER: tuple[Any, ...] = (Alert.severity_rank, Alert.first_raised_at, Alert.id)
_CURSOR = Cursor("alerts", int, datetime, int)

# what an alert says: the whole to who sees every place it names (row-level security of alert_whole, by its primary key),
# its own side to the others
_REASON_AND_FACTS: tuple[ColumnElement[Any], ...] = (
    func.coalesce(AlertWhole.reason, Alert.reason).label("reason"),
    func.coalesce(AlertWhole.facts, Alert.facts).label("facts"),
)
#: from which the title is worded in another language: the same for who sees the whole
_OWN_FACTS = Alert.facts.label("own_facts")


def list_alerts(
    connection: Connection, where: AlertFilter, *, after: str | None = None, limit: int = 50, with_reason: bool = False
) -> Page[ListedAlert]:
    """A page of alerts, the most severe first, then those first raised last: finding one again moves nothing.

    Served by ``ix_alert_list`` (severity_rank, first_raised_at, id), read backwards; in a narrow scope or grid by
    ``ix_alert_grid_code``, for one assignee by ``ix_alert_assignee``.

    after: the ``next`` of the page before. with_reason: also reason and facts, for maps. Raises CursorInvalid.
    """
    columns = [*_COLUMNS, *_REASON_AND_FACTS] if with_reason else [*_COLUMNS, _OWN_FACTS]
    query = (
        select(*columns)
        .outerjoin(AlertWhole, AlertWhole.alert_id == Alert.id)
        .where(*_conditions(where), *narrowed_to_scope(connection, Alert.__table__.c.grid_code))
    )
    if after is not None:
        query = query.where(tuple_(*_ORDER) < tuple_(*_CURSOR.read(after)))
    query = query.order_by(*(column.desc() for column in _ORDER)).limit(limit + 1)
    found = records_of(ListedAlert, connection.execute(query))
    return _CURSOR.page(found, limit, lambda alert: (alert.severity_rank, alert.first_raised_at, alert.id))


def count_alerts(connection: Connection, where: AlertFilter) -> FilteredCounts:
    """How many alerts pass the filter; exact. Served as the list is, without its order."""
    grouped = (Alert.severity, Alert.status)
    counted = select(*grouped, func.count().label("n"))
    if where.q:
        counted = counted.outerjoin(AlertWhole, AlertWhole.alert_id == Alert.id)
    rows = connection.execute(
        counted.where(*_conditions(where), *narrowed_to_scope(connection, Alert.__table__.c.grid_code)).group_by(
            *grouped
        )
    ).all()
    by_severity, by_status = dict.fromkeys(Severity, 0), dict.fromkeys(AlertStatus, 0)
    for row in rows:
        by_severity[Severity(row.severity)] += row.n
        by_status[AlertStatus(row.status)] += row.n
    return FilteredCounts(sum(by_status.values()), by_severity, by_status)


def _conditions(where: AlertFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if where.status:
        conditions.append(Alert.status.in_(where.status))
    if where.rule:
        conditions.append(Alert.rule.in_(where.rule))
    if where.severity:
        conditions.append(Alert.severity.in_(where.severity))
    if where.grid:
        conditions.append(within_prefix(Alert.__table__.c.grid_code, where.grid))
    if where.first_day:
        conditions.append(Alert.last_raised_at >= where.first_day)  # midnight of the connection's time zone
    if where.last_day:
        conditions.append(func.date(Alert.first_raised_at) <= where.last_day)
    if where.new_since:
        conditions.append(Alert.first_raised_at >= where.new_since)
    if where.assignee is not None:
        conditions.append(Alert.assignee == where.assignee)
    if where.unassigned:
        conditions.append(Alert.assignee.is_(None))
    if where.ceased is not None:
        conditions.append(Alert.ceased_at.is_not(None) if where.ceased else Alert.ceased_at.is_(None))
    if where.q:
        words = [
            or_(
                Alert.title.contains(w, autoescape=True),
                Alert.reason.contains(w, autoescape=True),
                AlertWhole.reason.contains(w, autoescape=True),
            )
            for w in where.q.split()
        ]
        conditions.append(and_(*words))
    return conditions


def get_alert(connection: Connection, alert_id: int) -> AlertFile:
    """One alert with reason, facts, before and after, and its history with names. Raises AlertNotFound."""
    query = (
        select(*_COLUMNS, *_REASON_AND_FACTS, _OWN_FACTS)
        .outerjoin(AlertWhole, AlertWhole.alert_id == Alert.id)
        .where(Alert.id == alert_id)
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        raise AlertNotFound(str(alert_id))
    facts = dict(row.facts)
    before, after = facts.pop("before", None), facts.pop("after", None)
    history = connection.execute(text(_HISTORY), {"id": alert_id}).all()
    related = connection.execute(text(_RELATED), {"id": alert_id})
    earlier = connection.execute(text(_EARLIER), {"id": alert_id})
    names = display_names(connection, [row.assignee, *(step.actor for step in history)])
    return AlertFile(
        **{**row._mapping, "facts": facts},
        assignee_name=names.get(row.assignee),
        before=before,
        after=after,
        history=[
            AlertStepTaken(
                **step._mapping,
                actor_name=_actor_name(step, names),
                action_label=STEP_LABELS.get(step.action, step.action),
            )
            for step in history
        ],
        related=records_of(RelatedSide, related),
        earlier=records_of(EndedBefore, earlier),
    )


def get_place(connection: Connection, alert_id: int) -> str:
    """The grid code of an alert. Raises AlertNotFound."""
    grid_code: str | None = connection.scalar(select(Alert.grid_code).where(Alert.id == alert_id))
    if grid_code is None:
        raise AlertNotFound(str(alert_id))
    return grid_code


def _actor_name(step: Row[Any], names: dict[str, str]) -> str:
    """What the scan did is the system's; what a visit ended, the visitor's."""
    if step.action in list(AlertSystemStep) and "visit_id" not in step.evidence:
        return "系统"
    actor: str = step.actor
    return names.get(actor, actor)


# Served by ix_alert_step_alert.
_HISTORY = """
SELECT s.action, s.from_status, s.to_status, s.actor, s.at, s.reason, s.evidence
FROM alert_step s WHERE s.alert_id = :id ORDER BY s.id
"""


# Served by ix_alert_finding_key. Of a side that ended and came back, the latest alert.
_RELATED = """
SELECT o.id, o.status, o.grid_code, coalesce(c.name, d.name) AS grid_name
FROM alert me JOIN LATERAL (
    SELECT DISTINCT ON (s.fingerprint) s.* FROM alert s
    WHERE s.finding_key = me.finding_key AND s.fingerprint <> me.fingerprint ORDER BY s.fingerprint, s.id DESC
) o ON true
LEFT JOIN grid_cell c ON c.code = o.grid_code LEFT JOIN division d ON d.code = o.grid_code
WHERE me.id = :id ORDER BY o.id
"""

# Served by ix_alert_ceased.
_EARLIER = """
SELECT o.id, o.status, o.first_raised_at, o.ceased_at
FROM alert me JOIN alert o ON o.fingerprint = me.fingerprint AND o.ceased_at IS NOT NULL AND o.id < me.id
WHERE me.id = :id ORDER BY o.id DESC LIMIT 20
"""


def apply_transition(
    connection: Connection, alert_id: int, step: Transition, *, actor: str, expected_version: int
) -> AlertFile:
    """Take a step and record it; returns the alert as :func:`get_alert` does.

    A reopened alert has no assignee again. expected_version: the version the person saw. Of two writers exactly one wins, the other gets StaleAlert. Raises
    AlertNotFound, StepNotPossible, StepIncomplete, AssigneeUnknown, VerifierMayNotClose.
    """
    row = connection.execute(
        text("SELECT status, version, grid_code, rule, severity, ceased_at FROM alert WHERE id = :id FOR UPDATE"),
        {"id": alert_id},
    ).one_or_none()
    if row is None:
        raise AlertNotFound(str(alert_id))
    if row.version != expected_version:
        raise StaleAlert(f"现为第 {row.version} 版 / it is at version {row.version}", version=row.version)
    status = next_status(row.status, step, ceased=row.ceased_at is not None)
    refuse_barred(step, barred_to(connection, alert_id, actor, rule=row.rule, severity=row.severity))
    if step.action == "assign":
        _check_assignee(connection, step.assignee or "", row.grid_code)
    connection.execute(
        text(
            "UPDATE alert SET status = :status, version = version + 1, "
            "assignee = CASE WHEN CAST(:status AS text) <> 'open' THEN coalesce(:assignee, assignee) END, "
            "closed_at = CASE WHEN CAST(:status AS text) = 'closed' THEN now() END WHERE id = :id"
        ),
        {"id": alert_id, "status": status, "assignee": step.assignee if step.action == "assign" else None},
    )
    evidence = dict(step.evidence)
    if step.action == "assign":
        evidence["assignee"] = step.assignee
    connection.execute(
        text(
            "INSERT INTO alert_step (alert_id, action, from_status, to_status, actor, reason, evidence, grid_code) "
            "VALUES (:id, :action, :from_status, :to_status, :actor, :reason, CAST(:evidence AS jsonb), :grid_code)"
        ),
        {
            "id": alert_id,
            "action": step.action,
            "from_status": row.status,
            "to_status": status,
            "actor": actor,
            "reason": None if step.reason is None else mask_numbers(step.reason),
            "evidence": json.dumps(mask_values(evidence), ensure_ascii=False),
            "grid_code": row.grid_code,
        },
    )
    return get_alert(connection, alert_id)


def barred_to(connection: Connection, alert_id: int, actor: str, *, rule: str, severity: str) -> frozenset[AlertAction]:
    """What this person may not do with the alert: close or settle it, having verified it at any time, when the rule asks for two.

    Reopening does not wash a verdict off. Served by ix_alert_step_alert.
    """
    if not needs_second_person(rule, severity):
        return frozenset()
    verified = connection.scalar(
        text(
            "SELECT EXISTS (SELECT FROM alert_step WHERE alert_id = :id AND action = 'verify' AND lower(actor) = lower(:actor))"
        ),
        {"id": alert_id, "actor": actor},
    )
    return frozenset({AlertAction.CLOSE, AlertAction.SETTLE} if verified else ())


def _check_assignee(connection: Connection, username: str, grid_code: str) -> None:
    county = grid_code[:6]
    accounts = {account.username: account for account in list_accounts(connection, county, FIELD_ROLES)}
    if username not in accounts or not accounts[username].scope.covers(grid_code):
        raise AssigneeUnknown(username)


def open_alerts_of_household(connection: Connection, household_id: int) -> list[WaitingAlert]:
    """The alerts of a household that wait for something, in the order of the list. Served by ``ix_alert_household_id``."""
    rows = connection.execute(
        text(
            "SELECT id, title, severity, status, rule FROM alert WHERE household_id = :id AND status = ANY(:pending) "
            "ORDER BY severity_rank DESC, first_raised_at DESC, id DESC"
        ),
        {"id": household_id, "pending": sorted(PENDING)},
    )
    return records_of(WaitingAlert, rows)
