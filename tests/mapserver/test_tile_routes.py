"""Tiles over HTTP: who gets which layer, and what a browser or a proxy may keep."""

import gzip
import math
import time
from collections.abc import Callable

import mapbox_vector_tile
import pytest
from fastapi.testclient import TestClient

from database.connection.engine import Database
from database.rights.scope import Role, Scope
from tests import world
from tests.world import CELLS, CHUNHUI

SignIn = Callable[..., TestClient]
MVT = "application/vnd.mapbox-vector-tile"


def address(layers: str, z: int = 12, county: str = "330521", dx: int = 0) -> str:
    """The path of the tile in the county's middle."""
    n, lat = 2**z, math.radians(30.505)
    x, y = int((120.0195 + 180) / 360 * n), int((1 - math.asinh(math.tan(lat)) / math.pi) / 2 * n)
    return f"/tiles/{county}/{layers}/{z}/{x + dx}/{y}.mvt"


def features(body: bytes, layer: str) -> list[str]:
    decoded = mapbox_vector_tile.decode(body)
    return [feature["properties"]["id"] for feature in decoded.get(layer, {"features": []})["features"]]


@pytest.fixture
def county_map(database: Database, system: Scope) -> Database:
    """The small county, a household in each cell."""
    with database.transaction(system) as connection:
        world.build_county(connection)
        for cell in CELLS:
            world.add_household(connection, cell, cell)
    return database


def test_a_stranger_gets_no_tile(stranger: TestClient) -> None:
    for path in (address("cells"), "/tiles/330521/cells.json"):
        answer = stranger.get(path)
        assert answer.status_code == 401
        assert answer.headers["Content-Type"] == "application/problem+json"


def test_another_county_is_not_there(county_map: Database, sign_in: SignIn) -> None:
    client = sign_in(Role.COUNTY_ADMIN)
    assert client.get(address("cells", county="330522")).status_code == 404
    assert client.get("/tiles/330522/cells.json").status_code == 404


def test_each_account_gets_the_cells_of_its_scope(county_map: Database, sign_in: SignIn) -> None:
    whole = sign_in(Role.COUNTY_ADMIN).get(address("cells"))
    assert whole.headers["Content-Type"] == MVT
    assert sorted(features(whole.content, "cells")) == sorted(CELLS)
    assert features(sign_in(Role.VILLAGE_OFFICER, CHUNHUI).get(address("cells")).content, "cells") == [CELLS[2]]


def test_several_layers_come_in_one_tile(county_map: Database, sign_in: SignIn) -> None:
    answer = sign_in(Role.GRID_WORKER, CELLS[3]).get(address("divisions,cells,persons", z=13))
    decoded = mapbox_vector_tile.decode(answer.content)
    assert set(decoded) == {"cells", "persons"}  # no division lies inside a single cell
    assert [f["properties"]["household_no"] for f in decoded["persons"]["features"]] == [CELLS[3]]


def test_households_are_not_for_the_auditor(county_map: Database, sign_in: SignIn) -> None:
    client = sign_in(Role.AUDITOR)
    assert client.get(address("cells")).status_code == 200
    for path in (address("cells,persons"), "/tiles/330521/persons.json"):
        answer = client.get(path)
        assert answer.status_code == 403
        assert answer.json()["type"] == "urn:onemap:problem:not-permitted"


def test_no_shared_cache_keeps_a_tile(county_map: Database, sign_in: SignIn) -> None:
    client = sign_in(Role.COUNTY_ADMIN)
    for dx in (0, -900):  # a tile, and one with nothing in it
        headers = client.get(address("cells", dx=dx)).headers
        assert headers["Cache-Control"] == "private, no-cache"
        assert headers["Vary"] == "Cookie, Authorization, Accept-Encoding"
    assert client.get("/tiles/330521/cells.json").headers["Cache-Control"].startswith("private")


