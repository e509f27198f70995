"""What an anomaly rule is: what every rule is, what it tells of a finding and in which words, and how findings are found."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection

from alerts.detection.finding import Finding
from alerts.detection.words import Fact, LabelledFacts, Language, Words, labelled, worded
from database.rules.rule import Rule, manual_of, name_of
from database.vocabulary import Severity

Find = Callable[[Connection, date, Any], Iterator[Finding]]
Watches = Mapping[str, tuple[str, ...]]
EndedByVisit = Callable[[str, date, date], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnomalyRule(Rule):
    """A rule about persons, households, dwellings, events.

    facts: every key that its findings tell, with its labels. words: title and reason in each language, filled from the
    facts. version: counts the changes of what the facts mean; it is kept with each alert.
    find: all findings of the county in scope as of a day, under these parameters; it collects facts set-based and judges
    each with the rule's own pure function. watches: table → fields whose change can bring the finding about; no fields means that the record
    appeared. The state before and after that change stands in the alert.
    ended_by_visit: whether a visit (its outcome, its day, today) answers what the rule finds about the household; None when no visit does. It must be so whatever else the records say, for a visitor does not see them all.
    second_person: whoever verified an alert of this rule does not close it; None means so when its severity is high.
    """

    facts: Mapping[str, Fact]
    words: Mapping[str, Words]
    find: Find
    version: int = 1
    watches: Watches = field(default_factory=dict)
    second_person: bool | None = None
    ended_by_visit: EndedByVisit | None = None

    @classmethod
    def of(
        cls,
        module: str,
        docstring: str | None,
        *,
        severity: str,
        facts: Mapping[str, Fact],
        words: Mapping[str, Words],
        find: Find,
        defaults: Any = None,
        version: int = 1,
        watches: Watches | None = None,
        second_person: bool | None = None,
        ended_by_visit: EndedByVisit | None = None,
    ) -> AnomalyRule:
        """The rule of a module (``__name__``, ``__doc__``): named like it, its docstring the manual. severity: a code of Severity."""
        return cls(
            name=name_of(module),
            manual=manual_of(docstring, defaults),
            severity=Severity(severity),
            defaults=defaults,
            facts=facts,
            words=words,
            find=find,
            version=version,
            watches=watches or {},
            second_person=second_person,
            ended_by_visit=ended_by_visit,
        )

    def say_title(self, facts: Mapping[str, Any], language: Language = "zh") -> str:
        """The finding in a line. Raises FactMissing."""
        return worded(self.words[language].title, self.facts, facts, language)

    def say_reason(self, facts: Mapping[str, Any], language: Language = "zh") -> str:
        """Why, in a sentence or two. Raises FactMissing."""
        return worded(self.words[language].reason, self.facts, facts, language)

    def labelled(self, facts: Mapping[str, Any], language: Language = "zh") -> LabelledFacts:
        """The facts that are shown, under their labels; a key that this rule does not declare stays as it is."""
        return labelled(self.facts, facts, language)

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
