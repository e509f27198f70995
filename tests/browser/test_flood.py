"""The land under the records, and who is below the water, on the web app's map in a real Chromium."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text

from database.connection.engine import Database
from database.installation.settings import Settings
from database.rights.scope import Role, Scope
from grid.extent import county_bounds
from layers.raster.elevations import refresh_elevations
from layers.raster.flood import count_flooded
from layers.raster.ingest import NewRaster, add_raster, drop_raster
from tests.browser.conftest import DESK, PHONE, OpenPage, Site, sign_in, wait_for_map
from tests.layers.raster import make

pytestmark = pytest.mark.browser
LEVEL_M = 30.0


@pytest.fixture(scope="module")
def land(
    site: Site, app_database: Database, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A slope over the whole county, 0 m in the west and 60 m in the east, and the height of every address."""
    scope = Scope.of_system(site.county.code, "test")
    with app_database.transaction(scope) as connection:
        bounds = county_bounds(connection)
    assert bounds is not None
    pixels = np.tile((np.arange(200) + 0.5) * 0.3, (200, 1)).astype("float32")
    file = make.write(tmp_path_factory.mktemp("land") / "dem.tif", pixels, bounds=bounds, nodata=-9999)
    folder = settings.rasters_folder
    add_raster(app_database, scope, folder, Path(file), NewRaster("dem", "dem", title="高程模型"), max_mb=100)
    refresh_elevations(app_database, scope, folder)
    yield site
    drop_raster(app_database, scope, folder, "dem")


def open_map(open_page: OpenPage, viewport: dict[str, int], username: str) -> Page:
    page = open_page(viewport)
    sign_in(page, username)
    page.wait_for_url(lambda url: "signin" not in url)
    page.goto(page.url.split("/", 3)[0] + "//" + page.url.split("/")[2] + "/map")
    wait_for_map(page)
    return page


def test_the_official_sees_the_land_and_who_is_below_the_water(
    open_page: OpenPage, land: Site, app_database: Database
) -> None:
    page = open_map(open_page, DESK, "xiangzhen")
    with page.expect_response(lambda answer: "/raster/dem/" in answer.url and "hillshade" in answer.url) as response:
        page.get_by_test_id("backdrop").select_option("dem:hillshade")
    assert response.value.status in (200, 204)
    page.get_by_test_id("flood-open").click()
    with page.expect_response(lambda answer: f"/raster/dem/flood/{LEVEL_M:g}/" in answer.url) as drawn:
        page.get_by_test_id("flood-level").fill(f"{LEVEL_M:g}")
    assert drawn.value.status in (200, 204)
    town = next(account.prefixes for account in land.county.accounts if account.username == "xiangzhen")
    with app_database.transaction(Scope(land.county.code, "test", Role.TOWN_OFFICIAL, town)) as connection:
        total = count_flooded(connection, LEVEL_M).total
    assert total.households_n > 0
    shown = page.get_by_test_id("flood-totals").locator("dd")
    expect(shown).to_have_text([str(getattr(total, name)) for name in ("households_n", "persons_n", "help_n")])
    page.get_by_test_id("flood-more").click()
    expect(page.get_by_test_id("flood-households").locator("li").first).to_be_visible()
    with app_database.transaction(Scope.of_system(land.county.code, "test")) as connection:
        looked = connection.scalar(
            text("SELECT count(*) FROM audit_event WHERE actor = 'xiangzhen' AND action = 'list_flooded'")
        )
    assert looked == 1
    page.get_by_test_id("flood-level").fill("三十")
    expect(page.get_by_test_id("flood")).to_contain_text("请输入米数")
    expect(page.get_by_test_id("flood-totals")).to_have_count(0)
    assert not land.errors
    assert not land.remote


def test_who_may_not_see_households_is_not_offered_the_flood(open_page: OpenPage, land: Site) -> None:
    page = open_map(open_page, DESK, "shenji")
    expect(page.get_by_test_id("backdrop")).to_be_visible()
    expect(page.get_by_test_id("flood-open")).to_have_count(0)


def test_the_panel_fits_a_phone(open_page: OpenPage, land: Site) -> None:
    page = open_map(open_page, PHONE, "cun")
    page.get_by_test_id("legend").locator("button").first.click()
    page.get_by_test_id("flood-open").click()
    page.get_by_test_id("flood-level").fill("60")
    expect(page.get_by_test_id("flood-totals")).to_be_visible()
    box = page.get_by_test_id("flood").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= PHONE["width"]
