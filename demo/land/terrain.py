"""The land of the demo county: a river with its lakes, hills with woods, fields, ponds. Nothing of it lies where somebody lives.

Everything is in metres east and north of the county's middle; the same generator state gives the same land.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

Floats = npt.NDArray[np.float64]
Shapes = npt.NDArray[np.object_]

CANDIDATES = 40
RIVER_HALF_M = 42.0


@dataclass(slots=True)
class Terrain:
    """river, brooks, railway, expressway: lines. lakes, ponds: outlines with names ("" for ponds). woods: see :func:`cover`."""

    river: Any
    river_area: Any
    brooks: list[tuple[str, Any]] = field(default_factory=list)
    lakes: list[tuple[str, str, Any]] = field(default_factory=list)
    railway: Any = None
    expressway: Any = None


def smooth(line: Floats, times: int = 3) -> Floats:
    """Corners cut (Chaikin); the ends stay."""
    for _ in range(times):
        near, far = line[:-1] * 0.75 + line[1:] * 0.25, line[:-1] * 0.25 + line[1:] * 0.75
        line = np.concatenate([line[:1], np.stack([near, far], axis=1).reshape(-1, 2), line[-1:]])
    return line


def crossing(
    rng: np.random.Generator,
    county: Any,
    homes: Any,
    *,
    clear_m: float,
    sway: float,
    waves: tuple[float, ...],
    slope: float,
) -> Any:
    """A curve from edge to edge of the county that passes the fewest homes. homes: a tree of points. sway: in radii."""
    west, south, east, north = shapely.bounds(county).tolist()
    radius = (east - west) / 2
    middle = np.array([(west + east) / 2, (south + north) / 2])
    along = np.linspace(-1.25, 1.25, 90)
    best, fewest = None, float("inf")
    for _ in range(CANDIDATES):
        across = rng.uniform(-0.55, 0.55) + sum(
            sway / k * np.sin(along * k * np.pi + rng.uniform(0, 2 * np.pi)) for k in waves
        )
        angle = slope + rng.normal(0, 0.25)
        cos, sin = np.cos(angle), np.sin(angle)
        points = np.stack([along * cos - across * sin, along * sin + across * cos], axis=1) * radius + middle
        line = shapely.linestrings(smooth(points, 2))
        met = len(homes.query(line, predicate="dwithin", distance=clear_m))
        inside = float(shapely.length(shapely.intersection(line, county))) / radius
        score = met + max(0.0, 1.3 - inside) * 50
        if score < fewest:
            best, fewest = line, score
    return best


def make_terrain(rng: np.random.Generator, county: Any, homes: Any, names: list[str]) -> Terrain:
    """county: its outline, metres. homes: STRtree of where people live. names: six words to name waters by."""
    river = crossing(rng, county, homes, clear_m=RIVER_HALF_M * 2.4, sway=0.10, waves=(1.0, 2.7, 5.3), slope=0.5)
    area = shapely.intersection(shapely.buffer(river, RIVER_HALF_M, quad_segs=3), shapely.buffer(county, 60))
    land = Terrain(shapely.intersection(river, county), area)
    land.expressway = crossing(rng, county, homes, clear_m=60, sway=0.07, waves=(1.0, 1.7), slope=-0.6)
    land.railway = crossing(rng, county, homes, clear_m=45, sway=0.06, waves=(1.0, 1.5), slope=1.5)
    _lakes(rng, land, county, homes, names)
    return land


def _lakes(rng: np.random.Generator, land: Terrain, county: Any, homes: Any, names: list[str]) -> None:
    """Lakes where there is most room, and ponds near the villages."""
    west, south, east, north = shapely.bounds(county).tolist()
    at = np.column_stack([rng.uniform(west, east, 1500), rng.uniform(south, north, 1500)])
    points = np.asarray(shapely.points(at), dtype=object)
    keep = shapely.contains_properly(shapely.buffer(county, -300), points)
    at, points = at[keep], points[keep]
    room = _room(points, homes, land)
    size = (east - west) / 2
    taken: list[Any] = []
    for i in np.argsort(-room, kind="stable").tolist():
        if len(taken) >= 3:
            break
        radius = min(room[i] * 0.62, size * 0.055)
        if radius < 60 or any(shapely.distance(points[i], other) < size * 0.5 for other in taken):
            continue
        kind = "reservoir" if len(taken) == 1 else "lake"
        name = names[len(taken)] + ("水库" if kind == "reservoir" else "湖")
        land.lakes.append((kind, name, _blob(rng, at[i], radius, 48)))
        taken.append(points[i])
    ponds = np.flatnonzero((room > 22) & (room < 130))[: max(12, int(size / 120))]
    for i in ponds.tolist():
        land.lakes.append(("pond", "", _blob(rng, at[i], min(room[i] * 0.55, float(rng.uniform(14, 38))), 20)))


def _room(points: Shapes, homes: Any, land: Terrain) -> Floats:
    """Metres from each point to the next home, water or large road."""
    (_, nearest), distance = homes.query_nearest(points, all_matches=False, return_distance=True)
    del nearest
    others = [shapely.distance(points, line) - 60 for line in (land.river_area, land.expressway, land.railway)]
    return np.asarray(np.minimum(distance - 18, np.minimum.reduce(others)))


def _blob(rng: np.random.Generator, middle: Floats, radius: float, corners: int) -> Any:
    angle = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    edge = np.ones(corners)
    for k in (2, 3, 5):
        edge += rng.uniform(-0.12, 0.12) * np.sin(k * angle + rng.uniform(0, 6.3))
    points = middle + np.stack([np.cos(angle), 0.7 * np.sin(angle)], axis=1) * (edge * radius)[:, None]
    return shapely.polygons(points)


@dataclass(frozen=True, slots=True)
class Hills:
    """Heights of the land, a sum of waves: metres above the sea."""

    waves: Floats

    @classmethod
    def of(cls, rng: np.random.Generator, radius_m: float) -> Hills:
        """Hills for a county of this radius; higher in the north-west."""
        length = radius_m * rng.uniform(0.35, 1.1, 9)
        turn = rng.uniform(0, 2 * np.pi, 9)
        return cls(
            np.column_stack(
                [np.cos(turn) / length * 3, np.sin(turn) / length * 3, rng.uniform(0, 6.3, 9), length / radius_m]
            )
        )

    def at(self, points: Floats, radius_m: float) -> Floats:
        """The height at points (n, 2)."""
        east, north, phase, size = self.waves.T
        wave = np.sin(points[:, :1] * east + points[:, 1:] * north + phase) * size
        slope = (points[:, 1] - points[:, 0]) / radius_m
        return np.asarray(60 + 90 * slope + 45 * wave.sum(axis=1))


def brooks(
    rng: np.random.Generator, hills: Hills, river: Any, starts: Floats, radius_m: float, names: list[str]
) -> list[tuple[str, Any]]:
    """Brooks from high places to the river, each with a name."""
    heights = hills.at(starts, radius_m)
    found: list[tuple[str, Any]] = []
    for i in np.argsort(-heights, kind="stable").tolist():
        if len(found) >= len(names):
            break
        here = starts[i]
        if any(shapely.distance(shapely.points(here), line) < radius_m * 0.45 for _, line in found):
            continue
        mouth = shapely.get_coordinates(
            shapely.line_interpolate_point(river, shapely.line_locate_point(river, shapely.points(here)))
        )[0]
        share = np.linspace(0, 1, 26)[:, None]
        line = here * (1 - share) + mouth * share
        length = float(np.hypot(*(mouth - here)))
        if length < radius_m * 0.35:
            continue
        across = np.array([-(mouth - here)[1], (mouth - here)[0]]) / length
        wander = np.cumsum(rng.normal(0, length * 0.03, 26))
        wander += length * 0.02 * np.sin(np.arange(26) * 1.1 + rng.uniform(0, 6))
        wander -= wander[0]
        line = line + across * (wander - share[:, 0] * wander[-1])[:, None]
        found.append((names[len(found)], shapely.linestrings(smooth(line, 3))))
    return found
