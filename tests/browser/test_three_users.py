"""The three users follow their way through the web app, in a real Chromium, with every other host refused."""

import re

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text

from database.connection.engine import Database
from database.rights.scope import Scope
from tests.browser.conftest import DESK, PHONE, OpenPage, Site, sign_in, wait_for_map

pytestmark = pytest.mark.browser


def test_a_stranger_sees_nothing_but_the_sign_in(open_page: OpenPage, site: Site) -> None:
    page = open_page(DESK)
    for path in ("/", "/map", "/alerts", "/data/imports", "/visits/households/1"):
        page.goto(site.url + path)
        expect(page.get_by_test_id("signin-submit")).to_be_visible()
    sign_in(page, "xiangzhen", "wrong password")
    expect(page.get_by_test_id("signin-error")).to_contain_text("用户名或密码不正确")


def test_the_township_official_verifies_and_closes_an_alert(open_page: OpenPage, site: Site) -> None:
    page = open_page(DESK)
    sign_in(page, "xiangzhen")
    page.wait_for_url("**/alerts")
    wait_for_map(page)
    expect(page.get_by_test_id("synthetic-banner")).to_be_visible()
    page.get_by_test_id("alert-item").first.click()
    detail = page.get_by_test_id("alert-detail")
    expect(detail).to_be_visible()
    assert len(page.get_by_test_id("alert-reason").inner_text()) > 10
    wait_for_map(page)

    page.get_by_test_id("action-acknowledge").click()
    _submit_if_required(page)
    expect(page.get_by_test_id("alert-status")).to_have_attribute("data-status", "acknowledged")
    page.get_by_test_id("action-verify").click()
    page.get_by_test_id("action-verdict-confirmed").click()
    page.get_by_test_id("action-reason").fill("上门核实，情况属实")
    page.get_by_test_id("action-submit").click()
    expect(page.get_by_test_id("alert-status")).to_have_attribute("data-status", "confirmed")
    if page.get_by_test_id("action-close").count() == 0:  # high severity: who verified does not close
        detail_url, page = page.url, open_page(DESK)
        sign_in(page, "admin")
        page.wait_for_url("**/alerts")
        page.goto(detail_url)
        detail = page.get_by_test_id("alert-detail")
    page.get_by_test_id("action-close").click()
    page.get_by_test_id("action-reason").fill("已处理完毕")
    page.get_by_test_id("action-submit").click()
    expect(page.get_by_test_id("alert-status")).to_have_attribute("data-status", "closed")
    history = page.get_by_test_id("alert-history-item")
    expect(history).to_have_count(4)
    expect(detail).to_contain_text("上门核实，情况属实")


def _submit_if_required(page: Page) -> None:
    """Some steps ask for a reason first, some are taken at once."""
    submit = page.get_by_test_id("action-submit")
    try:
        submit.wait_for(state="visible", timeout=1500)
    except Exception:
        return
    submit.click()


def test_an_address_is_found_and_the_map_flies_there(open_page: OpenPage, site: Site) -> None:
    page = open_page(DESK)
    sign_in(page, "xiangzhen")
    page.wait_for_url("**/alerts")
    page.get_by_test_id("nav-map").first.click()
    wait_for_map(page)
    before = page.get_by_test_id("map").get_attribute("data-center")
    page.get_by_test_id("search-input").fill(_some_village(page, site))
    found = page.get_by_test_id("search-result")
    found.first.wait_for()
    found.first.click()
    expect(page.get_by_test_id("map")).not_to_have_attribute("data-center", before or "")
    wait_for_map(page)
    expect(page.get_by_test_id("address-card")).to_be_visible()


def _some_village(page: Page, site: Site) -> str:
    """A village that the signed-in official sees."""
    answer = page.request.get(f"{site.url}/api/{site.county.code}/alerts?limit=50")
    names = {alert["grid_name"] for alert in answer.json()["items"] if alert["grid_name"]}
    return re.split("第", sorted(names)[0])[0]


def test_the_grid_worker_opens_a_household_reveals_a_number_and_records_a_visit(
    open_page: OpenPage, site: Site
) -> None:
    page = open_page(PHONE)
    sign_in(page, "wangge")
    page.wait_for_url("**/visits")
    page.get_by_test_id("todo-household").first.click()
    card = page.get_by_test_id("household-card")
    expect(card).to_be_visible()
    expect(page.get_by_test_id("household-member").first).to_be_visible()
    assert re.search(r"\d{3}\*{13}\d[\dX]", card.inner_text())
    assert not re.search(r"\d{17}[\dX]", card.inner_text())

    page.get_by_test_id("reveal-button").first.click()
    page.get_by_test_id("reveal-purpose").fill("上门核实身份")
    page.get_by_test_id("reveal-confirm").click()
    expect(page.get_by_test_id("revealed-value").first).to_have_text(re.compile(r"\d{11}|\d{17}[\dX]"))

    visits = page.get_by_test_id("visit-item").count()
    page.get_by_test_id("visit-open").first.click()
    page.get_by_test_id("visit-outcome-met").click()
    page.get_by_test_id("visit-note").fill("身体状况良好")
    page.get_by_test_id("visit-save").click()
    expect(page.get_by_test_id("visit-item")).to_have_count(visits + 1)
    expect(page.get_by_test_id("visit-item").first).to_contain_text("身体状况良好")


