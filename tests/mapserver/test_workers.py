"""``onemap serve --workers 2``: what holds for one process holds for both together."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
import typer
from sqlalchemy import Engine, text

from access.accounts.accounts import create_account
from access.sessions.tokens import create_token
from database.connection.engine import Database
from database.connection.jobs import LINES
from database.embedded import EmbeddedCluster
from database.installation.settings import Settings
from database.rights.scope import Role, Scope
from mapserver.cli.serve import listening_together
from tests import world
from tests.conftest import empty_counties
from tests.mapserver.test_tile_freshness import tile_of

CELL = world.CELLS[0]
TILE = tile_of(CELL, 15)
PER_MINUTE = 40


class Line:
    """A connection kept open to one of the processes."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        self._connection.connect()
        self.port = self._connection.sock.getsockname()[1]

    def send(self, path: str, credential: str = "", method: str = "GET", body: Any = None, **headers: str) -> Any:
        """The answer, read."""
        sent = {"X-Onemap-Request": "1", **headers}
        if credential.startswith("om_"):
            sent["Authorization"] = f"Bearer {credential}"
        elif credential:
            sent["Cookie"] = credential
        if body is not None:
            sent["Content-Type"] = "application/json"
        self._connection.request(method, path, None if body is None else json.dumps(body), sent)
        answer = self._connection.getresponse()
        answer.body = answer.read()  # type: ignore[attr-defined]
        return answer

    def begin(self, path: str, credential: str) -> http.client.HTTPResponse:
        """The answer of a stream, not read."""
        self._connection.request("GET", path, headers={"Authorization": f"Bearer {credential}"})
        return self._connection.getresponse()

    def close(self) -> None:
        self._connection.close()


class Server:
    """The parent, the pids of its children, and a line to each of the two web processes."""

    def __init__(self, cluster: EmbeddedCluster, log: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.log = log
        environment = {
            **os.environ, "ONEMAP_HOME": str(cluster.home), "ONEMAP_EMBEDDED_FSYNC": "off", "ONEMAP_STOP_SECONDS": "1",
            "ONEMAP_REQUESTS_PER_ACCOUNT": f"{PER_MINUTE}/minute", "ONEMAP_STREAMS_PER_ACCOUNT": "3", "ONEMAP_POOL_SIZE": "4",
        }  # fmt: skip
        program = "from mapserver.cli.main import main; main()"
        command = [sys.executable, "-c", program, "serve", "--workers", "2", "--port", str(self.port)]
        self.process = subprocess.Popen(command, env=environment, stdout=log.open("wb"), stderr=subprocess.STDOUT)
        self.until(lambda: Line(self.port).send("/readyz").status == 200, 60)
        self.lines = self.both()

    def until(self, what: Callable[[], Any], seconds: float = 20) -> Any:
        """The first true answer; what is asked may fail meanwhile."""
        deadline = time.monotonic() + seconds
        while True:
            found = None
            with suppress(OSError, http.client.HTTPException):
                found = what()
            if found:
                return found
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)

    def children(self) -> list[int]:
        return [
            int(pid) for pid in Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        ]

    def owner_of(self, line: Line) -> int | None:
        """The pid of the process at the other end of a line."""
        here, there = f"{self.port:04X}", f"{line.port:04X}"
        rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        inodes = {
            row[9] for row in rows if row[1].endswith(f":{here}") and row[2].endswith(f":{there}") and row[3] == "01"
        }
        for pid in self.children():
            for file in Path(f"/proc/{pid}/fd").iterdir():
                with suppress(OSError):
                    if str(file.readlink()).removeprefix("socket:").strip("[]") in inodes:
                        return pid
        return None

    def both(self) -> dict[int, Line]:
        """A line to each web process; the kernel chooses, so it is asked until it chose both."""
        lines: dict[int, Line] = {}
        for _ in range(100):
            line = Line(self.port)
            line.send("/healthz")
            pid = self.owner_of(line)
            assert pid is not None
            if lines.setdefault(pid, line) is not line:
                line.close()
            if len(lines) == 2:
                return lines
        raise AssertionError(lines)


