"""Tiles and Folium pages over HTTP: private, revalidated, and nothing for a stranger."""

import os
from collections.abc import Iterator
from pathlib import Path

import mapbox_vector_tile
import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, Page, Route, sync_playwright

from database.engine import Database
from database.scope import Role, Scope
from mapserver.maps import offline
from tests import world
from tests.layers.tiles.test_tiles import tile_column
from tests.mapserver.conftest import SignIn
from tests.world import CELLS, MOGAN, WUKANG

EVIL = '<img src=x onerror="document.title=\'owned\'"></script><script>document.title="owned"</script>{{ 7*7 }}{% endraw %}'
X, Y = tile_column(14)
TILE = f"/tiles/330521/cells,persons,alerts/14/{X}/{Y}.mvt"


@pytest.fixture
def alert_ids(database: Database, system: Scope) -> list[int]:
    with database.transaction(system) as connection:
        world.build_county(connection)
        for n, cell in enumerate(CELLS):
            world.add_household(connection, f"H{n}", cell)
        return [
            world.insert(
                connection, "alert", fingerprint=f"f{n}", rule="two_households", severity=severity, subject_kind="person",
                subject_id="1", title=f"预警{n}{EVIL}", reason=f"原因{EVIL}", facts={f"键{EVIL}": EVIL}, grid_code=CELLS[n],
                geom=world.point(CELLS[n]),
            )
            for n, severity in enumerate(("high", "medium", "low"))
        ]  # fmt: skip


@pytest.mark.parametrize("path", [TILE, "/tiles/330521/cells.json", "/maps/330521/alerts", "/maps/330521/alerts/1"])
def test_a_stranger_gets_neither_tile_nor_map(
    stranger: TestClient, sign_in: SignIn, alert_ids: list[int], path: str
) -> None:
    assert stranger.get(path).status_code == 401
    assert sign_in(Role.COUNTY_ADMIN, county="330522").get(path).status_code == 404


def test_a_tile_is_private_revalidated_and_compressed(sign_in: SignIn, alert_ids: list[int]) -> None:
    client = sign_in(Role.TOWN_OFFICIAL, WUKANG)
    first = client.get(TILE)
    assert first.status_code == 200
    assert first.headers["cache-control"] == "private, no-cache"
    assert first.headers["content-encoding"] == "gzip"
    assert "Cookie" in first.headers["vary"]
    again = client.get(TILE, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_the_same_tile_differs_by_scope_and_is_empty_elsewhere(sign_in: SignIn, alert_ids: list[int]) -> None:
    x, y = tile_column(12)
    path = f"/tiles/330521/alerts/12/{x}/{y}.mvt"
    county = mapbox_vector_tile.decode(sign_in(Role.COUNTY_ADMIN).get(path).content)
    worker = mapbox_vector_tile.decode(sign_in(Role.GRID_WORKER, CELLS[0]).get(path).content)
    assert len(county["alerts"]["features"]) == 3
    assert [f["properties"]["id"] for f in worker["alerts"]["features"]] == [alert_ids[0]]
    assert sign_in(Role.TOWN_OFFICIAL, MOGAN).get(path).status_code == 204


def test_households_are_no_layer_for_who_does_not_need_them(sign_in: SignIn, alert_ids: list[int]) -> None:
    assert sign_in(Role.GIS_STAFF).get(TILE).status_code == 403
    assert sign_in(Role.GIS_STAFF).get(TILE.replace(",persons", "")).status_code == 200


def test_tilejson_points_back_here(sign_in: SignIn, alert_ids: list[int]) -> None:
    document = sign_in(Role.GIS_STAFF).get("/tiles/330521/divisions,cells.json").json()
    assert document["tiles"] == ["http://testserver/tiles/330521/divisions,cells/{z}/{x}/{y}.mvt"]


@pytest.mark.parametrize(
    "path", ["/tiles/330521/nothing/1/0/0.mvt", "/tiles/330521/cells/1/9/0.mvt", "/tiles/330521/nothing.json"]
)
def test_what_is_not_there_is_404(sign_in: SignIn, alert_ids: list[int], path: str) -> None:
    assert sign_in(Role.GIS_STAFF).get(path).status_code == 404


# --- Folium -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=os.environ.get("ONEMAP_CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox"]
        )
        yield chromium
        chromium.close()


