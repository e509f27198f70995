"""The clients GIS staff use, against a served county: GDAL's ogr2ogr and ogrinfo, pyogrio, QGIS without a screen."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import morecantile
import pyogrio
import pytest
import uvicorn
from sqlalchemy import Engine, text

from access.accounts.accounts import create_account
from access.sessions.tokens import create_token
from database.connection.engine import Database
from database.installation.settings import Settings
from database.rights.scope import Role, Scope
from mapserver.app.create import create_app
from mapserver.server.metadata import COUNTY_METADATA
from tests import world

QGIS_PYTHON = "/usr/bin/python3"
PER_CELL = 30


@dataclass
class Site:
    """A served county. asked: path and query of every request, with the status of its answer."""

    url: str
    tokens: dict[str, str]
    requests: list[tuple[str, int]] = field(default_factory=list)

    def queries(self, path: str) -> list[dict[str, list[str]]]:
        """The queries of the successful requests for this path."""
        parts = [urlsplit(url) for url, status in self.requests if status == 200]
        return [parse_qs(part.query) for part in parts if part.path.endswith(path)]


@pytest.fixture(scope="module")
def site(settings: Settings, owner: Engine, app_database: Database) -> Iterator[Site]:
    """120 addresses in four cells, four cells, served by uvicorn on a free port; tokens of a county and a cell account."""
    empty(owner)
    with app_database.transaction(Scope.of_system("330521")) as connection:
        world.build_county(connection)
        for index, cell in enumerate(world.CELLS):
            for n in range(PER_CELL * index, PER_CELL * (index + 1)):
                world.add_address(connection, f"德清县{world.NAMES[cell[:9]]}永安街{n}号", cell, n)
    tokens = {}
    with app_database.platform() as connection:
        for name, role, prefix in (("staff", Role.GIS_STAFF, "330521"), ("worker", Role.GRID_WORKER, world.CELLS[3])):
            create_account(connection, username=name, display_name=name, password="correct horse battery", role=role,
                           county="330521", prefixes=(prefix,), settings=settings)  # fmt: skip
            tokens[name] = create_token(connection, name, "QGIS")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    served = Site(f"http://127.0.0.1:{port}", tokens)
    application = create_app(settings, worker=False)

    async def listening(scope: Any, receive: Any, send: Any) -> None:
        async def note(message: Any) -> None:
            if message["type"] == "http.response.start":
                served.requests.append((f"{scope['path']}?{scope['query_string'].decode()}", message["status"]))
            await send(message)

        await application(scope, receive, note)

    server = uvicorn.Server(uvicorn.Config(listening, port=port, log_level="warning", access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.05)
    yield served
    server.should_exit = True
    thread.join(30)
    empty(owner)


def empty(owner: Engine) -> None:
    tables = ", ".join(f"c330521.{table.name}" for table in COUNTY_METADATA.sorted_tables)
    with owner.begin() as connection:
        connection.execute(text("SET LOCAL lock_timeout = '30s'"))
        connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
        connection.execute(text("DELETE FROM platform.account"))


@pytest.fixture(autouse=True)
def _forget(site: Site) -> None:
    site.requests.clear()


def gdal(*arguments: str) -> subprocess.CompletedProcess[str]:
    if shutil.which(arguments[0]) is None:
        pytest.skip("gdal-bin is not installed (scripts/setup --test installs it)")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("GDAL", "PROJ"))}
    return subprocess.run(arguments, capture_output=True, text=True, timeout=60, env=environment)


def ogr2ogr(site: Site, target: Path, *arguments: str, who: str = "staff") -> subprocess.CompletedProcess[str]:
    return gdal(
        "ogr2ogr", "-f", "GPKG", str(target), f"OAPIF:{site.url}/ogc/330521", "-oo", f"USERPWD={who}:{site.tokens[who]}",
        *arguments,
    )  # fmt: skip


def test_a_stranger_and_another_county_get_no_rows(site: Site, tmp_path: Path) -> None:
    for source, login in (
        (f"{site.url}/ogc/330521", "staff:wrong"),
        (f"{site.url}/ogc/330522", f"staff:{site.tokens['staff']}"),
    ):
        done = gdal(
            "ogr2ogr",
            "-f",
            "GPKG",
            str(tmp_path / "no.gpkg"),
            f"OAPIF:{source}",
            "addresses",
            "-oo",
            f"USERPWD={login}",
        )
        assert done.returncode != 0
        assert not (tmp_path / "no.gpkg").exists()
    assert {status for _url, status in site.requests} == {401, 404}


def test_ogr2ogr_reads_every_row_page_by_page(site: Site, tmp_path: Path) -> None:
    target = tmp_path / "all.gpkg"
    done = ogr2ogr(site, target, "addresses", "-oo", "PAGE_SIZE=25")
    assert done.returncode == 0, done.stderr
    assert pyogrio.read_info(target)["features"] == 4 * PER_CELL
    assert len([q for q in site.queries("/addresses/items") if "cursor" in q]) >= 4
    texts = pyogrio.raw.read(target, columns=["text"])[3][0]
    assert len(set(texts)) == 4 * PER_CELL
    worker, login = tmp_path / "worker.gpkg", f"worker:{site.tokens['worker']}"
    source = f"OAPIF:{site.url}/ogc/330521"
    done = gdal("ogr2ogr", "-f", "GPKG", str(worker), source, "addresses", "--config", "GDAL_HTTP_USERPWD", login)
    assert done.returncode == 0, done.stderr
    assert pyogrio.read_info(worker)["features"] == PER_CELL


def test_ogr2ogr_leaves_boxes_and_filters_to_the_server(site: Site, tmp_path: Path) -> None:
    target = tmp_path / "some.gpkg"
    done = ogr2ogr(
        site, target, "addresses", "-spat", "120", "30.5", "120.01", "30.51",
        "-where", "status = 'published' AND number_plate = '7号'",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert pyogrio.read_info(target)["features"] == 1
    pushed = site.queries("/addresses/items")[-1]
    west, south, east, north = map(float, pushed["bbox"][0].split(","))
    assert (west, south, east, north) == pytest.approx((120, 30.5, 120.01, 30.51), abs=1e-6)
    assert "number_plate = '7号'" in pushed["filter"][0]
    assert pushed["filter-lang"] == ["cql-text"]
    loose = tmp_path / "loose.gpkg"
    done = ogr2ogr(site, loose, "addresses", "-where", "text ILIKE '%永安街7号' OR (depth > 11 AND NOT (town = 'x'))")
    assert done.returncode == 0, done.stderr
    assert pyogrio.read_info(loose)["features"] == 1
    assert "ILIKE" in site.queries("/addresses/items")[-1]["filter"][0]


PYOGRIO_SCRIPT = """
import json, sys
import pyogrio, shapely
url, login = sys.argv[1:3]
seen = {}
for crs in ("", "EPSG:4490", "EPSG:4549"):
    meta, _fids, geometry, values = pyogrio.raw.read(f"OAPIF:{url}", layer="addresses", USERPWD=login, **({"CRS": crs} if crs else {}))
    texts = list(values[list(meta["fields"]).index("text")])
    place = shapely.from_wkb(geometry[texts.index("德清县武康街道永安街0号")])
    seen[crs] = {"crs": meta["crs"], "n": len(texts), "place": [place.x, place.y]}