def test_a_visit_made_without_signal_waits_and_is_sent_later(open_page: OpenPage, site: Site) -> None:
    page = open_page(PHONE)
    sign_in(page, "wangge")
    page.wait_for_url("**/visits")
    page.get_by_test_id("todo-household").first.click()
    expect(page.get_by_test_id("household-member").first).to_be_visible()
    page.context.set_offline(True)
    page.get_by_test_id("visit-open").first.click()
    page.get_by_test_id("visit-outcome-nobody_home").click()
    page.get_by_test_id("visit-note").fill("没有信号时的走访")
    page.get_by_test_id("visit-save").click()
    page.get_by_test_id("nav-visits").last.click()
    queue = page.get_by_test_id("offline-queue")
    expect(queue).to_have_attribute("data-waiting", "1")
    page.context.set_offline(False)
    expect(queue).to_have_attribute("data-waiting", "0")
    page.get_by_test_id("todo-household").first.click()
    expect(page.get_by_test_id("visit-item").first).to_contain_text("没有信号时的走访")


def test_the_gis_staff_check_publish_and_correct_a_department_file(open_page: OpenPage, site: Site) -> None:
    page = open_page(DESK)
    sign_in(page, "shuju")
    page.wait_for_url("**/data/imports")
    expect(page.get_by_test_id("import-row").first).to_be_visible()
    before = page.get_by_test_id("import-row").count()
    source = next(file for file in site.county.files if file.mapping == "demo_events")
    page.get_by_test_id("import-upload").click()
    page.get_by_test_id("import-file").set_input_files(source.path)
    page.get_by_test_id("import-mapping").select_option("demo_events")
    page.get_by_test_id("import-check").click()
    report = page.get_by_test_id("import-report")
    expect(report).to_have_attribute("data-state", "checked", timeout=30_000)  # a job: the queue first
    expect(report).to_contain_text("未变")
    with page.expect_download() as download:
        page.get_by_test_id("import-rejects").click()
    assert download.value.suggested_filename.endswith(".xlsx")
    page.get_by_test_id("import-publish").click()
    expect(report).to_have_attribute("data-state", "published", timeout=30_000)
    page.reload()
    expect(page.get_by_test_id("import-row")).to_have_count(before + 2)
    page.get_by_test_id("tab-changes").click()
    expect(page.get_by_test_id("change-item").first).to_be_visible()


def test_the_folium_page_opens_from_the_app(open_page: OpenPage, site: Site) -> None:
    page = open_page(DESK)
    sign_in(page, "xiangzhen")
    page.wait_for_url("**/alerts")
    with page.context.expect_page() as opened:
        page.get_by_test_id("map-page-link").first.click()
    folium = opened.value
    folium.wait_for_selector(".leaflet-container")
    assert "预警地图" in folium.locator(".om-head").inner_text()


def test_signing_out_ends_it(open_page: OpenPage, site: Site) -> None:
    page = open_page(DESK)
    sign_in(page, "shenji")
    page.get_by_test_id("account-menu").click()
    page.get_by_test_id("sign-out").click()
    expect(page.get_by_test_id("signin-submit")).to_be_visible()
    assert page.request.get(f"{site.url}/api/session").status == 401


def test_nothing_was_asked_of_another_host_and_no_script_failed(site: Site) -> None:
    assert site.remote == []
    assert site.errors == []


def test_a_change_by_somebody_else_appears_on_the_open_map(
    open_page: OpenPage, site: Site, app_database: Database
) -> None:
    page = open_page(DESK)
    sign_in(page, "xiangzhen")
    page.wait_for_url("**/alerts")
    wait_for_map(page)
    page.wait_for_timeout(500)  # the line to the server opens after the map
    town = next(account.prefixes[0] for account in site.county.accounts if account.username == "xiangzhen")
    with (
        page.expect_response(re.compile(r"/alerts/\d+/\d+/\d+\.mvt"), timeout=10_000) as response,
        app_database.transaction(Scope.of_system(site.county.code, "test")) as connection,
    ):
        connection.execute(
            text(
                "UPDATE alert SET severity = 'high' WHERE id = (SELECT min(id) FROM alert WHERE status <> 'closed' "
                "AND severity <> 'high' AND grid_code ^@ :town)"
            ),
            {"town": town},
        )
    assert response.value.status == 200  # not "unchanged": these are other bytes
    assert not site.errors
