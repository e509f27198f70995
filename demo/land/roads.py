"""Country roads: along the edges of micro cells, where no house stands, from every village to its town and from town to town."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from demo.land.boundaries import CENTRE_LAT, CENTRE_LON, METRES_PER_DEGREE_LAT, METRES_PER_DEGREE_LON
from demo.land.terrain import smooth

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Shapes = npt.NDArray[np.object_]

#: A bridge costs as much as so many times its length of road.
BRIDGE = 8.0
#: A road that is there already is preferred to a new one.
BUILT = 0.55


def to_metres(degrees: Floats) -> Floats:
    """lon, lat → east and north metres from the county's middle; the inverse of ``boundaries.to_degrees``."""
    return np.asarray((degrees - [CENTRE_LON, CENTRE_LAT]) * [METRES_PER_DEGREE_LON, METRES_PER_DEGREE_LAT])


def tree_of(points: Floats) -> shapely.STRtree:
    """Points (n, 2), found by place."""
    return shapely.STRtree(list(shapely.get_parts(shapely.multipoints(points))))


@dataclass(slots=True)
class Network:
    """The edges of all micro cells as a graph. at: its nodes, metres. ends: node numbers of each edge. cost: of each, metres."""

    at: Floats
    ends: Ints
    cost: Floats

    @classmethod
    def of(cls, micro: Shapes, water: Any) -> Network:
        """micro: outlines in degrees, whose neighbours share every vertex. water: an area in metres that is dear to cross."""
        coordinates, owner = shapely.get_coordinates(shapely.boundary(micro), return_index=True)
        lattice = np.rint(coordinates * 1e7).astype(np.int64)
        nodes, number = np.unique(lattice, axis=0, return_inverse=True)
        number = number.ravel()
        same = owner[:-1] == owner[1:]
        pairs = np.sort(np.stack([number[:-1][same], number[1:][same]], axis=1), axis=1)
        ends = np.unique(pairs[pairs[:, 0] != pairs[:, 1]], axis=0)
        at = to_metres(nodes / 1e7)
        cost = np.hypot(*(at[ends[:, 0]] - at[ends[:, 1]]).T)
        shapely.prepare(water)
        wet = shapely.intersects(water, shapely.linestrings(at[ends]))
        return cls(at, ends, np.where(wet, cost * BRIDGE, cost))

    def nearest(self, points: Floats) -> Ints:
        """The node nearest to each point."""
        return np.asarray(tree_of(self.at).nearest(shapely.points(points)))

    def paths(self, start: int, targets: list[int]) -> list[list[int]]:
        """The cheapest way from start to each target, as nodes; nearest targets first are built first."""
        distance, before = self._from(start)
        found = []
        for target in sorted(targets, key=lambda node: float(distance[node])):
            way, here = [target], target
            while here != start and before[here] >= 0:
                here = int(before[here])
                way.append(here)
            found.append(way)
        return found

    def _from(self, start: int) -> tuple[Floats, list[int]]:
        """Cost of the way from start to every node, and the node before each on it (Dijkstra); -1 where there is none."""
        near: list[list[tuple[int, float]]] = [[] for _ in range(len(self.at))]
        for (a, b), cost in zip(self.ends.tolist(), self.cost.tolist(), strict=True):
            near[a].append((b, cost))
            near[b].append((a, cost))
        distance = [float("inf")] * len(near)
        before = [-1] * len(near)
        distance[start] = 0.0
        queue = [(0.0, start)]
        while queue:
            so_far, here = heapq.heappop(queue)
            if so_far > distance[here]:
                continue
            for other, cost in near[here]:
                if so_far + cost < distance[other]:
                    distance[other], before[other] = so_far + cost, here
                    heapq.heappush(queue, (so_far + cost, other))
        return np.array(distance), before

    def build(self, way: list[int]) -> None:
        """Later roads would rather follow this one."""
        built = {(min(a, b), max(a, b)) for a, b in pairwise(way)}
        keys = self.ends[:, 0] * len(self.at) + self.ends[:, 1]
        wanted = np.array([a * len(self.at) + b for a, b in built], dtype=np.int64)
        places = np.searchsorted(keys, wanted)
        self.cost[places] *= BUILT


def lengths(way: list[int], taken: set[tuple[int, int]]) -> list[list[int]]:
    """The parts of a way that are not built yet; they are taken."""
    parts: list[list[int]] = []
    part: list[int] = []
    for a, b in pairwise(way):
        edge = (min(a, b), max(a, b))
        if edge in taken:
            if part:
                parts.append(part)
            part = []
            continue
        taken.add(edge)
        part = part or [a]
        part.append(b)
    if part:
        parts.append(part)
    return parts


def line_of(points: Floats) -> Any:
    """A road through these points, its corners rounded."""
    thin = shapely.get_coordinates(shapely.simplify(shapely.linestrings(points), 12))
    return shapely.linestrings(smooth(thin, 3))
