"""Buildings, dwellings with their recorded occupancy, units and premises, and who owns, lives or works where."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from demo.land.addresses import BUILDING, DOOR, SHOP, Addresses
from demo.land.boundaries import METRES_PER_DEGREE_LAT, METRES_PER_DEGREE_LON
from demo.people.numbers import credit_codes
from demo.people.people import People, dwellings
from demo.scales import Scale
from demo.words import COUNTY_CODE, GIVEN_FIRST, GIVEN_LAST, UNIT_TRADES

Ints = npt.NDArray[np.int64]

OCCUPIED, VACANT, LET, UNKNOWN = "自住", "空置", "出租", "不详"
BUILDING_SIZE_M = {BUILDING: (40.0, 12.0), DOOR: (11.0, 10.0), SHOP: (12.5, 10.0)}


@dataclass(slots=True)
class Dwellings:
    """Where people can live: position in the address library and occupancy as the department recorded it."""

    address: Ints
    key: list[str]
    occupancy: list[str]
    of_address: dict[int, int]


@dataclass(frozen=True, slots=True)
class Units:
    """Units (单位) and premises (经营场所): position of the address, name, kind, credit code."""

    address: Ints
    name: list[str]
    kind: list[str]
    code: list[str]


def make_dwellings(rng: np.random.Generator, addresses: Addresses, people: People) -> Dwellings:
    """Every dwelling; the ones without a household are recorded vacant, let or unknown."""
    position = dwellings(addresses)
    lived_in = np.isin(position, people.home)
    chance = rng.random(len(position))
    occupancy = np.where(
        lived_in,
        np.where(chance < 0.9, OCCUPIED, LET),
        np.where(chance < 0.6, VACANT, np.where(chance < 0.85, LET, UNKNOWN)),
    )
    return Dwellings(
        address=position,
        key=[f"FW{addresses.code[i]}" for i in position.tolist()],
        occupancy=[str(text) for text in occupancy],
        of_address={int(a): i for i, a in enumerate(position.tolist())},
    )


def make_units(rng: np.random.Generator, scale: Scale, addresses: Addresses) -> Units:
    """Shops at shop addresses first, the rest at farmhouses; names are invented."""
    shops = np.flatnonzero(addresses.kind == SHOP)
    doors = np.flatnonzero(addresses.kind == DOOR)
    count = min(scale.units, len(shops) + len(doors) // 8)
    from_shops = min(len(shops), count * 3 // 4)
    chosen = np.concatenate(
        [rng.choice(shops, from_shops, replace=False), rng.choice(doors, count - from_shops, replace=False)]
    )
    trade = rng.integers(0, len(UNIT_TRADES), count).tolist()
    first = rng.integers(0, len(GIVEN_FIRST), count).tolist()
    last = rng.integers(0, len(GIVEN_LAST), count).tolist()
    return Units(
        address=chosen,
        name=[
            f"演示{GIVEN_FIRST[a]}{GIVEN_LAST[b]}{UNIT_TRADES[t][0]}"
            for a, b, t in zip(first, last, trade, strict=True)
        ],
        kind=[UNIT_TRADES[t][1] for t in trade],
        code=credit_codes(COUNTY_CODE, count),
    )


def footprints(rng: np.random.Generator, addresses: Addresses, kind: int) -> tuple[Ints, npt.NDArray[np.object_]]:
    """Positions and outlines (EPSG:4490) of all buildings of a kind of address."""
    position = np.flatnonzero(addresses.kind == kind)
    long_m, wide_m = BUILDING_SIZE_M[kind]
    count = len(position)
    street = np.array([addresses.turned.get(m, 0.0) for m in addresses.micro[position].tolist()])
    angle = rng.normal(0, 0.12, count) * (0.25 if kind == SHOP else 1.0) + street
    half = np.stack([np.array([-1, 1, 1, -1]) * long_m / 2, np.array([-1, -1, 1, 1]) * wide_m / 2], axis=-1)
    scale = rng.uniform(0.8, 1.15, count)[:, None]
    east = (half[:, 0] * np.cos(angle)[:, None] - half[:, 1] * np.sin(angle)[:, None]) * scale
    north = (half[:, 0] * np.sin(angle)[:, None] + half[:, 1] * np.cos(angle)[:, None]) * scale
    lon = addresses.lon[position][:, None] + east / METRES_PER_DEGREE_LON
    lat = addresses.lat[position][:, None] + north / METRES_PER_DEGREE_LAT
    rings = np.round(np.stack([lon, lat], axis=-1), 7)
    return position, np.asarray(shapely.polygons(shapely.linearrings(rings)))
