"""A server of its own, through a real socket: what arrives in what order matters here."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI

from access.sessions.tokens import create_token
from database.connection.engine import Database
from database.installation.settings import Settings
from database.rights.scope import Role
from mapserver.app.create import create_app


@dataclass
class Answer:
    """What came back on a socket."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def problem(self) -> str:
        """The kind of the problem document."""
        return str(json.loads(self.body)["type"]).rpartition(":")[2]


@dataclass
class Served:
    """A running server."""

    port: int
    app: FastAPI

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def send(self, head: str, *pieces: bytes) -> Answer:
        """Send the lines of a head and pieces of a body as they are, and read the answer."""
        with self.connect() as line:
            lines = [part.strip() for part in head.strip().splitlines()]
            if not any(part.lower().startswith("host:") for part in lines):
                lines.append("Host: 127.0.0.1")
            line.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
            for piece in pieces:
                try:
                    line.sendall(piece)
                except OSError:
                    break  # refused before all was sent
            return read_answer(line)


def read_answer(line: socket.socket) -> Answer:
    """The answer on a socket; its body by Content-Length."""
    received = b""
    while b"\r\n\r\n" not in received:
        more = line.recv(65536)
        assert more, "the connection ended without an answer"
        received += more
    head, _, body = received.partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (one.partition(":") for one in rest)}
    while len(body) < int(headers.get("content-length", 0)):
        body += line.recv(65536)
    return Answer(int(first.split()[1]), headers, body)


@contextmanager
def serving(settings: Settings) -> Iterator[Served]:
    """The application behind uvicorn, as `onemap serve` runs it."""
    app = create_app(settings, worker=False)
    config = uvicorn.Config(app, port=0, log_level="error", proxy_headers=False, timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 30
    while not server.started and time.monotonic() < until:
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield Served(port, app)
    finally:
        server.should_exit = True
        thread.join(20)


@pytest.fixture
def server(settings: Settings, database: Database) -> Iterator[Served]:
    """A server with small numbers, so that they can be reached: 2 at work, 4 in the queue, bodies of 64 KB."""
    small = settings.model_copy(
        update={"pool_size": 2, "queue_length": 4, "queue_seconds": 1.0, "body_kb": 64, "body_seconds": 1.0, "max_upload_mb": 1}
    )  # fmt: skip
    with serving(small) as served:
        yield served


@pytest.fixture
def token_of(database: Database, make_account: Callable[..., str]) -> Callable[..., str]:
    """A token of a new account, as the Authorization header."""

    def make(role: Role, *prefixes: str, county: str = "330521") -> str:
        name = make_account(role, *prefixes, county=county)
        with database.platform() as connection:
            return f"Bearer {create_token(connection, name, 'test')}"

    return make


Held = Callable[[], Any]
