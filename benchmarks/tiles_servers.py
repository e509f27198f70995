"""The tile servers of the benchmark: ours, cold and warm, and the peers that this machine has, each a process of its own."""

from __future__ import annotations

import http.client
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, quote, urlsplit

from fastapi import FastAPI

from access.accounts.accounts import create_account
from access.sessions.tokens import create_token
from benchmarks.tiles_plan import COUNTY, log
from database.connection.engine import Database
from database.embedded import EmbeddedCluster
from database.installation.settings import get_settings
from database.rights.scope import Role
from mapserver.app.create import create_app

#: more rows than the table has
UNCAPPED = 5_000_000


@dataclass(frozen=True)
class Answer:
    """What a server said. ms: until the last byte. size: bytes on the wire."""

    status: int
    ms: float
    body: bytes
    headers: dict[str, str] = field(repr=False)

    @property
    def size(self) -> int:
        return len(self.body)


@dataclass
class Contestant:
    """One way of asking for a tile, on one connection kept alive. path: with {z}, {x}, {y}."""

    name: str
    port: int
    path: str
    token: str | None = None
    _link: http.client.HTTPConnection | None = field(default=None, repr=False)

    def ask(self, z: int, x: int, y: int, **headers: str) -> Answer:
        """One tile; raises when the server does not answer within five minutes."""
        if self._link is None:
            self._link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        sent = {"Accept-Encoding": "gzip"} | headers
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        started = time.perf_counter()
        self._link.request("GET", self.path.format(z=z, x=x, y=y), headers=sent)
        answer = self._link.getresponse()
        body = answer.read()
        took = 1000 * (time.perf_counter() - started)
        return Answer(answer.status, took, body, {name.lower(): value for name, value in answer.getheaders()})


def quiet_app() -> FastAPI:
    """Ours without the worker: no job runs beside the measurement."""
    return create_app(get_settings(), worker=False)


def make_token(database: Database, role: Role, *prefixes: str) -> str:
    """A token of an account made for this run."""
    name = f"benchmark-{secrets.token_hex(4)}"
    with database.platform() as connection:
        create_account(
            connection, username=name, display_name="benchmark", password=secrets.token_urlsafe(24), role=role,
            county=COUNTY, prefixes=prefixes, settings=get_settings(),
        )  # fmt: skip
        return create_token(connection, name, "benchmark", days=1)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def process(command: list[str], port: int, ready: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A server, from the moment it answers at ``ready``."""
    running = subprocess.Popen(
        command, env=os.environ | environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(600):
            if running.poll() is not None:
                raise RuntimeError(f"{command[0]} ended with {running.returncode}")
            try:
                link = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                link.request("GET", ready)
                link.getresponse().read()
                break
            except OSError:
                time.sleep(0.1)
        yield running
    finally:
        running.terminate()
        running.wait(20)


@contextmanager
def ours(cluster: EmbeddedCluster, cache_mb: int) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """Our server with a cache of so many megabytes: its port and process."""
    port = free_port()
    command = [
        sys.executable, "-m", "uvicorn", "--factory", "benchmarks.tiles_servers:quiet_app", "--port", str(port), "--no-access-log",
        "--timeout-keep-alive", "3600",
    ]  # fmt: skip
    with process(command, port, "/healthz", **our_settings(cluster), ONEMAP_TILE_CACHE_MB=str(cache_mb)) as running:
        yield port, running


def our_settings(cluster: EmbeddedCluster) -> dict[str, str]:
    """The environment that lets our server, or this process, use the cluster."""
    return {
        "ONEMAP_HOME": str(cluster.layout.home),
        "ONEMAP_DATABASE_URL": cluster.dsn("app"),
        "ONEMAP_OWNER_DATABASE_URL": cluster.dsn("owner"),
        "ONEMAP_TILES_PER_SECOND": "1000000",  # one account asks for all
    }


@contextmanager
def peers(cluster: EmbeddedCluster) -> Iterator[list[Contestant]]:
    """tipg (ONEMAP_TIPG: its Python, or importable here), Martin and pg_tileserv when on PATH. Nothing of theirs is cached."""
    url = cluster.dsn("superuser", database="onemap")
    found: list[Contestant] = []
    with ExitStack() as stack:
        for start in (tipg, martin, pg_tileserv):
            found += start(stack, url)
        yield found


def tipg(stack: ExitStack, url: str) -> list[Contestant]:
    """As it comes, and uncapped."""
    python = os.environ.get("ONEMAP_TIPG", sys.executable)
    if subprocess.run([python, "-c", "import tipg"], capture_output=True, check=False).returncode:
        log("tipg: not installed (pip install tipg; ONEMAP_TIPG=its python)")
        return []
    found = []
    for name, most in (("tipg as it comes", 10_000), ("tipg uncapped", UNCAPPED)):
        port = free_port()
        command = [
            python,
            "-m",
            "uvicorn",
            "tipg.main:app",
            "--port",
            str(port),
            "--no-access-log",
            "--timeout-keep-alive",
            "3600",
        ]
        environment = {
            "DATABASE_URL": host_before_path(url), "TIPG_DB_SCHEMAS": '["peer"]', "TIPG_MAX_FEATURES_PER_TILE": str(most),
            "TIPG_CATALOG_TTL": "36000",
        }  # fmt: skip
        stack.enter_context(process(command, port, "/healthz", **environment))
        path = "/collections/peer.{table}/tiles/WebMercatorQuad/{{z}}/{{x}}/{{y}}"
        found.append(Contestant(name, port, path.format(table="points")))
        if most == UNCAPPED:
            found.append(Contestant(f"{name}, our columns", port, path.format(table="points_same")))
    return found


def host_before_path(url: str) -> str:
    """The same address of the database, its socket folder written as a host: what tipg reads."""
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    host = quote(query["host"][0], safe="") if "host" in query else parts.hostname or ""
    port = query["port"][0] if "port" in query else parts.port
    return f"postgresql://{parts.username}:{parts.password or ''}@{host}:{port}{parts.path}"


def martin(stack: ExitStack, url: str) -> list[Contestant]:
    """Every row, uncached."""
    program = shutil.which("martin")
    if program is None:
        log("martin: not on PATH")
        return []
    port = free_port()
    command = [
        program,
        "--listen-addresses",
        f"127.0.0.1:{port}",
        "--cache-size",
        "0",
        "--workers",
        "2",
        "--keep-alive",
        "3600",
        url,
    ]
    stack.enter_context(process(command, port, "/health"))
    return [
        Contestant("Martin", port, "/points/{z}/{x}/{y}"),
        Contestant("Martin, our columns", port, "/points_same/{z}/{x}/{y}"),
    ]


def pg_tileserv(stack: ExitStack, url: str) -> list[Contestant]:
    """Uncapped."""
    program = shutil.which("pg_tileserv")
    if program is None:
        log("pg_tileserv: not on PATH")
        return []
    port = free_port()
    environment = {"DATABASE_URL": url, "TS_HTTPPORT": str(port), "TS_MAXFEATURESPERTILE": str(UNCAPPED)}
    stack.enter_context(process([program], port, "/", **environment))
    return [
        Contestant("pg_tileserv", port, "/peer.points/{z}/{x}/{y}.pbf"),
        Contestant("pg_tileserv, our columns", port, "/peer.points_same/{z}/{x}/{y}.pbf"),
    ]
