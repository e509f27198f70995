"""Raster tiles over HTTP: who sees which pixels, what they look like, and what a browser may keep."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import morecantile
import numpy as np
import pytest
from fastapi.testclient import TestClient
from rasterio.io import MemoryFile
from sqlalchemy import text

from database.connection.engine import Database
from database.installation.settings import Settings
from database.rights.scope import Role, Scope
from layers.raster.catalogue import RasterRow
from layers.raster.ingest import NewRaster, add_raster
from layers.raster.render import render_tile
from layers.raster.styles import Style
from tests import world
from tests.layers.raster import make
from tests.world import CELLS, LIAOYUAN, WUKANG, west_of

SignIn = Callable[..., TestClient]
TMS = morecantile.tms.get("WebMercatorQuad")
AddFile = Callable[..., RasterRow]


def address(
    name: str, z: int = 14, lon: float = 120.02, lat: float = 30.505, image: str = "png", more: str = ""
) -> str:
    """The path of the tile that holds a point."""
    tile = TMS.tile(lon, lat, z)
    return f"/tiles/330521/raster/{name}{more}/{z}/{tile.x}/{tile.y}.{image}"


def picture(body: bytes) -> Any:
    """Bands × rows × columns."""
    with MemoryFile(body) as file, file.open() as image:
        return image.read()


def seen(client: TestClient, name: str, z: int = 14) -> Callable[[float], bool]:
    """Whether the pixel at a longitude, in the middle of the cells, is opaque in a tile of zoom 12."""

    def at(lon: float, lat: float = world.SOUTH + world.SIZE / 2) -> bool:
        tile = TMS.tile(lon, lat, z)
        west, south, east, north = TMS.bounds(tile)
        answer = client.get(f"/tiles/330521/raster/{name}/{z}/{tile.x}/{tile.y}.png")
        assert answer.status_code == 200
        image = picture(answer.content)
        column, row = int((lon - west) / (east - west) * 256), int((north - lat) / (north - south) * 256)
        return bool(image[-1, row, column] == 255)

    return at


@pytest.fixture
def add_file(database: Database, system: Scope, settings: Settings, tmp_path: Path) -> AddFile:
    """The small county, and a way to add pixels to it as a raster."""
    with database.transaction(system) as connection:
        world.build_county(connection)

    def add(pixels: Any, name: str = "dem", kind: Any = "dem", options: Any = None, **profile: Any) -> RasterRow:
        path = make.write(tmp_path / f"{name}.tif", pixels, **profile)
        new = NewRaster(name, kind, **(options or {}))
        return add_raster(database, system, settings.rasters_folder, path, new, max_mb=100)

    return add


def test_a_stranger_gets_no_tile(add_file: AddFile, stranger: TestClient) -> None:
    add_file(make.slope(), nodata=-9999)
    for path in (address("dem"), "/tiles/330521/raster/dem.json", address("dem", more="/flood/5")):
        answer = stranger.get(path)
        assert answer.status_code == 401
        assert answer.headers["Content-Type"] == "application/problem+json"


def test_another_county_has_no_such_raster(add_file: AddFile, sign_in: SignIn) -> None:
    add_file(make.slope(), nodata=-9999)
    elsewhere = sign_in(Role.COUNTY_ADMIN, county="330522")
    for path in (address("dem"), address("dem", more="/flood/5"), "/tiles/330521/raster/dem.json"):
        assert elsewhere.get(path).status_code == 404
        assert elsewhere.get(path.replace("330521", "330522")).json()["type"] == "urn:onemap:problem:raster-not-found"


def test_a_public_raster_is_whole_for_everybody_of_the_county(add_file: AddFile, sign_in: SignIn) -> None:
    add_file(make.slope(), nodata=-9999)
    whole = sign_in(Role.COUNTY_ADMIN).get(address("dem"))
    narrow = sign_in(Role.GRID_WORKER, CELLS[0]).get(address("dem"))
    assert whole.status_code == narrow.status_code == 200
    assert whole.content == narrow.content
    assert whole.headers["ETag"] == narrow.headers["ETag"]


def test_a_scoped_raster_ends_where_the_scope_ends(add_file: AddFile, sign_in: SignIn) -> None:
    add_file(np.full((120, 240), 5.0, dtype="float32"), "pop", "population", nodata=-1)
    middles = {cell: west_of(cell) + world.SIZE / 2 for cell in CELLS}
    beyond = [119.995, 120.045]  # inside the file, outside the county
    expected = {
        (Role.COUNTY_ADMIN, "330521"): CELLS,
        (Role.TOWN_OFFICIAL, WUKANG): CELLS[:3],
        (Role.VILLAGE_OFFICER, LIAOYUAN): CELLS[3:],
        (Role.GRID_WORKER, CELLS[1]): CELLS[1:2],
    }
    for (role, prefix), cells in expected.items():
        at = seen(sign_in(role, prefix), "pop")
        assert [cell for cell, lon in middles.items() if at(lon)] == list(cells)
        assert not any(at(lon) for lon in beyond)


@pytest.mark.parametrize("more", ["?style=hillshade", "?style=terrain-rgb", "?colormap=viridis", "flood"])
def test_a_scoped_model_shows_no_relief_beyond_the_scope(add_file: AddFile, sign_in: SignIn, more: str) -> None:
    add_file(make.slope(), nodata=-9999, options={"sensitivity": "scoped"})
    add_file(
        make.slope() + 7 * np.sin(np.arange(240) / 9).astype("float32"),
        "other",
        nodata=-9999,
        options={"sensitivity": "scoped"},
    )
    path = "/flood/46" if more == "flood" else ""
    query = "" if more == "flood" else more
    worker = sign_in(Role.GRID_WORKER, CELLS[3])
    for lon in (120.005, 120.015):  # other cells: whatever the ground is there, the picture is the same
        dem, other = (worker.get(address(name, 16, lon, more=path) + query) for name in ("dem", "other"))
        assert dem.status_code == 200
        assert dem.content == other.content
    own = [worker.get(address(name, 16, 120.035, more=path) + query).content for name in ("dem", "other")]
    assert own[0] != own[1]


def test_many_at_once_get_what_one_gets(add_file: AddFile, settings: Settings) -> None:
    raster = add_file(make.slope(), nodata=-9999)
    path = settings.rasters_folder / raster.tile_file
    tiles = list(TMS.tiles(make.WEST, make.SOUTH, make.EAST, make.NORTH, 16))[:60]

    def draw(tile: Any) -> bytes:
        return render_tile(path, raster, Style(), tile.z, tile.x, tile.y, "png")

    alone = [draw(tile) for tile in tiles]
    with ThreadPoolExecutor(12) as threads:
        assert list(threads.map(draw, tiles * 4)) == alone * 4


def test_a_scoped_tile_is_another_for_each_scope_and_cannot_be_confirmed_by_another(
    add_file: AddFile, sign_in: SignIn, database: Database, system: Scope
) -> None:
    add_file(np.full((120, 240), 5.0, dtype="float32"), "pop", "population", nodata=-1)
    whole, narrow = sign_in(Role.COUNTY_ADMIN), sign_in(Role.GRID_WORKER, CELLS[0])
    tag = whole.get(address("pop", 10)).headers["ETag"]
    answer = narrow.get(address("pop", 10), headers={"If-None-Match": tag})
    assert answer.status_code == 200
    own = answer.headers["ETag"]
    assert narrow.get(address("pop", 10), headers={"If-None-Match": own}).status_code == 304
    with database.transaction(system) as connection:  # the cell is redrawn: its old ground is no longer shown
        connection.execute(
            text("UPDATE grid_cell SET geom = CAST(:g AS geometry) WHERE code = :c"),
            {"g": world.square(west_of(CELLS[0]), world.SIZE / 4), "c": CELLS[0]},
        )
    assert narrow.get(address("pop", 10), headers={"If-None-Match": own}).status_code == 200


def test_no_shared_cache_keeps_a_tile_and_an_unchanged_one_is_not_sent_again(
    add_file: AddFile, sign_in: SignIn
) -> None:
    add_file(make.slope(), nodata=-9999)
    client = sign_in(Role.GRID_WORKER, CELLS[0])
    first = client.get(address("dem"))
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert first.headers["Vary"] == "Cookie, Authorization"
    tag = first.headers["ETag"]
    for if_none_match in (tag, f'"other", {tag}', f"W/{tag}", "*"):
        again = client.get(address("dem"), headers={"If-None-Match": if_none_match})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    others = [
        address("dem") + "?style=hillshade",
        address("dem", 13),
        address("dem", image="webp"),
        address("dem") + "?rescale=0,9",
    ]
    assert len({client.get(path).headers["ETag"] for path in others} | {tag}) == 5
    add_file(make.slope() + 1, nodata=-9999, options={"replace": True})
    assert client.get(address("dem"), headers={"If-None-Match": tag}).status_code == 200


def test_terrain_rgb_holds_the_metres(add_file: AddFile, sign_in: SignIn) -> None:
    add_file(make.slope(), nodata=-9999)
    client = sign_in(Role.GRID_WORKER, CELLS[0])
    for lon, expected in ((120.0, 10.0), (120.02, 30.0), (120.04, 50.0)):
        tile = TMS.tile(lon, 30.505, 14)
        west, south, east, north = TMS.bounds(tile)
        for image in ("png", "webp"):
            red, green, blue = picture(client.get(address("dem", 14, lon, image=image) + "?style=terrain-rgb").content)[
                :3
            ].astype(int)
            metres = -10000 + (red * 65536 + green * 256 + blue) * 0.1
            row, column = int((north - 30.505) / (north - south) * 256), int((lon - west) / (east - west) * 256)
            assert metres[row, column] == pytest.approx(expected, abs=0.4)


def test_hillshade_has_no_seam_and_knows_where_the_light_is(add_file: AddFile, sign_in: SignIn) -> None:
    add_file(make.slope() * 20, nodata=-9999)  # rises eastwards by 1,200 m in 5.7 km: 12 degrees, facing west
    client = sign_in(Role.COUNTY_ADMIN)

    def shade(azimuth: int) -> Any:
        image = picture(client.get(f"{address('dem', 15)}?style=hillshade&azimuth={azimuth}").content)
        return image[0][image[-1] == 255]

    assert shade(270).std() < 3  # even to the edge of the tile
    assert shade(270).mean() == pytest.approx(255 * np.sin(np.radians(45 + 12)), abs=6)
    assert shade(90).mean() == pytest.approx(255 * np.sin(np.radians(45 - 12)), abs=6)


def test_water_stands_where_the_ground_is_lower(add_file: AddFile, sign_in: SignIn) -> None:
    add_file(make.slope(), nodata=-9999)
    client = sign_in(Role.GRID_WORKER, CELLS[0])
    wet = picture(client.get(address("dem", 12, more="/flood/30")).content)[3] > 0
    assert 0 < wet.sum() < wet.size
    tile = TMS.tile(120.02, 30.505, 12)
    west, _, east, _ = TMS.bounds(tile)
    edge = (west + (np.nonzero(wet)[1].max() + 1) / 256 * (east - west)) if wet.any() else 0
    assert edge == pytest.approx(120.02, abs=0.0006)
    assert not picture(client.get(address("dem", 12, more="/flood/-5")).content)[3].any()


def test_colours_come_from_the_file_the_query_or_the_kind(add_file: AddFile, sign_in: SignIn) -> None:
    client = sign_in(Role.COUNTY_ADMIN)
    classes = np.full((120, 240), 10, dtype="uint8")
    add_file(classes, "own", "land_cover", nodata=0, colours={0: (0, 0, 0, 0), 10: (12, 34, 56, 255)})
    add_file(classes, "none", "land_cover", nodata=0)
    add_file(np.full((120, 240), 300.0, dtype="float32"), nodata=-9999)
    pixel = picture(client.get(address("own")).content)[:, 128, 128]
    assert pixel.tolist() == [12, 34, 56, 255]
    assert picture(client.get(address("none")).content)[3, 128, 128] == 255
    one = picture(client.get(address("dem") + "?rescale=0,600&colormap=gray").content)[:, 128, 128]
    assert one.tolist() == [127, 127, 127, 255]


def test_imagery_of_16_bits_is_stretched(add_file: AddFile, sign_in: SignIn) -> None:
    rng = np.random.default_rng(1)
    add_file(rng.integers(800, 1600, (4, 120, 240), dtype="uint16"), "photo", "imagery", nodata=0)
    client = sign_in(Role.COUNTY_ADMIN)
    plain = picture(client.get(address("photo", 15)).content)
    assert plain.shape == (4, 256, 256)
    assert plain[0][plain[3] == 255].std() > 20
    picked = picture(client.get(address("photo", 15) + "?bands=4&rescale=0,65535").content)
    assert picked.shape[0] == 2
    assert picked[0].max() < 10


@pytest.mark.parametrize(
    ("path", "status", "kind"),
    [
        (address("nothing"), 404, "raster-not-found"),
        ("/tiles/330521/raster/dem/1/2/0.png", 404, "raster-tile-out-of-range"),
        ("/tiles/330521/raster/dem/40/0/0.png", 404, "raster-tile-out-of-range"),
        (address("cover") + "?style=hillshade", 422, "style-not-possible"),
        (address("cover", more="/flood/5"), 422, "style-not-possible"),
        (address("dem") + "?bands=2", 422, "style-not-possible"),
        (address("dem") + "?colormap=nosuch", 422, "style-not-possible"),
        (address("dem") + "?rescale=5,1", 422, "style-not-possible"),
        (address("dem") + "?rescale=a,b", 422, "style-not-possible"),
        (address("dem", image="gif"), 422, "invalid-request"),
        ("/tiles/330521/raster/..%2f..%2fetc/1/0/0.png", 404, "http-404"),
    ],
)
def test_what_cannot_be_drawn_says_why(add_file: AddFile, sign_in: SignIn, path: str, status: int, kind: str) -> None:
    add_file(make.slope(), nodata=-9999)
    add_file(np.ones((120, 240), dtype="uint8"), "cover", "land_cover", nodata=0)
    answer = sign_in(Role.COUNTY_ADMIN).get(path)
    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:onemap:problem:{kind}")


def test_beyond_the_file_there_is_an_empty_picture(add_file: AddFile, sign_in: SignIn) -> None:
    add_file(make.slope(), nodata=-9999)
    answer = sign_in(Role.COUNTY_ADMIN).get(address("dem", lon=121.0))
    assert answer.status_code == 200
    assert not picture(answer.content)[-1].any()


def test_a_missing_file_is_said_to_be_missing(add_file: AddFile, sign_in: SignIn, settings: Settings) -> None:
    raster = add_file(make.slope(), nodata=-9999)
    (settings.rasters_folder / raster.tile_file).unlink()
    answer = sign_in(Role.COUNTY_ADMIN).get(address("dem"))
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:onemap:problem:raster-file-missing")


def test_tilejson_leads_to_the_tiles(add_file: AddFile, sign_in: SignIn) -> None:
    add_file(make.slope(), nodata=-9999, options={"title": "高程", "attribution": "某测绘院"})
    client = sign_in(Role.GRID_WORKER, CELLS[3])
    document = client.get("/tiles/330521/raster/dem.json?style=terrain-rgb").json()
    assert document["tiles"] == ["http://testserver/tiles/330521/raster/dem/{z}/{x}/{y}.png?style=terrain-rgb"]
    assert (document["encoding"], document["attribution"], document["name"]) == ("mapbox", "某测绘院", "高程")
    assert document["bounds"] == pytest.approx([make.WEST, make.SOUTH, make.EAST, make.NORTH])
    z = document["maxzoom"]
    assert document["minzoom"] <= z <= 15
    tile = TMS.tile(120.02, 30.505, z)
    url = document["tiles"][0].format(z=z, x=tile.x, y=tile.y)
    assert client.get(url).status_code == 200
    assert client.get("/tiles/330521/raster/dem.json?style=nosuch").status_code == 422
