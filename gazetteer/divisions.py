"""Administrative divisions: listing them, and finding their names at the head of an address."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, text

from gazetteer.codes import DivisionLevel
from gazetteer.normalise import normalise

# 千秋社区居民委员会 and 千秋社区居委会 are written 千秋社区 in an address; 燎原村民委员会 is 燎原村
_COMMITTEE = re.compile(r"(?:居民委员会|居委会|村民委员会|村委会)$")


def list_divisions(connection: Connection, parent_code: str | None = None) -> list[dict[str, Any]]:
    """The visible divisions, by code, with code, level, name, kind and parent_code; of one parent when given."""
    rows = connection.execute(
        text(
            "SELECT code, level, name, kind, parent_code FROM division "
            "WHERE valid_to IS NULL AND (CAST(:parent AS text) IS NULL OR parent_code = :parent) ORDER BY code"
        ),
        {"parent": parent_code},
    )
    return [dict(row) for row in rows.mappings()]


def spoken_name(name: str, level: DivisionLevel) -> str:
    """The name as addresses carry it, normalised: without the committee, with 社区 or 村 kept or restored."""
    plain = normalise(name)
    if level == "village" and _COMMITTEE.search(plain):
        stem = _COMMITTEE.sub("", plain)
        village = "村民" in plain or plain.endswith("村委会")
        return stem + "村" if village and not stem.endswith(("村", "社区")) else stem
    return plain


@dataclass(frozen=True, slots=True)
class DivisionName:
    """A division under one of its names. former: True for a name it had before."""

    code: str
    level: DivisionLevel
    name: str
    former: bool = False


@dataclass(frozen=True)
class DivisionIndex:
    """Names of the county's divisions, for reading the head of an address."""

    by_level: dict[DivisionLevel, dict[str, list[DivisionName]]] = field(default_factory=dict)
    lengths: dict[DivisionLevel, list[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, names: Iterable[DivisionName]) -> DivisionIndex:
        """An index of these names; longer names are tried first."""
        by_level: dict[DivisionLevel, dict[str, list[DivisionName]]] = {
            "county": {},
            "town": {},
            "village": {},
        }
        for entry in names:
            by_level[entry.level].setdefault(spoken_name(entry.name, entry.level), []).append(entry)
        lengths = {level: sorted({len(n) for n in table}, reverse=True) for level, table in by_level.items()}
        return cls(by_level, lengths)

    def at(self, key: str, level: DivisionLevel, *, within: str = "") -> tuple[str, list[DivisionName]] | None:
        """The longest name of this level that starts ``key``, with all divisions of that name inside ``within``."""
        for length in self.lengths.get(level, []):
            found = [d for d in self.by_level[level].get(key[:length], []) if d.code.startswith(within)]
            if found:
                return key[:length], found
        return None

    def find(self, key: str, level: DivisionLevel) -> tuple[int, str] | None:
        """Position and name of the first name of this level anywhere in ``key``."""
        hits = [(key.find(name), name) for name in self.by_level.get(level, {})]
        return min(((at, name) for at, name in hits if at >= 0), default=None)


def division_index(connection: Connection) -> DivisionIndex:
    """The index of all divisions in scope, present and former names. A few hundred rows."""
    rows = connection.execute(text("SELECT code, level, name, former_names FROM division"))
    names: list[DivisionName] = []
    for code, level, name, former_names in rows:
        names.append(DivisionName(code, level, name))
        names.extend(DivisionName(code, level, former, former=True) for former in former_names)
    return DivisionIndex.of(names)
