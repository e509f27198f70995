"""The database stops or dies under a running server: everybody hears 503 meanwhile, and everything comes back by itself."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from sqlalchemy import Engine, text

from access.accounts.accounts import create_account
from database.connection.engine import Database
from database.connection.turn import LOCK_CLASS
from database.embedded import EmbeddedCluster
from database.embedded.binaries import find_binaries
from database.embedded.process import orphans, server_pid
from database.installation.settings import Settings
from database.rights.scope import Role, Scope
from tests import world
from tests.conftest import empty_counties

PASSWORD = "correct horse battery"
PAGES = (
    "/readyz", "/api/330521/overview", "/api/330521/alerts", "/api/session", "/tiles/330521/cells/14/13651/6756.mvt",
    "/maps/330521/alerts", "/ogc/330521/collections/cells/items",
)  # fmt: skip


class Running:
    """``onemap serve`` with its worker, as a process of its own, on a cluster of its own."""

    def __init__(self, cluster: EmbeddedCluster, database: Database, log: Path) -> None:
        self.cluster, self.database = cluster, database
        self.log = log
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.port = port
        self.start()
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"X-Onemap-Request": "1"}, timeout=20)

    def start(self) -> None:
        environment = {**os.environ, "ONEMAP_HOME": str(self.cluster.home), "ONEMAP_EMBEDDED_FSYNC": "off"}
        environment |= {"ONEMAP_STOP_SECONDS": "1", "ONEMAP_POOL_SIZE": "4"}
        program = "from mapserver.cli.main import main; main()"
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, "serve", "--port", str(self.port)],
            env=environment, stdout=subprocess.DEVNULL, stderr=self.log.open("wb"),
        )  # fmt: skip

    def until(self, what: Callable[[], Any], seconds: float = 40) -> Any:
        """The first true answer; what is asked may fail meanwhile."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                found = what()
            except (httpx.TransportError, psycopg.OperationalError):
                found = None
            if found:
                return found
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)

    def ready(self) -> bool:
        return self.client.get("/readyz").status_code == 200

    def postmaster(self) -> int:
        pid = server_pid(self.cluster.layout.data_dir)
        assert pid is not None
        return pid

    def statuses(self) -> dict[str, int]:
        return {page: self.client.get(page).status_code for page in PAGES}

    def run_quality(self) -> None:
        """A job handed in is worked off."""
        before = self.finished_runs("admin")
        assert self.client.post("/api/330521/quality/run").status_code == 202
        self.until(lambda: self.finished_runs("admin") > before)

    def finished_runs(self, actor: str) -> int:
        with self.database.transaction(Scope.of_system("330521")) as connection:
            found = connection.execute(
                text("SELECT count(*) FROM quality_run WHERE actor = :actor AND finished_at IS NOT NULL"),
                {"actor": actor},
            )
            return int(found.scalar_one())