print(json.dumps(seen))
"""


def test_gdal_in_python_gets_the_axes_right_in_every_system(site: Site) -> None:
    # a process of its own: the reader holds Python's lock while it waits for the server
    done = subprocess.run(
        [sys.executable, "-c", PYOGRIO_SCRIPT, f"{site.url}/ogc/330521", f"staff:{site.tokens['staff']}"],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    seen = json.loads(done.stdout)
    assert {one["n"] for one in seen.values()} == {4 * PER_CELL}
    assert "4549" in seen["EPSG:4549"]["crs"]
    assert seen["EPSG:4549"]["place"] == pytest.approx([500_240, 3_376_096], abs=1)  # x is the easting for GDAL
    for crs in ("", "EPSG:4490"):
        assert seen[crs]["place"] == pytest.approx([120.0025, 30.505]), seen[crs]["crs"]
    assert any(q.get("crs", [""])[0].endswith("4549") for q in site.queries("/addresses/items"))


@pytest.mark.parametrize("grid", ["WebMercatorQuad", "CGCS2000Quad"])
def test_ogrinfo_reads_a_tile(site: Site, tmp_path: Path, grid: str) -> None:
    z = 15
    tile = morecantile.tms.get("WebMercatorQuad").tile(120.0035, 30.505, z)
    column, row = (
        (tile.x, tile.y) if grid == "WebMercatorQuad" else (int(300.0035 / (360 / 2**z)), int(59.495 / (360 / 2**z)))
    )
    answer = httpx.get(
        f"{site.url}/ogc/330521/collections/addresses/tiles/{grid}/{z}/{row}/{column}",
        auth=("staff", site.tokens["staff"]),
    )
    assert answer.status_code == 200, (row, column)
    file = tmp_path / str(z) / str(column) / f"{row}.mvt"
    file.parent.mkdir(parents=True)
    file.write_bytes(answer.content)
    result = gdal("ogrinfo", "-ro", "-al", f"MVT:{file}")
    assert result.returncode == 0, result.stderr
    assert "Layer name: addresses" in result.stdout
    assert "永安街" in result.stdout


QGIS_SCRIPT = """
import json, os, sys
os.environ["QT_QPA_PLATFORM"] = "offscreen"
from qgis.core import QgsApplication, QgsDataSourceUri, QgsFeatureRequest, QgsRectangle, QgsVectorLayer
application = QgsApplication([], False)
application.initQgis()
url, username, token = sys.argv[1:4]
uri = QgsDataSourceUri()
for name, value in (("url", url), ("typename", "addresses"), ("username", username), ("password", token),
                    ("pagingEnabled", "true"), ("pageSize", "25")):
    uri.setParam(name, value)
