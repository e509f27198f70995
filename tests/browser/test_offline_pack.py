"""The page of docs/offline-packs.md shows a pack in a real Chromium, with no server but the files themselves."""

import re
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Browser, Route

from database.connection.engine import Database
from layers.packs.export import PackOrder, make_pack
from layers.packs.files import write_pack
from layers.style.fonts import FontLibrary
from mapserver.app.create import WEB_APP
from tests.browser.conftest import Site

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2]
MODULES = ROOT / "frontend/node_modules"


class Files(SimpleHTTPRequestHandler):
    """A static web server that knows ranges, as every real one does."""

    def do_GET(self) -> None:
        byte_range = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        path = Path(self.translate_path(self.path))
        if byte_range is None or not path.is_file():
            super().do_GET()
            return
        whole = path.read_bytes()
        part = whole[int(byte_range[1]) : int(byte_range[2]) + 1]
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {byte_range[1]}-{int(byte_range[1]) + len(part) - 1}/{len(whole)}")
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        self.wfile.write(part)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def folder(site: Site, app_database: Database, tmp_path: Path) -> Iterator[str]:
    """A folder with the page, MapLibre, pmtiles and the pack of a town, and its address."""
    town = next(account.prefixes[0] for account in site.county.accounts if account.username == "xiangzhen")
    order = PackOrder(town, personal=True, purpose="test")
    write_pack(make_pack(app_database, order, FontLibrary(WEB_APP / "assets"), actor="test"), tmp_path / "pack.pmtiles")
    guide = (ROOT / "docs/offline-packs.md").read_text("utf-8")
    page = re.search(r"```html\n(.*?)```", guide, re.S)
    assert page is not None
    (tmp_path / "index.html").write_text(page[1], "utf-8")
    for file in (*(MODULES / "maplibre-gl/dist").glob("maplibre-gl*.*s"), MODULES / "pmtiles/dist/pmtiles.js"):
        (tmp_path / file.name).symlink_to(file)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Files, directory=str(tmp_path)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_the_page_of_the_guide_shows_the_pack(folder: str, chromium: Browser) -> None:
    faults: list[str] = []
    context = chromium.new_context(viewport={"width": 390, "height": 844}, service_workers="block")

    def guard(route: Route) -> None:
        if route.request.url.startswith((folder, "data:", "blob:")):
            route.continue_()
        else:
            faults.append(route.request.url)
            route.abort()

    context.route("**/*", guard)
    page = context.new_page()
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(folder)
    # until the script has run, window.map is the element of that name
    page.wait_for_function("window.map?.loaded?.()", timeout=20_000)
    far = drawn(page.evaluate(DRAWN))
    page.evaluate("() => window.map.jumpTo({zoom: 13})")
    page.wait_for_function("window.map.loaded() && window.map.areTilesLoaded()", timeout=20_000)
    page.wait_for_timeout(500)
    near = drawn(page.evaluate(DRAWN))
    context.close()
    assert faults == []
    assert "divisions-ground" in far
    assert "divisions-town-name" in far
    assert any(name.startswith("alerts-") for name in far)
    assert "divisions-village-name" in near
    assert any(name.startswith(("persons-", "addresses-", "events-")) for name in near)


DRAWN = "() => window.map.queryRenderedFeatures().map((feature) => feature.layer.id)"


def drawn(ids: list[str]) -> set[str]:
    """Style layers with something drawn."""
    return set(ids)
