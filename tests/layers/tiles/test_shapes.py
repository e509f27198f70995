"""Low zooms show outlines simplified together: neighbours keep their shared edge, and nothing old is shown after a change."""

import json

import mapbox_vector_tile
import numpy as np
import pytest
import shapely
import shapely.geometry
from sqlalchemy import text

from database.connection.engine import Database
from database.rights.scope import Role, Scope
from layers.tiles.shapes import BANDS, coordinate_m, missing_shapes, refresh_shapes, simplified, snapped, tolerance_m
from layers.tiles.tile import get_tile
from mapserver.server.jobs import run_outlines
from tests import world
from tests.layers.tiles.test_tiles import tile_column
from tests.world import CELLS


def wavy(rows: int = 4, columns: int = 4, points: int = 400) -> np.ndarray:
    """A coverage whose shared edges wave, metres."""

    def edge(a: tuple[float, float], b: tuple[float, float]) -> list[tuple[float, float]]:
        t = np.linspace(0, 1, points)
        off = 40 * np.sin(t * 40) * np.sin(np.pi * t)
        dx, dy = b[0] - a[0], b[1] - a[1]
        length = float(np.hypot(dx, dy))
        return [(a[0] + dx * s - dy / length * o, a[1] + dy * s + dx / length * o) for s, o in zip(t, off, strict=True)]

    corners = {
        (i, j): (13_360_000 + i * 3000.0, 3_560_000 + j * 3000.0) for i in range(columns + 1) for j in range(rows + 1)
    }
    cells = []
    for i in range(columns):
        for j in range(rows):
            south, east = edge(corners[i, j], corners[i + 1, j]), edge(corners[i + 1, j], corners[i + 1, j + 1])
            north, west = edge(corners[i, j + 1], corners[i + 1, j + 1]), edge(corners[i, j], corners[i, j + 1])
            cells.append(shapely.Polygon([*south, *east[1:], *north[::-1][1:], *west[::-1][1:-1]]))
    return np.array(cells)


@pytest.mark.parametrize("band", BANDS)
def test_neighbours_keep_their_shared_edge(band: int) -> None:
    outlines = wavy()
    assert shapely.coverage_is_valid(outlines)
    thin = simplified(outlines, band)
    assert shapely.coverage_is_valid(thin)  # no gap, no overlap
    assert shapely.get_num_coordinates(thin).sum() < shapely.get_num_coordinates(outlines).sum() / 3
    moved = shapely.hausdorff_distance(shapely.boundary(outlines), shapely.boundary(thin)).max()
    assert moved < max(90, 4 * tolerance_m(band))


HALF_M = 20037508.342789244


@pytest.mark.parametrize("band", BANDS)
def test_outlines_stand_on_tile_coordinates_and_neighbours_move_together(band: int) -> None:
    thin = simplified(wavy(), band)
    moved = snapped(thin, band)
    places = (shapely.get_coordinates(moved) + HALF_M) / coordinate_m(band)
    assert np.abs(places - np.round(places)).max() < 1e-6
    assert shapely.is_valid(moved).all()
    assert shapely.coverage_is_valid(moved)
    assert shapely.hausdorff_distance(moved, thin).max() < coordinate_m(band)


def test_an_outline_that_would_cross_itself_is_mended_and_one_that_would_vanish_stays() -> None:
    step = coordinate_m(9)
    unit = np.array([(0, 0), (10.4, 0), (10.4, 0.45), (5, 0.45), (5, 10), (0, 10)])  # an arm that falls flat
    corner = np.round(HALF_M / step) * step - HALF_M + 350_000 * step
    arm, speck = (
        shapely.Polygon(unit * step + corner),
        shapely.box(corner, corner, corner + step / 5, corner + step / 5),
    )
    made = snapped(np.array([arm, speck]), 9)
    assert not shapely.is_valid(shapely.transform(arm, lambda xy: np.round(xy / step)))
    assert shapely.is_valid(made).all()
    assert shapely.area(made[0]) == pytest.approx(50 * step**2)
    assert made[1] == speck


