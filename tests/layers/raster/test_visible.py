"""No pixel of a scoped raster is seen from outside: random scopes, random tiles, every pixel compared with the outlines."""

from pathlib import Path

import morecantile
import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rasterio.io import MemoryFile
from sqlalchemy import text

from database.connection.engine import Database
from database.rights.scope import Role, Scope
from layers.raster.catalogue import RasterRow, file_of
from layers.raster.render import render_tile
from layers.raster.styles import Style
from layers.raster.visible import outline_in_tile, scope_covers
from tests import world
from tests.layers.raster import make
from tests.layers.raster.conftest import Add
from tests.world import CELLS, CHUNHUI, LIAOYUAN, MOGAN, QIANQIU, WUKANG

TMS = morecantile.tms.get("WebMercatorQuad")
UNITS = ("330521", WUKANG, MOGAN, QIANQIU, CHUNHUI, LIAOYUAN, *CELLS)


@pytest.fixture
def people(add: Add, tmp_path: Path) -> RasterRow:
    """A population everywhere, beyond the county too."""
    return add(
        make.write(tmp_path / "p.tif", np.full((120, 240), 5.0, dtype="float32"), nodata=-1), "pop", "population"
    )


def ground_of(prefixes: frozenset[str]) -> shapely.Geometry:
    """What the scope covers, from the plan of tests/world.py."""
    cells = [cell for cell in CELLS if cell.startswith(tuple(prefixes))]
    boxes = [
        shapely.box(world.west_of(c), world.SOUTH, world.west_of(c) + world.SIZE, world.SOUTH + world.SIZE)
        for c in cells
    ]
    return shapely.union_all(boxes)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    prefixes=st.frozensets(st.sampled_from(UNITS), min_size=1, max_size=4),
    zoom=st.integers(10, 17),
    lon=st.floats(119.985, 120.055),
    lat=st.floats(30.488, 30.522),
)
def test_no_pixel_beyond_the_scope_and_none_missing_inside(
    people: RasterRow, county_map: Database, folder: Path, prefixes: frozenset[str], zoom: int, lon: float, lat: float
) -> None:
    tile = TMS.tile(lon, lat, zoom)
    with county_map.transaction(Scope("330521", "u", Role.GRID_WORKER, tuple(sorted(prefixes)))) as connection:
        outline = outline_in_tile(connection, tile.z, tile.x, tile.y)
        covered = scope_covers(connection, lon, lat)
    ground = ground_of(prefixes)
    assert covered == shapely.intersects_xy(ground, lon, lat)
    body = render_tile(file_of(folder, people.tile_file), people, Style(), tile.z, tile.x, tile.y, "png", outline)
    with MemoryFile(body) as file, file.open() as image:
        seen = image.read()[-1] > 0
    box = TMS.xy_bounds(tile)
    step = (box.right - box.left) / 256
    x, y = np.meshgrid(box.left + (np.arange(256) + 0.5) * step, box.top - (np.arange(256) + 0.5) * step)
    lons, lats = np.degrees(x / 6378137), np.degrees(2 * np.arctan(np.exp(y / 6378137)) - np.pi / 2)
    inside = shapely.contains_xy(ground, lons, lats)
    border = shapely.distance(shapely.boundary(ground), shapely.points(lons, lats)) < 1e-6
    assert np.array_equal(seen[~border], inside[~border])


def test_without_an_outline_nothing_is_seen(people: RasterRow, county_map: Database, system: Scope) -> None:
    tile = TMS.tile(120.005, 30.505, 14)
    with county_map.transaction(system) as connection:
        connection.execute(
            text("UPDATE grid_cell SET valid_from = '2020-01-01', valid_to = '2021-01-01' WHERE code = :c"),
            {"c": CELLS[0]},
        )
    with county_map.transaction(Scope("330521", "u", Role.GRID_WORKER, (CELLS[0],))) as connection:
        assert outline_in_tile(connection, tile.z, tile.x, tile.y) == []
        assert not scope_covers(connection, 120.005, 30.505)


def test_a_micro_cell_is_ground_of_its_own(people: RasterRow, county_map: Database, system: Scope) -> None:
    code, west = CELLS[0] + "01", world.west_of(CELLS[0])
    with county_map.transaction(system) as connection:
        world.insert(
            connection, "grid_cell", code=code, level="micro_cell", parent_code=CELLS[0], name="微",
            geom=world.square(west, world.SIZE / 2), returning=None,
        )  # fmt: skip
    with county_map.transaction(Scope("330521", "u", Role.GRID_WORKER, (code,))) as connection:
        assert scope_covers(connection, west + world.SIZE / 4, 30.505)
        assert not scope_covers(connection, west + world.SIZE * 3 / 4, 30.505)
    with county_map.transaction(Scope("330521", "u", Role.GRID_WORKER, (CELLS[0],))) as connection:
        assert scope_covers(connection, west + world.SIZE * 3 / 4, 30.505)
