"""Alerts: the list, one alert, and the steps of its closed loop."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from sqlalchemy import Connection

from access.accounts import permissions
from access.accounts.accounts import Account
from alerts.assignees import list_assignees
from alerts.detection.rule import AnomalyRule
from alerts.detection.rules import RULES
from alerts.detection.words import Language
from alerts.lifecycle import AlertAction, Transition, possible_actions
from alerts.records import AlertFile, ListedAlert
from alerts.store import AlertFilter, apply_transition, barred_to, count_alerts, get_alert, list_alerts
from alerts.wording import in_words, step_label
from mapserver.door.audited import audited
from mapserver.door.deps import CountyConnection, RecordId, requires
from mapserver.door.problems import NotPermitted
from mapserver.door.route import DoorRoute
from mapserver.http.language import AnswerLanguage
from mapserver.schemas.alerts import (
    AlertCounts,
    AlertDetail,
    AlertOut,
    AssigneeOut,
    ParameterOut,
    RuleOut,
    TransitionIn,
    alert_filter,
)
from mapserver.schemas.page import After, PageOut
from mapserver.schemas.quality import ManualOut
from mapserver.schemas.record import shown

router = APIRouter(prefix="/api/{county}", tags=["alerts"], route_class=DoorRoute)

Viewer = Annotated[Account, Depends(requires(permissions.ALERTS_VIEW))]
NEEDED: dict[AlertAction, str] = {
    AlertAction.ACKNOWLEDGE: permissions.ALERTS_ACKNOWLEDGE,
    AlertAction.ASSIGN: permissions.ALERTS_ASSIGN,
    AlertAction.VERIFY: permissions.ALERTS_VERIFY,
    AlertAction.SETTLE: permissions.ALERTS_VERIFY,
    AlertAction.CLOSE: permissions.ALERTS_CLOSE,
    AlertAction.REOPEN: permissions.ALERTS_CLOSE,
}


def _detail(connection: Connection, alert: AlertFile, account: Account, language: Language) -> AlertDetail:
    mine = permissions.permissions_of(account.role)
    barred = barred_to(connection, alert.id, account.username, rule=alert.rule, severity=alert.severity)
    ceased = alert.ceased_at is not None
    actions = [
        action for action in possible_actions(alert.status, ceased=ceased, barred=barred) if NEEDED[action] in mine
    ]
    history = [
        replace(step, action_label=step_label(step.action, step.action_label, language)) for step in alert.history
    ]
    wording = in_words(alert, language)
    return shown(
        AlertDetail,
        alert,
        rule_title=wording.rule_title,
        title=wording.title,
        reason=wording.reason,
        facts=wording.facts,
        history=history,
        actions=actions,
    )


def _listed(alert: ListedAlert, language: Language) -> AlertOut:
    wording = in_words(alert, language)
    return shown(AlertOut, alert, rule_title=wording.rule_title, title=wording.title)


@router.get("/alerts")
@audited("list_alerts", rows=lambda page: page.items)
def alerts(
    account: Viewer,
    connection: CountyConnection,
    where: Annotated[AlertFilter, Depends(alert_filter)],
    language: AnswerLanguage,
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> PageOut[AlertOut]:
    """A page of alerts in scope, the most severe first, then those first raised last."""
    page = list_alerts(connection, where, after=after, limit=limit)
    return PageOut[AlertOut].of(page, lambda alert: _listed(alert, language))


@router.get("/alerts/counts")
def counts(
    account: Viewer, connection: CountyConnection, where: Annotated[AlertFilter, Depends(alert_filter)]
) -> AlertCounts:
    """How many alerts in scope pass the filter, by severity and status; exact."""
    return shown(AlertCounts, count_alerts(connection, where))


@router.get("/alerts/{alert_id}")
@audited("view_alert", "alert:{alert_id}")
def alert(account: Viewer, connection: CountyConnection, alert_id: RecordId, language: AnswerLanguage) -> AlertDetail:
    """One alert: reason, facts, before and after, history, and what this account may do now."""
    return _detail(connection, get_alert(connection, alert_id), account, language)


@router.get("/alerts/{alert_id}/assignees")
def assignees(
    account: Annotated[Account, Depends(requires(permissions.ALERTS_ASSIGN))],
    connection: CountyConnection,
    alert_id: RecordId,
) -> PageOut[AssigneeOut]:
    """Whom the alert may be given to: the workers posted to its cell today, the responsible one first, then others."""
    found = list_assignees(connection, alert_id, account.scope)
    return PageOut[AssigneeOut].whole(shown(AssigneeOut, one) for one in found)


@router.post("/alerts/{alert_id}/transitions")
@audited("alert_step", "alert:{alert_id} {body.action}")
def transition(
    account: Viewer, connection: CountyConnection, alert_id: RecordId, body: TransitionIn, language: AnswerLanguage
) -> AlertDetail:
    """Take a step: acknowledge, assign, verify (查实 or 查否), settle (what no longer holds), close, reopen.

    409 when somebody was faster, and when who verified an alert of high severity wants to close it as well.
    """
    get_alert(connection, alert_id)  # outside the scope is 404, whatever the permission
    if NEEDED[body.action] not in permissions.permissions_of(account.role):
        raise NotPermitted(NEEDED[body.action])
    step = Transition(body.action, body.reason, body.verdict, body.assignee, body.evidence)
    moved = apply_transition(connection, alert_id, step, actor=account.username, expected_version=body.version)
    return _detail(connection, moved, account, language)


@router.get("/rules")
def rules(account: Viewer, language: AnswerLanguage) -> PageOut[RuleOut]:
    """The anomaly rules with their manuals and parameters, in the order they are shown."""
    return PageOut[RuleOut].whole(_rule_out(rule, language) for rule in RULES.values())


def _rule_out(rule: AnomalyRule, language: Language) -> RuleOut:
    manual, english = rule.manual, language == "en"
    return RuleOut(
        name=rule.name,
        title=manual.title_en if english else manual.title,
        severity=rule.severity,
        description=manual.english if english else manual.problem,
        manual=ManualOut(**asdict(manual)),
        version=rule.version,
        parameters=[
            ParameterOut(
                name=one.name,
                type=one.type,
                default=one.default,
                unit=one.unit_en if english else one.unit,
                meaning=one.meaning_en if english else one.meaning,
                source=one.source_en if english else one.source,
            )
            for one in rule.parameters
        ],
    )
