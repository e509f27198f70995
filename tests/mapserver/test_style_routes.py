"""The style over HTTP: a stranger gets none; sprites and glyphs are for everybody and may be kept."""

import gzip
import json
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from database.connection.engine import Database
from database.rights.scope import Role, Scope
from tests import world
from tests.world import CELLS, CHUNHUI

SignIn = Callable[..., TestClient]
STYLE = "/tiles/330521/style/light.json"
FONT = "/style/fonts/Noto Sans SC Regular/256-511.pbf"


@pytest.fixture
def county_map(database: Database, system: Scope) -> Database:
    with database.transaction(system) as connection:
        world.build_county(connection)
    return database


def drawn(client: TestClient, path: str = STYLE) -> set[str]:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return {layer.get("source-layer", "") for layer in answer.json()["layers"]}


@pytest.mark.parametrize("theme", ["light", "dark", "contrast", "none"])
def test_a_stranger_gets_no_style(stranger: TestClient, theme: str) -> None:
    answer = stranger.get(f"/tiles/330521/style/{theme}.json")
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_another_county_is_not_there(county_map: Database, sign_in: SignIn) -> None:
    assert sign_in(Role.COUNTY_ADMIN).get("/tiles/330522/style/light.json").status_code == 404


def test_the_auditors_style_has_no_households(county_map: Database, sign_in: SignIn) -> None:
    auditor, officer = sign_in(Role.AUDITOR), sign_in(Role.VILLAGE_OFFICER, CHUNHUI)
    assert "persons" in drawn(officer)
    assert drawn(auditor) == drawn(officer) - {"persons"}
    assert "persons" not in auditor.get(STYLE).text
    assert "household" not in auditor.get(STYLE).text


def test_every_tile_that_the_style_names_may_be_asked_for(county_map: Database, sign_in: SignIn) -> None:
    for role, scope in ((Role.AUDITOR, ()), (Role.GRID_WORKER, (CELLS[0],)), (Role.GIS_STAFF, ())):
        client = sign_in(role, *scope)
        for source in client.get(STYLE).json()["sources"].values():
            address = source["tiles"][0].replace("{z}", "0").replace("{x}", "0").replace("{y}", "0")
            assert client.get(address).status_code in (200, 204), address


def test_the_map_opens_on_the_scope(county_map: Database, sign_in: SignIn) -> None:
    for role, scope, west in ((Role.COUNTY_ADMIN, (), 120.0), (Role.VILLAGE_OFFICER, (CHUNHUI,), 120.02)):
        style = sign_in(role, *scope).get(STYLE).json()
        assert style["sources"]["alerts"]["bounds"][0] == pytest.approx(west)


def test_an_account_without_any_cell_gets_a_style_without_bounds(database: Database, sign_in: SignIn) -> None:
    style = sign_in(Role.COUNTY_ADMIN).get(STYLE).json()
    assert "center" not in style
    assert "bounds" not in style["sources"]["alerts"]


def test_no_shared_cache_keeps_a_style(county_map: Database, sign_in: SignIn) -> None:
    client = sign_in(Role.COUNTY_ADMIN)
    answer = client.get(STYLE)
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert answer.headers["Vary"] == "Cookie, Authorization, Accept-Encoding"
    tag = answer.headers["ETag"]
    assert client.get(STYLE, headers={"If-None-Match": tag}).status_code == 304
    assert client.get(STYLE.replace("light", "dark"), headers={"If-None-Match": tag}).status_code == 200
    assert sign_in(Role.AUDITOR).get(STYLE, headers={"If-None-Match": tag}).status_code == 200


def test_an_unknown_theme_is_told_in_both_languages(county_map: Database, sign_in: SignIn) -> None:
    client = sign_in(Role.COUNTY_ADMIN)
    for path in ("/tiles/330521/style/sepia.json", "/style/sprites/sepia.png", "/style/sprites/light@3x.json"):
        answer = client.get(path)
        assert answer.status_code == 404
        problem = answer.json()
        assert (problem["title"], problem["title_en"]) == ("没有这种地图样式", "No such map theme")
        assert "contrast" in problem["detail"]


def test_the_tile_paths_are_as_they_were(county_map: Database, sign_in: SignIn) -> None:
    client = sign_in(Role.COUNTY_ADMIN)
    assert client.get("/tiles/330521/cells.json").json()["tilejson"] == "3.0.0"
    assert client.get("/tiles/330521/style.json").status_code == 404  # no layer of this name


def test_the_addresses_of_sprite_and_glyphs_in_a_style_answer(county_map: Database, sign_in: SignIn) -> None:
    client = sign_in(Role.COUNTY_ADMIN)
    style = client.get(STYLE).json()
    for more in (".json", ".png", "@2x.json", "@2x.png"):
        assert client.get(style["sprite"] + more).status_code == 200
    glyphs = style["glyphs"].replace("{fontstack}", "Noto Sans SC Regular").replace("{range}", "256-511")
    answer = client.get(glyphs)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert client.get(glyphs.partition("?")[0]).headers["Cache-Control"] == "public, max-age=86400"


@pytest.mark.parametrize(
    ("path", "media"),
    [
        ("/style/sprites/dark.json", "application/json"),
        ("/style/sprites/dark@2x.png", "image/png"),
        (FONT, "application/x-protobuf"),
    ],
)
def test_sprites_and_glyphs_are_for_everybody_and_kept(stranger: TestClient, path: str, media: str) -> None:
    answer = stranger.get(path)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith(media)
    assert answer.headers["Cache-Control"].startswith("public")
    again = stranger.get(path, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_glyphs_are_packed_for_those_who_take_it(stranger: TestClient) -> None:
    plain = stranger.get(FONT, headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    with stranger.stream("GET", FONT, headers={"Accept-Encoding": "gzip"}) as packed:
        raw = b"".join(packed.iter_raw())
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(raw) == plain.content
    assert packed.headers["ETag"] != plain.headers["ETag"]
    assert packed.headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    ("path", "title", "title_en"),
    [
        ("/style/fonts/Arial/0-255.pbf", "没有这种地图字体", "No such map font"),
        ("/style/fonts/Noto Sans SC Regular/0-256.pbf", "没有这一段字符", "No such range of characters"),
        ("/style/fonts/Noto Sans SC Regular/x.pbf", "没有这一段字符", "No such range of characters"),
        ("/style/fonts/", "没有这个地址", "No such address"),
    ],
)
def test_what_is_not_there_is_told_in_both_languages(
    stranger: TestClient, path: str, title: str, title_en: str
) -> None:
    answer = stranger.get(path)
    assert answer.status_code == 404
    assert (answer.json()["title"], answer.json()["title_en"]) == (title, title_en)


def test_the_index_of_a_sheet_is_json(stranger: TestClient) -> None:
    index = json.loads(stranger.get("/style/sprites/contrast.json").content)
    assert {"alert-high", "household", "event", "object", "place", "address", "flood-water"} <= set(index)
