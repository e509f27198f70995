"""A tile holds exactly what row-level security would show: for every role, every scope, every layer."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import mapbox_vector_tile
import psycopg
import pytest
from sqlalchemy import Connection, text

from database.connection.engine import Database
from database.embedded import EmbeddedCluster
from database.rights.scope import Role, Scope
from layers.tiles.catalogue import LAYERS
from layers.tiles.tile import TileOutOfRange, UnknownLayer, get_tile, get_tilejson, read_tile
from tests import world
from tests.world import CELLS, CHUNHUI, MOGAN, WUKANG

MICRO = CELLS[0] + "01"
SCOPES = {
    "county admin": (Role.COUNTY_ADMIN, ("330521",)),
    "gis staff": (Role.GIS_STAFF, ("330521",)),
    "auditor": (Role.AUDITOR, ("330521",)),
    "town official": (Role.TOWN_OFFICIAL, (WUKANG,)),
    "town official of two towns": (Role.TOWN_OFFICIAL, (MOGAN, WUKANG)),
    "village officer": (Role.VILLAGE_OFFICER, (CHUNHUI,)),
    "grid worker": (Role.GRID_WORKER, (CELLS[0],)),
    "grid worker of two cells": (Role.GRID_WORKER, (CELLS[1], CELLS[3])),
    "grid worker of a micro cell": (Role.GRID_WORKER, (MICRO,)),
    "scopes that nest": (Role.GRID_WORKER, (WUKANG, CHUNHUI, "330521")),
    "scopes of every depth": (Role.GRID_WORKER, (MOGAN, CHUNHUI, CELLS[1], MICRO)),
}
AREAS = {
    "divisions": ":z >= 9 OR level <> 'village'",
    "cells": ":z >= 9 AND (:z >= 13 OR level = 'cell')",
}


@pytest.fixture
def populated(database: Database, system: Scope) -> Iterator[Database]:
    """Rows of every layer in every cell, and some that belong to no cell."""
    with database.transaction(system) as connection:
        world.build_county(connection)
        world.insert(
            connection, "grid_cell", code=MICRO, level="micro_cell", parent_code=CELLS[0], name="微网格",
            geom=world.square(world.west_of(CELLS[0]), world.SIZE / 2), returning=None,
        )  # fmt: skip
        for cell in (*CELLS, MICRO, WUKANG, "330521"):
            home = next(c for c in CELLS if c.startswith(cell[:15]))
            for n in range(6):
                common = {
                    "source": "t",
                    "source_key": f"{cell}-{n}",
                    "grid_code": cell,
                    "geom": world.point(home, n * 7),
                }
                world.add_parcel(
                    connection, f"{cell}-{n}", cell, world.west_of(home) + n * world.SIZE / 20, world.SIZE / 25
                )
                world.insert(connection, "facility", kind="lamp", name=f"灯{n}", **common)
                world.insert(connection, "place", kind="dwelling", name=f"房{n}", occupancy="vacant", **common)
                household = world.add_household(connection, f"{cell}-{n}", cell, n=0)
                world.add_person(connection, f"{cell}-{n}", cell, household)
                world.add_event(connection, f"{cell}-{n}", cell, datetime(2026, 6, 1, tzinfo=UTC), n=0)
                world.insert(
                    connection, "alert", fingerprint=f"{cell}-{n}", rule="event_surge", severity="low", subject_kind="cell",
                    subject_id=cell, title="t", reason="r", grid_code=cell, geom=common["geom"],
                    status="closed" if n == 5 else "open",
                )  # fmt: skip
                world.insert(
                    connection, "standard_address", code=f"330521001001{cell[6:]:0>12}{n:06d}", full_text=f"{cell}{n}",
                    depth=8, match_key="k", local_key="k", division_code=WUKANG,
                    status="retired" if n == 5 else "published", **common,
                )  # fmt: skip
    yield database


def scope_of(name: str) -> Scope:
    role, prefixes = SCOPES[name]
    return Scope("330521", "tester", role, prefixes)


def tile_column(z: int) -> tuple[int, int]:
    """The tile of the county's middle."""
    import math

    n = 2**z
    lat = math.radians(30.505)
    return int((120.0195 + 180) / 360 * n), int((1 - math.asinh(math.tan(lat)) / math.pi) / 2 * n)


