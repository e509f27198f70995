"""What a rule says when it finds something."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection

from alerts.detection.facts import AlertFact
from database.vocabulary import Severity

#: How a side names what lies where its reader does not see.
ELSEWHERE = "本辖区以外"


@dataclass(frozen=True, slots=True)
class Whole:
    """What a finding says to who sees every place it names. places: grid codes of those outside the finding's own."""

    reason: str
    facts: dict[AlertFact, Any]
    places: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """An anomaly: about whom, why, from which facts.

    grid_code: who sees it reads title, reason and facts, so these name no place, household or address that this grid code
    does not hold (:func:`within`). A finding that names two places is told to each side in its own words, one finding a
    side, and ``whole`` says everything to who sees both. side: tells the findings of one anomaly apart; empty for the
    first, so that its fingerprint is that of an anomaly with one side.

    anchor: what makes it this finding and not another of the same rule about the same subject (the two households,
    the last visit). Equal rule, subject and anchor mean the same alert, however often it is found.
    facts: shown to the official; masked personal values only. lon, lat in EPSG:4490.
    records: (table, key) of the records whose latest change (异动) may have brought it about.
    """

    subject_kind: str
    subject_id: str
    anchor: str
    title: str
    reason: str
    grid_code: str
    facts: dict[AlertFact, Any] = field(default_factory=dict)
    household_id: int | None = None
    lon: float | None = None
    lat: float | None = None
    records: tuple[tuple[str, int], ...] = ()
    side: str = ""
    whole: Whole | None = None


def within(place: str, grid_code: str) -> bool:
    """True when who sees the grid code sees the place."""
    return place.startswith(grid_code)


@dataclass(frozen=True, slots=True)
class Rule:
    """A named rule: how its findings are shown, and how they are found.

    find: all findings of the county in scope as of a day; it collects facts set-based and judges each with the rule's
    own pure function. watches: table → fields whose change can bring the finding about; no fields means that the record
    appeared. The state before and after that change stands in the alert.
    ended_by_visit: whether a visit (its outcome, its day, today) answers what the rule finds about the household; None when no visit does. It must be so whatever else the records say, for a visitor does not see them all.
    second_person: whoever verified an alert of this rule does not close it; None means so when its severity is high.
    """

    name: str
    title: str
    severity: Severity
    description: str
    find: Callable[[Connection, date], Iterator[Finding]]
    watches: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    second_person: bool | None = None
    ended_by_visit: Callable[[str, date, date], bool] | None = None

    def fingerprint(self, finding: Finding) -> str:
        """64 hexadecimal digits, equal for the same finding told to the same side."""
        return _digest(self._parts(finding) + ((finding.side,) if finding.side else ()))

    def finding_key(self, finding: Finding) -> str | None:
        """64 hexadecimal digits, equal for all sides of a finding that crosses scopes; None for one that does not."""
        return _digest(self._parts(finding)) if finding.whole else None

    def _parts(self, finding: Finding) -> tuple[str, ...]:
        return self.name, finding.subject_kind, finding.subject_id, finding.anchor


def _digest(parts: tuple[str, ...]) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()
