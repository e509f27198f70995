"""Households and the persons in them, each household in one dwelling."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from demo.land.addresses import DOOR, ROOM, Addresses
from demo.people.numbers import id_numbers, phones
from demo.scales import Scale
from demo.words import COUNTY_CODE, SURNAMES, person_names

Ints = npt.NDArray[np.int64]
Days = npt.NDArray[np.datetime64]


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a kind of household. age: years, from and to; of a child, years below the head; of a parent, above."""

    relation: str
    sex: str  # head, other (than the head), male, female, any
    low: int
    high: int
    relative: int = 0  # +1 older than the head, -1 younger
    surname: str = "head"


HEAD_ADULT = Member("户主", "any", 27, 58)
SPOUSE = Member("配偶", "other", 0, 4, -1, "own")
CHILD = Member("子女", "any", 23, 27, -1)
SECOND = Member("子女", "any", 28, 32, -1)
FATHER = Member("父母", "male", 22, 26, 1)
MOTHER = Member("父母", "female", 21, 25, 1, "own")
ELDERLY_ALONE = 1
YOUNGEST_DAYS = 400  # the youngest children are born between the two editions

#: share of all households, members
KINDS: tuple[tuple[float, tuple[Member, ...]], ...] = (
    (0.12, (Member("户主", "any", 25, 54),)),
    (0.06, (Member("户主", "any", 70, 91),)),
    (0.10, (Member("户主", "male", 66, 85), SPOUSE)),
    (0.14, (HEAD_ADULT, SPOUSE)),
    (0.26, (Member("户主", "male", 29, 52), SPOUSE, CHILD)),
    (0.14, (Member("户主", "male", 33, 52), SPOUSE, CHILD, SECOND)),
    (0.18, (Member("户主", "male", 30, 50), SPOUSE, CHILD, FATHER, MOTHER)),
)


@dataclass(slots=True)
class People:
    """Columns of households and persons. Addresses are positions in the address library.

    home: where the household lives. kind: number in ``KINDS``. registered, actual: of each person; actual −1: an
    address that the library does not have.
    """

    home: Ints
    kind: Ints
    household_no: list[str]
    head: Ints
    household: Ints
    relation: list[str]
    birth: Days
    male: Ints
    surname: Ints
    name: list[str]
    id_number: list[str]
    phone: list[str]
    registered: Ints
    actual: Ints

    def __len__(self) -> int:
        return len(self.household)

    def members(self, household: int) -> list[int]:
        """The persons of a household; they stand together."""
        first = int(self.head[household])
        return list(range(first, first + len(KINDS[int(self.kind[household])][1])))

    def person_key(self, person: int) -> str:
        """The number of a person in the department's table."""
        return f"P{person + 1:08d}"


def dwellings(addresses: Addresses) -> Ints:
    """Positions of the addresses where people can live."""
    return np.flatnonzero((addresses.kind == DOOR) | (addresses.kind == ROOM))


def make_people(rng: np.random.Generator, scale: Scale, addresses: Addresses, today: date) -> People:
    """Households in different dwellings, with their members."""
    homes = dwellings(addresses)
    count = min(scale.households, len(homes) * 9 // 10)
    home = np.sort(rng.choice(homes, count, replace=False))
    shares = np.array([share for share, _ in KINDS])
    kind = rng.choice(len(KINDS), count, p=shares / shares.sum())
    sizes = np.array([len(members) for _, members in KINDS])[kind]
    head = np.cumsum(sizes) - sizes
    total = int(sizes.sum())
    household = np.repeat(np.arange(count), sizes)
    birth, male, surname, relation = _members(rng, kind, head, total, today)
    number = phones(rng, total)
    minor = ((np.datetime64(today) - birth).astype(np.int64) < 14 * 366).tolist()
    return People(
        home=home,
        kind=kind,
        household_no=[f"H{COUNTY_CODE}{i + 1:07d}" for i in range(count)],
        head=head,
        household=household,
        relation=relation,
        birth=birth,
        male=male,
        surname=surname,
        name=person_names(rng, surname),
        id_number=id_numbers(rng, COUNTY_CODE, birth, male),
        phone=["" if child else text for child, text in zip(minor, number, strict=True)],
        registered=home[household],
        actual=home[household],
    )


def _members(
    rng: np.random.Generator, kind: Ints, head: Ints, total: int, today: date
) -> tuple[Days, Ints, Ints, list[str]]:
    """Date of birth, sex, surname and relation of every person."""
    age_days = np.zeros(total, dtype=np.int64)
    male = np.zeros(total, dtype=np.int64)
    surname = np.zeros(total, dtype=np.int64)
    relation = np.empty(total, dtype=object)
    for number, (_share, members) in enumerate(KINDS):
        first = head[kind == number]
        for place, member in enumerate(members):
            at = first + place
            years = rng.uniform(member.low, member.high + 1, len(at)) * 365.25
            base = age_days[first] if member.relative else np.zeros(len(at), dtype=np.int64)
            age = base + (member.relative or 1) * years.astype(np.int64)
            age_days[at] = np.clip(age, YOUNGEST_DAYS, 104 * 365)
            male[at] = _sex(rng, member.sex, male[first])
            own = rng.integers(0, len(SURNAMES), len(at))
            surname[at] = own if place == 0 or member.surname == "own" else surname[first]
            relation[at] = member.relation
    return np.datetime64(today) - age_days, male, surname, [str(text) for text in relation]


def _sex(rng: np.random.Generator, rule: str, head: Ints) -> Ints:
    if rule == "other":
        return 1 - head
    if rule in ("male", "female"):
        return np.full(len(head), int(rule == "male"))
    return rng.integers(0, 2, len(head))
