"""A file from the web is imported in the background: seen on its way, cancelled, taken up again, never half written."""

import csv
import io
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openpyxl
import pytest
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from database.connection.engine import Database
from database.installation.settings import Settings
from database.rights.scope import Role, Scope
from importing.background import begin_upload
from importing.batches import get_batch
from importing.stage.stage import Stage
from importing.targets.event import EventTarget
from mapserver.server.jobs import run_import, run_sweep
from tests import world
from tests.mapserver.imports import IMPORTS, report_of

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
def staff(sign_in: SignIn, database: Database, system: Scope) -> Iterator[TestClient]:
    """GIS staff of a county with its divisions and cells; no job is left for the tests that follow."""
    with database.transaction(system) as connection:
        world.build_county(connection)
    yield sign_in(Role.GIS_STAFF)
    empty_queue(database)


def empty_queue(database: Database) -> None:
    with database.platform() as connection:
        connection.execute(text("SET LOCAL search_path = platform, public"))
        connection.execute(text("DELETE FROM procrastinate_jobs"))


def send(client: TestClient, content: bytes, **fields: str) -> Response:
    form = {"mapping": "demo_events", **fields}
    return client.post(IMPORTS, files={"file": ("e.csv", content, "text/csv")}, data=form)


def jobs(database: Database, status: str = "todo") -> set[str]:
    """The tasks that wait in the queue."""
    find = text(
        "SELECT task_name FROM platform.procrastinate_jobs WHERE status = CAST(:status AS platform.procrastinate_job_status)"
    )
    with database.platform() as connection:
        return {name.split(":")[-1] for name in connection.scalars(find, {"status": status})}


def test_an_odd_file_is_published_only_when_confirmed_and_work_is_handed_in(
    staff: TestClient, database: Database, system: Scope
):
    content = events(30, "武康街道千秋社区永安街{i}I-")
    report = report_of(staff, send(staff, content, publish="true"))
    assert (report["state"], report["to_publish"], report["error_code"]) == ("checked", True, "confirmation-needed")
    assert "“I-”紧跟数字" in report["error"]
    (question,) = [one for one in report["counts"]["questions"] if one["code"] == "numbers_unread"]
    assert question["mapping"].startswith('address_text = { column = "地址", replace = [')
    assert report["counts"]["added"] == 30
    with database.transaction(system) as connection:
        assert connection.scalar(text("SELECT count(*) FROM event")) == 0
    empty_queue(database)
    answer = send(staff, content, publish="true", confirmed="true")
    assert jobs(database) == {"import_file"}
    done = report_of(staff, answer)
    assert (done["state"], done["stage"], done["rows_done"], done["error"]) == ("published", "done", 30, None)
    assert jobs(database) == {"import_file", "scan_county", "collect_uncertain", "refresh_elevations"}


def test_warnings_stand_in_the_report_and_on_a_sheet_of_the_workbook(staff: TestClient):
    assert report_of(staff, send(staff, events(2, "某处{i}"), publish="true"))["state"] == "published"
    report = report_of(staff, send(staff, events(2, "某处{i}").replace(b"T1,", "ｔ1,".encode())))
    assert [(one["warning_code"], one["column_name"], one["rows_n"]) for one in report["warnings"]] == [
        ("key_differs_in_form", "工单编号", 1)
    ]
    book = openpyxl.load_workbook(io.BytesIO(staff.get(f"{IMPORTS}/{report['id']}/rejects.xlsx").content))
    assert book.sheetnames == ["退回", "提醒"]
    assert "ｔ1" in book["提醒"].cell(2, 3).value


def test_a_file_waits_sealed_and_goes_with_the_end_of_its_import(staff: TestClient, database: Database, system: Scope):
    content = events(2, "某处{i}")
    answer = send(staff, content, publish="true")
    batch = answer.json()
    assert (batch["state"], batch["stage"], batch["counts"]) == ("waiting", None, {})
    assert answer.headers["Location"] == f"{IMPORTS}/{batch['id']}"
    assert staff.get(IMPORTS).json()["items"][0] == batch
    pieces = text("SELECT sealed FROM import_piece")
    with database.transaction(system) as connection:
        (sealed,) = connection.scalars(pieces).all()
    assert b"T1" not in bytes(sealed)
    assert report_of(staff, answer)["state"] == "published"
    with database.transaction(system) as connection:
        assert connection.scalars(pieces).all() == []
        seen = connection.scalars(text("SELECT action FROM audit_event WHERE target LIKE 'import:%'")).all()
        # taken up once more after its end, it does nothing
        assert begin_upload(connection, batch["id"]) is None
    assert seen == ["import", "view_import"]


