"""Names and codes for the boundaries: towns, villages, grid cells and micro cells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from demo.land.boundaries import Boundaries
from demo.scales import Scale
from demo.words import (
    COMMUNITY_FIRST,
    COMMUNITY_LAST,
    COUNTY,
    COUNTY_CODE,
    TOWN_FIRST,
    TOWN_LAST,
    VILLAGE_FIRST,
    VILLAGE_LAST,
    unique_names,
)

Ints = npt.NDArray[np.int64]

URBAN_SHARE = {"街道": 0.65, "镇": 0.3, "乡": 0.12}
FIRST_NUMBER = {"街道": 1, "镇": 100, "乡": 200, "社区": 1, "村": 200}


@dataclass(frozen=True, slots=True)
class Divisions:
    """Codes and names of every level, numbered as in the boundaries. urban: which villages are communities (社区)."""

    boundaries: Boundaries
    town_code: list[str]
    town_name: list[str]
    village_code: list[str]
    village_name: list[str]
    village_class: list[str]
    urban: npt.NDArray[np.bool_]
    cell_code: list[str]
    cell_name: list[str]
    micro_code: list[str]
    micro_name: list[str]
    village_of_micro: Ints


def make_divisions(rng: np.random.Generator, scale: Scale, boundaries: Boundaries) -> Divisions:
    """Towns and villages numbered by the statistical rules (街道 001, 镇 100, 乡 200; 社区 001, 村 200)."""
    kinds = ["街道"] * scale.subdistricts + ["镇"] * scale.towns + ["乡"] * scale.townships
    town_code = [f"{COUNTY_CODE}{number:03d}" for number in _count_up(kinds)]
    names = unique_names(rng, TOWN_FIRST, TOWN_LAST, scale.all_towns)
    names[0] = COUNTY[:2]
    town_name = [name + kind for name, kind in zip(names, kinds, strict=True)]
    urban = _urban(boundaries, kinds)
    village_code, village_name = _villages(rng, boundaries, town_code, urban)
    cell_code = _number(boundaries.cell, boundaries.village_of_cell, village_code, 3)
    micro_code = _number(boundaries.micro, boundaries.cell_of_micro, cell_code, 2)
    cell_name = [
        f"{village_name[village]}第{int(code[-3:])}网格"
        for code, village in zip(cell_code, boundaries.village_of_cell.tolist(), strict=True)
    ]
    return Divisions(
        boundaries=boundaries,
        town_code=town_code,
        town_name=town_name,
        village_code=village_code,
        village_name=village_name,
        village_class=[
            _class_code(kinds[town], bool(city)) for town, city in zip(boundaries.town_of_village, urban, strict=True)
        ],
        urban=urban,
        cell_code=cell_code,
        cell_name=cell_name,
        micro_code=micro_code,
        micro_name=[
            f"{cell_name[cell]}微网格{int(code[-2:])}"
            for code, cell in zip(micro_code, boundaries.cell_of_micro.tolist(), strict=True)
        ],
        village_of_micro=boundaries.village_of_cell[boundaries.cell_of_micro],
    )


def _count_up(kinds: list[str]) -> list[int]:
    seen: dict[str, int] = {}
    numbers = []
    for kind in kinds:
        numbers.append(FIRST_NUMBER[kind] + seen.get(kind, 0))
        seen[kind] = seen.get(kind, 0) + 1
    return numbers


def _class_code(town_kind: str, urban: bool) -> str:
    """Urban-rural class (城乡分类代码)."""
    if not urban:
        return "220"
    return {"街道": "111", "镇": "121", "乡": "210"}[town_kind]


def _urban(boundaries: Boundaries, kinds: list[str]) -> npt.NDArray[np.bool_]:
    """The smallest villages of a town, where its people crowd, are communities."""
    area = shapely.area(boundaries.village)
    urban = np.zeros(len(area), dtype=np.bool_)
    for town, kind in enumerate(kinds):
        members = np.flatnonzero(boundaries.town_of_village == town)
        count = max(1, round(len(members) * URBAN_SHARE[kind]))
        urban[members[np.argsort(area[members], kind="stable")[:count]]] = True
    return urban


def _villages(
    rng: np.random.Generator, boundaries: Boundaries, town_code: list[str], urban: npt.NDArray[np.bool_]
) -> tuple[list[str], list[str]]:
    """Codes by town, and names; one village name occurs in two towns, as it does everywhere."""
    count = len(urban)
    rural_names = unique_names(rng, VILLAGE_FIRST, VILLAGE_LAST, count, "村")
    city_names = unique_names(rng, COMMUNITY_FIRST, COMMUNITY_LAST, count, "社区")
    code = [""] * count
    name = [""] * count
    for town, prefix in enumerate(town_code):
        for city in (True, False):
            members = np.flatnonzero((boundaries.town_of_village == town) & (urban == city)).tolist()
            for rank, village in enumerate(_west_to_east(boundaries.village, members)):
                code[village] = f"{prefix}{FIRST_NUMBER['社区' if city else '村'] + rank:03d}"
                name[village] = (city_names if city else rural_names)[village]
    rural = sorted((code[village], village) for village in np.flatnonzero(~urban).tolist())
    if rural[0][0][:9] != rural[-1][0][:9]:
        name[rural[-1][1]] = name[rural[0][1]]
    return code, name


def _west_to_east(shapes: npt.NDArray[np.object_], members: list[int]) -> list[int]:
    """In reading order: rows from north to south, within them west to east (DB6101/T 3185-2024)."""
    if len(members) < 2:
        return members
    middle = shapely.get_coordinates(shapely.centroid(shapes[members]))
    height = float(np.ptp(middle[:, 1])) / max(1.0, len(members) ** 0.5) or 1.0
    row = np.floor((middle[:, 1].max() - middle[:, 1]) / height)
    return [members[i] for i in np.lexsort((middle[:, 0], row)).tolist()]


def _number(shapes: npt.NDArray[np.object_], parent: Ints, parent_code: list[str], digits: int) -> list[str]:
    code = [""] * len(parent)
    order = np.argsort(parent, kind="stable")
    bounds = np.searchsorted(parent[order], np.arange(len(parent_code) + 1))
    for i, prefix in enumerate(parent_code):
        members = order[bounds[i] : bounds[i + 1]].tolist()
        for rank, member in enumerate(_west_to_east(shapes, members), start=1):
            code[member] = f"{prefix}{rank:0{digits}d}"
    return code