def test_an_unchanged_tile_is_not_sent_again(county_map: Database, sign_in: SignIn, system: Scope) -> None:
    client = sign_in(Role.COUNTY_ADMIN)
    first = client.get(address("cells"))
    tag = first.headers["ETag"]
    assert tag.startswith('"')  # strong
    for if_none_match in (tag, f'"other", {tag}', f"W/{tag}", "*"):
        again = client.get(address("cells"), headers={"If-None-Match": if_none_match})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    with county_map.transaction(system) as connection:
        world.insert(
            connection, "alert", fingerprint="f", rule="event_surge", severity="low", subject_kind="cell",
            subject_id=CELLS[0], title="t", reason="r", grid_code=CELLS[0], geom=world.point(CELLS[0]),
        )  # fmt: skip
    time.sleep(0.06)  # a look at the changes is good for 50 ms
    fresh = client.get(address("cells"), headers={"If-None-Match": tag})
    assert fresh.status_code == 200
    assert fresh.headers["ETag"] != tag


def test_one_account_cannot_confirm_the_tile_of_another(county_map: Database, sign_in: SignIn) -> None:
    tag = sign_in(Role.COUNTY_ADMIN).get(address("cells")).headers["ETag"]
    answer = sign_in(Role.GRID_WORKER, CELLS[0]).get(address("cells"), headers={"If-None-Match": tag})
    assert answer.status_code == 200


def test_a_tile_is_compressed_for_those_who_take_it(county_map: Database, sign_in: SignIn) -> None:
    client = sign_in(Role.COUNTY_ADMIN)
    plain = client.get(address("cells"), headers={"Accept-Encoding": "identity"})
    refused = client.get(address("cells"), headers={"Accept-Encoding": "gzip;q=0, identity"})
    with client.stream("GET", address("cells"), headers={"Accept-Encoding": "br, gzip"}) as answer:
        packed = b"".join(answer.iter_raw())
        assert answer.headers["Content-Encoding"] == "gzip"
        tag = answer.headers["ETag"]
    assert "Content-Encoding" not in plain.headers
    assert "Content-Encoding" not in refused.headers
    assert gzip.decompress(packed) == plain.content == refused.content
    assert tag != plain.headers["ETag"]  # another representation, another strong tag (RFC 9110, 8.8.3.3)


def test_where_there_is_nothing_there_is_no_body(county_map: Database, sign_in: SignIn) -> None:
    answer = sign_in(Role.COUNTY_ADMIN).get(address("cells,persons", dx=-900))
    assert (answer.status_code, answer.content) == (204, b"")
    assert sign_in(Role.GRID_WORKER, CELLS[0]).get(address("cells", z=8)).status_code == 204  # below its minzoom


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/tiles/330521/nothing/1/0/0.mvt", "unknown-layer"),
        ("/tiles/330521/cells,cells/1/0/0.mvt", "unknown-layer"),
        ("/tiles/330521/nothing.json", "unknown-layer"),
        ("/tiles/330521/cells/1/2/0.mvt", "tile-out-of-range"),
        ("/tiles/330521/cells/40/0/0.mvt", "tile-out-of-range"),
    ],
)
def test_a_tile_that_cannot_be_is_not_found(county_map: Database, sign_in: SignIn, path: str, kind: str) -> None:
    answer = sign_in(Role.COUNTY_ADMIN).get(path)
    assert answer.status_code == 404
    assert answer.json()["type"] == f"urn:onemap:problem:{kind}"


def test_tilejson_leads_to_the_tiles(county_map: Database, sign_in: SignIn) -> None:
    client = sign_in(Role.GRID_WORKER, CELLS[3])
    document = client.get("/tiles/330521/cells,persons.json").json()
    assert document["tiles"] == ["http://testserver/tiles/330521/cells,persons/{z}/{x}/{y}.mvt"]
    assert document["bounds"] == pytest.approx([120.03, 30.5, 120.04, 30.51])
    assert {layer["id"]: layer["minzoom"] for layer in document["vector_layers"]} == {"cells": 9, "persons": 0}
    z, x, y = address("", z=13).removeprefix("/tiles/330521//").removesuffix(".mvt").split("/")
    url = document["tiles"][0].replace("{z}", z).replace("{x}", x).replace("{y}", y)
    assert client.get(url).status_code == 200
