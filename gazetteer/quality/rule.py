"""What a quality rule is: a manual, a severity, a way to find, and sometimes a fix that is safe."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Literal

from sqlalchemy import Connection

from database.vocabulary import Severity
from gazetteer.quality.points import Library

Family = Literal["tree", "duplicates", "numbering", "position", "names", "text", "codes", "dates", "state", "grid"]
Found = tuple[int, dict[str, Any]]
Mend = Callable[[Mapping[str, str | None]], dict[str, str | None]]

FAMILIES: dict[Family, str] = {
    "tree": "层级关系", "duplicates": "重复", "numbering": "编号顺序", "position": "坐标位置", "names": "名称与代码表",
    "text": "文字书写", "codes": "编码", "dates": "日期", "state": "状态", "grid": "网格",
}  # fmt: skip
SECTIONS = ("问题", "影响", "处理", "English")


class ManualIncomplete(ValueError):
    """A rule's module docstring lacks its title line or one of the sections 问题, 影响, 处理, English."""


@dataclass(frozen=True, slots=True)
class Manual:
    """The manual of a rule, read from its module's docstring."""

    title: str
    title_en: str
    problem: str
    matters: str
    mend: str
    english: str

    @classmethod
    def of(cls, docstring: str | None) -> Manual:
        """Read ``中文名 | English name`` and the four sections. Raises ManualIncomplete."""
        head, _, body = (docstring or "").strip().partition("\n")
        title, _, title_en = (part.strip() for part in head.partition("|"))
        found = {}
        for name in SECTIONS:
            match = re.search(
                rf"^{name}[：:](.+?)(?=^(?:{'|'.join(SECTIONS)})[：:]|\Z)", body, re.MULTILINE | re.DOTALL
            )
            text = "" if match is None else re.sub(r"\s*\n\s*", " " if name == "English" else "", match[1].strip())
            if not text:
                raise ManualIncomplete(f"{head}: {name}")
            found[name] = text
        if not title or not title_en:
            raise ManualIncomplete(head)
        return cls(title, title_en, found["问题"], found["影响"], found["处理"], found["English"])


@dataclass(frozen=True, slots=True)
class Fix:
    """A mend that never touches meaning.

    columns: what it may change. Either new_values, SQL that gives ``id`` and each of the columns for the addresses in
    ``pg_temp.quality_asked (id)``; or mend, which gives the new values of a row's text columns. Text is changed only where
    the match key stays the same: the runner sees to that.
    """

    columns: tuple[str, ...]
    new_values: str | None = None
    mend: Mend | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A named rule. Exactly one of where, query, find.

    where: a condition on a row ``a`` of ``pg_temp.quality_address``, with ``facts`` (SQL, jsonb). query: SQL giving
    address_id, facts from the temporary tables. find: numbers in Python over the shared arrays. says: the finding as a
    Chinese sentence, filled from its facts. wide: compares an address with others, so that a run over a part of the
    county cannot tell that a finding is gone.
    """

    name: str
    manual: Manual
    family: Family
    severity: Severity
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
        family: Family,
        severity: str,
        says: str,
        where: str | None = None,
        facts: str = "'{}'::jsonb",
        query: str | None = None,
        find: Callable[[Library], Iterable[Found]] | None = None,
        fix: Fix | None = None,
    ) -> Rule:
        """The rule of a module (``__name__``, ``__doc__``): named like it, its docstring the manual. severity: a code of Severity."""
        if sum(way is not None for way in (where, query, find)) != 1:
            raise ValueError(f"{module}: one of where, query, find")
        return cls(
            module.rpartition(".")[2],
            Manual.of(docstring),
            family,
            Severity(severity),
            says,
            where,
            facts,
            query,
            find,
            fix,
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

    rules: Mapping[str, Rule]
    prepare: Callable[[Connection], None]
    tables: Mapping[str, str] = field(default_factory=dict)

    def tables_of(self, names: Iterable[str]) -> list[str]:
        """The further tables that these rules name."""
        chosen = [rule.query or "" for name, rule in self.rules.items() if name in names]
        return [table for table in self.tables if any(f"pg_temp.{table} " in query for query in chosen)]


def discover(package: ModuleType) -> dict[str, Rule]:
    """The ``RULE`` of every module of a package, by name."""
    found = {}
    for item in sorted(pkgutil.iter_modules(package.__path__), key=lambda item: item.name):
        rule: Rule = importlib.import_module(f"{package.__name__}.{item.name}").RULE
        found[rule.name] = rule
    return found
