"""The base map of the demo county: what its addresses stand on. Roads carry the names that addresses are written with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from demo.land.addresses import BUILDING, DOOR, PLATE, SHOP, Addresses
from demo.land.boundaries import METRES_PER_DEGREE_LAT, METRES_PER_DEGREE_LON, to_degrees
from demo.land.divisions import Divisions
from demo.land.place_names import PlaceNames
from demo.land.roads import Network, lengths, line_of, to_metres, tree_of
from demo.land.terrain import Hills, Terrain, brooks, make_terrain, smooth
from demo.people.places import footprints
from demo.words import TOWN_FIRST, TOWN_LAST, unique_names
from layers.raster.contours import contour_lines, is_index

Floats = npt.NDArray[np.float64]
Shapes = npt.NDArray[np.object_]

HOME_ROOM_M, STREET_ROOM_M = 40.0, 75.0
POINTS_BESIDE_M = 14.0
#: The lower part of the land is plain; above it contours lie so far apart, from a model with pixels so wide.
PLAIN, CONTOUR_M, PIXEL_M = 0.5, 10.0, 60.0
#: Fields of one kind within such a square are one area.
SQUARE_M = 1500.0


@dataclass(slots=True)
class Features:
    """Columns of one file: kind, class, name, number, floors, height ("" where there are none), outlines in degrees."""

    kind: list[str] = field(default_factory=list)
    klass: list[str] = field(default_factory=list)
    name: list[str] = field(default_factory=list)
    number: list[str] = field(default_factory=list)
    floors: list[str] = field(default_factory=list)
    height: list[str] = field(default_factory=list)
    shape: list[Any] = field(default_factory=list)

    def add(
        self, kind: str, klass: str, shape: Any, name: str = "", number: str = "", floors: str = "", height: str = ""
    ) -> None:
        """One feature, or one for each part of it. shape: metres from the county's middle; empty ones are left out."""
        for part in shapely.get_parts(shape):
            if not shapely.is_empty(part):
                self.add_degrees(kind, klass, shapely.transform(part, to_degrees), name, number, floors, height)

    def add_degrees(
        self, kind: str, klass: str, shape: Any, name: str = "", number: str = "", floors: str = "", height: str = ""
    ) -> None:
        """One feature, its shape in degrees already."""
        for column, value in (
            (self.kind, kind), (self.klass, klass), (self.name, name), (self.number, number), (self.floors, floors), (self.height, height),
            (self.shape, shape),
        ):  # fmt: skip
            column.append(value)


@dataclass(frozen=True, slots=True)
class BaseMap:
    """Lines, areas and points of the base map."""

    lines: Features
    areas: Features
    points: Features


def make_base_map(
    rng: np.random.Generator,
    buildings: np.random.Generator,
    divisions: Divisions,
    addresses: Addresses,
    names: PlaceNames,
) -> BaseMap:
    """buildings: a generator in the state from which the outlines of buildings are drawn, so that they are the same ones."""
    shapes = divisions.boundaries
    seeds = to_metres(shapes.seeds)
    county = shapely.transform(shapes.county, to_metres)
    radius = float(np.ptp(shapely.get_coordinates(county)[:, 0])) / 2
    doors = np.unique(np.round(to_metres(np.column_stack([addresses.lon, addresses.lat])), 1), axis=0)
    homes = tree_of(np.unique(np.round(doors / 30), axis=0) * 30)
    words = unique_names(rng, TOWN_FIRST, TOWN_LAST, 12)
    hills = Hills.of(rng, radius)
    land = make_terrain(rng, county, homes, words[:3])
    land.brooks = brooks(rng, hills, land.river, seeds, radius, [word + "溪" for word in words[3:8]])
    base = BaseMap(Features(), Features(), Features())
    _waters(base, land, words[8])
    _contours(base, hills, county, radius, land)
    _roads(base, divisions, addresses, seeds, county, land)
    _land_use(rng, base, divisions, addresses, hills, seeds, radius, land)
    _buildings(buildings, base, addresses)
    _points(base, divisions, addresses, names)
    return base


def _waters(base: BaseMap, land: Terrain, word: str) -> None:
    base.areas.add("water", "river", land.river_area, f"{word}江")
    for kind, name, shape in land.lakes:
        base.areas.add("water", kind, shape, name)
    for name, line in land.brooks:
        base.lines.add("waterways", "stream", shapely.difference(line, land.river_area), name)


