"""Matching over HTTP: texts at once, files in the background, each seen by its owner alone."""

import csv
import io
import time

import openpyxl
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from database.clock import day_in_china
from database.connection.engine import Database
from database.installation.settings import Settings
from database.rights.scope import Role, Scope
from mapserver.app.create import create_app
from mapserver.server.jobs import run_sweep
from tests import world
from tests.mapserver.conftest import SignIn
from tests.world import CELLS, LIAOYUAN

HEAD = "德清县武康街道千秋社区"
JOBS = "/api/330521/addresses/match-jobs"
TEXTS = [f"{HEAD}永安街2号", "武康街道千秋社区雍安街3号", "北京市朝阳区建国路1号"]


@pytest.fixture(autouse=True)
def library(database: Database, system: Scope) -> None:
    with database.transaction(system) as connection:
        world.build_county(connection)
        for n in range(1, 4):
            world.add_address(connection, f"{HEAD}永安街{n}号", CELLS[0], n)


def a_file(*texts: str, encoding: str = "utf-8") -> bytes:
    kept = io.StringIO(newline="")
    csv.writer(kept).writerows([["编号", "住所"], *([f"{n:03d}", t] for n, t in enumerate(texts))])
    return kept.getvalue().encode(encoding)


def send(client: TestClient, content: bytes, column: str = "住所", name: str = "名录.csv", **fields: str):  # type: ignore[no-untyped-def]
    return client.post(JOBS, files={"file": (name, content)}, data={"column": column, **fields})


def test_a_stranger_and_those_who_load_no_tables_get_nothing(stranger: TestClient, sign_in: SignIn) -> None:
    assert send(stranger, a_file(*TEXTS)).status_code == 401
    assert stranger.get(JOBS).status_code == 401
    worker = sign_in(Role.GRID_WORKER, CELLS[0])
    assert send(worker, a_file(*TEXTS)).status_code == 403
    assert worker.get(JOBS).status_code == 403


def test_texts_are_matched_in_order_and_in_scope(sign_in: SignIn) -> None:
    body = {"texts": TEXTS}
    first, second, third = sign_in(Role.GIS_STAFF).post("/api/330521/addresses/match", json=body).json()["matches"]
    assert (first["candidate"]["confidence_class"], first["matched_level"]) == ("A", "number_plate")
    assert second["candidate"]["reasons"][0]["text"].startswith("路名同音")
    assert (third["candidate"], third["candidates"]) == (None, [])
    elsewhere = sign_in(Role.GRID_WORKER, LIAOYUAN).post("/api/330521/addresses/match", json=body).json()["matches"]
    assert [one["candidate"] for one in elsewhere] == [None] * 3


def test_a_text_as_of_a_day_over_http(sign_in: SignIn) -> None:
    client = sign_in(Role.GRID_WORKER, CELLS[0])
    found = client.get("/api/330521/addresses/as-of", params={"q": "永安街2号", "on": str(day_in_china())}).json()
    assert [one["then"]["text"] for one in found["items"]] == [f"{HEAD}永安街2号"]
    assert client.get("/api/330521/addresses/as-of", params={"q": "永安街2号", "on": "2.3."}).status_code == 422


@pytest.mark.parametrize(
    ("content", "column", "name", "status", "message"),
    [
        (a_file(*TEXTS), "地址", "a.csv", 422, "没有列“地址”；有：编号、住所"),
        (b"\x00\x01", "住所", "a.exe", 422, "不认识的格式"),
        (b"PK\x03\x04 no workbook", "住所", "a.xlsx", 422, ""),
    ],
)
def test_a_file_that_cannot_be_matched_is_refused_at_once(
    sign_in: SignIn, content: bytes, column: str, name: str, status: int, message: str
) -> None:
    client = sign_in(Role.GIS_STAFF)
    answer = send(client, content, column, name)
    assert answer.status_code == status, answer.text
    assert message in answer.json()["detail"]
    assert client.get(JOBS).json() == {"items": [], "next": None}


def test_a_file_goes_the_whole_way_and_only_its_owner_sees_it(
    database: Database, system: Scope, settings: Settings, sign_in: SignIn
) -> None:
    owner, other = sign_in(Role.GIS_STAFF), sign_in(Role.COUNTY_ADMIN)
    number = send(owner, a_file(*TEXTS, encoding="gb18030")).json()["id"]
    assert owner.get(f"{JOBS}/{number}/result").status_code == 409
    with TestClient(create_app(settings, worker=True)):
        for _ in range(100):
            job = owner.get(f"{JOBS}/{number}").json()
            if job["state"] in ("done", "failed"):
                break
            time.sleep(0.1)
    assert (job["state"], job["rows_n"], job["error"]) == ("done", 3, None)
    assert job["classes"] == {"A": 1, "B": 1, "无": 1}
    answer = owner.get(f"{JOBS}/{number}/result")
    rows = list(openpyxl.load_workbook(io.BytesIO(answer.content)).active.values)  # type: ignore[union-attr]
    assert [row[:2] for row in rows[1:]] == [(f"{n:03d}", t) for n, t in enumerate(TEXTS)]
    assert rows[1][3] == f"{HEAD}永安街2号"
    for path in (f"{JOBS}/{number}", f"{JOBS}/{number}/result"):
        assert other.get(path).status_code == 404
    assert other.delete(f"{JOBS}/{number}").status_code == 404
    assert other.get(JOBS).json() == {"items": [], "next": None}
    with database.transaction(system) as connection:
        seen = connection.scalars(text("SELECT target FROM audit_event WHERE action = 'export_match'")).all()
        sealed = b"".join(connection.scalars(text("SELECT sealed FROM match_job_piece")))
    assert seen == [f"match_job:{number}"]
    assert "永安街".encode() not in sealed
    assert "永安街".encode("gb18030") not in sealed
    assert owner.delete(f"{JOBS}/{number}").status_code == 204
    with database.transaction(system) as connection:
        assert connection.scalar(text("SELECT count(*) FROM match_job_piece")) == 0


def test_not_more_than_three_wait_and_old_ones_are_swept_away(
    database: Database, system: Scope, sign_in: SignIn
) -> None:
    client = sign_in(Role.GIS_STAFF)
    assert [send(client, a_file(*TEXTS)).status_code for _ in range(4)] == [202, 202, 202, 409]
    with database.transaction(system) as connection:
        connection.execute(
            text("UPDATE match_job SET state = 'running', progressed_at = now() - interval '1 hour' WHERE id % 2 = 0")
        )
        connection.execute(text("UPDATE match_job SET created_at = now() - interval '8 days' WHERE id % 2 = 1"))
    run_sweep(database, "330521")
    left = client.get(JOBS).json()["items"]
    assert left
    assert {(job["state"], job["error"][:4]) for job in left} == {("failed", "匹配中断")}


def test_a_disabled_account_gets_nothing_matched(
    database: Database, system: Scope, settings: Settings, sign_in: SignIn
) -> None:
    from database.installation.settings import load_secrets
    from database.secrets.seal import Sealer
    from mapserver.server.jobs import run_match

    client = sign_in(Role.GIS_STAFF)
    number = send(client, a_file(*TEXTS)).json()["id"]
    with database.platform() as connection:
        connection.execute(text("UPDATE platform.account SET disabled = true"))
    run_match(database, Sealer.from_secrets(load_secrets(settings)), "330521", number, "gis_staff-330521")
    with database.transaction(system) as connection:
        assert connection.scalar(text("SELECT state FROM match_job WHERE id = :id"), {"id": number}) == "waiting"
