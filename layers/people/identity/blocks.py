"""Which pairs of records are compared at all (blocking): those that share a key held by few."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from layers.people.identity.records import Codes, Records
from layers.people.identity.tokens import Flags, Ints
from layers.people.identity.values import is_han

Hashes = npt.NDArray[np.uint64]
Pairs = tuple[Ints, Ints]

#: above this many rows only keys of several fields are used: the number of keys grows with the square of the words of a row
LARGE = 200_000
_LARGEST_BLOCK = 30


@dataclass(frozen=True, slots=True)
class Keys:
    """Hashed keys with the rows that have them; blocks of more than ``largest`` rows say too little and are passed over."""

    row: Ints
    key: Hashes
    largest: int


def mix(*columns: npt.ArrayLike) -> Hashes:
    """One hash of several columns of whole numbers, row by row (multiply and shift, after Steele and others 2014)."""
    parts = [np.asarray(column).astype(np.uint64) for column in columns]
    value = np.zeros(max(len(part) if part.ndim else 1 for part in parts), dtype=np.uint64)
    for part in parts:
        value = (value ^ part) * np.uint64(0x9E3779B97F4A7C15)
        value ^= value >> np.uint64(29)
    return value


def pairs_of(size: int, keys: Iterable[Keys]) -> Pairs:
    """Every pair of different rows that shares a block, once, the smaller row first, in order."""
    found = [np.zeros(0, dtype=np.int64)]
    for each in keys:
        order = np.lexsort((each.row, each.key))
        row, key = each.row[order], each.key[order]
        first = np.ones(len(row), dtype=bool)
        first[1:] = (key[1:] != key[:-1]) | (row[1:] != row[:-1])
        row, key = row[first], key[first]
        start = (
            np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]])) if len(key) else np.zeros(0, dtype=np.int64)
        )
        sizes = np.diff(np.append(start, len(key)))
        for block in np.unique(sizes[(sizes > 1) & (sizes <= each.largest)]).tolist():
            members = row[start[sizes == block][:, None] + np.arange(block)]
            x, y = np.triu_indices(block, 1)
            found.append(np.unique(members[:, x].ravel() * size + members[:, y].ravel()))
    pair = np.unique(np.concatenate(found))
    return pair // size, pair % size


def any_names(records: Records) -> Iterable[Keys]:
    """Keys for names of any script: every two facts of a record together (parts of the name, of the date of birth, of the address)."""
    large = records.size > LARGE
    names, addresses, births = (
        _name_facts(records),
        _facts(records.address.matrix, records.address.words, "a"),
        _birth_facts(records),
    )
    combinations = (
        [(names, births)]
        if large
        else [(names, births), (names, addresses), (names, names), (births, addresses), (addresses, addresses)]
    )
    both = [_together(records.size, a, b) for a, b in combinations]
    yield Keys(np.concatenate([row for row, _ in both]), np.concatenate([key for _, key in both]), _LARGEST_BLOCK)
    for column in (records.identity, records.phone, records.name_text):
        yield _column_keys(column, _LARGEST_BLOCK)


def han_names(records: Records, sounds: Ints, orders: Ints, lunar: Ints) -> Iterable[Keys]:
    """Keys for Han names. ``sounds`` and ``orders``: numbers of the given name's reading and of its characters whatever their order;
    ``lunar``: the date of birth in the lunar calendar, (size, 3), zeros where there is none."""
    year, month, day = records.birth.T
    named, dated, at_door = records.name_text.filled, (year > 0) & (month > 0), records.door.filled
    surname, given, name, door = (
        records.surname.number,
        records.given.number,
        records.name_text.number,
        records.door.number,
    )

    def keys(where: Flags, largest: int, *columns: Ints) -> Keys:
        row = np.flatnonzero(where)
        return Keys(row, mix(*(column[row] for column in columns)), largest)

    yield _column_keys(records.identity, 200)
    yield _column_keys(records.phone, 40)
    yield _column_keys(records.name_text, 25)
    yield keys(named & dated, 100, name, year, month, day)
    yield keys(named & (year > 0), 40, name, year)
    yield keys(named & dated, 40, surname, sounds, month, day)
    yield keys(named & (year > 0), 25, surname, sounds, year)
    yield keys(named & dated, 40, given, year, month, day)
    yield keys(named & dated, 30, surname, year, month, day)
    yield keys(named & (year > 0), 30, surname, orders, year)
    yield keys(at_door & named, 40, door, name)
    yield keys(at_door & named, 30, door, surname, sounds)
    yield keys(at_door & dated, 30, door, year, month, day)
    yield keys(records.address_text.filled, 24, records.address_text.number)
    written, turned = np.flatnonzero(named & dated), np.flatnonzero(named & (lunar[:, 0] > 0))
    dates = np.concatenate([records.birth[written], lunar[turned]])
    row = np.concatenate([written, turned])
    yield Keys(row, mix(surname[row], sounds[row], *dates.T), 40)


def _column_keys(column: Codes, largest: int) -> Keys:
    row = np.flatnonzero(column.filled)
    return Keys(row, mix(column.number[row]), largest)


def _hash(text: str) -> int:
    return zlib.crc32(text.encode())


def _facts(matrix: Ints, words: list[str], kind: str) -> tuple[Ints, Hashes]:
    row, at = np.nonzero(matrix < len(words))
    hashes = np.array([_hash(kind + word) for word in words] or [0], dtype=np.uint64)
    return row, hashes[matrix[row, at]] if len(row) else np.zeros(0, dtype=np.uint64)


def _name_facts(records: Records) -> tuple[Ints, Hashes]:
    """The words of a name, and of a long word its first and its last three letters."""
    words, matrix = records.name.words, records.name.matrix
    whole = _facts(matrix, words, "n")
    parts = [whole]
    long = np.array([len(word) > 3 and not is_han(word) for word in [*words, ""]])
    for kind, cut in (("p", slice(0, 3)), ("s", slice(-3, None))):
        row, at = np.nonzero(long[matrix])
        hashes = np.array([_hash(kind + word[cut]) for word in [*words, ""]], dtype=np.uint64)
        parts.append((row, hashes[matrix[row, at]]))
    return np.concatenate([row for row, _ in parts]), np.concatenate([key for _, key in parts])


def _birth_facts(records: Records) -> tuple[Ints, Hashes]:
    row = np.flatnonzero(records.birth[:, 0] > 0)
    year, month, day = records.birth[row].T
    kinds = [
        mix(year, np.full(len(row), 991)),
        mix(year, month, np.full(len(row), 7)),
        mix(year, day, np.full(len(row), 8)),
        mix(month, day, np.full(len(row), 9)),
    ]
    return np.tile(row, len(kinds)), np.concatenate(kinds)


def _together(size: int, first: tuple[Ints, Hashes], second: tuple[Ints, Hashes]) -> tuple[Ints, Hashes]:
    """Every two facts of one row as one key."""
    order = np.argsort(second[0], kind="stable")
    other = second[1][order]
    counts = np.bincount(second[0], minlength=size)
    start = np.concatenate([[0], np.cumsum(counts)])
    row, key = first
    times = counts[row]
    left = np.repeat(np.arange(len(row)), times)
    right = start[row[left]] + np.arange(len(left)) - np.repeat(np.cumsum(times) - times, times)
    x, y = key[left], other[right]
    use = x < y if first is second else np.ones(len(x), dtype=bool)
    return row[left][use], mix(x[use], y[use])
