"""The base map is for everybody of the county and for nobody else; its tiles hold what a zoom can show."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import mapbox_vector_tile
import morecantile
import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import ProgrammingError

from database.connection.engine import Database
from database.rights.scope import Role, Scope
from layers.base.catalogue import LAYERS, TILES, described
from layers.tiles.catalogue import LAYERS as RECORDS
from layers.tiles.pyramid import read_pyramid
from layers.tiles.tile import get_tile, get_tilejson
from layers.tiles.watch import current_moment, read_changes
from tests import world
from tests.world import CELLS, SIZE, SOUTH, WUKANG

WORKER = Scope("330521", "tester", Role.GRID_WORKER, (CELLS[3],))
WEST = 120.0
#: A road through all four cells, in two pieces; a lake and a house in the first; a peak.
ROWS: tuple[dict[str, Any], ...] = (
    {"kind": "roads", "class": "main_road", "name": "莫干山大道", "number": "S304", "min_zoom": 8,
     "geom": f"LINESTRING({WEST} {SOUTH + 0.002},{WEST + 2 * SIZE} {SOUTH + 0.002})"},
    {"kind": "roads", "class": "main_road", "name": "莫干山大道", "number": "S304", "min_zoom": 8,
     "geom": f"LINESTRING({WEST + 2 * SIZE} {SOUTH + 0.002},{WEST + 4 * SIZE} {SOUTH + 0.002})"},
    {"kind": "water", "class": "lake", "name": "下渚湖", "min_zoom": 11,
     "geom": f"POLYGON(({WEST + .002} {SOUTH + .004},{WEST + .006} {SOUTH + .004},{WEST + .006} {SOUTH + .008},"
             f"{WEST + .002} {SOUTH + .008},{WEST + .002} {SOUTH + .004}))"},
    {"kind": "buildings", "class": "house", "height_m": 9.4, "min_zoom": 15,
     "geom": f"POLYGON(({WEST + .0071} {SOUTH + .0031},{WEST + .0072} {SOUTH + .0031},{WEST + .0072} {SOUTH + .0032},"
             f"{WEST + .0071} {SOUTH + .0032},{WEST + .0071} {SOUTH + .0031}))"},
    {"kind": "localities", "class": "peak", "name": "塔山", "min_zoom": 12,
     "geom": f"POINT({WEST + .005} {SOUTH + .005})"},
)  # fmt: skip


@pytest.fixture
def county(database: Database, system: Scope) -> Iterator[Database]:
    with database.transaction(system) as connection:
        world.build_county(connection)
        for n, row in enumerate(ROWS):
            values = row | {
                "geom": f"SRID=4490;{row['geom']}",
                "source": "t",
                "source_key": str(n),
                "grid_code": "330521",
            }
            world.insert(connection, "base_feature", **values)
        world.insert(
            connection, "standard_address", code="330521001001" + "0" * 8, full_text="千秋社区1号", depth=8, match_key="k",
            local_key="k", division_code=WUKANG, status="published", number_plate="1号", source="t", source_key="a",
            grid_code=CELLS[0], geom=world.point(CELLS[0], 3),
        )  # fmt: skip
    yield database


def numbers(z: int, lon: float = WEST + 0.005, lat: float = SOUTH + 0.005) -> tuple[int, int, int]:
    tile = morecantile.tms.get("WebMercatorQuad").tile(lon, lat, z)
    return z, tile.x, tile.y


def layers(connection: Connection, name: str, z: int, lon: float = WEST + 0.005) -> dict[str, list[dict[str, Any]]]:
    body = get_tile(connection, [name], *numbers(z, lon))
    decoded = mapbox_vector_tile.decode(body) if body else {}
    return {layer: [feature["properties"] for feature in found["features"]] for layer, found in decoded.items()}


def test_a_worker_of_one_cell_sees_the_base_map_of_the_whole_county(county: Database) -> None:
    with county.transaction(WORKER) as connection:
        assert connection.scalar(text("SELECT count(*) FROM base_feature")) == len(ROWS)
        assert layers(connection, "base", 16)["buildings"] == [{"class": "house", "height": 9}]


def test_without_a_scope_nothing_is_seen_and_no_other_county_sees_it(county: Database, neighbour: str) -> None:
    tile = text("SELECT body FROM c330521.base_tile(16, :x, :y)")
    _, x, y = numbers(16)
    with county.platform() as connection:
        assert connection.scalar(text("SELECT count(*) FROM c330521.base_feature")) == 0
    with county.transaction(Scope.of_system(neighbour)) as connection:
        assert connection.scalar(text("SELECT count(*) FROM c330521.base_feature")) == 0
        assert bytes(connection.scalar(tile, {"x": x, "y": y})) == b""


def test_only_who_sees_the_whole_county_writes_it(county: Database) -> None:
    with county.transaction(WORKER) as connection:
        assert connection.execute(text("UPDATE base_feature SET name = 'x'")).rowcount == 0
        assert connection.execute(text("DELETE FROM base_feature")).rowcount == 0
    with pytest.raises(ProgrammingError, match="row-level security"), county.transaction(WORKER) as connection:
        world.insert(
            connection, "base_feature", **{"class": "peak"}, kind="localities", min_zoom=1, source="t", source_key="z",
            grid_code="330521", geom="SRID=4490;POINT(120 30.5)",
        )  # fmt: skip


def test_a_zoom_shows_what_it_can(county: Database) -> None:
    with county.transaction(WORKER) as connection:
        assert layers(connection, "base", 4) == {}
        assert set(layers(connection, "base", 9)) == {"roads"}
        assert set(layers(connection, "base", 12)) == {"roads", "water", "labels", "localities"}
        assert "buildings" in layers(connection, "base", 15)


def test_pieces_of_one_road_are_one_line_with_one_name(county: Database) -> None:
    with county.transaction(WORKER) as connection:
        assert layers(connection, "base", 12)["roads"] == [
            {"class": "main_road", "name": "莫干山大道", "number": "S304"}
        ]


def test_a_named_area_has_its_name_once_over_all_tiles_of_a_zoom(county: Database) -> None:
    with county.transaction(WORKER) as connection:
        named = []
        z, x, y = numbers(16)
        for column, row in product(range(x - 2, x + 3), range(y - 2, y + 3)):
            body = get_tile(connection, ["base"], z, column, row)
            named += mapbox_vector_tile.decode(body).get("labels", {"features": []})["features"] if body else []
    assert [feature["properties"]["name"] for feature in named] == ["下渚湖"]
    assert named[0]["properties"]["of"] == "water"


def test_names_and_numbers_are_those_of_the_scope(county: Database) -> None:
    town = Scope("330521", "tester", Role.TOWN_OFFICIAL, (WUKANG,))
    at = WEST + SIZE / 4 + 3 * SIZE / 100
    with county.transaction(town) as connection:
        assert layers(connection, "names", 16, at)["house_numbers"] == [{"number": "1"}]
        names = layers(connection, "names", 11)
        assert {one["name"] for one in names["division_names"]} >= {"武康街道", "千秋社区居民委员会"}
        assert "莫干山镇" not in {one["name"] for one in names["division_names"]}
    with county.transaction(WORKER) as connection:
        assert "house_numbers" not in layers(connection, "names", 16, at)
        assert layers(connection, "names", 11) == {}


def test_a_change_is_told(county: Database, system: Scope) -> None:
    with county.transaction(system) as connection:
        moment = current_moment(connection)
    with county.transaction(system) as connection:
        connection.execute(text("UPDATE base_feature SET name = '新名' WHERE kind = 'localities'"))
    with county.transaction(system) as connection:
        boxes = read_changes(connection, moment)[1]
    assert {box.layer for box in boxes} == {"base"}
    assert boxes[0].touches(("base",), *numbers(14))


def test_a_pack_has_the_base_map_to_zoom_sixteen(county: Database, system: Scope) -> None:
    with county.transaction(system) as connection:
        zooms = {z for (z, _x, _y), _body in read_pyramid(connection, ["base"], 17)}
    assert min(zooms) >= 5
    assert max(zooms) == 16


def test_tilejson_describes_what_the_tiles_hold(county: Database, system: Scope) -> None:
    with county.transaction(system) as connection:
        document = get_tilejson(connection, ["base"], "/{z}/{x}/{y}")
        held = layers(connection, "base", 16)
    assert (document["minzoom"], document["maxzoom"]) == (5, 16)
    fields = {layer["id"]: set(layer["fields"]) for layer in document["vector_layers"]}
    assert held
    for layer, features in held.items():
        assert {name for feature in features for name in feature} <= fields[layer]


def test_no_name_is_of_two_layers() -> None:
    sources = [layer["id"] for tile in TILES for layer in described(tile)]
    assert len(set(sources)) == len(sources)
    assert not set(TILES) & set(RECORDS)
    assert not set(sources) & set(RECORDS)
    assert set(LAYERS) < set(sources)
