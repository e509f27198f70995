"""Codes with their labels: what a column may hold and what people call it, declared once, in the room of the column.

CHECK constraints, the schemas of the interface, the words of the Folium pages and those of the web app follow from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Self


class Vocabulary(StrEnum):
    """A set of codes. A member is written ``MET = "met", "见到本人", "met the person"`` and is its code as a str."""

    zh: str
    en: str

    def __new__(cls, code: str, zh: str = "", en: str = "") -> Self:
        """A member: the code with its label in Chinese and English."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.zh = zh
        member.en = en
        return member

    @classmethod
    def vocabulary_name(cls) -> str:
        """The stable name of the vocabulary, ``visit_outcome`` for VisitOutcome."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower()

    @classmethod
    def labels(cls) -> dict[str, str]:
        """Code → Chinese label, in the order of declaration."""
        return {str(member): member.zh for member in cls}

    @classmethod
    def label_of(cls, code: str) -> str:
        """The Chinese label of a code; a code that is not in the vocabulary is its own label."""
        return cls.labels().get(code, code)

    @classmethod
    def check(cls, column: str, *, without: Iterable[str] = ()) -> str:
        """SQL: the column holds one of the codes. NULL passes, as in every CHECK."""
        left_out = set(without)
        return f"{column} IN ({sql_codes(member for member in cls if member not in left_out)})"

    @classmethod
    def comment(cls, before: str = "") -> str:
        """The codes for a column's comment."""
        return before + ", ".join(cls)


def sql_codes(codes: Iterable[str]) -> str:
    """Codes as a list of SQL literals, in the order given."""
    return ",".join(f"'{code}'" for code in codes)


class Severity(Vocabulary):
    """How grave a finding of a rule is (严重程度)."""

    HIGH = "high", "高", "high"
    MEDIUM = "medium", "中", "medium"
    LOW = "low", "低", "low"
