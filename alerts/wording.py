"""An alert in the words of a language: rule, title, reason, facts.

Chinese title and reason stand in the alert, worded when it was raised, so that the search finds them; its facts are kept under
stable keys. What cannot be worded in another language, an alert raised before its rule told all it needs, stays Chinese.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alerts.detection.rules import RULES
from alerts.detection.words import FactMissing, Language


def in_words(alert: Mapping[str, Any], language: Language = "zh") -> dict[str, Any]:
    """An alert of the store (``own_facts`` and, if it was asked for, ``reason`` and ``facts``) with ``rule_title``.

    Without ``own_facts``; the facts under the labels of the language, codes in its words. The title is worded from the
    alert's own facts, for it is the same for who sees the whole of a finding.
    """
    told = dict(alert)
    own_facts = told.pop("own_facts")
    rule = RULES.get(told["rule"])
    if rule is None:
        return told | {"rule_title": told["rule"]}
    told["rule_title"] = rule.manual.title_en if language == "en" else rule.title
    facts = told.get("facts")
    if facts is not None:
        told["facts"] = rule.labelled(facts, language)
    if language == "en":
        try:
            told["title"] = rule.say_title(own_facts, language)
            if facts is not None:
                told["reason"] = rule.say_reason(facts, language)
        except FactMissing:
            told["title"] = alert["title"]
    return told
