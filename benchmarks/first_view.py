"""How long a first visit takes over a slow line: until the list of alerts, and until the map is drawn.

    python -m benchmarks.first_view http://127.0.0.1:8000 --account xiangzhen [--page alerts|map] [--phone] [--runs 3]

Chromium with an empty cache, signed in, throttled by its own network emulation (1.6 Mbit/s, 150 ms, as on a weak 4G signal).
The password of a demo account is read from ``demo-accounts.json`` of the home; of another, from ONEMAP_PASSWORD.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from database.settings import get_settings

DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
LIST = '[data-testid="alert-item"]'
MAP = '[data-testid="map"][data-map-idle="true"]'


def password_of(account: str) -> str:
    """Raises KeyError for an account whose password is not known here."""
    file = get_settings().home / "demo-accounts.json"
    known = (
        {a["username"]: a["password"] for a in json.loads(file.read_text("utf-8"))["accounts"]}
        if file.is_file()
        else {}
    )
    return os.environ.get("ONEMAP_PASSWORD") or known[account]


def visit(browser: Browser, url: str, asked: argparse.Namespace, password: str, *, again: bool) -> list[dict[str, Any]]:
    """One visit, and one more with what the browser kept: seconds to list and map, bytes on the line."""
    context = browser.new_context(viewport=PHONE if asked.phone else DESK, locale="zh-CN")  # type: ignore[arg-type]
    signed_in = context.request.post(
        f"{url}/api/session",
        data={"username": asked.account, "password": password},
        headers={"X-Onemap-Request": "1"},
    )
    assert signed_in.ok, signed_in.text()
    found = []
    for _ in range(2 if again else 1):
        page = context.new_page()
        devtools = context.new_cdp_session(page)
        devtools.send("Network.enable")
        devtools.send(
            "Network.emulateNetworkConditions",
            {
                "offline": False,
                "latency": asked.latency_ms,
                "downloadThroughput": asked.mbit * 125_000,
                "uploadThroughput": asked.mbit * 125_000,
            },
        )
        line = {"bytes": 0, "requests": 0}

        def loaded(event: dict[str, Any], line: dict[str, int] = line) -> None:
            line["bytes"] += int(event["encodedDataLength"])
            line["requests"] += 1

        devtools.on("Network.loadingFinished", loaded)
        began = time.perf_counter()
        page.goto(f"{url}/{asked.page}", wait_until="commit")
        one: dict[str, Any] = {}
        for name, selector in (("list_s", LIST), ("map_s", MAP)):
            try:
                page.wait_for_selector(selector, timeout=60_000, state="attached")
                one[name] = round(time.perf_counter() - began, 2)
            except Exception:
                one[name] = None
            one[name.replace("_s", "_kb")] = line["bytes"] // 1000
        found.append({**one, **line})
        page.close()
    context.close()
    return found


def main() -> None:
    """Print the median of the runs, first visit and second."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--account", default="xiangzhen")
    parser.add_argument("--page", default="alerts")
    parser.add_argument("--phone", action="store_true")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--mbit", type=float, default=1.6)
    parser.add_argument("--latency-ms", type=float, default=150)
    asked = parser.parse_args()
    password = password_of(asked.account)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("ONEMAP_CHROMIUM", "/usr/bin/chromium"),
            args=["--no-sandbox", "--no-first-run"],
        )
        visits = [visit(browser, asked.url.rstrip("/"), asked, password, again=True) for _ in range(asked.runs)]
        browser.close()
    for n, name in enumerate(("first visit", "second visit")):
        runs = [one[n] for one in visits]
        middle = {
            key: round(statistics.median(run[key] for run in runs), 2)
            if all(run[key] is not None for run in runs)
            else None
            for key in runs[0]
        }
        print(f"{name} of /{asked.page} as {asked.account}: {middle}")


if __name__ == "__main__":
    main()
