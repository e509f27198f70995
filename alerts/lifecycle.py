"""The life of an alert: its states, which step is possible from where, and what each needs.

open → acknowledged → assigned → confirmed (查实) or refuted (查否) → closed; reopen leads back to open.

What the rule found may cease to hold. While nobody has acted the alert then ends by itself: cleared (已自行消除). One that is
in somebody's hands only says that the condition has ceased; a person settles it, or goes on. The states stand here and
nowhere else: SQL, maps and lists take them from here, and a test holds the web app's words to them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from database.errors import Invalid, Taken

Status = Literal["open", "acknowledged", "assigned", "confirmed", "refuted", "closed", "cleared"]
Action = Literal["acknowledge", "assign", "verify", "settle", "close", "reopen"]
Verdict = Literal["confirmed", "refuted"]

#: waits for somebody
PENDING: frozenset[str] = frozenset({"open", "acknowledged", "assigned"})
#: nothing is left to do: off the map and out of every count of what waits
ENDED: frozenset[str] = frozenset({"cleared", "closed"})
#: off the map: ended, or found to be untrue
OFF_THE_MAP: frozenset[str] = ENDED | {"refuted"}
ALLOWED_FROM: dict[Action, frozenset[str]] = {
    "acknowledge": frozenset({"open"}),
    "assign": PENDING,
    "verify": PENDING,
    "settle": PENDING,
    "close": frozenset({"confirmed", "refuted"}),
    "reopen": frozenset({"confirmed", "refuted", "closed", "cleared"}),
}
NEEDS_REASON: frozenset[Action] = frozenset({"verify", "close", "reopen"})
STATUS_LABELS: dict[str, str] = {
    "open": "待签收", "acknowledged": "已签收", "assigned": "已指派",
    "confirmed": "查实", "refuted": "查否", "closed": "已办结", "cleared": "已自行消除",
}  # fmt: skip
#: steps the system takes: found; ended by itself; the condition ceased, or came back, while somebody has it in hand
SYSTEM_STEPS: tuple[str, ...] = ("raise", "clear", "cease", "recur")
STEP_LABELS: dict[str, str] = {
    "raise": "发现", "clear": "自行消除", "cease": "条件已不成立", "recur": "条件再次成立", "acknowledge": "签收",
    "assign": "指派", "verify": "核查", "settle": "确认消除", "close": "办结", "reopen": "重开",
}  # fmt: skip


def states_sql(states: frozenset[str]) -> str:
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

    action: Action
    reason: str | None = None
    verdict: Verdict | None = None
    assignee: str | None = None
    evidence: dict[str, Any] = field(default_factory=dict)


def next_status(status: str, step: Transition, *, ceased: bool = False) -> Status:
    """Where a step leads. ceased: what the rule found no longer holds; only then can it be settled.

    Raises StepNotPossible from the wrong state and StepIncomplete when something is missing.
    """
    if status not in ALLOWED_FROM[step.action]:
        label = STATUS_LABELS.get(status, status)
        raise StepNotPossible(f"当前为“{label}” / it is {status}", status=status, action=step.action)
    if step.action == "settle":
        if not ceased:
            raise StepNotPossible("预警的条件仍然成立 / what it says still holds", status=status, action=step.action)
        return "cleared"
    if step.action in NEEDS_REASON and not (step.reason or "").strip():
        raise StepIncomplete("请填写理由 / give a reason", missing="reason")
    if step.action == "acknowledge":
        return "acknowledged"
    if step.action == "assign":
        if not step.assignee:
            raise StepIncomplete("请选择承办人 / choose an assignee", missing="assignee")
        return "assigned"
    if step.action == "verify":
        if step.verdict is None:
            raise StepIncomplete("请选择查实或查否 / say confirmed or refuted", missing="verdict")
        return step.verdict
    return "closed" if step.action == "close" else "open"


def possible_actions(status: str, *, ceased: bool = False, barred: frozenset[Action] = frozenset()) -> list[Action]:
    """The steps possible from a status, in the order of the loop, without those barred to the asker."""
    without = barred if ceased else barred | {"settle"}
    return [action for action, sources in ALLOWED_FROM.items() if status in sources and action not in without]


def refuse_barred(step: Transition, barred: frozenset[Action]) -> None:
    """Raise VerifierMayNotClose when the step is one that this person may not take."""
    if step.action in barred:
        raise VerifierMayNotClose("请由另一位有权限的人员办结 / ask another person who may close it")