def test_only_who_imports_cancels_and_what_waits_ends_at_once(
    staff: TestClient, stranger: TestClient, sign_in: SignIn, database: Database, system: Scope
):
    batch = send(staff, events(2, "某处{i}"), publish="true").json()
    cancel = f"{IMPORTS}/{batch['id']}/cancel"
    assert stranger.post(cancel).status_code == 401
    assert sign_in(Role.AUDITOR).post(cancel).status_code == 403
    ended = sign_in(Role.COUNTY_ADMIN, username="xianzhang").post(cancel).json()
    assert (ended["state"], ended["cancelled_by"], ended["error_code"]) == (
        "cancelled",
        "xianzhang",
        "import-cancelled",
    )
    assert staff.post(cancel).status_code == 409
    assert staff.post(f"{IMPORTS}/999999/cancel").status_code == 404
    with database.transaction(system) as connection:
        assert begin_upload(connection, batch["id"]) is None
        assert connection.scalar(text("SELECT count(*) FROM import_piece")) == 0


def test_a_running_statement_is_cancelled_and_nothing_is_half_written(
    staff: TestClient, database: Database, system: Scope, owner: Engine, settings: Settings
):
    batch = send(staff, events(2, "某处{i}"), publish="true").json()
    url, context = f"{IMPORTS}/{batch['id']}", staff.app.state.context  # type: ignore[attr-defined]
    with owner.connect() as locker, ThreadPoolExecutor(1) as worker:
        locker.execute(text("LOCK TABLE c330521.event IN ACCESS EXCLUSIVE MODE"))
        job = worker.submit(run_import, context.database, context.sealer, "330521", batch["id"])
        seen = until(lambda: (found := staff.get(url).json())["stage"] in ("compare", "publish") and found)
        assert (seen["state"], seen["rows_total"]) == ("staged", 2)
        assert seen["progressed_at"] is not None
        assert staff.post(f"{url}/cancel").json()["state"] == "staged"
        job.result(10)
        assert locker.in_transaction()  # the table is locked to the end: only the cancellation ended the import
    ended = staff.get(url).json()
    assert (ended["state"], ended["cancelled_by"], ended["published_at"]) == ("cancelled", "gis_staff-330521", None)
    with database.transaction(system) as connection:
        assert connection.scalar(text("SELECT count(*) FROM event")) == 0
        assert connection.scalar(text("SELECT count(*) FROM import_piece")) == 0


def test_an_account_that_lost_its_rights_after_the_upload_imports_nothing(
    staff: TestClient, make_account: Callable[..., str], database: Database, system: Scope
):
    answer = send(staff, events(2, "某处{i}"), publish="true")
    make_account(Role.GRID_WORKER, world.CELLS[0], username="gis_staff-330521")
    context = staff.app.state.context  # type: ignore[attr-defined]
    run_import(context.database, context.sealer, "330521", answer.json()["id"])
    with database.transaction(system) as connection:
        batch = get_batch(connection, answer.json()["id"])
        assert (batch.state, batch.error_code) == ("failed", "rights-changed")
        assert connection.scalar(text("SELECT count(*) FROM event")) == 0


def test_a_file_that_no_job_is_about_is_handed_in_again_and_one_that_is_old_is_given_up(
    staff: TestClient, database: Database, system: Scope
):
    lost, queued, old = (send(staff, events(2, "某处{i}")).json()["id"] for _ in range(3))
    with database.platform() as connection:
        connection.execute(text("SET LOCAL search_path = platform, public"))
        connection.execute(
            text("DELETE FROM procrastinate_jobs WHERE args ->> 'batch_id' IS DISTINCT FROM :id"), {"id": str(queued)}
        )
    with database.transaction(system) as connection:
        connection.execute(text("UPDATE import_batch SET created_at = created_at - interval '2 minutes'"))
        connection.execute(
            text("UPDATE import_batch SET created_at = now() - interval '8 days' WHERE id = :id"), {"id": old}
        )
    run_sweep(database, "330521")
    with database.platform() as connection:
        handed = connection.scalars(
            text("SELECT args ->> 'batch_id' FROM platform.procrastinate_jobs ORDER BY id")
        ).all()
    assert handed == [str(queued), str(lost)]
    found = staff.get(f"{IMPORTS}/{old}").json()
    assert found["state"] == "failed"
    assert "再传一次" in found["error"]


def test_a_broken_connection_leaves_the_file_waiting_and_is_not_its_fault(
    staff: TestClient, database: Database, system: Scope, monkeypatch: pytest.MonkeyPatch
):
    answer = send(staff, events(2, "某处{i}"), publish="true")
    publish = EventTarget.publish

    def cut(self: EventTarget, stage: Stage) -> None:
        publish(self, stage)
        own = stage.value("SELECT pg_backend_pid()")
        with database.platform() as connection:
            connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": own})
        stage.value("SELECT 1")

    monkeypatch.setattr(EventTarget, "publish", cut)
    with pytest.raises(OperationalError):
        report_of(staff, answer)
    with database.transaction(system) as connection:
        left = connection.execute(text("SELECT state, starts FROM import_batch")).one()
        assert tuple(left) == ("waiting", 0)
    monkeypatch.undo()
    assert report_of(staff, answer)["state"] == "published"
    with database.transaction(system) as connection:
        assert connection.scalar(text("SELECT count(*) FROM event")) == 2


def until(what: Callable[[], Any]) -> Any:
    """The first true answer within ten seconds."""
    for _ in range(200):
        if found := what():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come")
