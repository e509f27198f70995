"""Values, statistics and the flood layer over HTTP, and the commands: who gets what."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text
from typer.testing import CliRunner

from database.connection.engine import Database
from database.installation.settings import Settings
from database.paging import Cursor
from database.rights.scope import Role, Scope
from layers.raster.elevations import refresh_elevations
from layers.raster.ingest import NewRaster, add_raster
from mapserver.cli.raster import app
from mapserver.server.jobs import run_elevations
from tests import world
from tests.layers.raster import make
from tests.world import CELLS, WUKANG

SignIn = Callable[..., TestClient]
INSIDE = {"lon": 120.005, "lat": 30.505}
PATHS = (
    "/api/330521/rasters",
    "/api/330521/rasters/dem/point?lon=120.02&lat=30.505",
    "/api/330521/rasters/dem/statistics",
    "/api/330521/flood?level_m=30",
    "/api/330521/flood/households?level_m=30",
)


@pytest.fixture
def county_map(database: Database, system: Scope, settings: Settings, tmp_path: Path) -> Database:
    """The small county with a slope from 0 to 60 m, a population raster, and a household in each cell."""
    with database.transaction(system) as connection:
        world.build_county(connection)
        for n, cell in enumerate(CELLS):
            address = world.add_address(connection, f"德清县永安街{n + 1}号", cell, n % 2)
            household = world.add_household(connection, f"H{n}", cell, address)
            world.add_person(connection, f"甲{n}", cell, household)
    folder = settings.rasters_folder
    dem = make.write(tmp_path / "dem.tif", make.slope(), nodata=-9999)
    people = make.write(tmp_path / "pop.tif", np.full((120, 240), 5.0, dtype="float32"), nodata=-1)
    add_raster(database, system, folder, dem, NewRaster("dem", "dem"), max_mb=100)
    add_raster(database, system, folder, people, NewRaster("pop", "population"), max_mb=100)
    refresh_elevations(database, system, folder)
    return database


def test_a_stranger_gets_nothing(county_map: Database, stranger: TestClient) -> None:
    assert [stranger.get(path).status_code for path in PATHS] == [401] * len(PATHS)


def test_another_county_gets_nothing(county_map: Database, sign_in: SignIn) -> None:
    client = sign_in(Role.COUNTY_ADMIN, county="330522")
    assert [client.get(path).status_code for path in PATHS] == [404] * len(PATHS)
    assert client.get("/api/330522/rasters").json() == {"items": [], "next": None}
    assert client.get("/api/330522/flood?level_m=99").json()["total"]["households_n"] == 0


def test_the_catalogue_tells_no_paths(county_map: Database, sign_in: SignIn) -> None:
    answer = sign_in(Role.GRID_WORKER, CELLS[0]).get("/api/330521/rasters")
    assert [(one["name"], one["kind"], one["sensitivity"]) for one in answer.json()["items"]] == [
        ("dem", "dem", "public"), ("pop", "population", "scoped")
    ]  # fmt: skip
    assert ".tif" not in answer.text
    assert answer.headers["Cache-Control"].startswith("private")


def test_a_point_of_a_scoped_raster_outside_the_scope_is_not_there(county_map: Database, sign_in: SignIn) -> None:
    worker = sign_in(Role.GRID_WORKER, CELLS[0])
    assert worker.get("/api/330521/rasters/pop/point", params=INSIDE).json()["values"] == [5.0]
    outside = worker.get("/api/330521/rasters/pop/point", params={"lon": 120.015, "lat": 30.505})
    assert (outside.status_code, outside.json()["type"]) == (404, "urn:onemap:problem:point-not-visible")
    assert worker.get("/api/330521/rasters/dem/point", params={"lon": 120.035, "lat": 30.505}).json() == {
        "lon": 120.035, "lat": 30.505, "values": [45.0], "unit": "m"
    }  # fmt: skip
    assert worker.get("/api/330521/rasters/dem/point", params={"lon": 121, "lat": 30.505}).status_code == 404


def test_statistics_end_with_the_scope_and_come_in_pages(county_map: Database, sign_in: SignIn) -> None:
    town = sign_in(Role.TOWN_OFFICIAL, WUKANG)
    page = town.get("/api/330521/rasters/pop/statistics?limit=2").json()
    assert [zone["code"] for zone in page["items"]] == list(CELLS[:2])
    assert [zone["sum"] for zone in page["items"]] == pytest.approx([8000, 8000])
    rest = town.get("/api/330521/rasters/pop/statistics", params={"limit": 2, "after": page["next"]}).json()
    assert ([zone["code"] for zone in rest["items"]], rest["next"]) == ([CELLS[2]], None)
    assert town.get("/api/330521/rasters/pop/statistics?band=2").status_code == 422
    assert (
        sign_in(Role.GRID_WORKER, CELLS[3]).get("/api/330521/rasters/dem/statistics?level=village").json()["items"]
        == []
    )


def test_flood_is_for_those_who_may_see_households(county_map: Database, sign_in: SignIn) -> None:
    for role in (Role.AUDITOR, Role.GIS_STAFF):
        client = sign_in(role)
        for path in PATHS[3:]:
            answer = client.get(path)
            assert (answer.status_code, answer.json()["type"]) == (403, "urn:onemap:problem:not-permitted")


def test_flood_counts_and_lists_the_scope(county_map: Database, sign_in: SignIn, system: Scope) -> None:
    worker = sign_in(Role.GRID_WORKER, CELLS[0], CELLS[3])
    found = worker.get("/api/330521/flood?level_m=50").json()
    assert (found["total"]["households_n"], [cell["code"] for cell in found["cells"]]) == (2, [CELLS[0], CELLS[3]])
    first = worker.get("/api/330521/flood/households?level_m=50&limit=1").json()
    second = worker.get(
        "/api/330521/flood/households", params={"level_m": 50, "limit": 1, "after": first["next"]}
    ).json()
    assert [page["items"][0]["grid_code"] for page in (first, second)] == [CELLS[0], CELLS[3]]
    assert second["next"] is None
    with county_map.transaction(system) as connection:
        looks = connection.execute(text("SELECT actor, target FROM audit_event WHERE action = 'list_flooded'")).all()
    assert [look.target for look in looks] == ["level 50 m, 1 households"] * 2
    for wrong in ("level_m=nan", "level_m=inf", "level_m=99999"):
        assert worker.get(f"/api/330521/flood/households?{wrong}").status_code == 422
    for foreign in ("x", "1,1,1", Cursor("flooded", str, int).write("nan", 1), Cursor("changes", int).write(1)):
        refused = worker.get("/api/330521/flood/households", params={"level_m": 5, "after": foreign})
        assert (refused.status_code, refused.json()["type"]) == (400, "urn:onemap:problem:cursor-invalid")


def test_the_job_reads_what_is_new(county_map: Database, settings: Settings, system: Scope) -> None:
    with county_map.transaction(system) as connection:
        world.add_address(connection, "德清县永安街9号", CELLS[2], 5)
    run_elevations(county_map, settings.rasters_folder, "330521")
    run_elevations(county_map, settings.rasters_folder, "330522")  # no model there: nothing to do
    with county_map.transaction(system) as connection:
        assert connection.scalar(text("SELECT count(*) FROM address_elevation")) == 5


def test_the_commands_add_list_and_remove(county_map: Database, tmp_path: Path) -> None:
    run = CliRunner().invoke
    file = str(make.write(tmp_path / "new.tif", make.slope() + 1, nodata=-9999))
    result = run(app, ["add", file, "--county", "330521", "--kind", "dem", "--name", "new", "--title", "新高程"])
    assert result.exit_code == 0, result.output
    assert "onemap raster elevations" in result.output
    assert "新高程" in run(app, ["list", "--county", "330521"], env={"COLUMNS": "200"}).output
    assert "读取 4" in run(app, ["elevations", "--county", "330521", "--name", "new"]).output
    assert run(app, ["remove", "new", "--county", "330521"]).exit_code == 0
    assert "new" not in run(app, ["list", "--county", "330521"], env={"COLUMNS": "200"}).output
    assert run(app, ["add", file, "--county", "330521", "--kind", "photo", "--name", "x"]).exit_code == 2
    again = run(app, ["add", file, "--county", "330521", "--kind", "dem", "--name", "dem"])
    assert again.exception is not None
    assert "--replace" in str(again.exception)
