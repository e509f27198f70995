"""The published addresses of a county at one moment: a large unchangeable segment, and the few changed since."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from gazetteer.matching.index.segment import Hit, Record, Segment
from gazetteer.matching.index.sorted_keys import Rows

#: Rows that one question returns at most; a text that means more addresses than this means none.
MANY_HITS = 1000
#: Addresses with one beginning, in the whole county, that are looked through; a number with more below it is no number.
MANY_BELOW = 20_000
#: So many completions are put in order; of more, the larger units.
MANY_COMPLETIONS = 1500
NaturalKey = tuple[tuple[str, int], ...]
_NUMBER = re.compile(r"(\d+)")
_COUNTER = re.compile(r"(?:号|组|队|邻|幢|单元|层|室|户|巷|弄|段)")
Changed = tuple[Record, tuple[str, ...]]  # an address and the match keys of its aliases


def natural_key(written: str) -> NaturalKey:
    """Orders numbers as numbers: 1组2号 before 1组10号 before 10组1号."""
    parts = _NUMBER.split(written)
    return tuple((parts[i], int(parts[i + 1]) if i + 1 < len(parts) else -1) for i in range(0, len(parts), 2))


def _is_but_for_counter(local: str, typed: str) -> bool:
    return local == typed or (typed[-1:].isdigit() and _COUNTER.fullmatch(local, len(typed)) is not None)


@dataclass(frozen=True)
class Library:
    """Questions that matching asks. Never changed: ``with_changes`` returns another one. version: counts the changes."""

    base: Segment
    recent: Segment
    changed: Mapping[int, Changed] = field(default_factory=dict)
    gone: npt.NDArray[np.bool_] | None = None
    version: int = 0

    @classmethod
    def of(cls, records: Iterable[Record], aliases: Iterable[tuple[int, str]] = (), *, version: int = 0) -> Library:
        """A library of these addresses."""
        return cls(Segment(records, aliases), Segment(()), version=version)

    def __len__(self) -> int:
        return len(self.base) - (int(self.gone.sum()) if self.gone is not None else 0) + len(self.recent)

    def with_changes(self, touched: Collection[int], records: Sequence[Changed]) -> Library:
        """The library after the addresses ``touched`` have become ``records``; what has no record is no longer published."""
        gone = np.zeros(len(self.base), dtype=np.bool_) if self.gone is None else self.gone.copy()
        for address_id in touched:
            row = self.base.row_of(address_id)
            if row is not None:
                gone[row] = True
        changed = {i: c for i, c in self.changed.items() if i not in set(touched)}
        changed |= {record.address_id: (record, aliases) for record, aliases in records}
        recent = Segment(
            [record for record, _ in changed.values()],
            [(i, alias) for i, (_, aliases) in changed.items() for alias in aliases],
        )
        return Library(self.base, recent, changed, gone, self.version + 1)

    def whole(self, key: str) -> list[Hit]:
        """Addresses with this match key, then those with it as an alias."""
        return [
            *(hit for s in self._segments() for hit in self._hits(s, s.whole.equal(key))),
            *self.alias(key, ""),
        ]

    def alias(self, key: str, division: str) -> list[Hit]:
        """Addresses of a division with this alias."""
        return [
            hit for s in self._segments() for hit in self._hits(s, s.within(s.aliases.equal(key), division), alias=True)
        ]

    def local(self, key: str, division: str) -> list[Hit]:
        """Addresses of a division (a code or its beginning) with this local key, then those with it as an alias."""
        return [
            *(hit for s in self._segments() for hit in self._hits(s, s.within(s.local.equal(key), division))),
            *self.alias(key, division),
        ]

    def numbered(self, tail: str, division: str) -> list[Hit]:
        """Addresses of a division with this number (and building, room …), whatever their road."""
        return [hit for s in self._segments() for hit in self._hits(s, s.with_tail(tail, division))]

    def below(self, key: str, division: str) -> list[tuple[Hit, str]]:
        """Addresses of a division whose local key begins with this number's and goes on, each with what follows in its key."""
        found: list[tuple[Hit, str]] = []
        for s in self._segments():
            first, last = s.span(division)
            gone = self.gone if s is self.base else None
            for row, local in s.local.with_beginning(key, MANY_BELOW):
                if first <= row < last and len(local) > len(key) and (gone is None or not gone[row]):
                    found.append((s.hit(row), local[len(key) :]))
        return found

    def roads_in(self, division: str) -> list[str]:
        """The roads of a division, and its groups where these stand for a road."""
        if not len(self.recent):
            return self.base.roads_in(division)
        return list(dict.fromkeys([*self.base.roads_in(division), *self.recent.roads_in(division)]))

    def starting(self, key: str, division: str, divisions: Collection[str], limit: int, *, whole: bool) -> list[int]:
        """Numbers of addresses whose local (or whole) key begins so, in a division and among ``divisions``, in order."""
        found: list[int] = []
        for s in self._segments():
            rows = (s.whole if whole else s.local).starting(key)
            found += self._some(s, rows, division, divisions, limit)
        return found[:limit]

    def completing(self, key: str, division: str, divisions: Collection[str], limit: int) -> list[int]:
        """As ``starting`` by the local key, in the order people read: what the text is but for its counter (街1 → 街1号) first, then
        the larger before what lies in it, then numbers as numbers (2号 before 10号).
        """
        found: list[tuple[tuple[bool, int, NaturalKey], int]] = []
        for s in self._segments():
            rows = self._there(s, s.local.starting(key), division, divisions)
            if len(rows) > MANY_COMPLETIONS:
                rows = rows[np.argsort(s.depths[rows], kind="stable")[:MANY_COMPLETIONS]]
            for row in rows.tolist():
                local = s.local_key(row)
                found.append(
                    ((not _is_but_for_counter(local, key), int(s.depths[row]), natural_key(local)), int(s.ids[row]))
                )
        found.sort(key=lambda one: one[0])
        return [address_id for _order, address_id in found[:limit]]

    def containing(self, part: str, division: str, divisions: Collection[str], limit: int) -> list[int]:
        """Numbers of addresses on a road whose name contains ``part``, in a division and among ``divisions``."""
        found: list[int] = []
        for s in self._segments():
            numbers = [n for n, road in enumerate(s.roads.texts) if part in road]
            if numbers:
                first, last = s.span(division)
                rows = np.flatnonzero(np.isin(s.road_no[first:last], numbers)) + first
                found += self._some(s, rows.astype(np.int32), "", divisions, limit)
        return found[:limit]

    def _some(self, s: Segment, rows: Rows, division: str, divisions: Collection[str], limit: int) -> list[int]:
        """The first rows that are there and lie in the divisions."""
        found: list[int] = []
        for start in range(0, len(rows), 4096):
            some = self._there(s, rows[start : start + 4096], division, divisions)
            found += s.ids[some[: limit - len(found)]].tolist()
            if len(found) >= limit:
                break
        return found

    def _there(self, s: Segment, rows: Rows, division: str, divisions: Collection[str]) -> Rows:
        """Those that are there still and lie in the divisions."""
        wanted = np.array([code in divisions for code in s.divisions], dtype=np.bool_)
        first, last = s.span(division)
        rows = rows[(rows >= first) & (rows < last)]
        rows = rows[wanted[s.division_no[rows]]]
        if s is self.base and self.gone is not None:
            rows = rows[~self.gone[rows]]
        return rows

    def _segments(self) -> tuple[Segment, ...]:
        return (self.base, self.recent) if len(self.recent) else (self.base,)

    def _hits(self, s: Segment, rows: Rows, *, alias: bool = False) -> list[Hit]:
        if len(rows) > MANY_HITS:
            rows = rows[:MANY_HITS]
        gone = self.gone if s is self.base else None
        return [s.hit(row, alias=alias) for row in rows.tolist() if gone is None or not gone[row]]

    @property
    def size_bytes(self) -> int:
        """Memory of the arrays and keys."""
        return self.base.size_bytes + self.recent.size_bytes
