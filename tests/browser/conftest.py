"""A served demo county and a real Chromium that may talk to nobody else."""

import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, Route, sync_playwright
from sqlalchemy import Engine, text

from access.accounts.accounts import create_account
from alerts.detection.scan import scan
from database.clock import day_in_china
from database.connection.engine import Database
from database.embedded import EmbeddedCluster
from database.installation.settings import Settings
from database.rights.scope import Role, Scope
from database.secrets.seal import Sealer
from database.upgrade.counties import create_county
from database.upgrade.migrate import owner_engine
from demo.generate import DemoCounty, generate_county
from demo.loader import load_demo
from mapserver.app.create import WEB_APP, create_app
from tests.browser.loaded_once import keep, put_back

#: letters a to f make no user name: a password must not hold one
PASSWORD = secrets.token_hex(9)
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


@dataclass
class Site:
    """The served county. folder: its department files."""

    url: str
    county: DemoCounty
    folder: Path
    remote: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def superuser(cluster: EmbeddedCluster) -> Iterator[Engine]:
    """For copying rows past triggers and row-level security."""
    engine = owner_engine(cluster.dsn("superuser"))
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def loaded(
    owner: Engine,
    superuser: Engine,
    app_database: Database,
    sealer: Sealer,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[DemoCounty, Path]:
    """The smallest demo county through the real import, scanned, and kept; the folder of its files."""
    folder = tmp_path_factory.mktemp("browser")
    county = generate_county(folder, "tiny")
    create_county(owner, county.code, county.name, synthetic=True)
    system = Scope.of_system(county.code, "demo")
    load_demo(app_database, system, county, sealer)
    with app_database.transaction(system) as connection:
        scan(connection, day_in_china())
    keep(superuser, f"c{county.code}")
    drop_county(owner, county.code)
    return county, folder


def drop_county(owner: Engine, code: str) -> None:
    """As if it had never been."""
    with owner.begin() as connection:
        connection.execute(text("SET LOCAL lock_timeout = '30s'"))
        connection.execute(text("DELETE FROM platform.account WHERE county = :c"), {"c": code})
        connection.execute(text(f"DROP SCHEMA c{code} CASCADE"))
        connection.execute(text("DELETE FROM platform.county WHERE code = :c"), {"c": code})


@pytest.fixture(scope="module")
def site(
    settings: Settings,
    owner: Engine,
    superuser: Engine,
    app_database: Database,
    loaded: tuple[DemoCounty, Path],
) -> Iterator[Site]:
    """The demo county as it was loaded, served by uvicorn on a free port."""
    assert WEB_APP.is_dir(), "the web app is not built: scripts/setup builds it"
    county, folder = loaded
    create_county(owner, county.code, county.name, synthetic=True)
    put_back(superuser, f"c{county.code}")
    with app_database.platform() as connection:
        for account in county.accounts:
            create_account(
                connection,
                username=account.username,
                display_name=account.display_name,
                password=PASSWORD,
                role=Role(account.role),
                county=county.code,
                prefixes=account.prefixes,
                settings=settings,
            )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    quiet = settings.model_copy(update={"request_log": False})
    server = uvicorn.Server(uvicorn.Config(create_app(quiet), port=port, log_level="warning", access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.05)
    yield Site(f"http://127.0.0.1:{port}", county, folder)
    server.should_exit = True
    thread.join(30)
    drop_county(owner, county.code)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("ONEMAP_CHROMIUM", "/usr/bin/chromium"),
            args=["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--no-first-run"],
        )
        yield browser
        browser.close()


OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(site: Site, chromium: Browser) -> Iterator[OpenPage]:
    """Open a page in a context of its own; every request to another host is refused and remembered."""
    contexts: list[BrowserContext] = []

    def guard(route: Route) -> None:
        if route.request.url.startswith((site.url, "data:", "blob:")):
            route.continue_()
        else:
            site.remote.append(route.request.url)
            route.abort()

    def open_one(viewport: dict[str, int]) -> Page:
        context = chromium.new_context(viewport=viewport, locale="zh-CN", service_workers="block")  # type: ignore[arg-type]
        context.set_default_timeout(20_000)
        contexts.append(context)
        context.route("**/*", guard)
        page = context.new_page()
        page.on("pageerror", lambda error: site.errors.append(str(error)))
        page.goto(site.url)
        return page

    yield open_one
    for context in contexts:
        context.close()


def sign_in(page: Page, username: str, password: str = PASSWORD) -> None:
    """Fill the sign-in form and send it."""
    page.get_by_test_id("signin-username").fill(username)
    page.get_by_test_id("signin-password").fill(password)
    page.get_by_test_id("signin-submit").click()


def wait_for_map(page: Page) -> None:
    """Until everything on the map is drawn."""
    page.wait_for_selector('[data-testid="map"][data-map-idle="true"]', timeout=30_000)