def _contours(base: BaseMap, hills: Hills, county: Any, radius: float, land: Terrain) -> None:
    """Contours of the hills, as from an elevation model; none across a water."""
    west, south, east, north = shapely.bounds(county).tolist()
    columns, rows = np.arange(west, east, PIXEL_M), np.arange(south, north, PIXEL_M)
    points = np.stack([axis.ravel() for axis in np.meshgrid(columns, rows)], axis=1)
    heights = hills.at(points, radius)
    plain = float(np.quantile(heights, PLAIN))
    model = np.ma.masked_less((heights - plain + CONTOUR_M).reshape(len(rows), len(columns)), CONTOUR_M * 0.9)
    dry = shapely.difference(county, shapely.union_all([land.river_area, *(shape for _, _, shape in land.lakes)]))
    for height, line in contour_lines(model, CONTOUR_M):
        kind = "index" if is_index(height, CONTOUR_M) else "ordinary"
        drawn = shapely.intersection(shapely.linestrings(line * PIXEL_M + (west, south)), dry)
        base.lines.add("contours", kind, drawn, height=f"{height:g}")


# --- roads --------------------------------------------------------------------------------------------


def _roads(
    base: BaseMap, divisions: Divisions, addresses: Addresses, seeds: Floats, county: Any, land: Terrain
) -> None:
    wide = shapely.buffer(county, 400)
    base.lines.add(
        "roads", "expressway", shapely.intersection(land.expressway, wide), f"{divisions.town_name[0][:2]}高速", "G9901"
    )
    base.lines.add("railways", "rail", shapely.intersection(land.railway, wide), f"{divisions.town_name[0][:2]}铁路")
    waters = shapely.union_all([land.river_area, *(shape for _, _, shape in land.lakes)])
    network = Network.of(divisions.boundaries.micro, waters)
    taken: set[tuple[int, int]] = set()
    _country_roads(base, divisions, addresses, seeds, network, taken)
    built = np.array(sorted({node for edge in taken for node in edge}), dtype=np.int64)
    joined = tree_of(network.at[built])

    def to_network(point: Floats) -> Floats:
        return np.asarray(network.at[built[int(joined.nearest(shapely.points(point)))]])

    for name, line in addresses.streets:
        kind = "main_road" if name.endswith("大道") else "lane" if name.endswith("巷") else "street"
        base.lines.add("roads", kind, line_of(np.vstack([to_network(line[0]), line, to_network(line[-1])])), name)
    for _micro, line in addresses.lanes:
        base.lines.add("roads", "lane", shapely.linestrings(smooth(line, 1)))
    for line in _first_lanes(addresses).values():
        end = min((line[0], line[-1]), key=lambda point: float(np.hypot(*(to_network(point) - point))))
        target = to_network(end)
        if float(np.hypot(*(target - end))) > 4:
            bend = (end + target) / 2 + np.array([-(target - end)[1], (target - end)[0]]) * 0.08
            base.lines.add("roads", "village_road", shapely.linestrings(smooth(np.vstack([end, bend, target]), 2)))


def _first_lanes(addresses: Addresses) -> dict[int, Floats]:
    """One lane of each hamlet: where it is joined to the country roads."""
    first: dict[int, Floats] = {}
    for micro, line in addresses.lanes:
        first.setdefault(micro, line)
    return first