layer = QgsVectorLayer(uri.uri(False), "addresses", "OAPIF")
seen = {"valid": layer.isValid(), "fields": [f.name() for f in layer.fields()], "version": QgsApplication.applicationName()}
if layer.isValid():
    seen["all"] = sum(1 for _ in layer.getFeatures())
    box = QgsRectangle(120.0, 30.5, 120.01, 30.51)
    seen["box"] = sum(1 for _ in layer.getFeatures(QgsFeatureRequest(box)))
    seen["crs"] = layer.crs().authid()
print("SEEN " + json.dumps(seen))
sys.stdout.flush()
os._exit(0)
"""


def test_qgis_reads_the_layer_without_a_screen(site: Site, tmp_path: Path) -> None:
    try:
        subprocess.run([QGIS_PYTHON, "-c", "import qgis.core"], check=True, capture_output=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        pytest.skip("QGIS is not installed (python3-qgis, qgis-providers)")
    script = tmp_path / "read.py"
    script.write_text(textwrap.dedent(QGIS_SCRIPT))
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "QT_QPA_PLATFORM": "offscreen", "LANG": "C.UTF-8"}
    done = subprocess.run(
        [QGIS_PYTHON, str(script), f"{site.url}/ogc/330521", "staff", site.tokens["staff"]],
        capture_output=True, text=True, timeout=120, env=environment,
    )  # fmt: skip
    lines = [line for line in done.stdout.splitlines() if line.startswith("SEEN ")]
    assert lines, done.stderr[-2000:]
    seen = json.loads(lines[0][5:])
    assert seen["valid"], done.stderr[-2000:]
    assert {"text", "status", "number_plate"} <= set(seen["fields"])
    assert seen["all"] == 4 * PER_CELL
    assert seen["box"] == PER_CELL
