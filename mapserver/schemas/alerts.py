"""What the alert routes take and give."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import BaseModel, Field, field_validator

from alerts.lifecycle import STEP_LABELS, AlertAction, AlertStatus, Verdict
from alerts.store import AlertFilter
from database.rights.scope import Role
from database.vocabulary import Severity
from grid.vocabulary import Duty
from mapserver.schemas.dates import Day
from mapserver.schemas.quality import ManualOut

EVIDENCE_MAX = 20_000


def alert_filter(
    status: Annotated[list[AlertStatus] | None, Query(description="repeatable")] = None,
    rule: Annotated[list[str] | None, Query(description="repeatable", examples=[["two_households"]])] = None,
    severity: Annotated[list[Severity] | None, Query(description="repeatable")] = None,
    grid: Annotated[
        str | None,
        Query(description="grid-code prefix", pattern=r"^[0-9]{6}([0-9]{3}){0,3}$|^[0-9]{17}$", examples=["330521100"]),
    ] = None,
    first_day: Annotated[
        Day | None, Query(alias="from", description="first day of the period in which it was found")
    ] = None,
    last_day: Annotated[
        Day | None, Query(alias="to", description="last day of the period in which it was found")
    ] = None,
    new_since: Annotated[Day | None, Query(description="first raised on this day or later")] = None,
    assignee: Annotated[str | None, Query(max_length=64, description="user name of who deals with it")] = None,
    unassigned: Annotated[bool, Query(description="only what nobody deals with")] = False,
    ceased: Annotated[bool | None, Query(description="whether what it says no longer holds")] = None,
    q: Annotated[str | None, Query(max_length=100, description="words in title or reason")] = None,
) -> AlertFilter:
    """The filter in the query string; the same for the list and for the map."""
    return AlertFilter(
        status or (), rule or (), severity or (), grid, first_day, last_day, new_since, assignee, unassigned, ceased, q
    )


class AlertOut(BaseModel):
    """An alert in a list. lon, lat in EPSG:4490."""

    id: int
    rule: str
    rule_title: str = Field(examples=["一人两户"])
    title: str
    severity: Severity
    status: AlertStatus
    version: int = Field(description="state it when taking a step")
    grid_code: str
    grid_name: str | None
    subject_kind: str
    subject_id: str
    household_id: int | None
    lon: float | None
    lat: float | None
    assignee: str | None = Field(description="user name of who deals with it")
    first_raised_at: datetime
    last_raised_at: datetime
    ceased_at: datetime | None = Field(description="since when what it says no longer holds; null while it does")


class AlertCounts(BaseModel):
    """How many alerts pass a filter; exact."""

    n: int = Field(examples=[601])
    by_severity: dict[Severity, int]
    by_status: dict[AlertStatus, int]


class StepOut(BaseModel):
    """One step of an alert's life: who, when, from, to, why."""

    action: str = Field(description=", ".join(STEP_LABELS))
    action_label: str = Field(examples=["自行消除"])
    from_status: AlertStatus | None
    to_status: AlertStatus
    actor: str
    actor_name: str
    at: datetime
    reason: str | None
    evidence: dict[str, Any]


class RelatedAlert(BaseModel):
    """Another side of the same finding, an alert with steps of its own."""

    id: int
    status: AlertStatus
    grid_code: str
    grid_name: str | None


class EarlierAlert(BaseModel):
    """An alert of the same finding that ended before."""

    id: int
    status: AlertStatus
    first_raised_at: datetime
    ceased_at: datetime


class AlertDetail(AlertOut):
    """An alert with everything an official needs to judge it.

    An alert that names a place outside the scope says only that there is one; who sees every place it names reads the whole.
    """

    assignee_name: str | None = Field(description="display name of who deals with it")
    reason: str = Field(description="why, from the facts")
    facts: dict[str, Any] = Field(description="what the rule saw, under labels of the language")
    before: dict[str, Any] | None = Field(description="state before the change that brought it about")
    after: dict[str, Any] | None = Field(description="state after that change")
    history: list[StepOut] = Field(description="oldest step first")
    related: list[RelatedAlert] = Field(description="alerts in sight that tell other sides of the same finding")
    earlier: list[EarlierAlert] = Field(description="alerts of the same finding that ended before, the latest first")
    actions: list[AlertAction] = Field(description="steps this account may take now")


class AssigneeOut(BaseModel):
    """Somebody whom an alert may be given to, or a worker of its cell who cannot be."""

    username: str | None = Field(examples=["grid-worker-01"])
    name: str
    role: Role | None = Field(examples=["grid_worker"])
    posting: Duty | None = Field(description="their duty in the alert's cell today")
    hindrance: str | None = Field(description="why the alert cannot be given to them; null when it can")


class TransitionIn(BaseModel):
    """A step. verify needs verdict and reason, close and reopen a reason, assign an assignee; settle only what ceased."""

    action: AlertAction
    version: int = Field(ge=1, description="the version you saw")
    reason: str | None = Field(default=None, max_length=1000, examples=["上门核实，两户均为本人"])
    verdict: Verdict | None = Field(default=None, description="confirmed (查实) or refuted (查否)")
    assignee: str | None = Field(default=None, max_length=64, description="user name, see /alerts/{alert_id}/assignees")
    evidence: dict[str, Any] = Field(
        default_factory=dict, description="what was seen on the spot", examples=[{"照片": 2}]
    )

    @field_validator("evidence")
    @classmethod
    def small_enough(cls, evidence: dict[str, Any]) -> dict[str, Any]:
        """Refuse evidence of more than 20,000 characters: files belong elsewhere."""
        if len(json.dumps(evidence, ensure_ascii=False)) > EVIDENCE_MAX:
            raise ValueError(f"evidence has more than {EVIDENCE_MAX} characters")
        return evidence


class ParameterOut(BaseModel):
    """A parameter of a rule. source: why its default is what it is."""

    name: str = Field(examples=["visit_days"])
    type: Literal["boolean", "integer", "number", "text"]
    default: bool | int | float | str
    unit: str = Field(examples=["天"])
    meaning: str
    source: str


class RuleOut(BaseModel):
    """An anomaly rule: title, description and parameters in the language asked for, the manual in both."""

    name: str = Field(examples=["two_households"])
    title: str = Field(examples=["一人两户"])
    severity: Severity
    description: str
    manual: ManualOut
    version: int = Field(description="counts the changes of what its facts mean; kept with each alert")
    parameters: list[ParameterOut]