def _country_roads(
    base: BaseMap, divisions: Divisions, addresses: Addresses, seeds: Floats, network: Network, taken: set[tuple[int, int]],
) -> None:  # fmt: skip
    """Main roads from the county's seat to the other towns, and village roads from each village and hamlet to its town."""
    town_of_village = divisions.boundaries.town_of_village
    middle = np.array(
        [seeds[divisions.village_of_micro == village].mean(axis=0) for village in range(len(town_of_village))]
    )
    hub = []
    for town in range(len(divisions.town_code)):
        urban = np.flatnonzero((town_of_village == town) & divisions.urban)
        hub.append(middle[urban if len(urban) else np.flatnonzero(town_of_village == town)].mean(axis=0))
    hubs = network.nearest(np.array(hub))
    seat = int(hubs[0])
    for rank, way in enumerate(network.paths(seat, [int(node) for node in hubs[1:]])):
        town = 1 + [int(node) for node in hubs[1:]].index(way[0])
        name = f"{divisions.town_name[0][0]}{divisions.town_name[town][0]}线"
        for part in lengths(way, taken):
            base.lines.add("roads", "main_road", line_of(network.at[part]), name, f"S{301 + rank}")
        network.build(way)
    nodes = network.nearest(middle)
    for town in range(len(divisions.town_code)):
        members = np.flatnonzero(town_of_village == town).tolist()
        of_node = {int(nodes[village]): village for village in members}
        for way in network.paths(int(hubs[town]), list(of_node)):
            name = f"{divisions.village_name[of_node[way[0]]].removesuffix('村').removesuffix('社区')}路"
            rural = not divisions.urban[of_node[way[0]]]
            for part in lengths(way, taken):
                base.lines.add(
                    "roads", "village_road" if rural else "street", line_of(network.at[part]), name if rural else ""
                )
            network.build(way)
        lanes = _first_lanes(addresses)
        micros = [m for m in sorted(lanes) if int(town_of_village[int(divisions.village_of_micro[m])]) == town]
        if micros:
            doors = network.nearest(np.array([lanes[m][0] for m in micros]))
            for way in network.paths(int(hubs[town]), sorted({int(node) for node in doors})):
                for part in lengths(way, taken):
                    base.lines.add("roads", "village_road", line_of(network.at[part]))
                network.build(way)


# --- land and buildings ---------------------------------------------------------------------------------


def _land_use(
    rng: np.random.Generator, base: BaseMap, divisions: Divisions, addresses: Addresses, hills: Hills, seeds: Floats,
    radius: float, land: Terrain,
) -> None:  # fmt: skip
    """Towns as a whole, villages where their houses stand; around them fields, orchards and woods by the height of the land."""
    urban = divisions.urban[divisions.village_of_micro]
    built = _settled(addresses)
    base.areas.add("land_use", "built_up", shapely.union_all(built))
    patches, height, square = _patches(rng, divisions, hills, radius)
    low, high = np.quantile(height, [0.45, 0.68])
    kinds = np.where(height > high, "forest", np.where(height > low, "orchard", "farmland"))
    kinds[rng.random(len(kinds)) < 0.06] = "forest"
    bare = shapely.union_all([land.river_area, *(shape for _, _, shape in land.lakes), *built])
    for kind, group in sorted({(str(k), int(s)) for k, s in zip(kinds, square, strict=True)}):
        area = shapely.difference(shapely.union_all(patches[(kinds == kind) & (square == group)]), bare)
        for part in shapely.get_parts(area):
            if shapely.area(part) > 400:
                base.areas.add("land_use", kind, part)
    _parks(base, divisions, addresses, seeds, urban)


def _settled(addresses: Addresses) -> list[Any]:
    """Where houses stand, with their yards, and along the streets; metres."""
    _, first = np.unique(np.round(np.column_stack([addresses.lon, addresses.lat]), 5), axis=0, return_index=True)
    at = to_metres(np.column_stack([addresses.lon[first], addresses.lat[first]]))
    order = np.argsort(addresses.micro[first], kind="stable")
    _, starts = np.unique(addresses.micro[first][order], return_index=True)
    parts = np.split(at[order], starts[1:])
    shapes = [shapely.buffer(shapely.multipoints(part), HOME_ROOM_M, quad_segs=2) for part in parts]
    streets = [line_of(line) for _, line in addresses.streets]
    along = [shapely.buffer(street, STREET_ROOM_M, quad_segs=2) for street in streets]
    settled = shapely.buffer(shapely.union_all([*shapes, *along]), -HOME_ROOM_M * 0.4, quad_segs=2)
    return list(shapely.get_parts(settled))


def _patches(
    rng: np.random.Generator, divisions: Divisions, hills: Hills, radius: float
) -> tuple[Shapes, Floats, npt.NDArray[np.int64]]:
    """Fields: Voronoi cells of scattered points, cut to the county; the height of each, and the square it lies in. Metres."""
    country = shapely.transform(divisions.boundaries.county, to_metres)
    west, south, east, north = shapely.bounds(country).tolist()
    count = min(6000, int((east - west) * (north - south) / 90_000))
    points = np.column_stack([rng.uniform(west, east, count), rng.uniform(south, north, count)])
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(points), ordered=True))
    shapely.prepare(country)
    inside = shapely.contains_properly(country, cells)
    edge = ~inside & shapely.intersects(country, cells)
    cells[edge] = shapely.intersection(cells[edge], country)
    keep = inside | edge
    column, row = np.floor(points[keep] / SQUARE_M).astype(np.int64).T
    return np.asarray(cells[keep]), hills.at(points[keep], radius), column * 1000 + row


