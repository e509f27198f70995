"""An unchangeable set of addresses as arrays, ordered by division, so that a town or village is a run of rows."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gazetteer.matching.index.sorted_keys import Rows, SortedKeys
from gazetteer.reading.normalise import normalise

Numbers = npt.NDArray[np.int32]


class Record(NamedTuple):
    """What the index keeps of one published address; village_group and city as written, the keys normalised."""

    address_id: int
    division: str
    local_key: str
    road_key: str
    village_group: str
    city: str
    depth: int
    match_key: str


class Hit(NamedTuple):
    """An address that answers a question, with what judging it needs. alias: found under another name."""

    address_id: int
    division: str
    road_key: str
    village_group: str
    city: str
    depth: int
    alias: bool = False


class Names:
    """Distinct texts, each with a number; '' is number 0."""

    __slots__ = ("_numbers", "texts")

    def __init__(self) -> None:
        self.texts: list[str] = [""]
        self._numbers: dict[str, int] = {"": 0}

    def number(self, text: str) -> int:
        """The number of a text, given at its first use."""
        found = self._numbers.get(text)
        if found is None:
            found = self._numbers[text] = len(self.texts)
            self.texts.append(text)
        return found

    def find(self, text: str) -> int | None:
        """The number of a text, or None when it is not there."""
        return self._numbers.get(text)


class Segment:
    """Addresses of one county. Rows are in order of division code, then as given."""

    def __init__(self, records: Iterable[Record], aliases: Iterable[tuple[int, str]] = ()) -> None:
        """aliases: address number and match key of each; those of unknown addresses are left out."""
        self.roads, self._groups, self._cities, self.tails = Names(), Names(), Names(), Names()
        codes = Names()
        ids, divisions, roads, groups, cities, tails, depths = [], [], [], [], [], [], bytearray()
        local: list[bytes] = []
        whole: list[bytes] = []
        for record in records:
            ids.append(record.address_id)
            divisions.append(codes.number(record.division))
            roads.append(self.roads.number(record.road_key))
            groups.append(self._groups.number(_group_key(record.village_group)))
            cities.append(self._cities.number(normalise(record.city) if record.city else ""))
            tails.append(self.tails.number(record.local_key.removeprefix(record.road_key)))
            depths.append(record.depth)
            local.append(record.local_key.encode())
            whole.append(record.match_key.encode())
        in_order = sorted(range(len(codes.texts)), key=codes.texts.__getitem__)
        rank = np.empty(len(in_order), dtype=np.int32)
        rank[in_order] = np.arange(len(in_order), dtype=np.int32)
        ranked = rank[np.array(divisions, dtype=np.int32)]
        order = np.argsort(ranked, kind="stable").astype(np.int32)
        place = np.empty(len(order), dtype=np.int32)
        place[order] = np.arange(len(order), dtype=np.int32)
        self.divisions = [codes.texts[i] for i in in_order]
        self.division_no: Numbers = ranked[order]
        self._starts = np.searchsorted(self.division_no, np.arange(len(in_order) + 1)).tolist()
        self.ids = np.array(ids, dtype=np.int64)[order]
        self._by_id = np.argsort(self.ids).astype(np.int32)
        self.road_no: Numbers = np.array(roads, dtype=np.int32)[order]
        self._group_no: Numbers = np.array(groups, dtype=np.int32)[order]
        self._city_no: Numbers = np.array(cities, dtype=np.int32)[order]
        self.tail_no: Numbers = np.array(tails, dtype=np.int32)[order]
        self.depths = np.frombuffer(bytes(depths), dtype=np.uint8)[order]
        in_row_order = order.tolist()
        self.local = SortedKeys([local[i] for i in in_row_order])
        del local
        self.whole = SortedKeys([whole[i] for i in in_row_order])
        del whole
        self.aliases = self._alias_keys(aliases)
        self._roads_of: dict[str, list[str]] = {}

    def _alias_keys(self, aliases: Iterable[tuple[int, str]]) -> SortedKeys:
        rows, keys = [], []
        for address_id, key in aliases:
            row = self.row_of(address_id)
            if row is not None:
                rows.append(row)
                keys.append(key.encode())
        order = sorted(range(len(rows)), key=rows.__getitem__)
        return SortedKeys([keys[i] for i in order], [rows[i] for i in order])

    def __len__(self) -> int:
        return len(self.ids)

    def row_of(self, address_id: int) -> int | None:
        """The row of an address, or None."""
        place = int(np.searchsorted(self.ids, address_id, sorter=self._by_id))
        if place < len(self.ids) and self.ids[self._by_id[place]] == address_id:
            return int(self._by_id[place])
        return None

    def span(self, division: str) -> tuple[int, int]:
        """The first row of a division (a code or its beginning; '' is the county) and the row after its last."""
        first = bisect_left(self.divisions, division)
        last = bisect_left(self.divisions, division + "~", lo=first)
        return self._starts[first], self._starts[last]

    def within(self, rows: Rows, division: str) -> Rows:
        """Those of the rows (ascending) that lie in the division."""
        if not division or not len(rows):
            return rows
        first, last = self.span(division)
        return rows[np.searchsorted(rows, first) : np.searchsorted(rows, last)]

    def with_tail(self, tail: str, division: str) -> Rows:
        """Rows of the division whose number, building … is this, whatever their road."""
        number = self.tails.find(tail)
        if number is None:
            return np.empty(0, dtype=np.int32)
        first, last = self.span(division)
        return (np.flatnonzero(self.tail_no[first:last] == number) + first).astype(np.int32)

    def roads_in(self, division: str) -> list[str]:
        """The distinct roads (or groups, where there is no road) of a division, kept after the first question."""
        found = self._roads_of.get(division)
        if found is None:
            first, last = self.span(division)
            found = [self.roads.texts[n] for n in np.unique(self.road_no[first:last]) if n]
            self._roads_of[division] = found
        return found

    def local_key(self, row: int) -> str:
        """The local key of a row: its road or group, and what follows."""
        return f"{self.roads.texts[self.road_no[row]]}{self.tails.texts[self.tail_no[row]]}"

    def hit(self, row: int, *, alias: bool = False) -> Hit:
        """A row as an answer."""
        return Hit(
            int(self.ids[row]),
            self.divisions[self.division_no[row]],
            self.roads.texts[self.road_no[row]],
            self._groups.texts[self._group_no[row]],
            self._cities.texts[self._city_no[row]],
            int(self.depths[row]),
            alias,
        )

    @property
    def size_bytes(self) -> int:
        """Memory of the arrays and keys, without the tables of distinct names."""
        arrays = (self.ids, self._by_id, self.division_no, self.road_no, self._group_no, self._city_no, self.tail_no)
        keys = self.local.size_bytes + self.whole.size_bytes + self.aliases.size_bytes
        return sum(a.nbytes for a in arrays) + self.depths.nbytes + keys


@lru_cache(maxsize=4096)
def _group_key(group: str) -> str:
    return normalise(group) if group else ""
