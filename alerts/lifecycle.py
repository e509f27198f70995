"""The life of an alert: its states, which step is possible from where, and what each needs.

open → acknowledged → assigned → confirmed (查实) or refuted (查否) → closed; reopen leads back to open.

What the rule found may cease to hold. While nobody has acted the alert then ends by itself: cleared (已自行消除). One that is
in somebody's hands only says that the condition has ceased; a person settles it, or goes on. The states stand here and
nowhere else: SQL, maps and lists take them from here, and a test holds the web app's words to them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from database.errors import Invalid, Taken
from database.vocabulary import Vocabulary


class AlertStatus(Vocabulary):
    """Where an alert stands (预警状态)."""

    OPEN = "open", "待签收", "open"
    ACKNOWLEDGED = "acknowledged", "已签收", "acknowledged"
    ASSIGNED = "assigned", "已指派", "assigned"
    CONFIRMED = "confirmed", "查实", "confirmed"
    REFUTED = "refuted", "查否", "refuted"
    CLOSED = "closed", "已办结", "closed"
    CLEARED = "cleared", "已自行消除", "cleared by itself"


class Verdict(Vocabulary):
    """What a check at the door found (核查结论)."""

    CONFIRMED = AlertStatus.CONFIRMED.value, AlertStatus.CONFIRMED.zh, AlertStatus.CONFIRMED.en
    REFUTED = AlertStatus.REFUTED.value, AlertStatus.REFUTED.zh, AlertStatus.REFUTED.en


class AlertSystemStep(Vocabulary):
    """Steps the system takes: found; ended by itself; the condition ceased, or came back, while somebody has it in hand."""

    RAISE = "raise", "发现", "raised"
    CLEAR = "clear", "自行消除", "cleared by itself"
    CEASE = "cease", "条件已不成立", "the condition has ceased"
    RECUR = "recur", "条件再次成立", "the condition holds again"


class AlertAction(Vocabulary):
    """Steps a person takes (处理步骤)."""

    ACKNOWLEDGE = "acknowledge", "签收", "acknowledge"
    ASSIGN = "assign", "指派", "assign"
    VERIFY = "verify", "核查", "verify"
    SETTLE = "settle", "确认消除", "settle"
    CLOSE = "close", "办结", "close"
    REOPEN = "reopen", "重开", "reopen"


#: waits for somebody
PENDING: frozenset[AlertStatus] = frozenset({AlertStatus.OPEN, AlertStatus.ACKNOWLEDGED, AlertStatus.ASSIGNED})
#: nothing is left to do: off the map and out of every count of what waits
ENDED: frozenset[AlertStatus] = frozenset({AlertStatus.CLEARED, AlertStatus.CLOSED})
#: off the map: ended, or found to be untrue
OFF_THE_MAP: frozenset[AlertStatus] = ENDED | {AlertStatus.REFUTED}
VERIFIED: frozenset[AlertStatus] = frozenset({AlertStatus.CONFIRMED, AlertStatus.REFUTED})
ALLOWED_FROM: dict[AlertAction, frozenset[AlertStatus]] = {
    AlertAction.ACKNOWLEDGE: frozenset({AlertStatus.OPEN}),
    AlertAction.ASSIGN: PENDING,
    AlertAction.VERIFY: PENDING,
    AlertAction.SETTLE: PENDING,
    AlertAction.CLOSE: VERIFIED,
    AlertAction.REOPEN: VERIFIED | ENDED,
}
NEEDS_REASON: frozenset[AlertAction] = frozenset({AlertAction.VERIFY, AlertAction.CLOSE, AlertAction.REOPEN})
STATUS_LABELS: dict[str, str] = AlertStatus.labels()
STEP_LABELS: dict[str, str] = AlertSystemStep.labels() | AlertAction.labels()


def states_sql(states: frozenset[AlertStatus]) -> str:
    """The states as a list of SQL literals, in order, so that an index's condition and a query's are the same text."""
    return ", ".join(f"'{state}'" for state in sorted(states))


#: SQL: an alert that has not ended; the condition of ix_alert_tile and ix_alert_not_ended
NOT_ENDED = f"status NOT IN ({states_sql(ENDED)})"


class StepNotPossible(Taken):
    """预警当前状态不能这样处理 | This step is not possible in the alert's present state"""


class StepIncomplete(Invalid):
    """请补全处理信息 | The step lacks something it needs"""


class VerifierMayNotClose(Taken):
    """核查过这条预警的人不能自己办结，须由另一人办结 | Who verified this alert does not close it; another person does"""


@dataclass(frozen=True, slots=True)
class Transition:
    """One step a person takes. verify needs a verdict; verify, close and reopen need a reason; assign an assignee."""

    action: AlertAction
    reason: str | None = None
    verdict: Verdict | None = None
    assignee: str | None = None
    evidence: dict[str, Any] = field(default_factory=dict)


def next_status(status: str, step: Transition, *, ceased: bool = False) -> AlertStatus:
    """Where a step leads. ceased: what the rule found no longer holds; only then can it be settled.

    Raises StepNotPossible from the wrong state and StepIncomplete when something is missing.
    """
    if status not in ALLOWED_FROM[step.action]:
        label = STATUS_LABELS.get(status, status)
        raise StepNotPossible(f"当前为“{label}” / it is {status}", status=status, action=step.action)
    if step.action == AlertAction.SETTLE:
        if not ceased:
            raise StepNotPossible("预警的条件仍然成立 / what it says still holds", status=status, action=step.action)
        return AlertStatus.CLEARED
    if step.action in NEEDS_REASON and not (step.reason or "").strip():
        raise StepIncomplete("请填写理由 / give a reason", missing="reason")
    if step.action == AlertAction.ACKNOWLEDGE:
        return AlertStatus.ACKNOWLEDGED
    if step.action == AlertAction.ASSIGN:
        if not step.assignee:
            raise StepIncomplete("请选择承办人 / choose an assignee", missing="assignee")
        return AlertStatus.ASSIGNED
    if step.action == AlertAction.VERIFY:
        if step.verdict is None:
            raise StepIncomplete("请选择查实或查否 / say confirmed or refuted", missing="verdict")
        return AlertStatus(step.verdict)
    return AlertStatus.CLOSED if step.action == AlertAction.CLOSE else AlertStatus.OPEN


def possible_actions(
    status: str, *, ceased: bool = False, barred: frozenset[AlertAction] = frozenset()
) -> list[AlertAction]:
    """The steps possible from a status, in the order of the loop, without those barred to the asker."""
    without = barred if ceased else barred | {AlertAction.SETTLE}
    return [action for action, sources in ALLOWED_FROM.items() if status in sources and action not in without]


def refuse_barred(step: Transition, barred: frozenset[AlertAction]) -> None:
    """Raise VerifierMayNotClose when the step is one that this person may not take."""
    if step.action in barred:
        raise VerifierMayNotClose("请由另一位有权限的人员办结 / ask another person who may close it")
