"""No row is lost and none is counted twice: n over all tiles of a zoom is the count under row-level security; counts keep up."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import mapbox_vector_tile
import psycopg
import pytest
from sqlalchemy import text

from database.connection.engine import Database
from database.embedded import EmbeddedCluster
from database.rights.scope import Role, Scope
from layers.tiles.catalogue import BUDGET, CELLS_A_SIDE, CROWDED_BUDGET, LAYERS
from layers.tiles.counts import count_differences, repair_counts, settle_counts
from layers.tiles.tile import read_tile
from tests import world
from tests.layers.tiles.test_tiles import SCOPES, scope_of
from tests.world import CELLS, CHUNHUI, WUKANG

TABLES = {name: layer.table for name, layer in LAYERS.items() if layer.counted}
Y18 = 107728  # the row of the county's middle at zoom 18
# more than a tile's budget in the first cell, stacks of equal points, and points on the very edges of tiles
CROWD = f"""
INSERT INTO facility (kind, name, source, source_key, grid_code, geom)
SELECT 'lamp', n::text, 't', n::text, (ARRAY['{CELLS[0]}', '{CELLS[0]}01', '{CELLS[1]}', '{WUKANG}', '330521'])[1 + n % 5],
       CASE WHEN n <= {BUDGET + 100} THEN st_setsrid(st_point(120.005, 30.505), 4490)
       ELSE st_setsrid(st_point(120.0001 + (n * 0.7548776662466927 % 1) * 0.0098, 30.5001 + (n % 70) * 0.00014), 4490) END
FROM generate_series(1, {BUDGET + 900}) AS n
UNION ALL
SELECT 'lamp', 'edge', 't', 'edge' || z || '-' || i, '{CHUNHUI}',
       st_setsrid(st_transform(st_setsrid(st_point(st_xmin(e), st_ymax(e) - i * (st_ymax(e) - st_ymin(e)) / 2), 3857), 4326), 4490)
FROM generate_series(14, 18) AS z, generate_series(0, 2) AS i,
     st_tileenvelope(z, floor((120.025 + 180) / 360 * 2.0 ^ z)::int, {Y18} >> 18 - z) AS e
