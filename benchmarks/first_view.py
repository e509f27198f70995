"""How long a first visit takes over a slow line: until the list of alerts, and until the map is drawn.

    python -m benchmarks.first_view 8000 --account xiangzhen [--page alerts|map] [--phone] [--runs 3]

Chromium with an empty cache, signed in, before a line of 1.6 Mbit/s and 150 ms (a weak 4G signal), then the same again with what it
kept. The password of a demo account is read from ``demo-accounts.json`` of the home; of another, from ONEMAP_PASSWORD.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics

from playwright.sync_api import Browser, sync_playwright

from benchmarks.slow_line import SlowLine
from database.installation.settings import get_settings

DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
LIST = '[data-testid="alert-item"]'
MAP = '[data-testid="map"][data-map-idle="true"]'
#: In the page: the moment at which each first stood in the document, in seconds since the navigation began.
WATCH = f"""
window.seen = {{}}
const wanted = {{ list: {LIST!r}, map: {MAP!r} }}
const look = () => {{
  for (const [name, selector] of Object.entries(wanted))
    if (!(name in window.seen) && document.querySelector(selector)) window.seen[name] = performance.now() / 1000
}}
new MutationObserver(look).observe(document, {{ subtree: true, childList: true, attributes: true }})
"""
Figures = dict[str, float]


def password_of(account: str) -> str:
    """Raises KeyError for an account whose password is not known here."""
    if password := os.environ.get("ONEMAP_PASSWORD"):
        return password
    written = json.loads((get_settings().home / "demo-accounts.json").read_text("utf-8"))
    return {a["username"]: a["password"] for a in written["accounts"]}[account]  # type: ignore[no-any-return]


def visit(browser: Browser, line: SlowLine, options: argparse.Namespace, password: str) -> list[Figures]:
    """A first and a second visit: seconds to list and map, kilobytes on the line by then."""
    context = browser.new_context(viewport=PHONE if options.phone else DESK, locale="zh-CN")  # type: ignore[arg-type]
    signed_in = context.request.post(
        f"{line.url}/api/session",
        data={"username": options.account, "password": password},
        headers={"X-Onemap-Request": "1"},
    )
    assert signed_in.ok, signed_in.text()
    found = []
    for _ in range(2):
        page = context.new_page()
        page.add_init_script(WATCH)
        before = line.bytes
        page.goto(f"{line.url}/{options.page}", wait_until="commit")
        one: Figures = {}
        for name, selector in (("list", LIST), ("map", MAP)):
            page.wait_for_selector(selector, timeout=60_000, state="attached")
            one[f"{name}_s"] = page.evaluate(f"window.seen.{name}")
            one[f"{name}_kb"] = (line.bytes - before) / 1000
        found.append(one)
        page.wait_for_timeout(8000)  # the service worker keeps the app for work without signal
        page.close()
    context.close()
    return found


def main() -> None:
    """Print the median of the runs, first visit and second."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("--account", default="xiangzhen")
    parser.add_argument("--page", default="alerts")
    parser.add_argument("--phone", action="store_true")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--mbit", type=float, default=1.6)
    parser.add_argument("--latency-ms", type=float, default=150)
    options = parser.parse_args()
    password = password_of(options.account)
    chromium = os.environ.get("ONEMAP_CHROMIUM", "/usr/bin/chromium")
    with (
        sync_playwright() as playwright,
        SlowLine(options.port, mbit=options.mbit, round_trip_s=options.latency_ms / 1000) as line,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--no-first-run"])
        visits = [visit(browser, line, options, password) for _ in range(options.runs)]
        browser.close()
    for n, name in enumerate(("first visit", "second visit")):
        runs = [one[n] for one in visits]
        middle = {key: round(statistics.median(run[key] for run in runs), 1) for key in runs[0]}
        print(f"{name} of /{options.page} as {options.account}: {middle}")


if __name__ == "__main__":
    main()