def _parks(
    base: BaseMap, divisions: Divisions, addresses: Addresses, seeds: Floats, urban: npt.NDArray[np.bool_]
) -> None:
    """A park south of the street in every sixth block of a town, where nothing is built."""
    for i, micro in enumerate(np.flatnonzero(urban).tolist()):
        if i % 6 or micro not in addresses.turned:
            continue
        room = float(divisions.boundaries.inner_radius_m[micro])
        angle = addresses.turned[micro]
        middle = seeds[micro] + np.array([np.sin(angle), -np.cos(angle)]) * room * 0.68
        shape = shapely.buffer(shapely.points(middle), room * 0.2, quad_segs=6)
        base.areas.add(
            "land_use",
            "park",
            shape,
            f"{divisions.village_name[int(divisions.village_of_micro[micro])].removesuffix('社区')}公园",
        )


def _buildings(rng: np.random.Generator, base: BaseMap, addresses: Addresses) -> None:
    where, shapes = footprints(rng, addresses, BUILDING)
    floors = rng.integers(3, 12, len(where)).tolist()
    for shape, n in zip(shapes, floors, strict=True):
        base.areas.add_degrees("buildings", "house", shape, floors=str(n))
    for kind, klass, storeys in ((SHOP, "commercial", 2), (DOOR, "house", 3)):
        _, shapes = footprints(rng, addresses, kind)
        for i, shape in enumerate(shapes):
            base.areas.add_degrees("buildings", klass, shape, floors=str(1 + (i * 7) % storeys))


# --- points ----------------------------------------------------------------------------------------------


def _points(base: BaseMap, divisions: Divisions, addresses: Addresses, names: PlaceNames) -> None:
    """Offices, schools, clinics of each town, the committee of each village; hamlets and hills by name."""
    points = base.points
    gates = np.flatnonzero((addresses.kind == PLATE) | (addresses.kind == DOOR))
    of_village = addresses.village[gates]
    town_of_village = divisions.boundaries.town_of_village
    for town, name in enumerate(divisions.town_name):
        here = gates[(town_of_village[of_village] == town) & divisions.urban[of_village]]
        for n, (klass, text) in enumerate(
            (
                ("government", f"{name}人民政府" if not name.endswith("街道") else f"{name}办事处"),
                ("school", f"{name[:2]}中心小学"), ("hospital", f"{name[:2]}卫生院"), ("police", f"{name[:2]}派出所"),
                ("market", f"{name[:2]}农贸市场"), ("station", f"{name[:2]}客运站"), ("culture", f"{name[:2]}文化礼堂"),
            )
        ):  # fmt: skip
            if len(here):
                _beside(points, addresses, int(here[(n * 131 + 17) % len(here)]), klass, text)
    for village, name in enumerate(divisions.village_name):
        here = gates[of_village == village]
        if len(here):
            text = f"{name.removesuffix('社区')}社区居委会" if divisions.urban[village] else f"{name}委会"
            _beside(points, addresses, int(here[len(here) // 2]), "government", text)
    for name, kind, lon, lat in zip(names.name, names.kind, names.lon, names.lat, strict=True):
        if kind in ("自然村", "山体"):
            shape = shapely.points(lon, lat)
            points.add_degrees("localities", "hamlet" if kind == "自然村" else "peak", shape, name)


def _beside(points: Features, addresses: Addresses, at: int, klass: str, name: str) -> None:
    angle = addresses.turned.get(int(addresses.micro[at]), 0.0)
    east, north = -np.sin(angle) * POINTS_BESIDE_M, np.cos(angle) * POINTS_BESIDE_M
    lon, lat = addresses.lon[at] + east / METRES_PER_DEGREE_LON, addresses.lat[at] + north / METRES_PER_DEGREE_LAT
    points.add_degrees("points", klass, shapely.points(lon, lat), name)
