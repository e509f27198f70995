"""The quality API: GIS staff of the county, nobody else; counts, drill-down, run, ignore, fix, revert."""

from __future__ import annotations

import time

from fastapi.testclient import TestClient
from sqlalchemy import text

from database.connection.engine import Database
from database.installation.settings import Settings
from database.rights.scope import Role, Scope
from grid.quality.county import check_county
from mapserver.app.create import create_app
from tests import world
from tests.mapserver.conftest import SignIn
from tests.world import CELLS, CHUNHUI, QIANQIU

QUALITY = "/api/330521/quality"


def fill(database: Database, system: Scope) -> None:
    with database.transaction(system) as connection:
        world.build_county(connection)
        for n, written in enumerate(("永安街1号", "永安街，7号", "永安街9号", "永安街9号"), start=1):
            world.add_address(connection, "武康街道千秋社区" + written, CELLS[0], n)
    check_county(database, system, only=["separators", "duplicate_text"])


def test_a_stranger_gets_nothing(stranger: TestClient) -> None:
    assert stranger.get(QUALITY).status_code == 401
    assert stranger.get(f"{QUALITY}/findings").status_code == 401
    assert stranger.post(f"{QUALITY}/run").status_code == 401
    assert stranger.post(f"{QUALITY}/rules/separators/fix", json={}).status_code == 401


def test_other_roles_and_other_counties_are_refused(database: Database, system: Scope, sign_in: SignIn) -> None:
    fill(database, system)
    for role in (Role.GRID_WORKER, Role.TOWN_OFFICIAL):
        client = sign_in(role, "330521001")
        assert client.get(QUALITY).status_code == 403
        assert client.post(f"{QUALITY}/run").status_code == 403
    assert sign_in(Role.GIS_STAFF, county="330522").get(QUALITY).status_code == 404
    admin = sign_in(Role.COUNTY_ADMIN)
    assert admin.get(QUALITY).status_code == 200
    assert admin.post(f"{QUALITY}/rules/separators/fix", json={}).status_code == 403


def test_staff_of_another_village_see_no_finding(database: Database, system: Scope, sign_in: SignIn) -> None:
    fill(database, system)
    client = sign_in(Role.GIS_STAFF, CHUNHUI)
    assert client.get(QUALITY).json()["villages"] == []
    assert client.get(f"{QUALITY}/findings").json()["items"] == []
    assert client.post(f"{QUALITY}/findings/1/ignore", json={"reason": "不归我管"}).status_code == 404


def test_counts_lead_to_findings_and_a_finding_can_be_ignored(
    database: Database, system: Scope, sign_in: SignIn
) -> None:
    fill(database, system)
    client = sign_in(Role.GIS_STAFF)
    answer = client.get(QUALITY).json()
    assert {(v["rule"], v["division_code"], v["open_n"]) for v in answer["villages"]} == {
        ("duplicate_text", QIANQIU, 2),
        ("separators", QIANQIU, 1),
    }
    assert answer["last_run"]["rules"]["separators"]["found_n"] == 1
    assert len(answer["rules"]) >= 40
    page = client.get(f"{QUALITY}/findings", params={"rule": "duplicate_text", "village": QIANQIU, "limit": 1}).json()
    assert "写法相同" in page["items"][0]["sentence"]
    rest = client.get(f"{QUALITY}/findings", params={"rule": "duplicate_text", "after": page["next"]}).json()
    assert (len(rest["items"]), rest["next"]) == (1, None)
    number = page["items"][0]["id"]
    ignored = client.post(f"{QUALITY}/findings/{number}/ignore", json={"reason": "确是两户"})
    assert (ignored.status_code, ignored.json()["state"]) == (200, "ignored")
    assert client.get(QUALITY, params={"rule": "no_such"}).status_code == 404


def test_a_fix_is_a_dry_run_unless_said_otherwise(database: Database, system: Scope, sign_in: SignIn) -> None:
    fill(database, system)
    client = sign_in(Role.GIS_STAFF)
    seen = client.post(f"{QUALITY}/rules/separators/fix", json={}).json()
    assert (seen["fix_id"], seen["changed_n"]) == (None, 1)
    with database.transaction(system) as connection:
        assert connection.scalar(text("SELECT count(*) FROM standard_address WHERE full_text LIKE '%，%'")) == 1
    assert client.post(f"{QUALITY}/rules/separators/fix", json={"dry_run": False}).status_code == 422
    done = client.post(f"{QUALITY}/rules/separators/fix", json={"dry_run": False, "reason": "统一格式"}).json()
    assert done["changed_n"] == 1
    assert client.post(f"{QUALITY}/rules/duplicate_text/fix", json={}).status_code == 422
    assert client.post(f"{QUALITY}/fixes/{done['fix_id']}/revert").json() == {"restored_n": 1}
    assert client.post(f"{QUALITY}/fixes/{done['fix_id']}/revert").status_code == 409
    assert client.post(f"{QUALITY}/fixes/999/revert").status_code == 404


def test_a_run_is_worked_off_in_the_background(
    database: Database, system: Scope, settings: Settings, sign_in: SignIn
) -> None:
    fill(database, system)
    client = sign_in(Role.GIS_STAFF)
    answer = client.post(f"{QUALITY}/run")
    assert (answer.status_code, answer.json()) == (202, {"queued": True})
    assert client.post(f"{QUALITY}/run").json() == {"queued": False}
    with TestClient(create_app(settings, worker=True)):
        for _ in range(200):
            run = client.get(QUALITY).json()["last_run"]
            if run["actor"].startswith("gis_staff"):
                break
            time.sleep(0.1)
    assert run["actor"].startswith("gis_staff")
    assert len(run["rules"]) >= 40
