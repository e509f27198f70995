"""Tiles of the CGCS2000 grid: cut in degrees, and what each scope sees is what row-level security would show."""

import math
from datetime import UTC, datetime
from typing import Any

import mapbox_vector_tile
import pytest
from sqlalchemy import Connection, text

from database.connection.engine import Database
from database.rights.scope import Role, Scope
from layers.features.tile_grids import CGCS2000, MERCATOR, UnknownTileMatrixSet, get_grid_tile, matrix_set
from layers.tiles.catalogue import LAYERS
from layers.tiles.tile import TileOutOfRange, UnknownLayer
from tests import world

Z = 15
SIZE = 360 / 2**Z


def tile_at(lon: float, lat: float) -> tuple[int, int]:
    """Row and column."""
    return int((90 - lat) / SIZE), int((lon + 180) / SIZE)


@pytest.fixture
def filled(database: Database, system: Scope) -> Database:
    with database.transaction(system) as connection:
        world.build_county(connection)
        for index, cell in enumerate(world.CELLS):
            for n in range(5 * index, 5 * index + 5):
                world.add_address(connection, f"德清县{world.NAMES[cell[:9]]}永安街{n}号", cell, n)
            household = world.add_household(connection, cell, cell, n=index)
            world.add_person(connection, cell, cell, household)
            world.add_event(connection, cell, cell, datetime(2026, 6, 1, tzinfo=UTC), n=index)
            common = {"source": "t", "source_key": cell, "grid_code": cell, "geom": world.point(cell, index)}
            world.add_parcel(connection, cell, cell, world.west_of(cell))
            world.insert(connection, "facility", kind="lamp", name="灯", **common)
            world.insert(connection, "place", kind="dwelling", name="房", occupancy="vacant", **common)
            outline = world.square(world.west_of(cell), world.SIZE / 3)
            world.insert(
                connection, "place", kind="zone", name="块", **common | {"source_key": f"{cell}z", "geom": outline}
            )
            world.insert(
                connection, "alert", fingerprint=cell, rule="event_surge", severity="low", subject_kind="cell", subject_id=cell,
                title="t", reason="r", grid_code=cell, geom=common["geom"],
            )  # fmt: skip
    return database


def test_points_lie_where_their_degrees_put_them(filled: Database, system: Scope) -> None:
    with filled.transaction(system) as connection:
        rows = connection.execute(text("SELECT id, st_x(geom) AS lon, st_y(geom) AS lat FROM standard_address")).all()
        for one in rows:
            row, column = tile_at(one.lon, one.lat)
            tile = get_grid_tile(connection, CGCS2000, ["addresses"], Z, row, column)
            layer = mapbox_vector_tile.decode(tile, default_options={"y_coord_down": True})["addresses"]
            x, y = next(f["geometry"]["coordinates"] for f in layer["features"] if f["properties"]["id"] == one.id)
            lon = -180 + (column + x / layer["extent"]) * SIZE
            lat = 90 - (row + y / layer["extent"]) * SIZE
            assert (lon, lat) == pytest.approx((one.lon, one.lat), abs=SIZE / 4096)


def test_every_scope_sees_its_own_rows_and_none_of_others(filled: Database) -> None:
    for prefix in ("330521", world.WUKANG, world.LIAOYUAN, world.CELLS[0], world.CHUNHUI + "999"):
        scope = Scope("330521", "t", Role.TOWN_OFFICIAL, (prefix,))
        with filled.transaction(scope) as connection:
            for layer, table in (("addresses", "standard_address"), ("persons", "household"), ("cells", "grid_cell")):
                key = "code" if layer == "cells" else "id"
                seen = set()
                for row in range(tile_at(120, 30.52)[0], tile_at(120, 30.49)[0] + 1):
                    for column in range(tile_at(119.99, 30.5)[1], tile_at(120.05, 30.5)[1] + 1):
                        tile = mapbox_vector_tile.decode(get_grid_tile(connection, CGCS2000, [layer], Z, row, column))
                        seen |= {f["properties"]["id"] for f in tile.get(layer, {}).get("features", [])}
                assert seen == set(connection.scalars(text(f"SELECT {key} FROM {table}"))), (prefix, layer)


def tile_content(connection: Connection, grid: str, layer: str, z: int) -> tuple[dict[Any, dict[str, Any]], int, int]:
    """Attributes by id of all features of a layer at a zoom (without n), and the sums of n and of members."""
    west, south, east, north = 119.9, 30.4, 120.2, 30.7
    if grid == CGCS2000:
        size = 360 / 2**z
        columns = range(int((west + 180) / size), int((east + 180) / size) + 1)
        rows = range(int((90 - north) / size), int((90 - south) / size) + 1)
    else:
        columns = range(int((west + 180) / 360 * 2**z), int((east + 180) / 360 * 2**z) + 1)
        top, bottom = (
            int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * 2**z) for lat in (north, south)
        )
        rows = range(top, bottom + 1)
    features: dict[Any, dict[str, Any]] = {}
    n = members = 0
    for row in rows:
        for column in columns:
            tile = mapbox_vector_tile.decode(get_grid_tile(connection, grid, [layer], z, row, column))
            for feature in tile.get(layer, {}).get("features", []):
                properties = feature["properties"]
                n += properties.pop("n")
                members += properties.get("members", 0)
                if "id" in properties:
                    features[properties["id"]] = properties
    return features, n, members


@pytest.mark.parametrize("layer", LAYERS)
def test_both_grids_tell_the_same(filled: Database, system: Scope, layer: str) -> None:
    with filled.transaction(system) as connection:
        for z in (3, 9, 12, 13, 15):
            mercator, cgcs2000 = (tile_content(connection, grid, layer, z) for grid in (MERCATOR, CGCS2000))
            assert mercator == cgcs2000, z
            assert mercator[1] > 0 or z < LAYERS[layer].minzoom
            assert bool(mercator[0]) == (z >= LAYERS[layer].rows_from)


def test_the_grid_is_that_of_the_national_platform() -> None:
    levels = matrix_set(CGCS2000)["tileMatrices"]
    assert (levels[0]["matrixWidth"], levels[0]["matrixHeight"], levels[0]["id"]) == (2, 1, "1")
    assert levels[0]["scaleDenominator"] == pytest.approx(279_541_132.0144, rel=1e-9)  # WorldCRS84Quad, level 0
    assert levels[0]["cellSize"] * 256 * 2 == 360


def test_without_scope_and_out_of_range_there_is_nothing(filled: Database, system: Scope) -> None:
    with filled.transaction(system) as connection:
        assert set(LAYERS) == {
            name for name in LAYERS if get_grid_tile(connection, CGCS2000, [name], 1, 0, 1) is not None
        }
        for z, row, column in ((0, 0, 0), (1, 1, 0), (3, 0, 8), (19, 0, 0)):
            with pytest.raises(TileOutOfRange):
                get_grid_tile(connection, CGCS2000, ["cells"], z, row, column)
        with pytest.raises(UnknownTileMatrixSet):
            get_grid_tile(connection, "Other", ["cells"], 1, 0, 0)
        with pytest.raises(UnknownLayer):
            get_grid_tile(connection, CGCS2000, ["nothing"], 1, 0, 0)
    with filled.engine.begin() as connection:
        assert connection.scalar(text("SELECT body FROM c330521.tile_layer_4490('addresses', 15, 27306, 5415)")) == b""
        assert connection.scalar(text("SELECT c330521.features_in_box('addresses', 119, 30, 121, 31, 10)")) == []
