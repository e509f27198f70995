"""Boundaries that fit together: micro cells as one coverage, everything above as unions of them.

The micro cells are Voronoi cells whose edges are roughened once per edge and rounded to a 1e-7 degree lattice, so
neighbours share every vertex. Cells, villages, towns and the county are connected groups of them: no gap, no overlap.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from demo.scales import Scale

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Shapes = npt.NDArray[np.object_]

CENTRE_LON, CENTRE_LAT = 119.98, 30.52
LATTICE = 1e-7
METRES_PER_DEGREE_LAT = 110_860.0
METRES_PER_DEGREE_LON = 111_320.0 * float(np.cos(np.radians(CENTRE_LAT)))
INNER_POINTS = 3  # between the ends of an edge
ROUGHNESS = 0.07  # of the length of the edge
SHORTEST_ROUGH_M = 40.0


@dataclass(frozen=True, slots=True)
class Boundaries:
    """Micro cells with their group numbers, and the polygons of each level; EPSG:4490, degrees.

    seeds: a point inside each micro cell. inner_radius_m: a circle of this radius about it lies inside.
    """

    seeds: Floats
    inner_radius_m: Floats
    micro: Shapes
    cell: Shapes
    village: Shapes
    town: Shapes
    county: Any
    cell_of_micro: Ints
    village_of_cell: Ints
    town_of_village: Ints


def to_degrees(metres: Floats) -> Floats:
    """East and north metres from the county's centre → lon, lat."""
    return metres / [METRES_PER_DEGREE_LON, METRES_PER_DEGREE_LAT] + [CENTRE_LON, CENTRE_LAT]


def make_boundaries(rng: np.random.Generator, scale: Scale) -> Boundaries:
    """All boundaries of a county. The same generator state gives the same boundaries."""
    for _attempt in range(20):
        centres = _town_centres(rng, scale)
        points, inside = _points(rng, scale, centres)
        rings, owner_edges = _voronoi_edges(points)
        neighbours = _neighbours(owner_edges, inside)
        if _connected(neighbours):
            break
    else:
        raise RuntimeError("no connected county in 20 attempts")
    micro = _roughen(rng, rings[:inside], owner_edges)
    seeds_m = points[:inside]
    cell_of_micro = grow_regions(rng, neighbours, seeds_m, scale.cells)
    village_of_cell, cells_m = _regroup(rng, neighbours, seeds_m, cell_of_micro, scale.villages)
    town_of_village = _towns(neighbours, seeds_m, cell_of_micro, village_of_cell, scale, centres)
    cell = dissolve(micro, cell_of_micro)
    village = dissolve(cell, village_of_cell)
    town = dissolve(village, town_of_village)
    del cells_m
    return Boundaries(
        seeds=to_degrees(seeds_m),
        inner_radius_m=_inner_radius_m(micro, to_degrees(seeds_m)),
        micro=micro,
        cell=cell,
        village=village,
        town=town,
        county=shapely.coverage_union_all(town),
        cell_of_micro=cell_of_micro,
        village_of_cell=village_of_cell,
        town_of_village=town_of_village,
    )


def dissolve(shapes: Shapes, group: Ints) -> Shapes:
    """The union of each group of a coverage; vertices stay as they are."""
    out = np.empty(int(group.max()) + 1, dtype=object)
    order = np.argsort(group, kind="stable")
    bounds = np.searchsorted(group[order], np.arange(len(out) + 1))
    for i in range(len(out)):
        out[i] = shapely.coverage_union_all(shapes[order[bounds[i] : bounds[i + 1]]])
    return out


# --- points -----------------------------------------------------------------------------------------


def _outline_radius(angle: Floats, phases: Floats, radius_m: float) -> Floats:
    waves = sum(
        amplitude * np.sin(k * angle + phase)
        for k, amplitude, phase in zip((2, 3, 5, 7, 11), (0.13, 0.10, 0.06, 0.04, 0.025), phases, strict=True)
    )
    return np.asarray(radius_m * (1 + waves))


