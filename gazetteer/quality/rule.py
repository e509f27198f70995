"""What a quality rule is: a manual, a severity, a way to find, and sometimes a fix that is safe."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from database.rules.rule import Rule, manual_of, name_of
from database.vocabulary import Severity
from gazetteer.quality.points import Library
from gazetteer.quality.vocabulary import RuleFamily

#: JSON document: the facts of a finding, under the keys of its rule; before it the number of the address
Found = tuple[int, dict[str, Any]]
Mend = Callable[[Mapping[str, str | None]], dict[str, str | None]]


@dataclass(frozen=True, slots=True)
class Fix:
    """A mend that never touches meaning.

    columns: what it may change. Either new_values, SQL that gives ``id`` and each of the columns for the addresses in
    ``pg_temp.quality_target (id)``; or mend, which gives the new values of a row's text columns. Text is changed only where
    the match key stays the same: the runner sees to that.
    """

    columns: tuple[str, ...]
    new_values: str | None = None
    mend: Mend | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityRule(Rule):
    """A rule about addresses. Exactly one of where, query, find.

    where: a condition on a row ``a`` of ``pg_temp.quality_address``, with ``facts`` (SQL, jsonb). query: SQL giving
    address_id, facts from the temporary tables. find: numbers in Python over the shared arrays. says: the finding as a
    Chinese sentence, filled from its facts. wide: compares an address with others, so that a run over a part of the
    county cannot tell that a finding is gone.
    """

    family: RuleFamily
    says: str
    where: str | None = None
    facts: str = "'{}'::jsonb"
    query: str | None = None
    find: Callable[[Library], Iterable[Found]] | None = None
    fix: Fix | None = None

    @property
    def wide(self) -> bool:
        """True when the rule compares addresses with each other."""
        return self.where is None

    @classmethod
    def of(
        cls,
        module: str,
        docstring: str | None,
        *,
        family: str,
        severity: str,
        says: str,
        where: str | None = None,
        facts: str = "'{}'::jsonb",
        query: str | None = None,
        find: Callable[[Library], Iterable[Found]] | None = None,
        fix: Fix | None = None,
    ) -> QualityRule:
        """The rule of a module (``__name__``, ``__doc__``): named like it, its docstring the manual. family, severity: codes of RuleFamily and Severity."""
        if sum(way is not None for way in (where, query, find)) != 1:
            raise ValueError(f"{module}: one of where, query, find")
        return cls(
            name=name_of(module),
            manual=manual_of(docstring),
            severity=Severity(severity),
            family=RuleFamily(family),
            says=says,
            where=where,
            facts=facts,
            query=query,
            find=find,
            fix=fix,
        )

    def sentence(self, facts: Mapping[str, Any]) -> str:
        """The finding in Chinese; a fact that is missing (an older finding) reads …"""
        return self.says.format_map(_Facts(facts))


class _Facts(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "…"


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The rules of one floor, and what puts the temporary tables in place that they read.

    tables: further temporary tables by name, with the SQL that makes them; made when a chosen rule's SQL names one.
    """

    rules: Mapping[str, QualityRule]
    prepare: Callable[[Connection], None]
    tables: Mapping[str, str] = field(default_factory=dict)

    def tables_of(self, names: Iterable[str]) -> list[str]:
        """The further tables that these rules name."""
        chosen = [rule.query or "" for name, rule in self.rules.items() if name in names]
        return [table for table in self.tables if any(f"pg_temp.{table} " in query for query in chosen)]
