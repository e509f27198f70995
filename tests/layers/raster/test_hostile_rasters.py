"""Rasters made to harm: they are read in a process that has nothing to give, and end as a refused file."""

import os
import shutil
import signal
import struct
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import rasterio

from database.confinement.errors import ConfinedEnded
from database.installation.settings import get_settings
from database.installation.workspace import FOLDER
from layers.raster.conversion import Conversion
from layers.raster.errors import RasterEnded, RasterRefused, RasterUnreadable
from tests.layers.raster import make
from tests.layers.raster.conftest import Add


def left_behind(folder: Path) -> list[Path]:
    return [*folder.rglob("*.tif"), *(get_settings().home / FOLDER).glob("reader-*")]


@pytest.fixture
def listener() -> Iterator[tuple[str, list[str]]]:
    requests: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requests.append(self.path)
            self.send_error(404)

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", requests
    server.shutdown()
    server.server_close()


def pointers(place: str) -> dict[str, str]:
    """Documents that GDAL takes for a raster that lies elsewhere."""
    return {
        "vrt": f'<VRTDataset rasterXSize="9" rasterYSize="9"><VRTRasterBand dataType="Float32" band="1"><SimpleSource><SourceFilename>{place}</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>',
        "wms": f"<GDAL_WMS><Service name='TMS'><ServerUrl>{place}/${{z}}</ServerUrl></Service></GDAL_WMS>",
        "wmts": f"<GDAL_WMTS><GetCapabilitiesUrl>{place}</GetCapabilitiesUrl></GDAL_WMTS>",
        "gdalg": f'{{"type":"gdal_streamed_alg","command_line":"gdal raster pipeline ! read {place}"}}',
        "stacta": f'{{"stac_version":"1.0.0","asset_templates":{{"a":{{"href":"{place}"}}}}}}',
        "plain": place,
    }


@pytest.mark.parametrize("kind", list(pointers("")))
def test_a_document_that_points_elsewhere_is_refused_and_asks_nobody(
    add: Add, dem: Path, tmp_path: Path, folder: Path, listener: tuple[str, list[str]], kind: str
) -> None:
    address, requests = listener
    for place in (str(dem), f"/vsicurl/{address}/a.tif", address):
        for name in ("sent.tif", "sent.asc", "sent.jp2", "sent.vrt"):
            path = tmp_path / name
            path.write_text(pointers(place)[kind], encoding="utf-8")
            with pytest.raises(RasterUnreadable, match="sent"):
                Conversion(path, max_mb=100).inspect("dem", crs=None, nodata=None, band=None)
    assert requests == []
    assert left_behind(folder) == []


def test_files_beside_a_raster_do_not_lead_elsewhere(
    add: Add, dem: Path, tmp_path: Path, listener: tuple[str, list[str]]
) -> None:
    address, requests = listener
    for ending in (".ovr", ".msk", ".aux.xml"):
        (tmp_path / f"dem.tif{ending}").write_text(pointers(f"/vsicurl/{address}/a.tif")["vrt"], encoding="utf-8")
    (tmp_path / "dem.prj").write_text("not a projection", encoding="utf-8")
    add(dem)
    assert requests == []


def test_a_geolocation_that_names_another_file_is_not_followed(
    add: Add, tmp_path: Path, folder: Path, listener: tuple[str, list[str]]
) -> None:
    address, requests = listener
    path = make.write(tmp_path / "a.tif", make.slope())
    with rasterio.open(path, "r+") as dataset:
        for name in ("X_DATASET", "Y_DATASET"):
            dataset.update_tags(ns="GEOLOCATION", **{name: f"/vsicurl/{address}/a.tif", "X_BAND": "1", "Y_BAND": "1"})
    try:
        add(path)
    except RasterRefused:
        assert left_behind(folder) == []
    assert requests == []


def tiff(width: int, height: int, *, strips: int = 1) -> bytes:
    """A TIFF header that claims a size it does not hold."""
    entries = [
        (256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, strips, 8), (277, 3, 1, 1),
        (278, 4, 1, height), (279, 4, strips, 100),
    ]  # fmt: skip
    body = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries) + b"\0" * 4
    return b"II*\0" + struct.pack("<I", 8) + body


@pytest.mark.parametrize(
    "content",
    [tiff(0x7FFFFFFF, 0x7FFFFFFF), tiff(100_000, 100_000), tiff(10, 10, strips=0xFFFFFFFF), tiff(0, 0), b"II*\0" + b"\xff" * 200,
     b"ncols 2000000000\nnrows 2000000000\nxllcorner 0\nyllcorner 0\ncellsize 1\n1", b"\xff\x4f\xff\x51" + b"\xff" * 500],
    ids=["huge", "large", "strips", "nothing", "noise", "grid", "codestream"],
)  # fmt: skip
def test_a_file_that_claims_more_than_it_holds_is_refused(
    add: Add, tmp_path: Path, folder: Path, content: bytes
) -> None:
    path = tmp_path / "sent.tif"
    path.write_bytes(content)
    with pytest.raises(RasterRefused):
        add(path)
    assert left_behind(folder) == []


def test_a_killed_conversion_is_a_refused_file_and_leaves_nothing(add: Add, dem: Path, folder: Path) -> None:
    with Conversion(dem, max_mb=100) as work:
        work.inspect("dem", crs=None, nodata=None, band=None)
        os.kill(work._room.pid, signal.SIGKILL)
        with pytest.raises(RasterEnded, match="QGIS"):
            work.read()
    assert left_behind(folder) == []


def test_a_conversion_without_memory_is_refused_with_the_limit(
    add: Add, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "large.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=12_000, height=12_000, count=1, dtype="float64", crs="EPSG:4490", compress="deflate",
        transform=rasterio.transform.from_origin(119.9, 30.6, 1e-5, 1e-5), blockysize=12_000,
    ) as dataset:  # fmt: skip
        dataset.write(np.ones((1, 12_000, 12_000)))
    monkeypatch.setenv("ONEMAP_RASTER_MEMORY_MB", "512")
    get_settings.cache_clear()
    try:
        with pytest.raises(RasterRefused):
            add(path, max_mb=2_000)
    finally:
        monkeypatch.undo()
        get_settings.cache_clear()
    assert left_behind(folder) == []


def test_a_link_in_the_place_of_a_result_is_not_followed(dem: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s", encoding="utf-8")
    with Conversion(dem, max_mb=100) as work:
        (work._room.folder / "tiles.tif").symlink_to(secret)
        another = work._room.folder.parent / "another.tif"  # beside it: a hard link does not leave its file system
        shutil.copy(dem, another)
        os.link(another, work._room.folder / "values.tif")
        for name in ("tiles.tif", "values.tif"):
            with pytest.raises(ConfinedEnded):
                work._room.take(name)
    assert secret.read_text(encoding="utf-8") == "s"


def test_every_wall_stands_around_a_conversion(dem: Path) -> None:
    with Conversion(dem, max_mb=100) as work:
        assert {"limits", "privileges", "calls"} <= set(work._room.walls)