"""


@pytest.fixture
def crowded(database: Database, system: Scope) -> Iterator[Database]:
    """Every layer has rows in every cell; one has more than a tile may hold."""
    with database.transaction(system) as connection:
        world.build_county(connection)
        connection.execute(text(CROWD))
        for n, cell in enumerate((*CELLS, CHUNHUI, WUKANG)):
            home = next(c for c in CELLS if c.startswith((cell[:12], cell)))
            household = world.add_household(connection, cell, cell)
            world.add_event(connection, cell, cell, datetime(2026, 6, 1, tzinfo=UTC), n=n)
            world.add_address(connection, f"德清县武康街道永安街{n + 1}号", home, n, grid_code=cell)
            world.add_person(connection, f"甲{n}", cell, household)
            world.add_person(connection, f"乙{n}", cell, household)
            world.add_parcel(connection, cell, cell, world.west_of(home) + 0.001)
            world.insert(connection, "place", kind="zone", name="地", source="t", source_key=cell, grid_code=cell,
                         geom=world.square(world.west_of(home) + 0.001, 0.003))  # fmt: skip
            connection.execute(text(
                "INSERT INTO alert (fingerprint, rule, severity, subject_kind, subject_id, title, reason, grid_code, geom) "
                "VALUES (:c, 'event_surge', 'low', 'cell', :c, 't', 'r', :c, CAST(:g AS geometry))"
            ), {"c": cell, "g": world.point(home)})  # fmt: skip
    yield database


def tiles_of_county(database: Database, system: Scope, z: int) -> list[tuple[int, int]]:
    """Every tile that a row of the county touches, and those around."""
    boxes = " UNION ALL ".join(f"SELECT st_extent(geom_3857) AS e FROM {layer.table}" for layer in LAYERS.values())
    with database.transaction(system) as connection:
        w, s, e, n = connection.execute(
            text(f"SELECT min(st_xmin(e)), min(st_ymin(e)), max(st_xmax(e)), max(st_ymax(e)) FROM ({boxes}) b")
        ).one()
    columns = [int((v + 20037508.342789244) / 40075016.685578488 * 2**z) for v in (w, e)]
    rows = [int((20037508.342789244 - v) / 40075016.685578488 * 2**z) for v in (n, s)]
    return [
        (x, y)
        for x in range(max(0, columns[0] - 1), min(2**z, columns[1] + 2))
        for y in range(max(0, rows[0] - 1), min(2**z, rows[1] + 2))
    ]


def totals(database: Database, scope: Scope, z: int, tiles: list[tuple[int, int]]) -> dict[str, int]:
    """The sum of n of every layer over these tiles."""
    found = dict.fromkeys(LAYERS, 0)
    with database.transaction(scope) as connection:
        for x, y in tiles:
            body = read_tile(connection, list(LAYERS), z, x, y).body
            for name, layer in (mapbox_vector_tile.decode(body) if body else {}).items():
                found[name] += sum(feature["properties"]["n"] for feature in layer["features"])
    return found


def permitted(database: Database, scope: Scope, z: int) -> dict[str, int]:
    """How many rows row-level security shows of every layer, at this zoom."""
    extra = {
        "divisions": "true" if z >= 9 else "level <> 'village'",
        "cells": "false" if z < 9 else "true" if z >= 13 else "level = 'cell'",
    }
    with database.transaction(scope) as connection:
        return {
            name: connection.scalar(
                text(
                    f"SELECT count(*) FROM {layer.table} WHERE geom IS NOT NULL AND {layer.shows} "
                    f"AND {extra.get(name, 'true')}"
                )
            )
            for name, layer in LAYERS.items()
        }


@pytest.mark.parametrize("z", [0, 7, 8, 10, 11, 12, 13, 14, 15, 16])
def test_n_adds_up_to_the_permitted_rows_for_every_role(crowded: Database, system: Scope, z: int) -> None:
    tiles = tiles_of_county(crowded, system, z)
    for who in SCOPES:
        assert totals(crowded, scope_of(who), z, tiles) == permitted(crowded, scope_of(who), z), who


@pytest.mark.parametrize("z", [17, 18])
def test_n_adds_up_at_the_highest_zooms(crowded: Database, system: Scope, z: int) -> None:
    tiles = tiles_of_county(crowded, system, z)
    assert totals(crowded, system, z, tiles) == permitted(crowded, system, z)


@pytest.mark.parametrize("z", [13, 14, 15, 18])
def test_a_crowded_tile_says_that_it_counts_and_keeps_single_rows(crowded: Database, system: Scope, z: int) -> None:
    x, y = world_tile(z)
    with crowded.transaction(system) as connection:
        tile = read_tile(connection, ["cells", "objects"], z, x, y)
    assert tile.generalised == ("objects",)
    features = [f["properties"] for f in mapbox_vector_tile.decode(tile.body)["objects"]["features"]]
    assert len(features) <= CELLS_A_SIDE**2
    assert max(f["n"] for f in features) > BUDGET
    for feature in features:
        assert ("id" in feature) == (feature["n"] == 1)
        assert ("name" in feature) == (feature["n"] == 1 and z >= 15)


def world_tile(z: int) -> tuple[int, int]:
    import math

    lat = math.radians(30.505)
    return int((120.005 + 180) / 360 * 2**z), int((1 - math.asinh(math.tan(lat)) / math.pi) / 2 * 2**z)


def members(database: Database, scope: Scope, z: int = 9) -> tuple[int, int]:
    """Households and their members, as the low zoom tells them."""
    n = total = 0
    with database.transaction(scope) as connection:
        for x, y in tiles_of_county(database, scope, z):
            body = read_tile(connection, ["persons"], z, x, y).body
            for feature in mapbox_vector_tile.decode(body)["persons"]["features"] if body else []:
                n += feature["properties"]["n"]
                total += feature["properties"].get("members", 0)
    return n, total


def test_households_tell_their_members_at_every_zoom(crowded: Database, system: Scope) -> None:
    assert [members(crowded, system, z) for z in (9, 12, 14)] == [(6, 12)] * 3
    with crowded.transaction(system) as connection:
        connection.execute(text("UPDATE household_member SET valid_to = current_date WHERE id % 2 = 0"))
        connection.execute(text("UPDATE household SET geom = st_translate(geom, 0.003, 0)"))
    assert [members(crowded, system, z) for z in (9, 12, 14)] == [(6, 6)] * 3
    with crowded.transaction(system) as connection:
        connection.execute(text("DELETE FROM household_member"))
        connection.execute(text("DELETE FROM household WHERE id % 2 = 0"))
        assert count_differences(connection) == {}
    assert members(crowded, system) == (3, 0)


CHANGES = {
    "move": "UPDATE {t} SET geom = st_translate(geom, 0.011, 0.0004)",
    "hand over": f"UPDATE {{t}} SET grid_code = '{CELLS[2]}' WHERE grid_code <> '{CELLS[2]}'",
    "remove some": "DELETE FROM {t} WHERE id % 3 = 0",
    "change what no tile shows": "UPDATE {t} SET grid_code = grid_code",
}


@pytest.mark.parametrize("what", CHANGES)
def test_counts_keep_up_with_plain_sql(crowded: Database, system: Scope, what: str) -> None:
    with crowded.transaction(system) as connection:
        connection.execute(text("DELETE FROM household_member"))
        for table in TABLES.values():
            connection.execute(text(CHANGES[what].format(t=table)))
        assert count_differences(connection) == {}
        settle_counts(connection)
        assert count_differences(connection) == {}
    for z in (6, 11):
        tiles = tiles_of_county(crowded, system, z)
        assert totals(crowded, system, z, tiles) == permitted(crowded, system, z)


def test_counts_follow_what_a_row_is_shown_by(crowded: Database, system: Scope) -> None:
    with crowded.transaction(system) as connection:
        connection.execute(text("UPDATE alert SET status = 'closed'"))
        assert count_differences(connection) == {}
        connection.execute(text("UPDATE alert SET status = 'open' WHERE id % 2 = 0"))
        assert count_differences(connection) == {}
        connection.execute(text("UPDATE household SET geom = NULL WHERE id % 2 = 0"))
        assert count_differences(connection) == {}


def test_two_writers_never_wait_and_nothing_is_counted_wrong(crowded: Database, system: Scope) -> None:
    """Both change the same cells in opposite order, many times, with a settler between them."""
    failures: list[Exception] = []

    def write(seed: int) -> None:
        try:
            for n in range(25):
                with crowded.transaction(system) as connection:
                    order = "ASC" if (n + seed) % 2 else "DESC"
                    rows = list(connection.scalars(text(
                        f"SELECT id FROM facility WHERE id % 2 = :m ORDER BY id {order} LIMIT 40"), {"m": seed}))  # fmt: skip
                    connection.execute(text(
                        "UPDATE facility SET geom = st_translate(geom, 0.0007, 0) WHERE id = ANY(:ids)"), {"ids": rows})  # fmt: skip
                    household = world.add_household(connection, f"{seed}-{n}", CELLS[0])
                    world.add_person(connection, f"{seed}-{n}", CELLS[0], household)
                    connection.execute(text("UPDATE household SET geom = st_translate(geom, 0.002, 0) WHERE id = :i"),
                                       {"i": household})  # fmt: skip
        except Exception as error:
            failures.append(error)

    def settle() -> None:
        for _ in range(40):
            with crowded.transaction(system) as connection:
                settle_counts(connection)

    threads = [threading.Thread(target=write, args=(seed,)) for seed in (0, 1)] + [threading.Thread(target=settle)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with crowded.transaction(system) as connection:
        assert count_differences(connection) == {}
    assert members(crowded, system) == (56, 62)


def test_a_household_does_not_move_without_a_member_that_joins_meanwhile(crowded: Database, system: Scope) -> None:
    with crowded.transaction(system) as connection:
        household = connection.scalar(text("SELECT min(id) FROM household"))
        person = world.add_person(connection, "丙", CELLS[0])
    moved = threading.Event()

    def join() -> None:
        with crowded.transaction(system) as connection:
            moved.wait()
            world.add_member(connection, household, person, CELLS[0])

    thread = threading.Thread(target=join)
    thread.start()
    with crowded.transaction(system) as connection:
        connection.execute(
            text("UPDATE household SET geom = st_translate(geom, 0.01, 0) WHERE id = :i"), {"i": household}
        )
        moved.set()
        thread.join(0.3)
    thread.join()
    with crowded.transaction(system) as connection:
        assert count_differences(connection) == {}


def test_counts_that_were_bypassed_are_found_and_repaired(
    crowded: Database, system: Scope, cluster: EmbeddedCluster
) -> None:
    with psycopg.connect(cluster.dsn("superuser", database="onemap")) as connection:
        connection.execute("SET session_replication_role = replica; SET search_path = c330521, public")
        connection.execute("DELETE FROM facility WHERE id % 2 = 0")
    with crowded.transaction(system) as connection:
        assert set(count_differences(connection)) == {"objects"}
        assert repair_counts(connection) > 0
        assert count_differences(connection) == {}


def test_an_emptied_table_has_no_counts(crowded: Database, system: Scope, cluster: EmbeddedCluster) -> None:
    with psycopg.connect(cluster.dsn("superuser", database="onemap")) as connection:
        connection.execute("TRUNCATE c330521.facility")
    with crowded.transaction(system) as connection:
        assert count_differences(connection) == {}
        x, y = world_tile(10)
        assert read_tile(connection, ["objects"], 10, x, y).body == b""


def test_the_application_cannot_write_counts(crowded: Database, system: Scope) -> None:
    for sql in ("DELETE FROM tile_count", "UPDATE tile_count SET n = 0", "DELETE FROM tile_change"):
        with pytest.raises(Exception, match="permission denied"), crowded.transaction(system) as connection:
            connection.execute(text(sql))


def test_a_worker_sees_no_count_of_other_cells(crowded: Database) -> None:
    with crowded.transaction(Scope("330521", "t", Role.GRID_WORKER, (CELLS[3],))) as connection:
        codes = connection.scalars(
            text("SELECT DISTINCT grid_code FROM tile_count UNION SELECT grid_code FROM tile_change")
        )
        assert set(codes) == {CELLS[3]}


@pytest.mark.parametrize(("z", "together"), [(13, True), (14, True), (15, False), (16, False)])
def test_at_middle_zooms_fewer_rows_are_told_apart_and_none_is_lost(
    crowded: Database, system: Scope, z: int, together: bool
) -> None:
    with crowded.transaction(system) as connection:
        connection.execute(text("DELETE FROM facility WHERE source_key !~ '^[0-9]+$' OR source_key::int > 1000"))
        tile = read_tile(connection, ["objects"], z, *world_tile(z))
    features = [f["properties"] for f in mapbox_vector_tile.decode(tile.body)["objects"]["features"]]
    assert sum(f["n"] for f in features) == 1000
    assert (tile.generalised == ("objects",)) is together
    assert (len(features) < CROWDED_BUDGET) is together
