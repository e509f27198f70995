"""What happened between the two editions of the people tables: moves, deaths, new phones, births."""

from __future__ import annotations

import copy
from datetime import date, timedelta
from typing import Any

import numpy as np

from demo.land.addresses import Addresses
from demo.people.numbers import id_numbers, phones
from demo.people.people import KINDS, People
from demo.people.places import LET, Dwellings
from demo.people.planted import Planted
from demo.tables.people import Edition
from demo.words import COUNTY_CODE, person_names

MOVES, DEATHS, NEW_PHONES, BIRTHS = 10, 8, 25, 12
THREE_GENERATIONS = len(KINDS) - 1
YOUNG_FAMILY = 4


def next_edition(
    rng: np.random.Generator,
    times: int,
    first: Edition,
    addresses: Addresses,
    people: People,
    dwellings: Dwellings,
    planted: Planted,
    today: date,
) -> tuple[Edition, dict[str, Any]]:
    """The second edition, and what differs, by key. Nothing that was planted is touched."""
    edition = copy.deepcopy(first)
    touched = set(planted.households) | set(planted.second_household.values())
    free = [h for h in rng.permutation(len(people.home)).tolist() if h not in touched]
    moved = _moves(
        rng,
        edition,
        addresses,
        people,
        dwellings,
        planted,
        [h for h in free if people.kind[h] in (3, 4, 5)][: MOVES * times],
    )
    old = [h for h in free if people.kind[h] == THREE_GENERATIONS][: DEATHS * times]
    for household in old:
        edition.deaths[people.members(household)[-2]] = today - timedelta(days=int(rng.integers(3, 25)))
    with_phone = [h for h in free[::-1] if h not in set(old)][: NEW_PHONES * times]
    number = phones(rng, len(with_phone))
    for household, text in zip(with_phone, number, strict=True):
        edition.phones[int(people.head[household])] = text
    young = [h for h in free if people.kind[h] == YOUNG_FAMILY][-BIRTHS * times :]
    _births(rng, edition, people, young, today)
    truth = {
        "moved_persons": [people.person_key(i) for i in moved],
        "died_persons": [people.person_key(i) for i in edition.deaths],
        "new_phones": [people.person_key(i) for i in edition.phones],
        "born_persons": [row[0] for row in edition.newborn],
    }
    return edition, truth


def _moves(
    rng: np.random.Generator,
    edition: Edition,
    addresses: Addresses,
    people: People,
    dwellings: Dwellings,
    planted: Planted,
    households: list[int],
) -> list[int]:
    """Whole households move into empty dwellings that were to let, and are registered there. Returns the persons."""
    taken = set(people.home.tolist()) | {int(people.registered[i]) for i in planted.elsewhere}
    empty = [
        int(a)
        for a, state in zip(dwellings.address, dwellings.occupancy, strict=True)
        if state == LET and int(a) not in taken
    ]
    targets = rng.permutation(empty)[: len(households)].tolist()
    persons: list[int] = []
    for household, target in zip(households, targets, strict=True):
        edition.home[household] = target
        for person in people.members(household):
            edition.registered_text[person] = edition.actual_text[person] = addresses.text(target)
            persons.append(person)
    return persons


def _births(rng: np.random.Generator, edition: Edition, people: People, households: list[int], today: date) -> None:
    """A new child in each household; its ID number is in a range of the year that no older person has."""
    male = rng.integers(0, 2, len(households))
    birth = np.datetime64(today) - rng.integers(1, 30, len(households))
    number = id_numbers(rng, COUNTY_CODE, birth, male)
    head = people.head[np.array(households, dtype=np.int64)]
    name = person_names(rng, people.surname[head])
    for i, household in enumerate(households):
        at = int(head[i])
        edition.newborn.append(
            [
                f"P8{i:07d}",
                name[i],
                "男" if male[i] else "女",
                number[i],
                str(birth[i]),
                "",
                people.household_no[household],
                "子女",
                edition.registered_text[at],
                edition.actual_text[at],
                "",
                "",
            ]
        )
