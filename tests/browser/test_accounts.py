"""Accounts in the browser: made by one, granted by another, first sign-in, second factor, failures told."""

import json
import re
import time
import urllib.error
import urllib.request

import pyotp
from playwright.sync_api import expect

from tests.browser.conftest import DESK, PHONE, OpenPage, Site, sign_in

OWN = "kitchen rain lamp seven"


def test_an_account_from_its_making_to_its_second_factor(site: Site, open_page: OpenPage) -> None:
    system = open_page(DESK)
    sign_in(system, "xitong")
    system.wait_for_url(re.compile(r"^[^?]*/accounts"))
    expect(system.get_by_test_id("nav-map")).to_have_count(0)
    system.get_by_test_id("account-new").click()
    system.get_by_test_id("new-username").fill("zhangsan")
    system.get_by_test_id("new-name").fill("示例镇 综治干部")
    system.get_by_test_id("new-submit").click()
    expect(system.locator('[data-username="zhangsan"]')).to_contain_text("待授权")

    security = open_page(DESK)
    sign_in(security, "anquan")
    security.locator('[data-username="zhangsan"]').get_by_role("button").click()
    security.get_by_test_id("grant-role").select_option("town_official")
    security.get_by_test_id("scope-town").select_option(f"{site.county.code}001")
    security.get_by_test_id("scope-add").click()
    expect(security.get_by_test_id("grant-prefixes")).to_have_value(f"{site.county.code}001")
    security.get_by_test_id("grant-submit").click()
    password = security.get_by_test_id("given-password").inner_text()
    security.get_by_test_id("account-close").click()

    knock(site, "zhangsan", "a wrong one")
    mine = open_page(PHONE)
    sign_in(mine, "zhangsan", password)
    mine.wait_for_url(re.compile(r"^[^?]*/begin"))
    mine.goto(f"{site.url}/alerts")
    mine.wait_for_url(re.compile(r"^[^?]*/begin"))  # nothing else works
    mine.get_by_test_id("password-old").fill(password)
    mine.get_by_test_id("password-new").fill("woaini1314520")
    mine.get_by_test_id("password-again").fill("woaini1314520")
    mine.get_by_test_id("password-submit").click()
    expect(mine.get_by_test_id("password-problem")).to_contain_text("太常见")
    mine.get_by_test_id("password-new").fill(OWN)
    mine.get_by_test_id("password-again").fill(OWN)
    mine.get_by_test_id("password-submit").click()
    mine.wait_for_url(re.compile(r"^[^?]*/alerts"))

    mine.goto(f"{site.url}/account")
    mine.get_by_test_id("second-factor-begin").click()
    mine.get_by_test_id("proof-password").fill(OWN)
    mine.get_by_test_id("second-factor-prove").click()
    expect(mine.get_by_test_id("second-factor-qr")).to_be_visible()
    assert mine.get_by_test_id("second-factor-qr").evaluate("image => image.naturalWidth") > 100
    totp = pyotp.TOTP(mine.get_by_test_id("second-factor-secret").inner_text().replace(" ", ""))
    mine.get_by_test_id("second-factor-code").fill(totp.at(time.time() - 30))
    mine.get_by_test_id("second-factor-confirm").click()
    expect(mine.get_by_test_id("recovery-codes").get_by_role("listitem")).to_have_count(10)
    recovery = mine.get_by_test_id("recovery-codes").get_by_role("listitem").first.inner_text()
    mine.get_by_test_id("recovery-kept").click()

    knock(site, "zhangsan", "a wrong one")
    again = open_page(PHONE)
    sign_in(again, "zhangsan", OWN)
    again.get_by_test_id("signin-code").fill("000000")
    again.get_by_test_id("signin-submit").click()
    expect(again.get_by_test_id("signin-error")).to_contain_text("验证码不正确")
    again.get_by_test_id("signin-code").fill(recovery)
    again.get_by_test_id("signin-submit").click()
    again.wait_for_url(re.compile(r"^[^?]*/alerts"))
    expect(again.get_by_test_id("failed-before")).to_contain_text("2 次失败的登录尝试")
    again.goto(f"{site.url}/account")
    expect(again.get_by_test_id("session-item")).to_have_count(2)
    again.get_by_test_id("sessions-end-others").click()
    expect(again.get_by_test_id("session-item")).to_have_count(1)
    assert site.errors == []
    assert site.remote == []


def knock(site: Site, username: str, password: str) -> None:
    """A sign-in by somebody else that fails."""
    request = urllib.request.Request(
        f"{site.url}/api/session",
        data=json.dumps({"username": username, "password": password}).encode(),
        headers={"Content-Type": "application/json", "X-Onemap-Request": "1"},
    )
    try:
        urllib.request.urlopen(request)
        raise AssertionError("it went in")
    except urllib.error.HTTPError as error:
        assert error.code == 401
