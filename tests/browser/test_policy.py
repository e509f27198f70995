"""The content security policy in a real Chromium: the product works under it, and what slipped into a page does not run."""

from pathlib import Path

import pytest
from playwright.sync_api import ConsoleMessage, Page, expect

from tests.browser.conftest import DESK, PHONE, OpenPage, Site, sign_in, wait_for_map

WATCH = "window.violations = []; addEventListener('securitypolicyviolation', e => violations.push(e.violatedDirective + ' ' + e.blockedURI))"


def watched(page: Page) -> list[str]:
    """What the console says of the policy from now on; the page also counts violations itself."""
    messages: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text or "Content-Security-Policy" in message.text:
            messages.append(message.text)

    page.on("console", hear)
    page.add_init_script(WATCH)
    page.reload()
    return messages


def violations(page: Page) -> list[str]:
    found: list[str] = page.evaluate("window.violations ?? []")
    return found


@pytest.mark.parametrize(
    ("account", "ways", "viewport"),
    [
        ("xiangzhen", ("nav-map", "nav-alerts"), DESK),
        ("wangge", ("nav-visits", "nav-map"), PHONE),
        ("shuju", ("nav-map", "nav-data"), DESK),
    ],
)
def test_the_web_app_works_without_one_violation(
    open_page: OpenPage, site: Site, account: str, ways: tuple[str, ...], viewport: dict[str, int]
) -> None:
    page = open_page(viewport)
    messages = watched(page)
    sign_in(page, account)
    page.get_by_test_id(ways[0]).locator("visible=true").first.wait_for()
    for way in ways:
        page.get_by_test_id(way).locator("visible=true").first.click()
        if way == "nav-map":
            wait_for_map(page)
            assert page.evaluate("document.querySelector('canvas').width") > 0
        page.wait_for_load_state("networkidle" if way != "nav-map" else "load")
    assert messages == [] and violations(page) == [] and site.errors == []


INJECTIONS = {
    "script element": "const s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.body.append(s)",
    "handler": "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.ran = 1\">')",
    "link": "document.body.insertAdjacentHTML('beforeend', '<a id=evil href=\"javascript:window.ran=1\">x</a>'); document.getElementById('evil').click()",
    "timer": "setTimeout('window.ran = 1', 0)",
    "data script": "const s = document.createElement('script'); s.src = 'data:text/javascript,window.ran=1'; document.body.append(s)",
    "blob script": (
        "const s = document.createElement('script'); s.src = URL.createObjectURL(new Blob(['window.ran=1'])); document.body.append(s)"
    ),
    "base": "document.head.insertAdjacentHTML('beforeend', '<base href=\"http://127.0.0.1:9/\">')",
}


@pytest.mark.parametrize("way", INJECTIONS)
def test_what_slipped_into_the_web_app_does_not_run(open_page: OpenPage, way: str) -> None:
    page = open_page(DESK)
    watched(page)
    page.get_by_test_id("signin-submit").wait_for()
    _inject(page, INJECTIONS[way])
    page.wait_for_function("window.violations.length > 0")
    assert page.evaluate("window.ran") is None


def _inject(page: Page, script: str) -> None:
    """Run by the debugger, which the policy does not bind; what the script puts into the page, it does bind."""
    page.evaluate(f"() => {{ {script} }}")


def test_an_inline_style_changes_nothing_in_the_web_app(open_page: OpenPage) -> None:
    page = open_page(DESK)
    watched(page)
    page.get_by_test_id("signin-submit").wait_for()
    _inject(
        page,
        "document.body.insertAdjacentHTML('beforeend', '<style>body{display:none}</style><p style=\"color:red\">x</p>')",
    )
    page.wait_for_function("window.violations.length > 1")
    expect(page.get_by_test_id("signin-submit")).to_be_visible()


@pytest.mark.parametrize("from_disk", [False, True])
def test_a_folium_page_works_served_and_from_the_disk_and_runs_nothing_else(
    open_page: OpenPage, site: Site, tmp_path: Path, from_disk: bool
) -> None:
    page = open_page(DESK)
    sign_in(page, "xiangzhen")
    page.wait_for_url("**/alerts")
    url = f"{site.url}/maps/{site.county.code}/alerts"
    if from_disk:
        saved = tmp_path / "alerts.html"
        saved.write_text(page.request.get(url).text(), encoding="utf-8")
        url = saved.as_uri()
        page.context.unroute("**/*")
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text) if "Security Policy" in message.text else None)
    page.add_init_script(WATCH)
    page.goto(url)
    page.locator(".leaflet-container").wait_for()
    page.locator(".leaflet-control-layers-overlays label").first.wait_for(state="attached")
    assert violations(page) == [] and messages == []
    box = page.locator(".leaflet-container").bounding_box()
    assert box is not None and box["height"] > 200, "its own styles apply"
    for way in ("script element", "handler", "data script"):
        _inject(page, INJECTIONS[way])
    page.wait_for_function("window.violations.length >= 3")
    assert page.evaluate("window.ran") is None


def test_the_web_app_is_framed_by_nobody(open_page: OpenPage, site: Site) -> None:
    page = open_page(DESK)
    page.route(
        "**/framing", lambda route: route.fulfill(body=f'<iframe src="{site.url}/"></iframe>', content_type="text/html")
    )
    with page.expect_event("console", lambda message: "frame" in message.text.lower()):
        page.goto(f"{site.url}/framing")
    assert page.frames[-1].locator("#app").count() == 0
