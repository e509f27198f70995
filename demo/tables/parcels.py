"""农业农村: the land parcels of the demo county (承包地块), on its fields and orchards, each held by a household of the village."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import shapely

from demo.base_map import BaseMap
from demo.land.addresses import Addresses
from demo.land.boundaries import to_degrees
from demo.land.divisions import Divisions
from demo.land.roads import to_metres
from demo.people.people import People
from demo.tables.writers import write_layer

#: At most so many in a village.
MOST = 240
#: And none farther from its middle.
REACH_M = 900.0
DEPTH_M, WIDTH_M, BALK_M = 46.0, 20.0, 1.0
CROPS = {"farmland": ("水稻", "小麦", "油菜", "蔬菜"), "orchard": ("茶叶", "桑树", "桃")}
MU_M2 = 2000 / 3
_LAYER = "承包地块"


def write_parcels(
    path: Path, rng: np.random.Generator, divisions: Divisions, addresses: Addresses, people: People, base: BaseMap
) -> int:
    """A GeoPackage; only villages whose families live off the land have parcels. Returns how many."""
    of_kind = {
        kind: [s for s, k in zip(base.areas.shape, base.areas.klass, strict=True) if k == kind] for kind in CROPS
    }
    land = {kind: shapely.STRtree(_in_metres(shapes)) for kind, shapes in of_kind.items()}
    taken = _taken(base)
    shapes: list[Any] = []
    rows: list[tuple[str, str, str, str, str, str, str]] = []
    of_village = divisions.village_of_micro[addresses.micro[people.home]]
    for village in np.flatnonzero(~divisions.urban).tolist():
        code, name = divisions.village_code[village], divisions.village_name[village]
        families = np.flatnonzero(of_village == village)
        if not len(families):
            continue
        outline = shapely.transform(divisions.boundaries.village[village], to_metres)
        plots, kinds = _plots(rng, outline, land, taken)
        holder = np.sort(rng.choice(families, len(plots)))
        for n, (plot, kind, family) in enumerate(zip(plots, kinds, holder.tolist(), strict=True)):
            crop = CROPS[kind][int(rng.integers(len(CROPS[kind])))]
            begun = 1998 if rng.random() < 0.9 else 2015
            rows.append(
                (
                    f"{code}01{n + 1:05d}", f"{name}{1 + n // 40}组{1 + n % 40}号地", people.household_no[family],
                    f"{shapely.area(plot) / MU_M2:.2f}", crop, f"{begun}-10-01", f"{begun + 30}-10-01",
                )
            )  # fmt: skip
            shapes.append(shapely.transform(plot, to_degrees))
    header = ("地块编码", "地块名称", "承包方户号", "实测面积", "种植作物", "承包期起", "承包期止")
    columns = zip(*rows, strict=True) if rows else ((),) * len(header)
    return write_layer(path, _LAYER, shapes, {name: list(column) for name, column in zip(header, columns, strict=True)})


def _in_metres(shapes: list[Any]) -> npt.NDArray[np.object_]:
    return np.asarray(shapely.transform(np.array(shapes, dtype=object), to_metres), dtype=object)


def _taken(base: BaseMap) -> Any:
    """Tree of what is no field: waters, buildings, roads."""
    areas = [shape for shape, kind in zip(base.areas.shape, base.areas.kind, strict=True) if kind != "land_use"]
    roads = zip(base.lines.shape, base.lines.kind, strict=True)
    lines = [shape for shape, kind in roads if kind in ("roads", "railways", "waterways")]
    return shapely.STRtree([*_in_metres(areas), *shapely.buffer(_in_metres(lines), 6, quad_segs=1)])


def _plots(rng: np.random.Generator, outline: Any, land: dict[str, Any], taken: Any) -> tuple[list[Any], list[str]]:
    """Strips side by side, turned as the village turns them, where they lie wholly on land of one kind."""
    middle = np.array(outline.centroid.coords[0])
    outline = shapely.intersection(outline, shapely.buffer(shapely.points(middle), REACH_M))
    east = np.arange(-REACH_M, REACH_M, WIDTH_M)
    north = np.arange(-REACH_M, REACH_M, DEPTH_M)
    x, y = (grid.ravel() for grid in np.meshgrid(east, north))
    corners = np.stack(
        [
            np.stack([x + dx, y + dy], axis=-1)
            for dx, dy in ((0, 0), (WIDTH_M - BALK_M, 0), (WIDTH_M - BALK_M, DEPTH_M - BALK_M), (0, DEPTH_M - BALK_M))
        ],
        axis=1,
    )
    turn = rng.uniform(0, np.pi)
    turned = corners @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]) + middle
    strips: npt.NDArray[np.object_] = np.asarray(shapely.polygons(turned), dtype=object)
    shapely.prepare(outline)
    strips = strips[shapely.contains_properly(outline, strips)]
    strips = np.delete(strips, _hit(strips, taken, outline, "intersects"))
    plots: list[Any] = []
    kinds: list[str] = []
    for kind, tree in land.items():
        inner = strips[_hit(strips, tree, outline, "contains")]
        plots += list(inner)
        kinds += [kind] * len(inner)
    near = np.argsort(shapely.distance(np.array(plots, dtype=object), shapely.points(middle)), kind="stable")[:MOST]
    return [plots[i] for i in sorted(near.tolist())], [kinds[i] for i in sorted(near.tolist())]


def _hit(
    strips: npt.NDArray[np.object_], tree: Any, outline: Any, predicate: Literal["contains", "intersects"]
) -> npt.NDArray[np.int64]:
    """The strips for which the predicate holds of some shape of the tree; of those about the village each is prepared once."""
    about = tree.geometries[tree.query(outline)]
    return np.unique(shapely.STRtree(strips).query(about, predicate=predicate)[1])
