"""The auditor reads the trail in the web app; nobody else is offered it."""

import json

from playwright.sync_api import expect

from tests.browser.conftest import DESK, OpenPage, Site, sign_in


def test_the_auditor_narrows_the_trail_and_takes_a_copy_of_its_head(open_page: OpenPage, site: Site) -> None:
    page = open_page(DESK)
    sign_in(page, "shenji")
    page.wait_for_url("**/audit")
    rows = page.get_by_test_id("audit-item")
    expect(rows.first).to_be_visible()
    page.get_by_test_id("audit-action").select_option(label="查看审计")
    page.get_by_role("button", name="查询").click()
    expect(rows.first).to_contain_text("查看审计")  # the look of a moment ago
    expect(rows.filter(has_text="导入")).to_have_count(0)
    page.get_by_test_id("audit-head").click()
    expect(page.get_by_test_id("audit-head-value")).to_contain_text(site.county.code)
    with page.expect_download() as download:
        page.get_by_role("link", name="表格").click()
    assert "read_audit" in download.value.path().read_text("utf-8-sig")
    page.get_by_role("button", name="清除").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="校验链").click()
    first = download.value.path().read_text("utf-8").splitlines()[0]
    assert json.loads(first) == {"format": "onemap-audit-1", "chain": site.county.code}
    assert site.errors == []


def test_others_are_not_offered_the_trail(open_page: OpenPage, site: Site) -> None:
    page = open_page(DESK)
    sign_in(page, "xiangzhen")
    page.wait_for_url("**/alerts")
    expect(page.get_by_test_id("nav-audit")).to_have_count(0)
    page.goto(f"{site.url}/audit")
    expect(page.get_by_test_id("audit-filters")).to_have_count(0)
