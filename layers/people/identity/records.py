"""Records of persons as columns of numbers, ready to be compared."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from layers.people.identity.tokens import Flags, Ints, TokenColumn
from layers.people.identity.values import (
    SURNAME,
    Number,
    address_tokens,
    birth_parts,
    name_tokens,
    phone_digits,
    resident_number,
    sex_code,
)

Value = TypeVar("Value")
_MOST_WITH_ONE_PHONE = 30
#: the columns of a record, in the order in which records are sorted; any may be absent
COLUMNS = ("national_id", "name", "birth_date", "sex", "phone", "address", "source")


@dataclass(frozen=True, slots=True)
class Codes:
    """A column as numbers of its different values; ``none`` is the number of the empty value, or -1."""

    number: Ints
    values: list[str]
    none: int

    @property
    def filled(self) -> Flags:
        present: Flags = self.number != self.none
        return present


def codes(texts: Sequence[str]) -> Codes:
    """Different values numbered in the order in which they come."""
    number, values = _numbered(texts)
    return Codes(number, values, values.index("") if "" in values else -1)


def _numbered(values: Iterable[Hashable]) -> tuple[Ints, list]:  # type: ignore[type-arg]
    seen: dict[Hashable, int] = {}
    number = np.fromiter((seen.setdefault(value, len(seen)) for value in values), dtype=np.int64)
    return number, list(seen)


@dataclass(slots=True)
class Records:
    """``size`` records. ``birth`` is (size, 3): year, month, day, 0 for what is missing; ``stated_birth`` leaves out what a number says."""

    size: int
    name: TokenColumn
    address: TokenColumn
    name_text: Codes
    surname: Codes
    given: Codes
    birth: Ints
    stated_birth: Ints
    sex: Ints
    identity: Codes
    trust: Ints
    phone: Codes
    source: Codes
    address_text: Codes
    door: Codes
    of_han_names: float


def records(rows: Sequence[dict[str, str]]) -> Records:
    """Rows with the columns of :data:`COLUMNS`, as they come, as columns of numbers."""
    names = _each(rows, "name", name_tokens)
    addresses = _each(rows, "address", address_tokens)
    identities = _each(rows, "national_id", resident_number)
    trust = np.array([kind for kind, _ in identities], dtype=np.int64)
    birth = np.array(_each(rows, "birth_date", birth_parts), dtype=np.int64).reshape(-1, 3)
    sex = np.array(_each(rows, "sex", sex_code), dtype=np.int64)
    stated = birth.copy()
    for at in np.flatnonzero(trust == Number.SOUND):
        number = identities[at][1]
        if not birth[at, 1]:
            birth[at] = int(number[6:10]), int(number[10:12]), int(number[12:14])
        if not sex[at]:
            sex[at] = 2 - int(number[16]) % 2
    han = [bool(tokens) and tokens[0].startswith(SURNAME) for tokens in names]
    return Records(
        size=len(rows),
        name=TokenColumn(names, 6),
        address=TokenColumn(addresses, 10),
        name_text=codes([" ".join(tokens) for tokens in names]),
        surname=codes([tokens[0] if is_han else "" for tokens, is_han in zip(names, han, strict=True)]),
        given=codes([" ".join(tokens[1:] if is_han else tokens) for tokens, is_han in zip(names, han, strict=True)]),
        birth=birth,
        stated_birth=stated,
        sex=sex,
        identity=codes([number for _, number in identities]),
        trust=trust,
        phone=codes(_each(rows, "phone", phone_digits)),
        source=codes([row.get("source") or "" for row in rows]),
        address_text=codes([" ".join(tokens) for tokens in addresses]),
        door=codes([_door(tokens) for tokens in addresses]),
        of_han_names=sum(han) / max(sum(1 for tokens in names if tokens), 1),
    )


def without_placeholders(records: Records) -> None:
    """Take out what stands where something had to stand: a phone of very many, one source for all rows, 1 January as "some day of that year".

    Changes the records. A department that does not know a date of birth writes the first of January, or 1900: such a day is held by far more
    people than any other day of its year.
    """
    records.phone = _rare(records.phone, _MOST_WITH_ONE_PHONE)
    if len(np.unique(records.source.number)) == 1:
        records.source = Codes(
            records.source.number, records.source.values, int(records.source.number[0]) if records.size else -1
        )
    for birth in (records.birth, records.stated_birth):
        year, month, day = birth.T
        first = (month == 1) & (day == 1)
        whole = (year > 0) & (month > 0) & ~first
        usual = np.bincount(year[whole], minlength=3_000)[:3_000] / 365
        firsts = np.bincount(year[first], minlength=3_000)[:3_000]
        some_day = first & (firsts[year] >= 20) & (firsts[year] > 10 * usual[year])
        birth[some_day, 1:] = 0
        birth[some_day & (year <= 1900), 0] = 0


def _rare(column: Codes, most: int) -> Codes:
    """A column without the values that more than ``most`` rows have."""
    frequent = np.bincount(column.number, minlength=len(column.values))[column.number] > most
    if not (frequent & column.filled).any():
        return column
    return codes(["" if out else column.values[number] for out, number in zip(frequent, column.number, strict=True)])


def _door(tokens: tuple[str, ...]) -> str:
    """The numbers of an address when they lead to a door: a group, a floor or an entrance alone does not."""
    numbers = [token for token in tokens if re.search("[0-9]", token)]
    return "|".join(numbers) if any(not token.endswith(("组", "层", "单元", "幢")) for token in numbers) else ""


def _each(rows: Sequence[dict[str, str]], column: str, read: Callable[[str], Value]) -> list[Value]:
    """A column read, every different text once."""
    number, texts = _numbered(row.get(column) or "" for row in rows)
    values = [read(text) for text in texts]
    return [values[at] for at in number.tolist()]
