"""Place names: a natural village for every hamlet, the roads of the communities, a hill and a brook in some villages."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from demo.land.addresses import Addresses
from demo.land.divisions import Divisions
from demo.words import ROAD_LAST, TOWN_FIRST, VILLAGE_FIRST, VILLAGE_LAST, unique_names

NATURE_SHARE = 0.3


@dataclass(slots=True)
class PlaceNames:
    """Columns of the place names, one entry each. lon, lat: EPSG:4490."""

    name: list[str] = field(default_factory=list)
    kind: list[str] = field(default_factory=list)
    alias: list[str] = field(default_factory=list)
    lon: list[float] = field(default_factory=list)
    lat: list[float] = field(default_factory=list)

    def add(self, name: str, kind: str, at: tuple[float, float], alias: str = "") -> None:
        """One name at a point (lon, lat)."""
        self.name.append(name)
        self.kind.append(kind)
        self.alias.append(alias)
        self.lon.append(at[0])
        self.lat.append(at[1])


def make_place_names(rng: np.random.Generator, divisions: Divisions, addresses: Addresses) -> PlaceNames:
    """All place names: hamlets where the houses of a micro cell stand, roads where their middle address is."""
    names = PlaceNames()
    seeds = divisions.boundaries.seeds
    rural = np.flatnonzero(~divisions.urban[divisions.village_of_micro]).tolist()
    hamlets = unique_names(rng, VILLAGE_FIRST, VILLAGE_LAST, len(rural))
    for micro, hamlet in zip(rural, hamlets, strict=True):
        names.add(hamlet, "自然村", (float(seeds[micro][0]), float(seeds[micro][1])), f"{hamlet}自然村")
    _roads(names, addresses)
    some = [v for v in range(len(divisions.village_code)) if rng.random() < NATURE_SHARE]
    for village, stem in zip(some, unique_names(rng, TOWN_FIRST, ROAD_LAST, len(some)), strict=True):
        micro = int(np.flatnonzero(divisions.village_of_micro == village)[-1])
        hill = rng.random() < 0.5
        at = (float(seeds[micro][0]), float(seeds[micro][1]))
        names.add(stem + ("山" if hill else "溪"), "山体" if hill else "水系", at)
    return names


def _roads(names: PlaceNames, addresses: Addresses) -> None:
    on_road: dict[tuple[int, str], list[int]] = {}
    for i, levels in enumerate(addresses.levels):
        if levels[1]:
            on_road.setdefault((int(addresses.village[i]), levels[1]), []).append(i)
    for (_village, road), at in on_road.items():
        middle = at[len(at) // 2]
        names.add(road, "道路", (float(addresses.lon[middle]), float(addresses.lat[middle])))