@pytest.fixture(scope="module")
def server(
    cluster: EmbeddedCluster, owner: Engine, app_database: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    empty_counties(owner)
    with app_database.transaction(Scope.of_system("330521")) as connection:
        world.build_county(connection)
        world.insert(connection, "facility", kind="lamp", name=CELL, source="t", source_key=CELL, grid_code=CELL,
                     geom=world.point(CELL))  # fmt: skip
    running = Server(cluster, tmp_path_factory.mktemp("workers") / "server.log")
    try:
        yield running
    finally:
        running.process.kill()
        running.process.wait()


@pytest.fixture
def token_of(app_database: Database, server: Server) -> Callable[[str], str]:
    """A token of a new account of the whole county."""

    def make(name: str) -> str:
        with app_database.platform() as connection:
            create_account(
                connection, username=name, display_name=name, password="correct horse battery", role=Role.GIS_STAFF,
                county="330521", prefixes=("330521",), settings=Settings(),
            )  # fmt: skip
            return create_token(connection, name, "test", days=1)

    return make


def move(cluster: EmbeddedCluster) -> None:
    with psycopg.connect(cluster.dsn("superuser", database="onemap"), autocommit=True) as connection:
        connection.execute("UPDATE c330521.facility SET geom = st_translate(geom, 0.00001, 0)")


def test_two_processes_answer_and_share_limits_streams_changes_and_sign_outs(
    server: Server, token_of: Callable[[str], str], cluster: EmbeddedCluster, app_database: Database
) -> None:
    one, two = server.lines.values()
    token = token_of("anna")

    # a change is a new tag in both within a moment, whoever made the tile before
    tags = [line.send(TILE, token).headers["ETag"] for line in (one, two)]
    assert tags[0] == tags[1]
    assert tags[0] is not None
    move(cluster)
    for line in (one, two):
        server.until(lambda line=line: line.send(TILE, token).headers["ETag"] != tags[0], 2)
    assert one.send(TILE, token).headers["ETag"] == two.send(TILE, token).headers["ETag"]

    # streams: open ones are counted together; each process tells its readers of the change
    readers = [Line(server.port) for _ in range(3)]
    streams = [line.begin("/tiles/330521/changes", token) for line in readers]
    assert [stream.status for stream in streams] == [200] * 3
    for stream in streams:
        while b"event: ready" not in stream.readline():
            pass
    assert [line.send("/tiles/330521/changes", token).status for line in (one, two)] == [429, 429]
    move(cluster)
    for stream in streams:
        while b"event: change" not in stream.readline():
            pass
    for line in readers:
        line.close()

    # a right that is taken away through one process holds in the other for its next request
    signed_in = one.send("/api/session", method="POST", body={"username": "anna", "password": "correct horse battery"})
    cookie = signed_in.headers["Set-Cookie"].split(";")[0]
    for line in (two, one, two):
        assert line.send("/api/session", cookie).status == 200
    assert one.send("/api/session", cookie, method="DELETE").status < 300
    assert two.send("/api/session", cookie).status == 401
    assert two.send(TILE, cookie).status == 401

    # an account has its requests once, however they are spread
    busy = token_of("bert")
    answers = [line.send("/api/330521/alerts", busy) for _ in range(PER_MINUTE) for line in (one, two)]
    assert [answer.status for answer in answers].count(200) == PER_MINUTE
    assert {answer.status for answer in answers} == {200, 429}
    refused = [line.send("/api/330521/alerts", busy) for line in (one, two)]
    assert all(1 <= int(answer.headers["Retry-After"]) <= 60 for answer in refused)

    # one process works off the jobs, with a worker for each line of them; one that was begun anew lets the one before it die out
    def workers() -> int:
        with app_database.platform() as connection:
            sign = "SELECT count(*) FROM platform.procrastinate_workers WHERE last_heartbeat > now() - interval '12 s'"
            return int(connection.scalar(text(sign)) or 0)

    server.until(lambda: workers() == len(LINES), 40)
    # connections stay within what the server as a whole may have
    assert len(server.children()) == 3


def test_a_process_that_dies_is_started_again_and_nobody_is_refused_a_connection(
    server: Server, token_of: Callable[[str], str]
) -> None:
    token = token_of("cleo")
    dead, line = next(iter(server.both().items()))  # new ones: a server closes a line that is not used
    assert line.send(TILE, token).status == 200
    os.kill(dead, signal.SIGKILL)
    lines = [Line(server.port) for _ in range(12)]
    assert {one.send(TILE, token).status for one in lines} == {200}
    server.until(lambda: len(server.children()) == 3 and dead not in server.children())
    assert len(server.both()) == 2


def test_a_port_that_another_server_uses_is_refused_with_a_sentence(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    """Although several sockets may be bound to one port: only those of one server."""
    with pytest.raises(typer.Exit) as refused:
        listening_together("127.0.0.1", server.port, 2)
    assert refused.value.exit_code == 1
    assert str(server.port) in capsys.readouterr().err


def test_a_stop_ends_all_of_them_in_time(server: Server) -> None:
    children = server.children()
    began = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(20) == 0
    assert time.monotonic() - began < 10
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]