def test_a_generalised_outline_is_drawn_as_postgis_would_draw_it(county_map: Database, system: Scope) -> None:
    drawn = text(
        "SELECT st_astext(st_asmvtgeom(geom_3857, st_tileenvelope(:z, :x, :y), 4096, 64, true)) FROM tile_shape "
        "WHERE layer = 'cells' AND code = :c AND band = :b"
    )
    with county_map.transaction(system) as connection:
        refresh_shapes(connection)
        for z, band in ((9, 9), (10, 11), (11, 11)):
            x, y = tile_column(z)
            tile = mapbox_vector_tile.decode(
                get_tile(connection, ["cells"], z, x, y), default_options={"y_coord_down": True}
            )
            features = tile["cells"]["features"]
            assert features
            for feature in features:
                arguments = {"z": z, "x": x, "y": y, "c": feature["properties"]["id"], "b": band}
                expected, seen = (
                    shapely.from_wkt(connection.scalar(drawn, arguments)),
                    shapely.geometry.shape(feature["geometry"]),
                )
                assert seen.is_valid
                assert seen.exterior.is_ccw  # clockwise on the screen, where rows grow downwards (MVT 2.1, 4.3.4.4)
                assert shapely.equals(seen, expected) or shapely.hausdorff_distance(seen, expected) <= 1.5


@pytest.fixture
def county_map(database: Database, system: Scope) -> Database:
    with database.transaction(system) as connection:
        world.build_county(connection)
    return database


def test_every_outline_has_its_bands_and_a_second_run_changes_nothing(county_map: Database, system: Scope) -> None:
    with county_map.transaction(system) as connection:
        assert {(m.layer, m.outlines) for m in missing_shapes(connection)} == {("divisions", 6), ("cells", 4)}
        assert refresh_shapes(connection) == 10 * len(BANDS)
        assert missing_shapes(connection) == []
        assert refresh_shapes(connection) == 0


def test_the_job_makes_what_is_missing(county_map: Database, system: Scope) -> None:
    run_outlines(county_map, system.county)
    with county_map.transaction(system) as connection:
        assert missing_shapes(connection) == []


def test_a_changed_outline_is_shown_as_it_is_until_the_next_run(county_map: Database, system: Scope) -> None:
    with county_map.transaction(system) as connection:
        refresh_shapes(connection)
        before = get_tile(connection, ["cells"], 11, *tile_column(11))
        connection.execute(text("UPDATE grid_cell SET geom = CAST(:g AS geometry) WHERE code = :c"),
                           {"g": world.square(120.0, 0.004), "c": CELLS[0]})  # fmt: skip
        assert connection.scalar(text("SELECT count(*) FROM tile_shape WHERE code = :c"), {"c": CELLS[0]}) == 0
        after = get_tile(connection, ["cells"], 11, *tile_column(11))
        widths = {f["properties"]["id"]: shapely.from_geojson(_json(f)).bounds for f in _cells(after)}
        assert before != after
        assert widths[CELLS[0]][2] - widths[CELLS[0]][0] < (widths[CELLS[1]][2] - widths[CELLS[1]][0]) / 2
        assert refresh_shapes(connection) == len(BANDS)


def _cells(tile: bytes) -> list[dict[str, object]]:
    features: list[dict[str, object]] = mapbox_vector_tile.decode(tile)["cells"]["features"]
    return features


def _json(feature: dict[str, object]) -> str:
    return json.dumps(feature["geometry"])


def test_an_outline_that_changes_while_it_is_simplified_is_not_kept(county_map: Database, system: Scope) -> None:
    with county_map.transaction(system) as connection:
        refresh_shapes(connection)
    with county_map.transaction(system) as slow:
        rows = slow.execute(text("SELECT 1")).all()
        with county_map.transaction(system) as connection:
            connection.execute(
                text("UPDATE grid_cell SET valid_to = current_date + 1 WHERE code = :c"), {"c": CELLS[0]}
            )
        assert rows and refresh_shapes(slow) == 0
    with county_map.transaction(system) as connection:
        assert connection.scalar(text("SELECT count(*) FROM tile_shape WHERE code = :c"), {"c": CELLS[0]}) == 0


def test_a_worker_reads_no_generalised_outline_of_others(county_map: Database, system: Scope) -> None:
    with county_map.transaction(system) as connection:
        refresh_shapes(connection)
    with county_map.transaction(Scope("330521", "t", Role.GRID_WORKER, (CELLS[2],))) as connection:
        assert set(connection.scalars(text("SELECT grid_code FROM tile_shape"))) == {CELLS[2]}
