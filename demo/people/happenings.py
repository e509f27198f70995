"""What happens: hotline events with surges, visits, and the objects of the public space."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import numpy.typing as npt

from demo.land.addresses import ROOM, Addresses
from demo.land.boundaries import METRES_PER_DEGREE_LAT, METRES_PER_DEGREE_LON
from demo.land.divisions import Divisions
from demo.people.people import ELDERLY_ALONE, People
from demo.words import EVENT_KINDS, SURGE_KIND, VISIT_NOTES

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

DAYS = 180
SURGE_DAYS = 6
SURGE_EVENTS = 22
OUTCOMES = ("正常见面", "无人在家", "已搬离", "拒绝走访", "需要帮扶")
OUTCOME_SHARES = (0.86, 0.07, 0.02, 0.02, 0.03)
UUID_NAMESPACE = uuid.UUID("5b0c6f0e-4f7d-4c34-9a55-0d0e3c0a9901")


@dataclass(slots=True)
class Events:
    """Hotline events (12345): when, what, at which address; minute: of the day."""

    day: list[date] = field(default_factory=list)
    minute: list[int] = field(default_factory=list)
    kind: list[str] = field(default_factory=list)
    title: list[str] = field(default_factory=list)
    state: list[str] = field(default_factory=list)
    address: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Visits:
    """Visits to households."""

    uid: list[str] = field(default_factory=list)
    household: list[int] = field(default_factory=list)
    days_ago: list[int] = field(default_factory=list)
    minute: list[int] = field(default_factory=list)
    outcome: list[str] = field(default_factory=list)
    note: list[str] = field(default_factory=list)


def make_events(
    rng: np.random.Generator,
    count: int,
    divisions: Divisions,
    addresses: Addresses,
    surge_cells: list[int],
    today: date,
) -> Events:
    """Events of the last 180 days, evenly spread, and a surge in a few cells during the last days."""
    address = rng.integers(0, len(addresses), count)
    ago = rng.integers(1, DAYS + 1, count)
    kind = rng.integers(0, len(EVENT_KINDS), count)
    cell = divisions.boundaries.cell_of_micro[addresses.micro]
    surge_kind = [name for name, _ in EVENT_KINDS].index(SURGE_KIND)
    for number in surge_cells:
        inside = np.flatnonzero(cell == number)
        address = np.concatenate([address, rng.choice(inside, SURGE_EVENTS)])
        ago = np.concatenate([ago, rng.integers(1, SURGE_DAYS + 1, SURGE_EVENTS)])
        kind = np.concatenate([kind, np.full(SURGE_EVENTS, surge_kind)])
    order = np.lexsort((address, -ago))
    chance = rng.random(len(order)).tolist()
    minutes = np.clip(rng.normal(14 * 60, 200, len(order)), 0, 1439).astype(np.int64).tolist()
    events = Events()
    first_day = np.datetime64(today)
    for i, luck, minute in zip(order.tolist(), chance, minutes, strict=True):
        name, sentence = EVENT_KINDS[int(kind[i])]
        at = int(address[i])
        events.day.append((first_day - int(ago[i])).astype(date))
        events.minute.append(minute)
        events.kind.append(name)
        events.title.append(sentence.format(place=_street(addresses, at)))
        late = int(ago[i]) > 15
        events.state.append("已办结" if late or luck < 0.4 else "办理中" if luck < 0.75 else "待受理")
        events.address.append(at)
    return events


def _street(addresses: Addresses, at: int) -> str:
    group, road, number = addresses.levels[at][:3]
    return f"{group}{road}{number}"


def make_visits(rng: np.random.Generator, people: People, unvisited: list[int]) -> Visits:
    """Old people alone are visited every few weeks, except the ones planted; of the others a fifth, once or twice."""
    forgotten = set(unvisited)
    visits = Visits()
    for household, kind in enumerate(people.kind.tolist()):
        if household in forgotten:
            ago = [int(rng.integers(35, 120))]
        elif kind == ELDERLY_ALONE:
            ago = [int(rng.integers(1, 15)), int(rng.integers(28, 45))]
        else:
            ago = [int(rng.integers(2, 90))] if rng.random() < 0.2 else []
        for days in ago:
            alone = kind == ELDERLY_ALONE
            outcome = 0 if alone else int(rng.choice(len(OUTCOMES), p=OUTCOME_SHARES))
            visits.uid.append(str(uuid.uuid5(UUID_NAMESPACE, f"{people.household_no[household]}:{days}")))
            visits.household.append(household)
            visits.days_ago.append(days)
            visits.minute.append(int(rng.integers(8 * 60 + 30, 17 * 60)))
            visits.outcome.append(OUTCOMES[outcome])
            visits.note.append(
                "" if rng.random() < 0.5 else VISIT_NOTES[3 if outcome == 1 else int(rng.integers(0, 3))]
            )
    return visits


def object_positions(rng: np.random.Generator, addresses: Addresses, count: int) -> tuple[Floats, Floats, Ints]:
    """Points a few metres beside doors: lon, lat (EPSG:4490) and the position of the address."""
    outdoors = np.flatnonzero(addresses.kind != ROOM)
    beside = rng.choice(outdoors, count)
    lon = addresses.lon[beside] + rng.normal(0, 5, count) / METRES_PER_DEGREE_LON
    lat = addresses.lat[beside] + rng.normal(0, 5, count) / METRES_PER_DEGREE_LAT
    return np.round(lon, 7), np.round(lat, 7), beside