def shown(connection: Connection, layer: str, z: int, x: int, y: int) -> tuple[list[Any], int]:
    """The ids of the tile's features, none of those that are counted together, and the sum of n."""
    tile = read_tile(connection, [layer], z, x, y)
    decoded = mapbox_vector_tile.decode(tile.body) if tile.body else {}
    features = [feature["properties"] for feature in decoded.get(layer, {"features": []})["features"]]
    assert bool(tile.generalised) == (bool(features) and LAYERS[layer].rows_from > z)
    return sorted(f["id"] for f in features if "id" in f), sum(f["n"] for f in features)


def permitted(connection: Connection, layer: str, z: int, x: int, y: int) -> tuple[list[Any], int]:
    """What row-level security shows of the tile: ids of the rows in it (outlines: with its margin), and how many belong to it."""
    entry = LAYERS[layer]
    column, row = (
        f"floor(({v} + 20037508.342789244) / 40075016.685578488 * 2.0 ^ :z)"
        for v in ("(st_xmin(g) + st_xmax(g)) / 2", "-(st_ymin(g) + st_ymax(g)) / 2")
    )
    sql = (
        f"SELECT {'code' if entry.geometry == 'polygon' else 'id'} AS id, {column} = :x AND {row} = :y AS own, "
        "st_asmvtgeom(g, st_tileenvelope(:z, :x, :y), 4096, 64, true) IS NOT NULL AS reaches, "
        "st_geometrytype(g) <> 'ST_Point' AS is_outline "
        f"FROM (SELECT *, geom_3857 AS g FROM {entry.table} WHERE {entry.shows} AND ({AREAS.get(layer, 'true')})) t "
        "WHERE g && st_tileenvelope(:z, :x, :y, margin => 64.0 / 4096)"
    )
    rows = connection.execute(text(sql), {"z": z, "x": x, "y": y}).all()
    ids = [r.id for r in rows if r.own or (r.reaches and r.is_outline)] if z >= entry.rows_from else []
    return sorted(ids), sum(r.own for r in rows) if z >= entry.minzoom else 0


@pytest.mark.parametrize("who", SCOPES)
def test_a_tile_holds_exactly_the_permitted_rows(populated: Database, who: str) -> None:
    chance = random.Random(who)
    seen = 0
    with populated.transaction(scope_of(who)) as connection:
        for layer in LAYERS:
            for z in (6, 10, 13, 14, 16):
                x, y = tile_column(z)
                for dx in {0, chance.choice((-1, 1)), chance.choice((-2, 2)) if z > 12 else 0}:
                    rows = shown(connection, layer, z, x + dx, y)
                    assert rows == permitted(connection, layer, z, x + dx, y), (layer, z, dx)
                    seen += rows[1]
    assert seen > 20  # the comparison was not of nothing with nothing


def test_a_stranger_gets_an_empty_tile(populated: Database) -> None:
    x, y = tile_column(13)
    with populated.platform() as connection:
        tiles = [
            connection.scalar(text("SELECT body FROM c330521.tile_layer(:l, 13, :x, :y)"), {"l": layer, "x": x, "y": y})
            for layer in LAYERS
        ]
    assert tiles == [b""] * len(LAYERS)


def test_two_counties_never_share_a_tile(populated: Database, neighbour: str) -> None:
    x, y = tile_column(13)
    with populated.transaction(Scope.of_system(neighbour)) as connection:
        for layer in LAYERS:
            assert get_tile(connection, [layer], 13, x, y) == b""
            direct = connection.scalar(
                text("SELECT body FROM c330521.tile_layer(:l, 13, :x, :y)"), {"l": layer, "x": x, "y": y}
            )
            assert direct == b""


def test_the_function_belongs_to_a_role_nobody_signs_in_as_and_only_the_application_may_call_it(
    cluster: EmbeddedCluster, populated: Database
) -> None:
    with psycopg.connect(cluster.dsn("superuser", database="onemap")) as connection:
        row = connection.execute(
            "SELECT proowner::regrole::text, prosecdef, proacl::text, r.rolcanlogin, r.rolbypassrls, r.rolsuper "
            "FROM pg_proc p JOIN pg_roles r ON r.oid = proowner "
            "WHERE proname = 'tile_layer' AND pronamespace = 'c330521'::regnamespace"
        ).fetchone()
    assert row == (
        "onemap_tiles", True, "{onemap_tiles=X/onemap_tiles,onemap_app=X/onemap_tiles}", False, False, False,
    )  # fmt: skip


