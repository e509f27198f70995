"""The words of an anomaly in Chinese and English: labels of its facts, and title and reason as templates over them.

Facts are stored under stable English keys and as codes; whatever language is read is made from them here. The templates are
Jinja's (conditions, lists); they are text, not HTML: every page escapes what it shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from jinja2 import Environment, StrictUndefined, Template, UndefinedError

Language = Literal["zh", "en"]
#: JSON document: the facts of a finding by their labels in a language
LabelledFacts = dict[str, object]

#: The code by which a side names what lies where its reader does not see, and its words.
ELSEWHERE = "elsewhere"
ELSEWHERE_WORDS = ("本辖区以外", "outside your area")


class FactMissing(LookupError):
    """The facts do not hold what the words of this language need: those of an alert raised before the rule told it."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One key of a rule's facts. zh, en: its labels. codes: words of its values that are codes, (Chinese, English).

    form: how its value is written among the facts, ``("{} 户", "{} households")``. shown: False for what only the words need.
    """

    zh: str
    en: str
    codes: Mapping[Any, tuple[str, str]] = field(default_factory=dict)
    form: tuple[str, str] = ("", "")
    shown: bool = True


@dataclass(frozen=True, slots=True)
class Words:
    """Title and reason of a finding in one language: Jinja templates over its facts, codes already in words."""

    title: str
    reason: str


def worded(template: str, declared: Mapping[str, Fact], facts: Mapping[str, Any], language: Language) -> str:
    """A template filled from facts. Raises FactMissing."""
    values = {key: _value(declared[key], value, language) for key, value in facts.items() if key in declared}
    try:
        return _compiled(template).render(values)
    except (UndefinedError, TypeError) as missing:
        raise FactMissing(str(missing)) from None


def labelled(declared: Mapping[str, Fact], facts: Mapping[str, Any], language: Language) -> LabelledFacts:
    """Facts under their labels, those not shown left out; what is not declared stays as it is."""
    shown: dict[str, object] = {}
    for key, value in facts.items():
        fact = declared.get(key)
        if fact is None:
            shown[key] = value
        elif fact.shown:
            form = fact.form[language == "en"]
            words = _value(fact, value, language)
            shown[fact.en if language == "en" else fact.zh] = form.format(words) if form else words
    return shown


def _value(fact: Fact, value: Any, language: Language) -> Any:
    if fact.codes and (value is None or isinstance(value, str)) and value in fact.codes:
        return fact.codes[value][language == "en"]
    return value


_TEMPLATES = Environment(undefined=StrictUndefined, autoescape=False)  # noqa: S701 - sentences, not HTML


@cache
def _compiled(template: str) -> Template:
    return _TEMPLATES.from_string(template)
