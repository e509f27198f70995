"""Commit → new tag within 100 ms, at old and new place, by any statement; nobody is given another's finished tile."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import mapbox_vector_tile
import psycopg
import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import text

from database.connection.engine import Database
from database.embedded import EmbeddedCluster
from database.rights.scope import Role, Scope
from layers.base.catalogue import NAMES
from layers.tiles.catalogue import LAYERS
from layers.tiles.tile import Tile
from layers.tiles.watch import Box, InvalidMoment, check_moment, current_moment, read_changes
from mapserver.tiles.cache import OVERHEAD, Entry, TileCache, TileKey
from tests import world
from tests.world import CELLS, MOGAN

SignIn = Callable[..., TestClient]
WITHIN_S = 0.1


@pytest.fixture
def county_map(database: Database, system: Scope) -> Database:
    """The small county, a household and a lamp in each cell."""
    with database.transaction(system) as connection:
        world.build_county(connection)
        for cell in CELLS:
            world.add_household(connection, cell, cell)
            world.insert(connection, "facility", kind="lamp", name=cell, source="t", source_key=cell, grid_code=cell,
                         geom=world.point(cell))  # fmt: skip
    return database


def tile_of(cell: str, z: int, layers: str = "objects", shift: float = 0.0) -> str:
    import math

    n, lat = 2**z, math.radians(world.SOUTH + world.SIZE / 2)
    lon = world.west_of(cell) + world.SIZE / 4 + shift
    x, y = int((lon + 180) / 360 * n), int((1 - math.asinh(math.tan(lat)) / math.pi) / 2 * n)
    return f"/tiles/330521/{layers}/{z}/{x}/{y}.mvt"


def tag_of(client: TestClient, path: str) -> str | None:
    return client.get(path).headers.get("ETag")


def seconds_until_new(client: TestClient, path: str, old: str | None) -> float:
    started = time.perf_counter()
    while tag_of(client, path) == old:
        assert time.perf_counter() - started < 2, path
    return time.perf_counter() - started


@pytest.mark.alone
def test_every_zoom_is_fresh_after_a_move_by_plain_sql(
    county_map: Database, sign_in: SignIn, cluster: EmbeddedCluster
) -> None:
    client = sign_in(Role.COUNTY_ADMIN)
    old_place = [tile_of(CELLS[0], z) for z in range(8, 19)]
    new_place = [tile_of(CELLS[0], z, shift=0.02) for z in range(13, 19)]
    elsewhere = [tile_of(CELLS[3], z) for z in range(15, 19)] + [tile_of(CELLS[0], z, "persons") for z in range(8, 19)]
    before = {path: tag_of(client, path) for path in (*old_place, *new_place, *elsewhere)}
    with psycopg.connect(cluster.dsn("superuser", database="onemap")) as connection:
        # far enough for another cell of every aggregating zoom
        connection.execute(
            "UPDATE c330521.facility SET geom = st_translate(geom, 0.02, 0) WHERE name = %s", (CELLS[0],)
        )
    started = time.perf_counter()
    for path in (*new_place, *old_place):
        seconds_until_new(client, path, before[path])
    assert time.perf_counter() - started < WITHIN_S + 0.1  # seventeen tiles made anew among it
    assert {path: tag_of(client, path) for path in elsewhere} == {path: before[path] for path in elsewhere}


@pytest.mark.parametrize("z", [8, 12, 14, 18])
@pytest.mark.alone
def test_a_change_is_seen_within_a_tenth_of_a_second(
    county_map: Database, sign_in: SignIn, system: Scope, z: int
) -> None:
    client = sign_in(Role.COUNTY_ADMIN)
    times = []
    path = tile_of(CELLS[0], z)
    for n in range(12):
        old = tag_of(client, path)
        with county_map.transaction(system) as connection:
            world.insert(connection, "facility", kind="lamp", name="new", source="t", source_key=str(n),
                         grid_code=CELLS[0], geom=world.point(CELLS[0]))  # fmt: skip
        times.append(seconds_until_new(client, path, old))
    assert max(times) < WITHIN_S


@pytest.mark.alone
def test_a_lost_notify_costs_no_freshness(
    county_map: Database, sign_in: SignIn, system: Scope, application: TestClient
) -> None:
    client = sign_in(Role.COUNTY_ADMIN)
    feed = application.app.state.tiles.feed
    on_notify, feed._listeners[0]._on_notify = feed._listeners[0]._on_notify, lambda _counties: None
    try:
        for layer, table in (("objects", "facility"), ("persons", "household")):
            path = tile_of(CELLS[1], 16, layer)
            old = tag_of(client, path)
            with county_map.transaction(system) as connection:
                connection.execute(text(f"DELETE FROM {table} WHERE grid_code = :c"), {"c": CELLS[1]})
            assert seconds_until_new(client, path, old) < WITHIN_S
    finally:
        feed._listeners[0]._on_notify = on_notify


def test_an_outline_that_changes_is_fresh_in_every_tile_it_reaches(
    county_map: Database, sign_in: SignIn, system: Scope
) -> None:
    client = sign_in(Role.COUNTY_ADMIN)
    paths = [tile_of(CELLS[0], z, "cells", shift) for z in (9, 12, 14, 16) for shift in (0.0, 0.002)]
    before = {path: tag_of(client, path) for path in paths}
    with county_map.transaction(system) as connection:
        connection.execute(text("UPDATE grid_cell SET name = '改名', geom = CAST(:g AS geometry) WHERE code = :c"),
                           {"g": world.square(120.0, 0.0098), "c": CELLS[0]})  # fmt: skip
    time.sleep(0.06)
    assert all(tag_of(client, path) != before[path] for path in paths if "/16/" not in path)


def test_a_finished_tile_is_never_given_to_somebody_else(county_map: Database, sign_in: SignIn) -> None:
    whole, other = sign_in(Role.COUNTY_ADMIN), sign_in(Role.TOWN_OFFICIAL, MOGAN)
    path = tile_of(CELLS[0], 10, "objects")
    own = whole.get(path)
    assert sum(n(own, "objects")) == 4
    for _ in range(3):
        theirs = other.get(path, headers={"If-None-Match": own.headers["ETag"]})
        assert (theirs.status_code, sum(n(theirs, "objects"))) == (200, 1)
    auditor = sign_in(Role.AUDITOR)
    assert whole.get(tile_of(CELLS[0], 14, "persons")).status_code == 200
    assert auditor.get(tile_of(CELLS[0], 14, "persons")).status_code == 403
    assert TestClient(whole.app).get(path).status_code == 401
    assert sign_in(Role.COUNTY_ADMIN, county="330522").get(path).status_code == 404


def n(answer: Any, layer: str) -> list[int]:
    return [feature["properties"]["n"] for feature in mapbox_vector_tile.decode(answer.content)[layer]["features"]]


@pytest.mark.alone
def test_a_sign_out_holds_within_two_seconds(county_map: Database, sign_in: SignIn, owner: Any) -> None:
    client = sign_in(Role.COUNTY_ADMIN)
    path = tile_of(CELLS[0], 10)
    assert client.get(path).status_code == 200
    with owner.begin() as connection:
        connection.execute(text("UPDATE platform.account SET disabled = true"))
    started = time.perf_counter()
    while client.get(path).status_code == 200:
        assert time.perf_counter() - started < 2
    assert client.get(path).status_code == 401


def test_a_tile_that_counts_says_so(county_map: Database, sign_in: SignIn) -> None:
    client = sign_in(Role.COUNTY_ADMIN)
    assert client.get(tile_of(CELLS[0], 11, "cells,objects,persons")).headers["X-Generalised"] == "objects,persons"
    assert "X-Generalised" not in client.get(tile_of(CELLS[0], 14, "cells,objects")).headers


def key(
    x: int, prefixes: tuple[str, ...] = ("330521",), layers: tuple[str, ...] = ("objects",), z: int = 10
) -> TileKey:
    return TileKey("330521", "county_admin", prefixes, layers, z, x, 0)


def test_the_cache_is_bounded_and_forgets_what_was_not_asked_for() -> None:
    cache = TileCache(10 * (OVERHEAD + 1000))
    for x in range(30):
        cache.put(key(x), Entry(Tile(bytes(range(256)) * 2)))
        cache.get(key(0))
    assert cache.bytes <= 10 * (OVERHEAD + 1000)
    assert cache.get(key(0)) and cache.get(key(29)) and not cache.get(key(1))
    cache.clear("330521")
    assert (cache.bytes, len(cache)) == (0, 0)


def test_a_change_drops_the_tiles_that_show_it_and_no_others() -> None:
    cache = TileCache(2**20)
    for x in range(4):
        for layers in (("objects",), ("cells", "objects"), ("cells",)):
            cache.put(key(x, layers=layers), Entry(Tile(b"x")))
    cache.drop("330521", [Box("objects", 256, 0, 256, 0)])  # the westernmost cell of tile 1 at zoom 10
    assert [x for x in range(4) if not cache.get(key(x))] == [1]
    assert [x for x in range(4) if not cache.get(key(x, layers=("cells",)))] == []
    cache.drop("330521", [Box("cells", 256, 0, 256, 0)])  # outlines have a margin
    assert [x for x in range(4) if not cache.get(key(x, layers=("cells",)))] == [0, 1]


def test_changes_are_told_once_each_even_when_they_commit_late(county_map: Database, system: Scope) -> None:
    def add(connection: Any, name: str, cell: str) -> None:
        world.insert(connection, "facility", kind="lamp", name=name, source="t", source_key=name, grid_code=cell,
                     geom=world.point(cell))  # fmt: skip

    with county_map.transaction(system) as early:
        add(early, "late", CELLS[0])
        with county_map.transaction(system) as connection:
            moment = current_moment(connection)
        with county_map.transaction(system) as connection:
            add(connection, "quick", CELLS[3])
        with county_map.transaction(system) as connection:
            moment, boxes = read_changes(connection, moment)
        assert len(boxes) == 1
    with county_map.transaction(system) as connection:
        moment, late = read_changes(connection, moment)
        assert len(late) == 1 and late != boxes
        assert read_changes(connection, moment)[1] == []
    with county_map.transaction(Scope("330521", "t", Role.GRID_WORKER, (CELLS[2],))) as connection:
        assert read_changes(connection, "3:3:")[1] and all(
            box.layer in (*LAYERS, NAMES) for box in read_changes(connection, "3:3:")[1]
        )


@pytest.mark.parametrize("text_", ["", "1", "a:b:c", "5:3:", "1:2:x", "'; DROP", "0:0:", "9" * 5000])
def test_what_is_no_moment_is_refused(text_: str) -> None:
    with pytest.raises(InvalidMoment):
        check_moment(text_)


@pytest.fixture
def served(application: TestClient) -> Iterator[str]:
    """The application on a real socket: a test client waits for the end of a stream, which has none."""
    app = application.app
    assert isinstance(app, FastAPI)
    server = uvicorn.Server(uvicorn.Config(app, port=0, lifespan="off", log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    kept = app.state.tiles.feed._lookouts.copy()
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    server.force_exit = True
    thread.join(5)
    app.state.tiles.feed._lookouts.clear()
    app.state.tiles.feed._lookouts.update(kept)


def events(lines: Iterator[str]) -> Iterator[dict[str, str]]:
    event: dict[str, str] = {}
    for line in lines:
        if line == "" and "event" in event:
            yield event
            event = {}
        elif ": " in line and not line.startswith(":"):
            name, _, value = line.partition(": ")
            event[name] = value


@pytest.mark.alone
def test_open_maps_are_told_which_tiles_to_ask_for_again(
    county_map: Database, sign_in: SignIn, system: Scope, served: str
) -> None:
    cookie = "; ".join(f"{k}={v}" for k, v in sign_in(Role.GRID_WORKER, CELLS[0]).cookies.items())
    with httpx.Client(base_url=served, headers={"Cookie": cookie}, timeout=10) as client:
        with client.stream("GET", "/tiles/330521/changes") as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            messages = events(stream.iter_lines())
            first = next(messages)
            assert first["event"] == "ready"
            started = time.perf_counter()
            with county_map.transaction(system) as connection:
                connection.execute(text("DELETE FROM facility WHERE grid_code = :c"), {"c": CELLS[3]})
                connection.execute(text("DELETE FROM facility WHERE grid_code = :c"), {"c": CELLS[0]})
            change = next(messages)
            assert time.perf_counter() - started < 1
        data = json.loads(change["data"])
        x, y = (int(part) for part in tile_of(CELLS[0], 18).removesuffix(".mvt").split("/")[-2:])
        assert data == {"zoom": 18, "layers": {"objects": [[x, y, x, y]]}}  # the other cell is none of theirs
        with county_map.transaction(system) as connection:
            connection.execute(text("DELETE FROM household WHERE grid_code = :c"), {"c": CELLS[0]})
        with client.stream("GET", "/tiles/330521/changes", headers={"Last-Event-ID": change["id"]}) as stream:
            messages = events(stream.iter_lines())
            assert next(messages)["event"] == "ready"
            assert set(json.loads(next(messages)["data"])["layers"]) == {"persons"}


def test_a_stranger_is_told_nothing(stranger: TestClient, sign_in: SignIn, county_map: Database) -> None:
    assert stranger.get("/tiles/330521/changes").status_code == 401
    client = sign_in(Role.COUNTY_ADMIN)
    assert client.get("/tiles/330522/changes").status_code == 404
    assert client.get("/tiles/330521/changes", headers={"Last-Event-ID": "x"}).status_code == 422
