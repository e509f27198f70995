"""MapLibre draws the served style, with its icons and its Chinese names, from nothing but our own server."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, Route

from tests.browser.conftest import DESK, OpenPage, Site, sign_in, wait_for_map

pytestmark = pytest.mark.browser
MAPLIBRE = Path(__file__).parents[2] / "frontend/node_modules/maplibre-gl/dist"
VIEWER = """<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">
<link rel="stylesheet" href="/viewer/maplibre-gl.css"><style>html,body,#map{margin:0;height:100%}</style></head>
<body><div id="map"></div><script type="module">
import * as maplibregl from '/viewer/maplibre-gl.mjs'
maplibregl.setWorkerUrl('/viewer/maplibre-gl-worker.mjs')
window.faults = []
const [theme, zoom] = location.hash.slice(1).split(',')
const map = new maplibregl.Map({container: 'map', style: `/tiles/COUNTY/style/${theme}.json`, attributionControl: false})
map.on('error', (event) => window.faults.push(String(event.error?.message ?? event)))
map.on('styleimagemissing', (event) => window.faults.push('no icon: ' + event.id))
map.once('load', () => zoom && map.jumpTo({zoom: Number(zoom)}))
window.map = map
</script></body></html>"""


def serve(route: Route) -> None:
    """The page of the test and MapLibre itself; everything else comes from the served county."""
    name = route.request.url.partition("?")[0].rpartition("/")[2]
    if name == "viewer.html":
        county = route.request.url.partition("?")[2]
        route.fulfill(body=VIEWER.replace("COUNTY", county), content_type="text/html; charset=utf-8")
    else:
        kind = "text/css" if name.endswith(".css") else "text/javascript"
        route.fulfill(body=(MAPLIBRE / name).read_bytes(), content_type=kind)


def show(page: Page, site: Site, theme: str, zoom: float | None = None) -> None:
    """Open the style in a bare MapLibre page, signed in already; wait until all of it is drawn."""
    page.context.route("**/viewer/**", serve)
    page.goto("about:blank")
    page.goto(f"{site.url}/viewer/viewer.html?{site.county.code}#{theme},{zoom or ''}")
    page.wait_for_function("window.map && (window.map.loaded() || window.faults.length)", timeout=20_000)
    page.wait_for_timeout(300)
    page.wait_for_function("window.map.areTilesLoaded() && !window.map.isMoving()", timeout=20_000)
    page.evaluate("() => new Promise((done) => {window.map.once('idle', done); window.map.triggerRepaint()})")


def rendered(page: Page) -> dict[str, int]:
    """Style layer → features drawn now."""
    names = page.evaluate(
        "() => Object.entries(Object.groupBy(window.map.queryRenderedFeatures(), (f) => f.layer.id))"
        ".map(([id, found]) => [id, found.length])"
    )
    return dict(names)


@pytest.mark.parametrize("theme", ["light", "dark", "contrast"])
def test_each_theme_is_drawn_with_names_and_icons(open_page: OpenPage, site: Site, theme: str) -> None:
    urls: list[str] = []
    page = open_page(DESK)
    sign_in(page, "xiangzhen")
    wait_for_map(page)
    page.on("request", lambda request: urls.append(request.url))
    page.on("console", lambda message: site.errors.append(message.text) if message.type == "error" else None)
    show(page, site, theme)
    far = rendered(page)
    assert far.get("divisions-ground"), far
    assert far.get("divisions-town-name") or far.get("divisions-village-name"), far
    show(page, site, theme, 16.5)
    near = rendered(page)
    assert near.get("addresses-icon") or near.get("persons-icon"), near
    assert page.evaluate("window.faults") == []
    assert any("/style/fonts/" in url for url in urls)
    assert any("/style/sprites/" in url for url in urls)
    assert site.errors == []
    assert site.remote == []


def test_every_village_is_named_once(open_page: OpenPage, site: Site) -> None:
    page = open_page(DESK)
    sign_in(page, "xiangzhen")
    wait_for_map(page)
    show(page, site, "light", 13.2)
    named = page.evaluate(
        "() => window.map.queryRenderedFeatures({layers: ['divisions-village-name']}).map((f) => f.properties.id)"
    )
    assert named
    assert len(named) == len(set(named))


def test_the_text_is_really_painted(open_page: OpenPage, site: Site) -> None:
    """With the names taken away the picture changes: they were pixels, not only features."""
    page = open_page(DESK)
    sign_in(page, "xiangzhen")
    wait_for_map(page)
    show(page, site, "light")
    with_names = page.locator("#map canvas").screenshot()
    page.evaluate(
        "() => window.map.getStyle().layers.filter((layer) => layer.layout?.['text-field'])"
        ".forEach((layer) => window.map.setLayoutProperty(layer.id, 'visibility', 'none'))"
    )
    page.evaluate("() => new Promise((done) => {window.map.once('idle', done); window.map.triggerRepaint()})")
    page.wait_for_timeout(500)
    assert page.locator("#map canvas").screenshot() != with_names


def test_a_grid_workers_map_opens_on_their_cell(open_page: OpenPage, site: Site) -> None:
    page = open_page(DESK)
    sign_in(page, "wangge")
    page.wait_for_url(lambda url: not url.endswith("/signin"))
    show(page, site, "light")
    assert rendered(page).get("cells-ground")