@pytest.fixture(scope="module")
def server(
    cluster: EmbeddedCluster, owner: Engine, app_database: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    empty_counties(owner)
    with app_database.platform() as connection:
        create_account(
            connection, username="admin", display_name="县", password=PASSWORD, role=Role.GIS_STAFF,
            county="330521", prefixes=("330521",), settings=Settings(),
        )  # fmt: skip
    with app_database.transaction(Scope.of_system("330521")) as connection:
        world.build_county(connection)
    running = Running(cluster, app_database, tmp_path_factory.mktemp("outage") / "server.log")
    try:
        running.until(running.ready, 90)
        answer = running.client.post("/api/session", json={"username": "admin", "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        yield running
    finally:
        running.process.kill()
        running.process.wait()
        cluster.start()
        owner.dispose()  # its connections are those of before


def pg_ctl(server: Running, *words: str) -> None:
    layout = server.cluster.layout
    done = layout.run([find_binaries().program("pg_ctl"), "-D", str(layout.data_dir), *words])
    assert done.returncode == 0, done.stderr


def test_a_killed_postmaster_with_a_busy_child_is_replaced_and_all_work_goes_on(server: Running) -> None:
    layout = server.cluster.layout
    old = server.postmaster()
    with psycopg.connect(server.cluster.dsn("superuser"), autocommit=True) as connection:
        connection.execute("CHECKPOINT")  # this cluster does not wait for its disk at a commit
    busy = psycopg.connect(server.cluster.dsn("owner"))
    # computes without a look at its surroundings: such a child does not notice that its parent died
    busy.pgconn.send_query(b"DO $$ BEGIN LOOP END LOOP; END $$")
    backend = busy.info.backend_pid
    os.kill(old, signal.SIGKILL)
    server.until(lambda: (pid := server_pid(layout.data_dir)) is not None and pid != old)
    server.until(server.ready)
    new = server.postmaster()
    busy.close()
    assert backend not in orphans(layout.data_dir)
    # the worker may notice only now what happened
    assert all(status < 500 for page, status in server.statuses().items() if page != "/readyz")
    server.run_quality()
    assert new == server.postmaster()  # it was not started again for nothing


def test_while_it_is_stopped_everybody_hears_503_and_then_all_comes_back(server: Running) -> None:
    with server.client.stream("GET", "/tiles/330521/changes") as stream:
        lines = stream.iter_lines()
        while next(lines) != "event: ready":
            pass
        pg_ctl(server, "stop", "-m", "fast", "-w")
        for page, status in server.statuses().items():
            assert status == 503, page
        for page in ("/readyz", "/api/330521/overview"):
            answer = server.client.get(page)
            assert int(answer.headers["Retry-After"]) >= 1
            assert answer.headers["Content-Type"] == "application/problem+json"
        assert server.client.get("/healthz").status_code == 200
        assert server.client.get("/").status_code in (200, 404)
        signed_in = server.client.post("/api/session", json={"username": "admin", "password": PASSWORD})
        assert signed_in.status_code == 503
        server.cluster.start()
        server.until(server.ready)
        with server.database.transaction(Scope.of_system("330521")) as connection:
            world.add_event(connection, "after", world.CELLS[0], datetime.now(UTC))
        line = next(line for line in lines if line.startswith("data: ") and "layers" in line)
        assert json.loads(line.removeprefix("data: "))["layers"]
    server.run_quality()


def test_a_dead_workers_job_is_taken_up(server: Running) -> None:
    with psycopg.connect(server.cluster.dsn("owner")) as connection:
        connection.execute("SET search_path = platform, public")
        connection.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour')")
        connection.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, worker_id) "
            "SELECT 'default', 'onemap:check_quality', '{\"county\": \"330521\", \"actor\": \"died\"}', 'doing', max(id) "
            "FROM procrastinate_workers WHERE last_heartbeat < now() - interval '1 minute'"
        )

    server.until(lambda: server.finished_runs("died"))
    assert server.finished_runs("died") == 1


def test_a_locked_table_is_told_soon_and_others_are_served(server: Running) -> None:
    path = "/ogc/330521/collections/events/items"
    assert server.client.get(path).status_code == 200
    with psycopg.connect(server.cluster.dsn("owner")) as locker, ThreadPoolExecutor(24) as crowd:
        locker.execute("LOCK TABLE c330521.event IN ACCESS EXCLUSIVE MODE")
        began = time.monotonic()
        requests = [crowd.submit(server.client.get, path) for _ in range(24)]
        server.until(lambda: server.client.get("/readyz").status_code == 200, 5)
        answers = [one.result() for one in requests]
        assert {answer.status_code for answer in answers} == {503}
        assert all(int(answer.headers["Retry-After"]) >= 1 for answer in answers)
        assert server.client.get("/ogc/330521/collections/cells/items").status_code == 200
        assert time.monotonic() - began < 15
        locker.rollback()
    assert server.client.get(path).status_code == 200


def send(server: Running, key: str) -> int:
    """One event handed in to be published; the number of its import."""
    columns = ["工单编号", "诉求类别", "标题", "诉求内容", "发生时间", "状态", "地址", "经度", "纬度"]
    row = [key, "路灯", "路灯不亮", "", "2026-01-01 08:00", "待受理", "某处", "120.001", "30.505"]
    answer = server.client.post(
        "/api/330521/imports", data={"mapping": "demo_events", "publish": "true"},
        files={"file": ("events.csv", f"{','.join(columns)}\n{','.join(row)}\n".encode())},
    )  # fmt: skip
    assert answer.status_code == 202, answer.text
    return int(answer.json()["id"])


@contextmanager
def import_under_way(server: Running, key: str) -> Iterator[int]:
    """An import that waits for its turn behind another one; its number."""
    with psycopg.connect(server.cluster.dsn("app")) as other:
        other.execute("SELECT pg_advisory_lock(%s, 330521)", [LOCK_CLASS])
        batch = send(server, key)
        server.until(lambda: waiting_backends(server))
        yield batch


def state_of(server: Running, batch: int) -> tuple[str, str | None, int]:
    """State, code of the error, and how often the job was begun."""
    with server.database.transaction(Scope.of_system("330521")) as connection:
        row = connection.execute(
            text("SELECT state, error_code, starts FROM import_batch WHERE id = :id"), {"id": batch}
        ).one()
        return row.state, row.error_code, row.starts


#: What an import asks while it waits for a lock.
TURN, PUBLISHING = "SELECT pg_advisory_xact_lock", "stage_row"


def waiting_backends(server: Running, words: str = TURN) -> int:
    """Statements with these words that wait for a lock."""
    with server.database.platform() as connection:
        return connection.execute(
            text(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
                "AND strpos(query, :words) > 0 AND pid <> pg_backend_pid()"
            ),
            {"words": words},
        ).scalar_one()


def events_of(server: Running, key: str) -> int:
    with server.database.transaction(Scope.of_system("330521")) as connection:
        return int(connection.scalar(text("SELECT count(*) FROM event WHERE source_key = :key"), {"key": key}) or 0)


def kill(server: Running, words: str) -> None:
    """kill -9, and the next start; a minute later, as far as the queue knows."""
    server.process.kill()
    server.process.wait()
    server.until(lambda: not waiting_backends(server, words), 6)  # nobody is at the other end: the server notices
    with psycopg.connect(server.cluster.dsn("owner")) as connection:
        connection.execute(
            "UPDATE platform.procrastinate_workers SET last_heartbeat = last_heartbeat - interval '1 minute'"
        )
    server.start()


def test_a_killed_server_leaves_no_lock_no_file_and_takes_its_import_up_again(server: Running) -> None:
    with import_under_way(server, "K1") as batch:
        assert list((server.cluster.home / "work").glob("import-*"))
        kill(server, TURN)
        server.until(lambda: state_of(server, batch)[2] == 2)
    server.until(lambda: state_of(server, batch)[0] == "published")
    assert events_of(server, "K1") == 1
    server.until(lambda: not list((server.cluster.home / "work").glob("import-*")), 5)


def test_a_file_over_which_the_server_dies_twice_is_refused(server: Running) -> None:
    server.until(server.ready)
    with psycopg.connect(server.cluster.dsn("owner")) as locker:
        locker.execute("LOCK TABLE c330521.event IN ACCESS EXCLUSIVE MODE")
        batch = send(server, "K2")
        for _ in range(2):
            server.until(lambda: waiting_backends(server, PUBLISHING))
            kill(server, PUBLISHING)
        server.until(lambda: state_of(server, batch)[0] == "failed")
        assert state_of(server, batch) == ("failed", "file-breaks-worker", 3)
    server.until(server.ready)
    assert events_of(server, "K2") == 0
    batch = send(server, "K3")  # and the next one is not held up
    server.until(lambda: state_of(server, batch)[0] == "published")


def test_a_stop_rolls_back_what_does_not_end_and_closes_streams_at_once(server: Running) -> None:
    with (
        server.client.stream("GET", "/tiles/330521/changes") as stream,
        psycopg.connect(server.cluster.dsn("owner")) as locker,
        ThreadPoolExecutor(1) as reader,
        import_under_way(server, "K4") as batch,
    ):
        lines = stream.iter_lines()
        while next(lines) != "event: ready":
            pass
        locker.execute("LOCK TABLE c330521.event IN ACCESS EXCLUSIVE MODE")
        reader.submit(server.client.get, "/ogc/330521/collections/events/items")
        server.until(lambda: waiting_backends(server, "") > 1)
        started = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        code = server.process.wait(20)
        assert time.monotonic() - started < 8
        assert code == 0
        # the import waits for the next start, which this stop is not counted against
        assert state_of(server, batch) == ("waiting", None, 0)
    written = server.log.read_text()
    assert "stop.rolled_back" in written, written
    assert "Cancel 1 running task(s)" in written, written  # the request; the stream had ended by itself
    assert "Traceback" not in written, written
    assert not list((server.cluster.home / "work").glob(f"*-{server.process.pid}-*"))
    server.start()
    server.until(lambda: state_of(server, batch)[0] == "published")
    assert events_of(server, "K4") == 1
