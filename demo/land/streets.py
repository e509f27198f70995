"""Streets of the towns: each runs through the blocks that are numbered along it, and the blocks are turned to lie beside it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

#: A block's street runs below its shops: so far from the middle, in radii of the block, and so many metres further.
SHOPS_BELOW, KERB_M = 0.35, 11.0
#: Blocks further apart than this are on two lengths of the street.
GAP_M = 1200.0


def turn(points: Floats, angle: Floats | float) -> Floats:
    """Points (n, 2) turned about the origin, counter-clockwise, radians."""
    cos, sin = np.cos(angle), np.sin(angle)
    return np.stack([points[:, 0] * cos - points[:, 1] * sin, points[:, 0] * sin + points[:, 1] * cos], axis=1)


def chains(road_of_micro: Mapping[int, tuple[int, str]], seeds_m: Floats) -> list[tuple[str, list[int]]]:
    """Name and micro cells of each street, in the order in which it runs through them. road_of_micro: village and name."""
    members: dict[tuple[int, str], list[int]] = {}
    for micro, key in sorted(road_of_micro.items()):
        members.setdefault(key, []).append(micro)
    return [(name, _in_order(cells, seeds_m)) for (_village, name), cells in sorted(members.items())]


def _in_order(cells: list[int], seeds_m: Floats) -> list[int]:
    """From one end to the next nearest, and so on; the end is the cell farthest from the middle."""
    at = seeds_m[cells]
    left = list(range(len(cells)))
    here = int(np.argmax(np.hypot(*(at - at.mean(axis=0)).T)))
    order = []
    while left:
        left.remove(here)
        order.append(cells[here])
        if left:
            gap = np.hypot(*(at[left] - at[here]).T)
            here = left[int(np.argmin(gap))]
    return order


def angles(streets: list[tuple[str, list[int]]], seeds_m: Floats) -> dict[int, float]:
    """How each block is turned: along the line from the block before to the one after it."""
    found: dict[int, float] = {}
    for _name, cells in streets:
        for i, micro in enumerate(cells):
            before, after = seeds_m[cells[max(0, i - 1)]], seeds_m[cells[min(len(cells) - 1, i + 1)]]
            east, north = after - before
            found[micro] = float(np.arctan2(north, east)) if len(cells) > 1 else float(seeds_m[micro].sum() % np.pi)
    return found


def street_lines(
    streets: list[tuple[str, list[int]]], turned: Mapping[int, float], seeds_m: Floats, radius_m: Floats
) -> list[tuple[str, Floats]]:
    """Name and line (east, north metres) of each length of street: straight beside each block, curved between them."""
    lines: list[tuple[str, Floats]] = []
    for name, cells in streets:
        part: list[Floats] = []
        for i, micro in enumerate(cells):
            if i and float(np.hypot(*(seeds_m[micro] - seeds_m[cells[i - 1]]))) > GAP_M:
                lines.append((name, np.concatenate(part)))
                part = []
            reach, below = float(radius_m[micro]) * 0.5, -SHOPS_BELOW * float(radius_m[micro]) - KERB_M
            straight = np.array([[-reach, below], [0, below], [reach, below]])
            part.append(seeds_m[micro] + turn(straight, turned[micro]))
        lines.append((name, np.concatenate(part)))
    return lines
