"""Nothing a person wrote is lost: a visit ends its alert, a conflict keeps what was typed, a waiting visit says so."""

import json
import re
import uuid

import pytest
from playwright.sync_api import Page, Route, expect
from sqlalchemy import text

from alerts.detection.scan import scan
from database.clock import day_in_china
from database.connection.engine import Database
from database.rights.scope import Scope
from tests.browser.conftest import DESK, PHONE, OpenPage, Site, sign_in

pytestmark = pytest.mark.browser


def scoped(site: Site, username: str) -> str:
    return next(account.prefixes[0] for account in site.county.accounts if account.username == username)


@pytest.fixture
def lapsed(site: Site, app_database: Database) -> dict[str, int]:
    """Household and alert of somebody old, alone and not visited for 40 days, in the worker's cell."""
    with app_database.transaction(Scope.of_system(site.county.code, "test")) as connection:
        household, person, cell = connection.execute(
            text(
                "SELECT h.id, min(m.person_id), h.grid_code FROM household h JOIN household_member m ON m.household_id = h.id "
                "AND m.valid_to IS NULL JOIN person p ON p.id = m.person_id AND p.death_date IS NULL "
                "WHERE h.grid_code ^@ :scope AND h.kind <> 'collective' GROUP BY h.id ORDER BY count(*), h.id LIMIT 1"
            ),
            {"scope": scoped(site, "wangge")},
        ).one()
        values = {"h": household, "p": person, "cell": cell, "uid": uuid.uuid4()}
        for statement in (
            "UPDATE household_member SET valid_to = CURRENT_DATE WHERE household_id = :h AND person_id <> :p",
            "UPDATE person SET birth_date = '1940-01-01' WHERE id = :p",
            "DELETE FROM visit WHERE household_id = :h",
            "INSERT INTO visit (client_uid, household_id, visitor, visited_at, outcome, grid_code) "
            "VALUES (:uid, :h, 'wangge', now() - interval '40 days', 'met', :cell)",
        ):
            connection.execute(text(statement), values)
        scan(connection, day_in_china(), ["elderly_alone_unvisited"])
        alert = connection.scalar(
            text(
                "SELECT id FROM alert WHERE household_id = :h AND rule = 'elderly_alone_unvisited' AND status = 'open'"
            ),
            values,
        )
    assert alert is not None
    return {"alert": alert, "household": household}


def test_the_visit_waits_in_sight_and_ends_the_alert_when_it_arrives(
    open_page: OpenPage, site: Site, lapsed: dict[str, int]
) -> None:
    page = open_page(PHONE)
    sign_in(page, "wangge")
    page.wait_for_url("**/visits")
    expect(page.get_by_test_id("todo-mine")).to_contain_text("没有指派给您的预警")
    counted = page.request.get(f"{site.url}/api/{site.county.code}/alerts/counts?unassigned=true" + PENDING).json()["n"]
    expect(page.get_by_test_id("todo-free-n")).to_have_text(f"{counted:,}")
    page.goto(f"{site.url}/visits/households/{lapsed['household']}")
    page.get_by_test_id("visit-open").first.click()
    page.get_by_test_id("visit-outcome-met").click()
    page.get_by_test_id("visit-note").fill("老人在家，一切都好")

    # first the server does not want it, then there is no way to it: it stays, and says why
    url = re.compile(r"/households/\d+/visits$")
    refusal = {"type": "urn:onemap:problem:request-invalid", "title": "请求内容有误", "status": 422}
    page.route(url, lambda route: answer(route, 422, refusal))
    page.get_by_test_id("visit-save").click()
    expect(page.get_by_test_id("visit-problem")).to_contain_text("已留在本机")
    expect(page.get_by_test_id("visit-note")).to_have_value("老人在家，一切都好")
    page.unroute(url)
    page.route(url, lambda route: route.abort())
    page.get_by_test_id("visit-save").click()
    expect(page.get_by_test_id("visit-waits").first).to_have_text("走访等待上传")
    waiting = page.get_by_test_id("waiting-visit")
    expect(waiting).to_have_count(1)
    expect(waiting.get_by_test_id("waiting-why")).to_contain_text("没有网络")
    page.unroute(url)
    waiting.get_by_test_id("waiting-retry").click()
    expect(waiting).to_have_count(0)
    expect(page.get_by_test_id("visit-item").first).to_contain_text("老人在家，一切都好")

    page.goto(f"{site.url}/alerts/{lapsed['alert']}")
    expect(page.get_by_test_id("alert-status")).to_have_attribute("data-status", "cleared")
    expect(page.get_by_test_id("alert-cleared")).to_contain_text("已走访，见到本人")
    last = page.get_by_test_id("alert-history-item").first
    expect(last).to_contain_text("自行消除")
    assert site.errors == []


PENDING = "&status=open&status=acknowledged&status=assigned"


def answer(route: Route, status: int, body: dict[str, object]) -> None:
    route.fulfill(status=status, content_type="application/problem+json", body=json.dumps(body))


def test_a_conflict_keeps_what_was_typed_and_says_what_changed(
    open_page: OpenPage, site: Site, app_database: Database
) -> None:
    page = open_page(DESK)
    sign_in(page, "xiangzhen")
    page.wait_for_url("**/alerts")
    new = page.get_by_test_id("alert-new-n")
    expect(new).to_have_text(re.compile(r"^[\d,]+$"))
    n = int(new.inner_text().replace(",", ""))
    assert n > 0
    with app_database.transaction(Scope.of_system(site.county.code, "test")) as connection:
        old = connection.scalar(
            text(
                "UPDATE alert SET first_raised_at = now() - interval '9 days' WHERE id = (SELECT max(id) FROM alert "
                "WHERE status = 'open' AND severity = 'high' AND grid_code ^@ :town) RETURNING id"
            ),
            {"town": scoped(site, "xiangzhen")},
        )
    page.get_by_test_id("alert-new-since").click()
    expect(new).to_have_text(f"{n - 1:,}")
    expect(page.locator(f'[data-testid="alert-item"][data-alert-id="{old}"]')).to_have_count(0)

    page.goto(f"{site.url}/alerts/{old}")
    page.get_by_test_id("action-verify").click()
    page.get_by_test_id("action-verdict-confirmed").click()
    page.get_by_test_id("action-reason").fill("电话核实，两户都有人住")
    somebody_else(page, site, old)
    page.get_by_test_id("action-submit").click()
    expect(page.get_by_test_id("action-meanwhile")).to_contain_text("签收")
    expect(page.get_by_test_id("action-reason")).to_have_value("电话核实，两户都有人住")
    expect(page.get_by_test_id("action-verdict-confirmed")).to_be_checked()
    page.get_by_test_id("action-submit").click()
    expect(page.get_by_test_id("alert-status")).to_have_attribute("data-status", "confirmed")
    expect(page.get_by_test_id("alert-history-item").first).to_contain_text("电话核实，两户都有人住")
    assert site.errors == []


def somebody_else(page: Page, site: Site, alert: int) -> None:
    """Sign the alert in another window of the same person."""
    done = page.request.post(
        f"{site.url}/api/{site.county.code}/alerts/{alert}/transitions",
        headers={"X-Onemap-Request": "1", "Origin": site.url},
        data={"action": "acknowledge", "version": 1},
    )
    assert done.status == 200