def open_offline(browser: Browser, html: str, tmp_path: Path) -> tuple[Page, list[str], list[str]]:
    """Open a page from a file with the network cut; returns it with its requests and its errors."""
    file = tmp_path / "map.html"
    file.write_text(html, "utf-8")
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    requests: list[str] = []
    errors: list[str] = []

    def refuse(route: Route) -> None:
        requests.append(route.request.url)
        route.abort()

    page.route("**/*", lambda route: route.continue_() if route.request.url == file.as_uri() else refuse(route))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.goto(file.as_uri())
    page.wait_for_function("document.querySelectorAll('.leaflet-container').length === 1")
    return page, [url for url in requests if not url.startswith("data:")], errors


@pytest.mark.browser
def test_the_alert_map_opens_with_the_network_cut_and_runs_nothing_from_records(
    sign_in: SignIn, alert_ids: list[int], browser: Browser, tmp_path: Path
) -> None:
    answer = sign_in(Role.TOWN_OFFICIAL, WUKANG).get("/maps/330521/alerts", params={"status": "open"})
    assert answer.status_code == 200
    assert "sandbox" in answer.headers["content-security-policy"]
    page, requests, errors = open_offline(browser, answer.text, tmp_path)
    assert (requests, errors) == ([], [])
    assert page.locator(".om-panel").inner_text().split()[:2] == ["预警地图", "测试县"]
    assert page.locator(".leaflet-control-layers-overlays label").all_inner_texts() == [
        " 行政区划", " 有预警的网格", " 预警（高）1 条", " 预警（中）1 条", " 预警（低）1 条",
    ]  # fmt: skip
    page.evaluate(
        "() => { const map = Object.values(window).find(v => v instanceof L.Map);"
        " map.eachLayer(l => { if (l instanceof L.CircleMarker) l.fire('click', {latlng: l.getLatLng(), layer: l}, true) }) }"
    )
    page.wait_for_selector(".leaflet-popup")
    popup = page.locator(".leaflet-popup-content").first
    assert "<img src=x" in popup.inner_text()
    assert "{{ 7*7 }}" in popup.inner_text()
    assert page.locator(".leaflet-popup-content img, .om-panel img").count() == 0
    assert page.title() == "测试县 预警地图"
    page.close()


@pytest.mark.browser
def test_the_map_of_one_alert_shows_facts_and_history_and_runs_nothing(
    sign_in: SignIn, alert_ids: list[int], browser: Browser, tmp_path: Path
) -> None:
    client = sign_in(Role.TOWN_OFFICIAL, WUKANG)
    client.post(
        f"/api/330521/alerts/{alert_ids[0]}/transitions",
        json={"action": "verify", "version": 1, "verdict": "confirmed", "reason": EVIL},
    )
    page, requests, errors = open_offline(browser, client.get(f"/maps/330521/alerts/{alert_ids[0]}").text, tmp_path)
    assert (requests, errors) == ([], [])
    panel = page.locator(".om-panel").inner_text()
    assert "处置记录" in panel
    assert "已查实" in panel
    assert panel.count("<img src=x") >= 4
    assert page.locator(".om-panel img, .om-panel script").count() == 0
    assert page.title().startswith("预警0<img")
    page.close()


@pytest.mark.browser
def test_no_alert_is_said_and_not_left_blank(
    sign_in: SignIn, alert_ids: list[int], browser: Browser, tmp_path: Path
) -> None:
    html = sign_in(Role.TOWN_OFFICIAL, MOGAN).get("/maps/330521/alerts").text
    page, requests, errors = open_offline(browser, html, tmp_path)
    assert (requests, errors) == ([], [])
    assert "没有符合条件的预警" in page.locator(".om-panel").inner_text()
    page.close()


def test_folium_itself_is_left_as_it_was(sign_in: SignIn, alert_ids: list[int]) -> None:
    import folium

    before = (list(folium.Map.default_js), list(folium.Map.default_css))
    assert sign_in(Role.COUNTY_ADMIN).get("/maps/330521/alerts").status_code == 200
    assert (list(folium.Map.default_js), list(folium.Map.default_css)) == before
    assert all("http" in link for _, link in folium.Map.default_js)


def test_a_page_with_an_outside_link_is_not_written() -> None:
    import folium

    page = folium.Map(tiles=None)
    folium.Marker([30, 120], popup='<a href="http://example.com/x">x</a>').add_to(page)
    with pytest.raises(offline.RemoteLink):
        offline.render_page(page, title="x")
