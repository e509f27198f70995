"""What the store of alerts hands out: one of a list, one with its history, and the counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from alerts.lifecycle import AlertStatus
from database.vocabulary import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedAlert:
    """An alert in a list. lon, lat in EPSG:4490; title in Chinese.

    own_facts: from which the title is worded in another language, where asked for. reason, facts: None where the list was not
    asked for them.
    """

    id: int
    rule: str
    title: str
    severity: str
    status: str
    version: int
    grid_code: str
    grid_name: str | None
    subject_kind: str
    subject_id: str
    household_id: int | None
    lon: float | None
    lat: float | None
    assignee: str | None
    first_raised_at: datetime
    last_raised_at: datetime
    ceased_at: datetime | None
    severity_rank: int
    own_facts: dict[str, Any] = field(default_factory=dict)
    reason: str | None = None
    facts: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class AlertStepTaken:
    """A step of an alert's life. actor: user name; actor_name, action_label: as people read them, Chinese."""

    action: str
    action_label: str
    from_status: str | None
    to_status: str
    actor: str
    actor_name: str
    at: datetime
    reason: str | None
    evidence: dict[str, Any]


@dataclass(frozen=True, slots=True)
class RelatedSide:
    """Another side of the same finding, an alert with steps of its own."""

    id: int
    status: str
    grid_code: str
    grid_name: str | None


@dataclass(frozen=True, slots=True)
class EndedBefore:
    """An alert of the same finding that ended before."""

    id: int
    status: str
    first_raised_at: datetime
    ceased_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertFile(ListedAlert):
    """An alert with everything that is needed to judge it.

    before and after: of the change (异动) that brought it about, as the scan kept it; None where there was none.
    related: the alerts in sight that tell other sides of the same finding. earlier: those of the same finding that ended before
    this one was raised, the latest first, at most 20.
    """

    reason: str
    facts: dict[str, Any]
    assignee_name: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    history: list[AlertStepTaken]
    related: list[RelatedSide]
    earlier: list[EndedBefore]


@dataclass(frozen=True, slots=True)
class WaitingAlert:
    """An alert of a household that waits for something."""

    id: int
    title: str
    severity: str
    status: str
    rule: str


@dataclass(frozen=True, slots=True)
class FilteredCounts:
    """How many alerts pass a filter; every severity and status is named."""

    n: int
    by_severity: dict[Severity, int]
    by_status: dict[AlertStatus, int]