def _town_centres(rng: np.random.Generator, scale: Scale) -> Floats:
    """One point per town, well apart; the first lies nearest the middle (the county seat). Metres."""
    best: Floats = np.zeros((0, 2))
    best_gap = -1.0
    reach = scale.radius_km * 1000 * 0.72
    for _ in range(60):
        radius = reach * np.sqrt(rng.random(scale.all_towns))
        angle = rng.random(scale.all_towns) * 2 * np.pi
        points = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
        gaps = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1)) + np.eye(len(points)) * 1e9
        if gaps.min() > best_gap:
            best, best_gap = points, float(gaps.min())
    return best[np.argsort(np.hypot(best[:, 0], best[:, 1]), kind="stable")]


def _points(rng: np.random.Generator, scale: Scale, centres: Floats) -> tuple[Floats, int]:
    """Seeds of the micro cells, metres: first those of the county, then a ring of strangers that bound them."""
    phases = rng.random(5) * 2 * np.pi
    radius_m = scale.radius_km * 1000
    count = scale.micro_cells
    town = rng.integers(0, len(centres), count * 6)
    town[: len(town) // 3] = 0  # the county seat is the largest
    spread = radius_m * 0.055
    dense = centres[town] + rng.normal(0, spread, (len(town), 2))
    wide = (rng.random((count * 6, 2)) * 2 - 1) * radius_m * 1.5
    rng.shuffle(dense)
    chosen = [_inside(dense, phases, radius_m)[: int(count * 0.38)]]
    chosen.append(_inside(wide, phases, radius_m)[: count - len(chosen[0])])
    inside = np.vstack(chosen)
    outside = wide[~_is_inside(wide, phases, radius_m)][: count * 2]
    points = np.vstack([inside, outside])
    for _ in range(3):
        cells = _voronoi(points)
        middle = shapely.get_coordinates(shapely.centroid(cells[: len(inside)]))
        points[: len(inside)] = middle
    return points, len(inside)


def _is_inside(points: Floats, phases: Floats, radius_m: float) -> npt.NDArray[np.bool_]:
    angle = np.arctan2(points[:, 1], points[:, 0])
    return np.asarray(np.hypot(points[:, 0], points[:, 1]) < _outline_radius(angle, phases, radius_m))


def _inside(points: Floats, phases: Floats, radius_m: float) -> Floats:
    return points[_is_inside(points, phases, radius_m)]


def _voronoi(points: Floats) -> Shapes:
    cells = shapely.voronoi_polygons(shapely.multipoints(points), ordered=True)
    return np.asarray(shapely.get_parts(cells))


# --- edges ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Edges:
    """Unique edges: vertex pairs (lattice integers ×4), the two polygons beside each (−1: none)."""

    ends: Ints
    owners: Ints


def _voronoi_edges(points: Floats) -> tuple[list[Ints], _Edges]:
    """Rings of the Voronoi cells as signed edge numbers (n+1, negative when reversed), and the edges."""
    polygons = _voronoi(points)
    coordinates, owner = shapely.get_coordinates(polygons, return_index=True)
    lattice = np.rint(to_degrees(coordinates) / LATTICE).astype(np.int64)
    start, stop = lattice[:-1], lattice[1:]
    real = (owner[:-1] == owner[1:]) & (start != stop).any(axis=1)
    start, stop, owner = start[real], stop[real], owner[:-1][real]
    forward = (start[:, 0] < stop[:, 0]) | ((start[:, 0] == stop[:, 0]) & (start[:, 1] < stop[:, 1]))
    keys = np.where(forward[:, None], np.hstack([start, stop]), np.hstack([stop, start]))
    ends, number = np.unique(keys, axis=0, return_inverse=True)
    number = number.ravel()
    owners = np.full((len(ends), 2), -1, dtype=np.int64)
    order = np.argsort(number, kind="stable")
    first = np.searchsorted(number[order], np.arange(len(ends)))
    owners[:, 0] = owner[order[first]]
    twice = np.bincount(number, minlength=len(ends)) > 1
    owners[twice, 1] = owner[order[first[twice] + 1]]
    signed = np.where(forward, number + 1, -(number + 1))
    bounds = np.searchsorted(owner, np.arange(len(polygons) + 1))
    return [signed[bounds[i] : bounds[i + 1]] for i in range(len(polygons))], _Edges(ends, owners)


def _neighbours(edges: _Edges, inside: int) -> list[list[int]]:
    """Micro cells of the county that share an edge."""
    out: list[list[int]] = [[] for _ in range(inside)]
    for a, b in edges.owners.tolist():
        if 0 <= a < inside and 0 <= b < inside:
            out[a].append(b)
            out[b].append(a)
    return out


def _connected(neighbours: Sequence[Sequence[int]]) -> bool:
    seen = {0}
    stack = [0]
    while stack:
        for other in neighbours[stack.pop()]:
            if other not in seen:
                seen.add(other)
                stack.append(other)
    return len(seen) == len(neighbours)


def _roughen(rng: np.random.Generator, rings: list[Ints], edges: _Edges) -> Shapes:
    """Polygons whose edges are no longer straight. An edge that would make a polygon invalid stays straight."""
    delta = (edges.ends[:, 2:] - edges.ends[:, :2]).astype(np.float64)
    length_m = np.hypot(delta[:, 0] * METRES_PER_DEGREE_LON, delta[:, 1] * METRES_PER_DEGREE_LAT) * LATTICE
    normal = np.column_stack([-delta[:, 1], delta[:, 0]])
    sway = np.clip(rng.normal(0, ROUGHNESS, (len(delta), INNER_POINTS)), -2 * ROUGHNESS, 2 * ROUGHNESS)
    sway[length_m < SHORTEST_ROUGH_M] = 0
    for _ in range(6):
        shapes = _polygons(rings, edges, delta, normal, sway)
        bad = np.flatnonzero(~shapely.is_valid(shapes))
        if len(bad) == 0:
            return shapes
        sway[np.abs(np.concatenate([rings[i] for i in bad])) - 1] = 0
    raise RuntimeError("a micro cell is invalid even with straight edges")


def _polygons(rings: list[Ints], edges: _Edges, delta: Floats, normal: Floats, sway: Floats) -> Shapes:
    along = (np.arange(INNER_POINTS) + 1) / (INNER_POINTS + 1)
    inner = edges.ends[:, None, :2] + delta[:, None] * along[None, :, None] + normal[:, None] * sway[:, :, None]
    path = np.rint(np.concatenate([edges.ends[:, None, :2], inner, edges.ends[:, None, 2:]], axis=1))
    signed = np.concatenate(rings)
    chosen = path[np.abs(signed) - 1]
    chosen = np.where((signed < 0)[:, None, None], chosen[:, ::-1], chosen)[:, :-1]
    counts = np.array([len(ring) for ring in rings])
    owner = np.repeat(np.arange(len(rings)), counts * (INNER_POINTS + 1))
    coordinates = np.round(chosen.reshape(-1, 2) * LATTICE, 7)
    shells = shapely.linearrings(coordinates, indices=owner)
    return np.asarray(shapely.remove_repeated_points(shapely.polygons(shells)))


def _inner_radius_m(polygons: Shapes, seeds: Floats) -> Floats:
    """Metres from each seed to the boundary of its micro cell, a little less."""
    ratio = METRES_PER_DEGREE_LON / METRES_PER_DEGREE_LAT
    scaled = shapely.transform(shapely.boundary(polygons), lambda xy: xy * [ratio, 1.0])
    distance = shapely.distance(scaled, shapely.points(seeds * [ratio, 1.0]))
    return np.asarray(distance * METRES_PER_DEGREE_LAT * 0.98)


# --- groups -----------------------------------------------------------------------------------------


def grow_regions(
    rng: np.random.Generator,
    neighbours: Sequence[Sequence[int]],
    points: Floats,
    count: int,
    starts: Sequence[int] | None = None,
) -> Ints:
    """Divide a connected graph into ``count`` connected regions of similar size; returns the region of each node."""
    if starts is not None:
        return _grow(neighbours, points, list(starts))
    chosen = rng.choice(len(points), count, replace=False).tolist()
    region = _grow(neighbours, points, chosen)
    for _ in range(4):
        middle = _means(points, region, count)
        gap = np.hypot(*(points - middle[region]).T)
        order = np.lexsort((gap, region))
        chosen = order[np.searchsorted(region[order], np.arange(count))].tolist()
        region = _grow(neighbours, points, chosen)
    return region


def _grow(neighbours: Sequence[Sequence[int]], points: Floats, starts: Sequence[int]) -> Ints:
    """The smallest region takes the nearest free neighbour, until none is free."""
    region = np.full(len(points), -1, dtype=np.int64)
    fronts: list[list[tuple[float, int]]] = [[] for _ in starts]
    xy = points.tolist()

    def add(node: int, number: int) -> None:
        region[node] = number
        x, y = xy[starts[number]]
        for other in neighbours[node]:
            if region[other] < 0:
                gap = (xy[other][0] - x) ** 2 + (xy[other][1] - y) ** 2
                heapq.heappush(fronts[number], (gap, other))

    for number, node in enumerate(starts):
        region[node] = number
    for number, node in enumerate(starts):
        add(node, number)
    queue = [(1, number) for number in range(len(starts))]
    heapq.heapify(queue)
    while queue:
        size, number = heapq.heappop(queue)
        front = fronts[number]
        while front and region[front[0][1]] >= 0:
            heapq.heappop(front)
        if front:
            add(heapq.heappop(front)[1], number)
            heapq.heappush(queue, (size + 1, number))
    return region


def _means(points: Floats, group: Ints, count: int) -> Floats:
    sums = np.column_stack([np.bincount(group, points[:, i], minlength=count) for i in (0, 1)])
    return np.asarray(sums / np.bincount(group, minlength=count)[:, None])


def _lift(neighbours: Sequence[Sequence[int]], group: Ints, count: int) -> list[list[int]]:
    """The neighbours of groups, from the neighbours of their members."""
    sets: list[set[int]] = [set() for _ in range(count)]
    for node, others in enumerate(neighbours):
        mine = int(group[node])
        sets[mine].update(int(group[other]) for other in others)
    return [sorted(found - {i}) for i, found in enumerate(sets)]


def _regroup(
    rng: np.random.Generator, neighbours: Sequence[Sequence[int]], seeds: Floats, cell_of_micro: Ints, count: int
) -> tuple[Ints, Floats]:
    cells = int(cell_of_micro.max()) + 1
    middle = _means(seeds, cell_of_micro, cells)
    return grow_regions(rng, _lift(neighbours, cell_of_micro, cells), middle, count), middle


def _towns(
    neighbours: Sequence[Sequence[int]],
    seeds: Floats,
    cell_of_micro: Ints,
    village_of_cell: Ints,
    scale: Scale,
    centres: Floats,
) -> Ints:
    """The town of each village, grown from the villages in which the town centres lie."""
    village_of_micro = village_of_cell[cell_of_micro]
    middle = _means(seeds, village_of_micro, scale.villages)
    starts: list[int] = []
    for centre in centres:
        order = np.argsort(np.hypot(*(middle - centre).T), kind="stable").tolist()
        starts.append(next(village for village in order if village not in starts))
    graph = _lift(neighbours, village_of_micro, scale.villages)
    return _grow(graph, middle, starts)
