"""An alert in the words of a language: rule, title, reason, facts, steps.

Chinese title and reason stand in the alert, worded when it was raised, so that the search finds them; its facts are kept under
stable keys. What cannot be worded in another language, an alert raised before its rule told all it needs, stays Chinese.
"""

from __future__ import annotations

from dataclasses import dataclass

from alerts.detection.rules import RULES
from alerts.detection.words import FactMissing, LabelledFacts, Language
from alerts.lifecycle import AlertAction, AlertSystemStep
from alerts.records import ListedAlert

_STEPS_EN: dict[str, str] = {step.value: step.en for kind in (AlertSystemStep, AlertAction) for step in kind}


@dataclass(frozen=True, slots=True)
class Wording:
    """What an alert says in a language. reason, facts: None when the store was not asked for them. facts: by label."""

    rule_title: str
    title: str
    reason: str | None
    facts: LabelledFacts | None


def in_words(alert: ListedAlert, language: Language = "zh") -> Wording:
    """An alert of the store, or one of a list, in a language.

    The title is worded from the alert's ``own_facts``, for it is the same for who sees the whole of a finding.
    """
    title, reason, facts = alert.title, alert.reason, alert.facts
    rule = RULES.get(alert.rule)
    if rule is None:
        return Wording(alert.rule, title, reason, facts)
    if language == "zh":
        return Wording(rule.title, title, reason, None if facts is None else rule.labelled(facts))
    try:
        title = rule.say_title(alert.own_facts, language)
        reason = None if facts is None else rule.say_reason(facts, language)
    except FactMissing:
        title = alert.title
    return Wording(rule.manual.title_en, title, reason, None if facts is None else rule.labelled(facts, language))


def step_label(action: str, label: str, language: Language) -> str:
    """The name of a step of an alert's history. label: in Chinese."""
    return _STEPS_EN.get(action, label) if language == "en" else label
