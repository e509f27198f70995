"""The life of an alert: which step is possible from where, and what each needs.

open → acknowledged → assigned → confirmed (查实) or refuted (查否) → closed; reopen leads back to open.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from database.errors import OnemapError

Status = Literal["open", "acknowledged", "assigned", "confirmed", "refuted", "closed"]
Action = Literal["acknowledge", "assign", "verify", "close", "reopen"]
Verdict = Literal["confirmed", "refuted"]

PENDING: frozenset[str] = frozenset({"open", "acknowledged", "assigned"})
ALLOWED_FROM: dict[Action, frozenset[str]] = {
    "acknowledge": frozenset({"open"}),
    "assign": PENDING,
    "verify": PENDING,
    "close": frozenset({"confirmed", "refuted"}),
    "reopen": frozenset({"confirmed", "refuted", "closed"}),
}
NEEDS_REASON: frozenset[Action] = frozenset({"verify", "close", "reopen"})
STATUS_LABELS: dict[str, str] = {
    "open": "待签收", "acknowledged": "已签收", "assigned": "已指派",
    "confirmed": "查实", "refuted": "查否", "closed": "已办结",
}  # fmt: skip


class StepNotPossible(OnemapError):
    """预警当前状态不能这样处理 | This step is not possible in the alert's present state"""


class StepIncomplete(OnemapError):
    """请补全处理信息 | The step lacks something it needs"""


class SecondPersonNeeded(OnemapError):
    """核查过这条预警的人不能自己办结，须由另一人办结 | Who verified this alert does not close it; another person does"""


@dataclass(frozen=True, slots=True)
class Transition:
    """One step a person takes. verify needs a verdict; verify, close and reopen need a reason; assign an assignee."""

    action: Action
    reason: str | None = None
    verdict: Verdict | None = None
    assignee: str | None = None
    evidence: dict[str, Any] = field(default_factory=dict)


def next_status(status: str, step: Transition) -> Status:
    """Where a step leads. Raises StepNotPossible from the wrong state and StepIncomplete when something is missing."""
    if status not in ALLOWED_FROM[step.action]:
        label = STATUS_LABELS.get(status, status)
        raise StepNotPossible(f"当前为“{label}” / it is {status}", status=status, action=step.action)
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


def possible_actions(status: str, *, barred: frozenset[Action] = frozenset()) -> list[Action]:
    """The steps possible from a status, in the order of the loop, without those barred to the asker."""
    return [action for action, sources in ALLOWED_FROM.items() if status in sources and action not in barred]


def refuse_barred(step: Transition, barred: frozenset[Action]) -> None:
    """Raise SecondPersonNeeded when the step is one that this person may not take."""
    if step.action in barred:
        raise SecondPersonNeeded("请由另一位有权限的人员办结 / ask another person who may close it")
