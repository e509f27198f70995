"""Anomalies planted on purpose, remembered by key, so that a test can ask whether the rules find them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from demo.land.addresses import DOOR, Addresses
from demo.land.divisions import Divisions
from demo.people.people import ELDERLY_ALONE, People
from demo.people.places import LET, VACANT, Dwellings

Ints = npt.NDArray[np.int64]

#: how many of each are planted at the smallest size
TWO_HOUSEHOLDS, LIVES_ELSEWHERE, UNKNOWN_ADDRESS, UNVISITED, VACANT_OCCUPIED, SURGES = 8, 12, 12, 10, 10, 3
USUAL_KINDS = (3, 4, 5, 6)  # households of several persons, not all old


@dataclass(slots=True)
class Planted:
    """What was planted.

    second_household: person → the other household. unknown_text: person → an address that does not exist.
    unvisited: households of old persons living alone. surge_cells: numbers of cells. households: every
    household touched. village, cells: where most is to be seen, a good place for the sign-ins of the demo.
    """

    second_household: dict[int, int] = field(default_factory=dict)
    elsewhere: list[int] = field(default_factory=list)
    unknown_text: dict[int, str] = field(default_factory=dict)
    unvisited: list[int] = field(default_factory=list)
    vacant_occupied: list[int] = field(default_factory=list)
    surge_cells: list[int] = field(default_factory=list)
    households: list[int] = field(default_factory=list)
    village: int = -1
    cells: list[int] = field(default_factory=list)

    def truth(self, people: People, dwellings: Dwellings, divisions: Divisions) -> dict[str, Any]:
        """Keys by rule, as the department tables write them."""
        return {
            "two_households": [people.person_key(i) for i in self.second_household],
            "registered_actual_differ": [people.person_key(i) for i in self.elsewhere],
            "unknown_address": [people.person_key(i) for i in self.unknown_text],
            "elderly_alone_unvisited": [people.household_no[i] for i in self.unvisited],
            "vacant_but_occupied": [dwellings.key[i] for i in self.vacant_occupied],
            "event_surge": [divisions.cell_code[i] for i in self.surge_cells],
        }


def plant(
    rng: np.random.Generator,
    times: int,
    divisions: Divisions,
    addresses: Addresses,
    people: People,
    dwellings: Dwellings,
) -> Planted:
    """Choose the subjects of each rule, each household at most once, and change the records accordingly."""
    planted = Planted()
    usual = np.flatnonzero(np.isin(people.kind, USUAL_KINDS))
    queue = iter(rng.permutation(usual).tolist())
    _two_households(planted, queue, people, times)
    _elsewhere(rng, planted, queue, people, dwellings, times)
    _unknown_addresses(planted, queue, addresses, people, times)
    _vacant(planted, queue, people, dwellings, times)
    planted.village, planted.cells = _busiest_village(planted, divisions, addresses, people)
    cell = divisions.boundaries.cell_of_micro[addresses.micro[people.home]]
    alone = rng.permutation(np.flatnonzero(people.kind == ELDERLY_ALONE))
    near = alone[np.isin(cell[alone], planted.cells)][:2]
    others = alone[~np.isin(alone, near)][: UNVISITED * times - len(near)]
    planted.unvisited = sorted([*near.tolist(), *others.tolist()])
    planted.households += planted.unvisited
    planted.surge_cells = _surge_cells(rng, divisions, addresses, planted)
    return planted


def _take(queue: Iterator[int], count: int, planted: Planted) -> list[int]:
    taken = [next(queue) for _ in range(count)]
    planted.households += taken
    return taken


def _two_households(planted: Planted, queue: Iterator[int], people: People, times: int) -> None:
    """A spouse or child who is also listed in the household of a relative."""
    for household in _take(queue, TWO_HOUSEHOLDS * times, planted):
        planted.second_household[people.members(household)[-1]] = next(queue)


def _elsewhere(
    rng: np.random.Generator, planted: Planted, queue: Iterator[int], people: People, dwellings: Dwellings, times: int
) -> None:
    """Whole households registered in one place and living in another."""
    occupied = set(people.home.tolist())
    empty = [int(a) for a, state in zip(dwellings.address, dwellings.occupancy, strict=True) if state == LET]
    old_homes = [int(a) for a in rng.permutation(empty).tolist() if a not in occupied]
    for household in _take(queue, LIVES_ELSEWHERE * times, planted):
        members = people.members(household)
        people.registered[members] = old_homes.pop()
        planted.elsewhere += members


def _unknown_addresses(
    planted: Planted, queue: Iterator[int], addresses: Addresses, people: People, times: int
) -> None:
    """A number far beyond the last one of its hamlet or street."""
    for n, household in enumerate(_take(queue, UNKNOWN_ADDRESS * times, planted)):
        home = int(people.home[household])
        group, road = addresses.levels[home][:2]
        text = f"{addresses.head[int(addresses.village[home])]}{group}{road}{900 + n}号"
        for person in people.members(household):
            people.actual[person] = -1
            planted.unknown_text[person] = text


def _vacant(planted: Planted, queue: Iterator[int], people: People, dwellings: Dwellings, times: int) -> None:
    for household in _take(queue, VACANT_OCCUPIED * times, planted):
        dwelling = dwellings.of_address[int(people.home[household])]
        dwellings.occupancy[dwelling] = VACANT
        planted.vacant_occupied.append(dwelling)


def _surge_cells(rng: np.random.Generator, divisions: Divisions, addresses: Addresses, planted: Planted) -> list[int]:
    """Cells with enough doors, in different villages; the first one is where the demo's grid worker is."""
    cell_of_address = divisions.boundaries.cell_of_micro[addresses.micro]
    doors = np.bincount(cell_of_address, minlength=len(divisions.cell_code))
    chosen: list[int] = []
    villages: set[int] = set()
    own = [cell for cell in planted.cells if doors[cell] >= 20]
    for cell in own[:1] + rng.permutation(np.flatnonzero(doors >= 20)).tolist():
        village = int(divisions.boundaries.village_of_cell[cell])
        if village not in villages:
            chosen.append(cell)
            villages.add(village)
        if len(chosen) == SURGES:
            break
    return chosen


def _busiest_village(
    planted: Planted, divisions: Divisions, addresses: Addresses, people: People
) -> tuple[int, list[int]]:
    """The rural village in which most was planted so far, and its two cells with most of it."""
    homes = people.home[np.array(planted.households)]
    cell = divisions.boundaries.cell_of_micro[addresses.micro[homes]]
    at_farm = addresses.kind[homes] == DOOR
    per_village = np.bincount(addresses.village[homes][at_farm], minlength=len(divisions.village_code))
    village = int(per_village.argmax())
    per_cell = np.bincount(cell, minlength=len(divisions.cell_code))
    inside = np.flatnonzero(divisions.boundaries.village_of_cell == village)
    ranked = inside[np.argsort(-per_cell[inside], kind="stable")]
    return village, [int(i) for i in ranked[:2]]