def test_its_owner_cannot_read_what_no_tile_shows(cluster: EmbeddedCluster, populated: Database) -> None:
    with psycopg.connect(cluster.dsn("superuser", database="onemap")) as connection:
        readable = {
            (table, column)
            for table, column in connection.execute(
                "SELECT table_name, column_name FROM information_schema.column_privileges "
                "WHERE grantee = 'onemap_tiles' AND table_schema = 'c330521'"
            )
        }
    personal = {
        column for table, column in readable if table != "service_point"
    }  # the phone of a service point is public
    assert not any(word in column for column in personal for word in ("cipher", "hash", "masked", "phone", "name_"))
    assert not any(table == "person" for table, _ in readable)


@pytest.mark.parametrize("z", [5, 9, 12, 13, 15])
def test_features_carry_what_the_catalogue_says_and_nothing_else(populated: Database, system: Scope, z: int) -> None:
    with populated.transaction(system) as connection:
        decoded = mapbox_vector_tile.decode(get_tile(connection, list(LAYERS), z, *tile_column(z)))
    assert set(decoded) == {name for name, layer in LAYERS.items() if layer.minzoom <= z}
    for name, layer in decoded.items():
        keys = {key for feature in layer["features"] for key in feature["properties"]}
        rows = z >= LAYERS[name].rows_from
        assert keys <= {f.name for f in LAYERS[name].fields if f.minzoom <= z and (rows or not f.rows_only)}, name
        assert {"n", "id"} <= keys if rows else "n" in keys


def test_cells_count_the_alerts_that_wait_in_them_and_in_their_micro_cells(populated: Database, system: Scope) -> None:
    with populated.transaction(system) as connection:
        tile = mapbox_vector_tile.decode(get_tile(connection, ["cells"], 12, *tile_column(12)))
    counts = {f["properties"]["id"]: f["properties"]["alerts"] for f in tile["cells"]["features"]}
    assert counts[CELLS[0]] == 10
    assert counts[CELLS[1]] == 5


@pytest.mark.parametrize(("names", "z", "x"), [(["nothing"], 1, 0), ([], 1, 0), (["cells", "cells"], 1, 0)])
def test_an_unknown_layer_is_refused(database: Database, system: Scope, names: list[str], z: int, x: int) -> None:
    with database.transaction(system) as connection, pytest.raises(UnknownLayer):
        get_tile(connection, names, z, x, 0)


@pytest.mark.parametrize(("z", "x", "y"), [(-1, 0, 0), (19, 0, 0), (1, 2, 0), (1, 0, -1)])
def test_a_tile_off_the_map_is_refused(database: Database, system: Scope, z: int, x: int, y: int) -> None:
    with database.transaction(system) as connection, pytest.raises(TileOutOfRange):
        get_tile(connection, ["cells"], z, x, y)


def test_tilejson_tells_layers_fields_and_the_bounds_of_the_scope(populated: Database) -> None:
    with populated.transaction(scope_of("grid worker")) as connection:
        document = get_tilejson(connection, ["cells", "persons"], "http://x/{z}/{x}/{y}.mvt")
    assert document["tilejson"] == "3.0.0"
    assert [layer["id"] for layer in document["vector_layers"]] == ["cells", "persons"]
    assert document["bounds"] == pytest.approx([120.0, 30.5, 120.01, 30.51])


def test_nobody_calls_the_function_as_another_role(cluster: EmbeddedCluster, populated: Database) -> None:
    with psycopg.connect(cluster.dsn("superuser", database="onemap"), autocommit=True) as connection:
        connection.execute("CREATE ROLE passer_by")
        try:
            connection.execute("GRANT USAGE ON SCHEMA c330521 TO passer_by")
            connection.execute("SET ROLE passer_by")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("SELECT c330521.tile_layer('cells', 0, 0, 0)")
        finally:
            connection.execute("RESET ROLE")
            connection.execute("REVOKE USAGE ON SCHEMA c330521 FROM passer_by")
            connection.execute("DROP ROLE passer_by")
