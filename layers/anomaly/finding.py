"""What a rule says when it finds something."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from sqlalchemy import Connection

Severity = Literal["high", "medium", "low"]


@dataclass(frozen=True, slots=True)
class Finding:
    """An anomaly: about whom, why, from which facts.

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
    facts: dict[str, Any] = field(default_factory=dict)
    household_id: int | None = None
    lon: float | None = None
    lat: float | None = None
    records: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """A named rule: how its findings are shown, and how they are found.

    find: all findings of the county in scope as of a day; it collects facts set-based and judges each with the rule's
    own pure function. watches: table → fields whose change can bring the finding about; no fields means that the record
    appeared. The state before and after that change stands in the alert.
    second_person: whoever verified an alert of this rule does not close it; None means so when its severity is high.
    """

    name: str
    title: str
    severity: Severity
    description: str
    find: Callable[[Connection, date], Iterator[Finding]]
    watches: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    second_person: bool | None = None

    def fingerprint(self, finding: Finding) -> str:
        """64 hexadecimal digits, equal for the same finding."""
        parts = (self.name, finding.subject_kind, finding.subject_id, finding.anchor)
        return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()
