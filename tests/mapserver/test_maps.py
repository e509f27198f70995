"""Folium pages of alerts: open without a network, run nothing that a record holds, show what the filter asked for."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import folium
import pytest
from branca.element import MacroElement
from fastapi.testclient import TestClient
from jinja2 import Template
from playwright.sync_api import Browser, Page, Route, sync_playwright
from sqlalchemy import text
from typer.testing import CliRunner

from alerts.store import AlertFilter
from database.connection.engine import Database
from database.rights.scope import Role, Scope
from mapserver.cli.maps import app
from mapserver.maps import offline
from mapserver.maps.alerts_map import CORNERS, LIMIT, alerts_page
from mapserver.maps.coordinates import Coordinates
from mapserver.maps.pages import make_alert_page, make_alerts_page
from mapserver.maps.panel import MapHeading
from tests import world
from tests.mapserver.conftest import SignIn
from tests.world import CELLS, CHUNHUI, MOGAN, WUKANG

EVIL = '<img src=x onerror="document.title=\'owned\'"></script><script>document.title="owned"</script>{{ 7*7 }}{% endraw %}'


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


@pytest.mark.parametrize("path", ["/maps/330521/alerts", "/maps/330521/alerts/1"])
def test_a_stranger_gets_no_map(stranger: TestClient, sign_in: SignIn, alert_ids: list[int], path: str) -> None:
    assert stranger.get(path).status_code == 401
    assert sign_in(Role.COUNTY_ADMIN, county="330522").get(path).status_code == 404


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=os.environ.get("ONEMAP_CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox"]
        )
        yield chromium
        chromium.close()


# The n-th alert of the fixture stands at the n-th point from the west.
OPEN_POPUP = """n => {
  const found = [], map = Object.values(window).find(value => value instanceof L.Map);
  map.eachLayer(layer => { if (layer instanceof L.CircleMarker) found.push(layer) });
  found.sort((a, b) => a.getLatLng().lng - b.getLatLng().lng)[n].openPopup();
}"""


def open_offline(
    browser: Browser, html: str, tmp_path: Path, width: int = 1280, height: int = 800
) -> tuple[Page, list[str], list[str]]:
    """Open a page from a file with the network cut; returns it with its requests and its errors."""
    file = tmp_path / "map.html"
    file.write_text(html, "utf-8")
    page = browser.new_page(viewport={"width": width, "height": height})
    requests: list[str] = []
    errors: list[str] = []

    def refuse(route: Route) -> None:
        requests.append(route.request.url)
        route.abort()

    page.route("**/*", lambda route: route.continue_() if route.request.url == file.as_uri() else refuse(route))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.goto(file.as_uri())
    # waits for the element, not for painted frames: a hidden page of a busy machine may paint none
    page.locator(".leaflet-container").wait_for(state="attached")
    assert page.locator(".leaflet-container").count() == 1
    return page, [url for url in requests if not url.startswith("data:")], errors


@pytest.mark.browser
def test_the_alert_map_opens_with_the_network_cut_and_runs_nothing_from_records(
    sign_in: SignIn, alert_ids: list[int], browser: Browser, tmp_path: Path
) -> None:
    answer = sign_in(Role.TOWN_OFFICIAL, WUKANG).get("/maps/330521/alerts", params={"status": "open"})
    assert answer.status_code == 200
    page, requests, errors = open_offline(browser, answer.text, tmp_path)
    assert (requests, errors) == ([], [])
    assert "筛选：状态：待签收" in page.locator(".om-head").inner_text()
    assert "共 3 条预警" in page.locator(".om-head").inner_text()
    assert [text.strip() for text in page.locator(".leaflet-control-layers-overlays label").all_inner_texts()] == [
        "村社区界", "乡镇街道界", "有预警的网格", "高级预警（1）", "中级预警（1）", "低级预警（1）",
    ]  # fmt: skip
    assert page.locator(".om-town").all_inner_texts() == ["武康街道"]
    for n in range(3):
        page.evaluate(OPEN_POPUP, n)
        popup = page.locator(".leaflet-popup-content").last
        assert f"预警{n}<img src=x" in popup.inner_text()
        assert "{{ 7*7 }}" in popup.inner_text()
        assert "原因<img src=x" in popup.inner_text()
        assert "一人两户 · 待签收" in popup.inner_text()
    assert page.locator(".leaflet-popup-content img, .om-head img, .om-side img").count() == 0
    assert page.title() == "测试县 预警地图"
    page.close()


@pytest.mark.browser
def test_a_script_that_slipped_in_would_not_run(browser: Browser, tmp_path: Path) -> None:
    page = folium.Map(tiles=None)
    slipped = MacroElement()
    slipped._template = Template(
        "{% macro html(this, kwargs) %}<img src=x onerror=\"document.title='owned'\">"
        "<script >document.title = 'owned'</script>{% endmacro %}"
    )
    page.add_child(slipped)
    opened, requests, errors = open_offline(browser, offline.render_page(page, title="无害"), tmp_path)
    assert requests == []
    assert any("Content Security Policy" in error for error in errors)
    assert opened.title() == "无害"
    opened.close()


@pytest.mark.browser
def test_alerts_at_one_point_share_a_popup(
    sign_in: SignIn, alert_ids: list[int], browser: Browser, tmp_path: Path, database: Database, system: Scope
) -> None:
    with database.transaction(system) as connection:
        for n in range(12):
            world.insert(
                connection, "alert", fingerprint=f"s{n}", rule="unknown_address", severity="low", subject_kind="person",
                subject_id="2", title=f"同处{n}", reason="r", grid_code=CELLS[0], geom=world.point(CELLS[0]),
            )  # fmt: skip
    html = sign_in(Role.GRID_WORKER, CELLS[0]).get("/maps/330521/alerts").text
    page, _, errors = open_offline(browser, html, tmp_path)
    assert errors == []
    page.evaluate(OPEN_POPUP, 0)
    words = page.locator(".leaflet-popup-content").last.inner_text()
    assert words.startswith("此处 13 条预警")
    assert words.index("预警0") < words.index("同处11")  # the gravest first
    assert "其余 3 条" in words
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
    words = page.locator(".om-head").inner_text() + page.locator(".om-side").inner_text()
    assert "一人两户 · 查实" in words
    assert "千秋社区第1网格" in words
    assert "处置记录" in words
    assert words.count("<img src=x") >= 5  # title, reason, name and value of a fact, reason of the verdict
    assert page.locator(".om-head img, .om-side img, .om-side script").count() == 0
    assert page.title().startswith("预警0<img")
    page.close()


@pytest.mark.browser
def test_what_changed_stands_side_by_side(
    sign_in: SignIn, browser: Browser, tmp_path: Path, database: Database, system: Scope
) -> None:
    with database.transaction(system) as connection:
        world.build_county(connection)
        before = {"occupancy": "vacant", "name": "201室", "address_id": 1}
        alert_id = world.insert(
            connection, "alert", fingerprint="v", rule="vacant_but_occupied", severity="low", subject_kind="place",
            subject_id="7", title="空置房有人", reason="r", grid_code=CHUNHUI,
                facts={"before": before, "after": {**before, "occupancy": "let", "address_id": 2}},
        )  # fmt: skip
    html = sign_in(Role.VILLAGE_OFFICER, CHUNHUI).get(f"/maps/330521/alerts/{alert_id}").text
    page, requests, errors = open_offline(browser, html, tmp_path)
    assert (requests, errors) == ([], [])
    rows = page.locator(".om-side h2:text('异动前后') + table tr").all_inner_texts()
    assert [row.split() for row in rows] == [["项目", "之前", "之后"], ["使用状况", "空置", "出租"]]
    assert "没有位置，未上图" in page.locator(".om-side").inner_text()
    page.close()


@pytest.mark.browser
@pytest.mark.parametrize(("query", "message"), [({}, "目前没有预警"), ({"severity": "high"}, "没有符合条件的预警")])
def test_no_alert_is_said_and_not_left_blank(
    sign_in: SignIn, alert_ids: list[int], browser: Browser, tmp_path: Path, query: dict[str, str], message: str
) -> None:
    html = sign_in(Role.TOWN_OFFICIAL, MOGAN).get("/maps/330521/alerts", params=query).text
    page, requests, errors = open_offline(browser, html, tmp_path)
    assert (requests, errors) == ([], [])
    assert message in page.locator(".om-head").inner_text()
    page.close()


@pytest.mark.browser
def test_on_a_phone_the_map_keeps_its_room_and_may_be_zoomed(
    sign_in: SignIn, alert_ids: list[int], browser: Browser, tmp_path: Path
) -> None:
    html = sign_in(Role.COUNTY_ADMIN).get("/maps/330521/alerts").text
    assert "user-scalable" not in html
    page, _, errors = open_offline(browser, html, tmp_path, width=390, height=844)
    assert errors == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    box = page.locator(".leaflet-container").bounding_box()
    assert box is not None
    assert (box["width"], box["height"] > 400) == (390, True)
    page.close()


def test_the_page_is_sandboxed_and_kept_by_nobody(sign_in: SignIn, alert_ids: list[int]) -> None:
    headers = sign_in(Role.COUNTY_ADMIN).get("/maps/330521/alerts").headers
    assert headers["Cache-Control"] == "private, no-store"
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert policy.endswith("sandbox allow-scripts")


def test_an_alert_outside_the_scope_has_no_map(sign_in: SignIn, alert_ids: list[int]) -> None:
    assert sign_in(Role.TOWN_OFFICIAL, MOGAN).get(f"/maps/330521/alerts/{alert_ids[0]}").status_code == 404


def test_a_filter_is_told_in_words(sign_in: SignIn, alert_ids: list[int]) -> None:
    query = {
        "grid": CHUNHUI,
        "severity": ["high", "low"],
        "rule": "two_households",
        "from": "2026-01-01",
        "q": EVIL[:40],
    }
    html = sign_in(Role.COUNTY_ADMIN).get("/maps/330521/alerts", params=query).text
    assert "规则：一人两户；级别：高、低；范围：春晖社区居民委员会；时间：2026-01-01 至 今；关键词：&lt;img" in html


def test_without_a_status_the_map_holds_what_has_not_ended(
    sign_in: SignIn, alert_ids: list[int], database: Database, system: Scope
) -> None:
    with database.transaction(system) as connection:
        connection.execute(text("UPDATE alert SET status = 'closed' WHERE id = :id"), {"id": alert_ids[0]})
    client = sign_in(Role.COUNTY_ADMIN)
    html = client.get("/maps/330521/alerts").text
    assert "共 2 条预警" in html
    assert "不含已办结和已自行消除的" in html
    assert "共 1 条预警" in client.get("/maps/330521/alerts", params={"status": "closed"}).text


def test_synthetic_data_says_so(alert_ids: list[int], database: Database, system: Scope) -> None:
    with database.transaction(system) as connection:
        page = make_alerts_page(connection, "演示县", synthetic=True, where=AlertFilter())
        real = make_alerts_page(connection, "某县", synthetic=False, where=AlertFilter())
    assert "合成数据" in page
    assert "合成数据" not in real


def test_a_severity_is_drawn_with_its_own_shape(browser: Browser, tmp_path: Path) -> None:
    """A marker is a triangle or a diamond on the canvas itself, as the legend says: Leaflet asks our drawing, not its circle."""
    alerts = [
        world.alert_of(severity, "two_households", severity=severity, lon=120.0 + n / 100, lat=30.5)
        for n, severity in enumerate(("high", "medium", "low"))
    ]
    file = tmp_path / "shapes.html"
    heading = MapHeading("某县", False, datetime(2026, 11, 23, tzinfo=UTC))
    file.write_text(alerts_page(heading, alerts, [], [], (119, 30, 121, 31)), "utf-8")
    page = browser.new_page()
    page.goto(file.as_uri())
    drawn = page.evaluate(
        """() => {
          const map = window[Object.keys(window).find((name) => name.startsWith('map_'))], sides = {};
          map.eachLayer((marker) => {
            if (!(marker instanceof L.CircleMarker)) return;
            let lines = 0, arcs = 0;
            const to = marker._renderer._ctx, line = to.lineTo, arc = to.arc;
            to.lineTo = function (...at) { lines += 1; return line.apply(this, at) };
            to.arc = function (...at) { arcs += 1; return arc.apply(this, at) };
            marker._renderer._drawing = true;
            marker._updatePath();
            marker._renderer._drawing = false;
            delete to.lineTo; delete to.arc;
            sides[marker.feature.properties.a[0][1]] = arcs ? 'circle' : lines;
          });
          return sides;
        }"""
    )
    page.close()
    assert drawn == {"high": len(CORNERS["high"]), "medium": len(CORNERS["medium"]), "low": "circle"}


def test_twenty_thousand_alerts_fit_into_five_megabytes() -> None:
    reason = "渡某某同时是 2 个户的现有成员：H3399010001816（某省某市某县某街道某社区某街17号1幢2单元201室）。请核实应保留哪一户。"
    alerts = [
        world.alert_of(
            f"渡某某{n}同时登记在 2 户", "two_households", reason=reason, severity=("high", "medium", "low")[n % 3],
            grid_code=CELLS[n % 4], lon=119.6 + n % 997 / 1000, lat=30.3 + n % 613 / 1000,
        )
        for n in range(LIMIT)
    ]  # fmt: skip
    page = alerts_page(
        MapHeading("某县", False, datetime(2026, 11, 23, tzinfo=UTC)), alerts, [], [], (119, 30, 121, 31)
    )
    assert LIMIT == 20_000
    assert len(page.encode()) < 5_000_000
    assert page.count("同时登记在 2 户") == LIMIT
    assert reason not in page  # said in few words, the reason is in the application


def test_a_backslash_before_a_u_is_kept(alert_ids: list[int], database: Database, system: Scope) -> None:
    with database.transaction(system) as connection:
        connection.execute(
            text("UPDATE alert SET title = :t WHERE id = :id"), {"t": r"路径\u4e2d\\u4e2d", "id": alert_ids[0]}
        )
        page = make_alerts_page(connection, "某县", synthetic=False, where=AlertFilter())
    assert r"路径\\u4e2d\\\\u4e2d" in page  # as JSON writes it


def test_the_command_writes_the_page(alert_ids: list[int], tmp_path: Path) -> None:
    file = tmp_path / "alerts.html"
    result = CliRunner().invoke(app, ["alerts", "--county", "330521", "--out", str(file), "--severity", "high"])
    assert result.exit_code == 0, result.output
    assert "共 1 条预警" in file.read_text("utf-8")


def test_folium_itself_is_left_as_it_was(sign_in: SignIn, alert_ids: list[int]) -> None:
    before = (list(folium.Map.default_js), list(folium.Map.default_css))
    assert sign_in(Role.COUNTY_ADMIN).get("/maps/330521/alerts").status_code == 200
    assert (list(folium.Map.default_js), list(folium.Map.default_css)) == before
    assert all("http" in link for _, link in folium.Map.default_js)


def test_a_page_with_an_outside_link_is_not_written() -> None:
    page = folium.Map(tiles=None)
    folium.Marker([30, 120], popup='<a href="http://example.com/x">x</a>').add_to(page)
    with pytest.raises(offline.RemoteLink):
        offline.render_page(page, title="x")


def test_the_map_of_one_alert_holds_only_its_own_town(alert_ids: list[int], database: Database, system: Scope) -> None:
    with database.transaction(system) as connection:
        page = make_alert_page(connection, "德清县", synthetic=False, alert_id=alert_ids[0])
        every = make_alerts_page(connection, "德清县", synthetic=False, where=AlertFilter())
        west = connection.scalar(text("SELECT st_xmin(geom) FROM division WHERE code = :c"), {"c": MOGAN})
    assert "武康街道" in page
    assert "莫干山镇" not in page
    assert "莫干山镇" in every
    assert f"[{west:.4f}".rstrip("0") in every, "coordinates stand in it"
    assert "jQuery" not in page
    assert len(page) < 250_000


def test_no_record_can_name_the_coordinates_of_a_page() -> None:
    drawn = Coordinates()
    feature = {"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": [120.5, 30.25]}}
    token = drawn.take_out(feature)["geometry"]["coordinates"]
    assert drawn.put_back(f'{{"coordinates": "{token}"}} "0123456789abcdef/0" {token}') == (
        f'{{"coordinates": [120.5,30.25]}} "0123456789abcdef/0" {token}'
    )
    assert Coordinates().take_out(feature)["geometry"]["coordinates"] != token
