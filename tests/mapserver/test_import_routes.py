"""An upload that looks odd as a whole is answered with a question; what is published is followed up at once."""

import csv
import io
from collections.abc import Callable

import openpyxl
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from database.connection.engine import Database
from database.rights.scope import Role, Scope
from tests import world

IMPORTS = "/api/330521/imports"
SignIn = Callable[..., TestClient]


def events(n: int, place: str) -> bytes:
    """Rows of the hotline's table."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["工单编号", "诉求类别", "标题", "诉求内容", "发生时间", "状态", "地址", "经度", "纬度"])
    for i in range(1, n + 1):
        writer.writerow(
            [
                f"T{i}",
                "路灯",
                "路灯不亮",
                "",
                "2026-01-01 08:00",
                "待受理",
                place.format(i=i),
                120.001 + i / 1e5,
                30.505,
            ]
        )
    return out.getvalue().encode()


@pytest.fixture
def staff(sign_in: SignIn, database: Database, system: Scope) -> TestClient:
    """GIS staff of a county with its divisions and cells."""
    with database.transaction(system) as connection:
        world.build_county(connection)
    return sign_in(Role.GIS_STAFF)


def send(client: TestClient, content: bytes, **fields: str) -> object:
    form = {"mapping": "demo_events", **fields}
    return client.post(IMPORTS, files={"file": ("e.csv", content, "text/csv")}, data=form)


def test_an_odd_file_is_published_only_when_confirmed_and_work_is_handed_in(
    staff: TestClient, database: Database, system: Scope
):
    content = events(30, "武康街道千秋社区永安街{i}I-")
    answer = send(staff, content, publish="true")
    assert answer.status_code == 409
    problem = answer.json()
    assert problem["type"].endswith("confirmation-needed")
    assert "“I-”紧跟数字" in problem["detail"]
    (question,) = [one for one in problem["facts"]["questions"] if one["code"] == "numbers_unread"]
    assert question["mapping"].startswith('address_text = { column = "地址", replace = [')
    report = staff.get(f"{IMPORTS}/{problem['facts']['batch_id']}").json()
    assert (report["state"], report["counts"]["added"]) == ("checked", 30)
    with database.transaction(system) as connection:
        assert connection.scalar(text("SELECT count(*) FROM event")) == 0
    with database.platform() as connection:
        connection.execute(text("SET LOCAL search_path = platform, public"))
        connection.execute(text("DELETE FROM procrastinate_jobs"))
    done = send(staff, content, publish="true", confirmed="true")
    assert (done.status_code, done.json()["state"]) == (201, "published")
    with database.platform() as connection:
        tasks = connection.scalars(text("SELECT task_name FROM platform.procrastinate_jobs")).all()
    assert {name.split(":")[-1] for name in tasks} == {"scan_county", "collect_uncertain", "refresh_elevations"}


def test_warnings_stand_in_the_report_and_on_a_sheet_of_the_workbook(staff: TestClient):
    assert send(staff, events(2, "某处{i}"), publish="true").status_code == 201
    again = send(staff, events(2, "某处{i}").replace(b"T1,", "ｔ1,".encode()))
    report = again.json()
    assert [(one["warning_code"], one["column_name"], one["rows_n"]) for one in report["warnings"]] == [
        ("key_differs_in_form", "工单编号", 1)
    ]
    book = openpyxl.load_workbook(io.BytesIO(staff.get(f"{IMPORTS}/{report['id']}/rejects.xlsx").content))
    assert book.sheetnames == ["退回", "提醒"]
    assert "ｔ1" in book["提醒"].cell(2, 3).value
