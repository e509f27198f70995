"""Administrative divisions: listing them, and finding their names at the head of an address."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from sqlalchemy import Connection, text

from database.connection.records import records_of
from gazetteer.codes import DivisionLevel
from gazetteer.reading.normalise import normalise

# 千秋社区居民委员会 and 千秋社区居委会 are written 千秋社区 in an address; 燎原村民委员会 is 燎原村
_COMMITTEE = re.compile(r"(?:居民委员会|居委会|村民委员会|村委会)$")
_SUFFIX = re.compile(r"(?:街道|镇|乡|县|市|区)$")
LEVELS: tuple[DivisionLevel, ...] = ("county", "town", "village")


@dataclass(frozen=True, slots=True)
class ListedDivision:
    """A division in a list. parent_code: None of a county."""

    code: str
    level: str
    name: str
    kind: str | None
    parent_code: str | None


def list_divisions(connection: Connection, parent_code: str | None = None) -> list[ListedDivision]:
    """The visible divisions, by code; of one parent when given."""
    rows = connection.execute(
        text(
            "SELECT code, level, name, kind, parent_code FROM division "
            "WHERE valid_to IS NULL AND (CAST(:parent AS text) IS NULL OR parent_code = :parent) ORDER BY code"
        ),
        {"parent": parent_code},
    )
    return records_of(ListedDivision, rows)


def spoken_name(name: str, level: DivisionLevel) -> str:
    """The name as addresses carry it, normalised: without the committee, with 社区 or 村 kept or restored."""
    plain = normalise(name)
    if level == "village" and _COMMITTEE.search(plain):
        stem = _COMMITTEE.sub("", plain)
        village = "村民" in plain or plain.endswith("村委会")
        return stem + "村" if village and not stem.endswith(("村", "社区")) else stem
    return plain


def written_names(name: str, level: DivisionLevel) -> set[str]:
    """Every way an address may write a division: 千秋社区 also as 千秋社区居委会, 千秋居委会 and so on."""
    spoken = spoken_name(name, level)
    names = {spoken}
    if level == "village":
        for suffix, committees in (
            ("社区", ("居民委员会", "居委会")),
            ("村", ("村民委员会", "村委会", "民委员会", "委会")),
        ):
            if spoken.endswith(suffix) and len(spoken) > len(suffix) + 1:
                names |= {spoken + committee for committee in committees}
                if suffix == "社区":
                    names |= {spoken.removesuffix(suffix) + committee for committee in committees}
    return names


@dataclass(frozen=True, slots=True)
class DivisionName:
    """A division under one of its names. former: True for a name it had before."""

    code: str
    level: DivisionLevel
    name: str
    former: bool = False


Table = dict[DivisionLevel, dict[str, list[DivisionName]]]


@dataclass(frozen=True)
class DivisionIndex:
    """Names of the county's divisions, for reading the head of an address. short: counties and towns without 县, 街道, 镇.

    present: official name by code; names: all it was made of, each present one once.
    """

    by_level: Table = field(default_factory=dict)
    short: Table = field(default_factory=dict)
    lengths: dict[DivisionLevel, list[int]] = field(default_factory=dict)
    present: dict[str, str] = field(default_factory=dict)
    names: tuple[DivisionName, ...] = ()

    @classmethod
    def of(cls, names: Iterable[DivisionName]) -> DivisionIndex:
        """An index of these names; longer names are tried first."""
        by_level: Table = {level: {} for level in LEVELS}
        short: Table = {level: {} for level in LEVELS}
        present: dict[str, str] = {}
        names = tuple(dict.fromkeys(names))
        for entry in names:
            if not entry.former:
                present[entry.code] = entry.name
            for written in written_names(entry.name, entry.level):
                by_level[entry.level].setdefault(written, []).append(entry)
            stem = _SUFFIX.sub("", normalise(entry.name))
            if entry.level != "village" and 2 <= len(stem) < len(normalise(entry.name)):
                short[entry.level].setdefault(stem, []).append(entry)
        lengths = {level: sorted({len(n) for n in table}, reverse=True) for level, table in by_level.items()}
        return cls(by_level, short, lengths, present, names)

    def present_name(self, code: str) -> str | None:
        """The official name of a division; None for one that the scope does not know."""
        return self.present.get(code)

    def at(self, key: str, level: DivisionLevel, *, within: str = "") -> tuple[str, list[DivisionName]] | None:
        """The longest name of this level that starts ``key``, with all divisions of that name inside ``within``."""
        for length in self.lengths.get(level, []):
            found = [d for d in self.by_level[level].get(key[:length], []) if d.code.startswith(within)]
            if found:
                return key[:length], found
        return None

    def short_town_at(self, key: str) -> tuple[str, list[DivisionName]] | None:
        """A town without its suffix at the head of ``key``, only where one of its villages follows: 武康千秋社区."""
        for name, towns in self.short.get("town", {}).items():
            if key.startswith(name):
                found = [t for t in towns if self.at(key[len(name) :], "village", within=t.code)]
                if found:
                    return name, found
        return None

    def find_county(self, key: str, *, reach: int = 12) -> tuple[int, str, list[DivisionName]] | None:
        """Position, text and division of the county's name within the first ``reach`` characters.

        Without its suffix (德清) only where a town or village follows, for 德清大道 is a road.
        """
        hits = [(at, name) for name in self.by_level.get("county", {}) if 0 <= (at := key.find(name)) <= reach]
        if hits:
            at, name = min(hits)
            return at, name, self.by_level["county"][name]
        for name, counties in self.short.get("county", {}).items():
            at = key.find(name)
            after = key[at + len(name) :]
            if 0 <= at <= reach and (self.at(after, "town") or self.at(after, "village") or self.short_town_at(after)):
                return at, name, counties
        return None


def division_index(connection: Connection) -> DivisionIndex:
    """The index of all divisions in scope and of those above it, present and former names. A few hundred rows.

    The names above the scope come from ``divisions_above_scope()``: a grid worker, who sees no division, must still be
    able to search by county, town and village.
    """
    return _index_of(connection.scalar(_NAMES) or "[]")


# One document instead of rows: whether the names are those of the last question is then one comparison. A name that went over to
# a present division, as in a merger of villages, means that one only.
_NAMES = text(
    "SELECT json_agg(json_build_array(code, level, name, former_names) ORDER BY code, name)::text FROM ("
    "SELECT code, level, name, former_names FROM division d WHERE valid_to IS NULL OR NOT EXISTS ("
    "SELECT FROM division heir WHERE heir.valid_to IS NULL AND heir.level = d.level AND heir.former_names ? d.name) "
    "UNION SELECT code, level, name, former_names FROM divisions_above_scope()) AS known"
)


@lru_cache(maxsize=128)
def _index_of(document: str) -> DivisionIndex:
    """The index of a document of names; the same for everybody who sees the same divisions. Never changed after it is made."""
    names: list[DivisionName] = []
    for code, level, name, former_names in json.loads(document):
        names.append(DivisionName(code, level, name))
        names.extend(DivisionName(code, level, former, former=True) for former in former_names)
    return DivisionIndex.of(names)
