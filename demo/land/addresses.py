"""Standard addresses: farmhouses along lanes (…村3组12号), flats in compounds and shops on streets (…社区银霞路8号3幢2单元501室)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from demo.land.boundaries import METRES_PER_DEGREE_LAT, METRES_PER_DEGREE_LON
from demo.land.divisions import Divisions
from demo.land.roads import to_metres
from demo.land.streets import angles, chains, street_lines, turn
from demo.scales import Scale
from demo.words import CITY, COUNTY, PROVINCE, ROAD_FIRST, ROAD_KINDS, ROAD_LAST, unique_names

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

DOOR, SHOP, PLATE, BUILDING, ROOM = range(5)
URBAN_SHARE = 0.55
HOUSE_GAP_M = 16.0
LANE_GAP_M = 28.0


@dataclass(frozen=True, slots=True)
class Addresses:
    """Columns of the standard addresses, one entry each. lon, lat: EPSG:4490.

    kind: DOOR (a farmhouse), SHOP, PLATE (the gate of a compound), BUILDING or ROOM. local: the text below the village.
    """

    code: list[str]
    kind: Ints
    village: Ints
    micro: Ints
    local: list[str]
    levels: list[tuple[str, str, str, str, str, str]]
    lon: Floats
    lat: Floats
    head: list[str] = field(default_factory=list)
    #: micro cell → how far its block is turned, radians; its street: name and line, metres from the county's middle
    turned: dict[int, float] = field(default_factory=dict)
    streets: list[tuple[str, Floats]] = field(default_factory=list)
    #: lanes of the hamlets: micro cell and line, metres from the county's middle
    lanes: list[tuple[int, Floats]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.code)

    def text(self, i: int) -> str:
        """The whole address as written officially."""
        return self.head[int(self.village[i])] + self.local[i]


@dataclass(slots=True)
class _Draft:
    kind: list[int] = field(default_factory=list)
    micro: list[int] = field(default_factory=list)
    levels: list[tuple[str, str, str, str, str, str]] = field(default_factory=list)
    east_north: list[tuple[float, float]] = field(default_factory=list)
    road_of_micro: dict[int, tuple[int, str]] = field(default_factory=dict)
    lanes: list[tuple[int, Floats]] = field(default_factory=list)

    def add(self, kind: int, micro: int, at: tuple[float, float], *levels: str) -> None:
        """One address; levels: group, road, number, building, entrance, room."""
        self.kind.append(kind)
        self.micro.append(micro)
        self.east_north.append(at)
        self.levels.append((levels[0], levels[1], levels[2], levels[3], levels[4], levels[5]))


def make_addresses(rng: np.random.Generator, scale: Scale, divisions: Divisions) -> Addresses:
    """All standard addresses, in order of village."""
    urban = divisions.urban[divisions.village_of_micro]
    draft = _Draft()
    _farmhouses(rng, draft, divisions, np.flatnonzero(~urban), round(scale.addresses * (1 - URBAN_SHARE)))
    _streets(rng, draft, divisions, np.flatnonzero(urban), scale.addresses - len(draft.kind))
    return _finish(draft, divisions)


def _finish(draft: _Draft, divisions: Divisions) -> Addresses:
    micro = np.array(draft.micro)
    village = divisions.village_of_micro[micro]
    rank = np.argsort(np.argsort(np.array(divisions.village_code)))
    order = np.argsort(rank[village], kind="stable")
    village, micro = village[order], micro[order]
    first = np.searchsorted(rank[village], rank[village])
    serial = (np.arange(len(order)) - first + 1).tolist()
    seeds_m = to_metres(divisions.boundaries.seeds)
    streets = chains(draft.road_of_micro, seeds_m)
    turned = angles(streets, seeds_m)
    angle = np.array([turned.get(m, 0.0) for m in micro.tolist()])
    offset = turn(np.array(draft.east_north)[order], angle) / [METRES_PER_DEGREE_LON, METRES_PER_DEGREE_LAT]
    position = np.round(divisions.boundaries.seeds[micro] + offset, 7)
    levels = [draft.levels[i] for i in order.tolist()]
    return Addresses(
        code=[f"{divisions.village_code[v]}{n:06d}" for v, n in zip(village.tolist(), serial, strict=True)],
        kind=np.array(draft.kind)[order],
        village=village,
        micro=micro,
        local=["".join(parts) for parts in levels],
        levels=levels,
        lon=position[:, 0],
        lat=position[:, 1],
        head=[
            f"{PROVINCE}{CITY}{COUNTY}{divisions.town_name[town]}{name}"
            for town, name in zip(divisions.boundaries.town_of_village.tolist(), divisions.village_name, strict=True)
        ],
        turned=turned,
        streets=street_lines(streets, turned, seeds_m, divisions.boundaries.inner_radius_m),
        lanes=[(m, seeds_m[m] + line) for m, line in draft.lanes],
    )


def _share(rng: np.random.Generator, total: int, parts: int) -> list[int]:
    """``total`` in uneven parts of at least one."""
    weight = rng.lognormal(0, 0.45, parts)
    counts = np.maximum(1, np.floor(weight / weight.sum() * total)).astype(np.int64)
    counts[: max(0, total - int(counts.sum()))] += 1
    return [int(n) for n in counts]


# --- villages ---------------------------------------------------------------------------------------


def _farmhouses(rng: np.random.Generator, draft: _Draft, divisions: Divisions, micros: Ints, total: int) -> None:
    """One hamlet (group) in each micro cell, houses on both sides of lanes."""
    ordered = sorted(micros.tolist(), key=lambda m: divisions.micro_code[m])
    group_no: dict[int, int] = {}
    for micro, count in zip(ordered, _share(rng, total, len(ordered)), strict=True):
        village = int(divisions.village_of_micro[micro])
        group_no[village] = group_no.get(village, 0) + 1
        group = f"{group_no[village]}组"
        points, lanes = _hamlet(rng, count, float(divisions.boundaries.inner_radius_m[micro]))
        draft.lanes += [(micro, lane) for lane in lanes]
        for number, at in enumerate(points, start=1):
            draft.add(DOOR, micro, at, group, "", f"{number}号", "", "", "")


def _hamlet(rng: np.random.Generator, count: int, radius_m: float) -> tuple[list[tuple[float, float]], list[Floats]]:
    """Positions of houses along two-sided lanes through the middle, inside the circle, and the lanes; metres from its centre."""
    per_lane = max(4, int(np.ceil(np.sqrt(count * 3.0))))
    along = (np.arange(count) % per_lane - (per_lane - 1) / 2) * HOUSE_GAP_M
    lane = np.arange(count) // per_lane
    phase = rng.random() * 6
    across = (lane - (count - 1) // per_lane / 2) * LANE_GAP_M + 12 * np.sin(along / 60 + phase)
    points = np.column_stack([along, across]) + rng.normal(0, 1.8, (count, 2))
    angle = rng.random() * np.pi
    turned = points @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    reach = float(np.hypot(turned[:, 0], turned[:, 1]).max(initial=0))
    ratio = min(1.0, radius_m * 0.9 / reach) if reach else 1.0
    lanes = [turn(line, angle) * ratio for line in _lanes(count, per_lane, phase)]
    return _fit(turned, radius_m), lanes


def _lanes(count: int, per_lane: int, phase: float) -> list[Floats]:
    """A lane between every two rows of houses, before the only row where there is one; and one across, that joins them."""
    rows = (count - 1) // per_lane + 1
    half = (min(count, per_lane) - 1) / 2 * HOUSE_GAP_M + 12
    along = np.linspace(-half, half, 9)
    places = [row + 0.5 for row in range(0, rows - 1, 2)] or [-0.5]
    if rows > 1 and rows % 2:
        places.append(rows - 0.5)
    curve = 12 * np.sin(along / 60 + phase)
    lanes = [np.column_stack([along, (place - (rows - 1) / 2) * LANE_GAP_M + curve]) for place in places]
    if len(lanes) > 1:
        lanes.append(np.array([lane[-1] for lane in lanes]))
    return lanes


def _fit(points: Floats, radius_m: float) -> list[tuple[float, float]]:
    reach = float(np.hypot(points[:, 0], points[:, 1]).max(initial=0))
    if reach > radius_m * 0.9:
        points = points * (radius_m * 0.9 / reach)
    return [(float(x), float(y)) for x, y in points]


# --- towns ------------------------------------------------------------------------------------------


def _streets(rng: np.random.Generator, draft: _Draft, divisions: Divisions, micros: Ints, total: int) -> None:
    """Compounds with flats, and shops, along the streets of each community; house numbers grow along a street."""
    ordered = sorted(micros.tolist(), key=lambda m: divisions.micro_code[m])
    town_of_village = divisions.boundaries.town_of_village
    roads = _road_names(rng, divisions)
    next_number: dict[tuple[int, str], int] = {}
    counts = np.array(_share(rng, total, len(ordered)))
    owed = 0
    for micro, count in zip(ordered, counts.tolist(), strict=True):
        village = int(divisions.village_of_micro[micro])
        road = roads[village][int(rng.integers(0, len(roads[village])))]
        draft.road_of_micro[micro] = (village, road)
        key = (int(town_of_village[village]), road)
        number = next_number.get(key, 1)
        start = len(draft.kind)
        owed += count
        number = _block(rng, draft, micro, road, number, owed, float(divisions.boundaries.inner_radius_m[micro]))
        next_number[key] = number
        owed -= len(draft.kind) - start


def _road_names(rng: np.random.Generator, divisions: Divisions) -> list[list[str]]:
    """Two or three streets for each community; each belongs to one community of its town."""
    town_of_village = divisions.boundaries.town_of_village
    roads: list[list[str]] = [[] for _ in divisions.village_code]
    for town in range(len(divisions.town_code)):
        members = np.flatnonzero((town_of_village == town) & divisions.urban).tolist()
        names = unique_names(rng, ROAD_FIRST, ROAD_LAST, 3 * len(members))
        for i, village in enumerate(members):
            kinds = rng.integers(0, len(ROAD_KINDS), 3).tolist()
            roads[village] = [names[3 * i + k] + ROAD_KINDS[kinds[k]] for k in range(2 + i % 2)]
    return roads


def _block(
    rng: np.random.Generator, draft: _Draft, micro: int, road: str, number: int, count: int, radius_m: float
) -> int:
    """About ``count`` addresses in one micro cell: some shops on the street, then compounds. Returns the next number."""
    first = len(draft.kind)
    shops = min(count, int(rng.integers(2, 7)))
    for i in range(shops):
        at = _within((i - shops / 2) * 14.0, -radius_m * 0.35, radius_m)
        draft.add(SHOP, micro, at, "", road, f"{number}号", "", "", "")
        number += 2
    row = 0
    while len(draft.kind) - first < count - 4:
        left = count - (len(draft.kind) - first)
        number = _compound(rng, draft, micro, road, number, left, radius_m, row)
        row += 1
    return number


def _compound(
    rng: np.random.Generator, draft: _Draft, micro: int, road: str, number: int, left: int, radius_m: float, row: int
) -> int:
    plate = f"{number}号"
    at_gate = _within(-30.0 + 60.0 * (row % 2), -radius_m * 0.25, radius_m)
    draft.add(PLATE, micro, at_gate, "", road, plate, "", "", "")
    begun = len(draft.kind)
    for block in range(int(rng.integers(1, 4))):
        if block and len(draft.kind) - begun >= left - 4:
            break
        units = int(rng.integers(1, 4))
        floors = int(rng.integers(3, 7)) if rng.random() < 0.85 else 11
        building = f"{block + 1}幢"
        east = (block - 1) * 45.0 + rng.normal(0, 3)
        north = -radius_m * 0.1 + row * 32.0 + rng.normal(0, 2)
        draft.add(BUILDING, micro, _within(east, north, radius_m), "", road, plate, building, "", "")
        for unit in range(units):
            at = _within(east + (unit - (units - 1) / 2) * 12.0, north, radius_m)
            entrance = f"{unit + 1}单元"
            for floor in range(floors):
                for side in (1, 2):
                    draft.add(ROOM, micro, at, "", road, plate, building, entrance, f"{(floor + 1) * 100 + side}室")
    return number + 2


def _within(east: float, north: float, radius_m: float) -> tuple[float, float]:
    """The point, drawn towards the middle when it lies outside the circle."""
    reach = float(np.hypot(east, north))
    ratio = min(1.0, radius_m * 0.9 / reach) if reach else 1.0
    return east * ratio, north * ratio
