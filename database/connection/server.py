"""One server of the database and its pool of connections."""

from __future__ import annotations

import select
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import psycopg
import structlog
from sqlalchemy import Connection, Engine, PoolProxiedConnection, create_engine, event
from sqlalchemy.exc import InvalidatePoolError, OperationalError

from database.clock import ZONE
from database.connection.work import Work
from database.embedded import sqlalchemy_url

log = structlog.get_logger()
T = TypeVar("T")

#: How long one waits for a free connection, and for a server that does not answer; whole seconds.
POOL_WAIT_S = 3
CONNECT_WAIT_S = 3
#: How soon the server notices that the process at the other end is gone, and rolls its work back.
_NOTICE_MS = 2000
#: Before a connection that rested so long is used it is asked whether it lives; before any other its socket is looked at.
_RESTED_S = 30.0
#: A server elsewhere that did not answer is not asked again for so long, so that its counties do not hold up the others.
AWAY_S = 2.0
#: Of a host that vanished without a word: how soon a statement under way is given up (about 20 s).
_VANISHED = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 2, "tcp_user_timeout": 20_000}


@dataclass(frozen=True, slots=True)
class Size:
    """Of a pool. kept: connections that stay. spare: more of them, closed when given back."""

    kept: int
    spare: int


class Server:
    """The application role's pool of one server. elsewhere: not the home server; one that does not answer is left alone for a moment.

    url: ``postgresql://`` of the application role.
    """

    def __init__(self, url: str, size: Size, work: Work, *, elsewhere: bool) -> None:
        self.url, self.elsewhere = url, elsewhere
        limits = " ".join(f"-c {name}={value}" for name, value in work.limits.items())
        self.engine: Engine = create_engine(
            sqlalchemy_url(url),
            pool_size=size.kept,
            max_overflow=size.spare,
            pool_timeout=POOL_WAIT_S,
            pool_use_lifo=True,  # the connection used last has its plans and caches at hand
            hide_parameters=True,  # parameters may be personal data; errors end in logs
            # a plan made for any prefix cannot use the index on the grid code: plan with the values, always
            connect_args={
                "options": f"-c timezone={ZONE} -c plan_cache_mode=force_custom_plan {limits} "
                f"-c client_connection_check_interval={_NOTICE_MS}",
                "application_name": "onemap",
                "connect_timeout": CONNECT_WAIT_S,
                **(_VANISHED if elsewhere else {}),
            },
        )
        event.listen(self.engine, "checkout", _look_at)
        event.listen(self.engine, "checkin", lambda _driver, record: record.info.update(given_back=time.monotonic()))
        self._at_work: set[psycopg.Connection[Any]] = set()
        event.listen(self.engine, "checkout", lambda driver, *_: self._at_work.add(driver))
        for end in ("checkin", "invalidate", "close"):
            event.listen(self.engine, end, lambda driver, *_: self._at_work.discard(driver))
        self._guard = threading.Lock()
        self._away = False
        self._not_before = 0.0

    @property
    def is_away(self) -> bool:
        """It lives elsewhere and did not answer when it was last asked. The log has said so."""
        return self._away

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A transaction; commits on success. Raises OperationalError when the server is away."""
        with self._reached(self.engine.connect) as connection, connection.begin():
            yield connection

    def raw_connection(self) -> PoolProxiedConnection:
        """A connection of the pool beneath SQLAlchemy's. Raises OperationalError when the server is away."""
        return self._reached(self.engine.raw_connection)

    def _reached(self, take: Callable[[], T]) -> T:
        if not self.elsewhere:
            return take()
        with self._guard:
            if self._away:
                if time.monotonic() < self._not_before:
                    raise OperationalError("connect", None, psycopg.OperationalError("away"), hide_parameters=True)
                self._not_before = (
                    time.monotonic() + CONNECT_WAIT_S + AWAY_S
                )  # this one tries, the others do not wait for it
        try:
            taken = take()
        except OperationalError as error:
            self._note_away(error)
            raise
        if self._away:
            self._away = False
            log.info("server.back", server=self._name)
        return taken

    def _note_away(self, error: OperationalError) -> None:
        with self._guard:
            first, self._away = not self._away, True
            self._not_before = time.monotonic() + AWAY_S
        if first:
            cause = error.orig
            sqlstate = getattr(cause, "sqlstate", None)
            log.warning("server.away", server=self._name, error=type(cause).__name__, sqlstate=sqlstate)

    @property
    def _name(self) -> str:
        """For the log: host and port, nothing of who signs in."""
        host = self.engine.url.host or self.engine.url.query.get("host")
        return f"{host}:{self.engine.url.port or self.engine.url.query.get('port', '')}".rstrip(":")

    def break_off(self) -> int:
        """End every transaction under way; returns how many there were."""
        pids = [connection.info.backend_pid for connection in list(self._at_work) if not connection.closed]
        if pids:
            with suppress(psycopg.Error), psycopg.connect(self.url, connect_timeout=CONNECT_WAIT_S) as connection:
                connection.execute("SELECT pg_terminate_backend(pid) FROM unnest(%s::int[]) AS pid", [pids])
        return len(pids)

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def _look_at(driver: psycopg.Connection[Any], record: Any, _proxy: object) -> None:
    """Whether a connection from the pool still lives: a server that ended it has left something to read. Raises InvalidatePoolError."""
    rested_s = time.monotonic() - record.info.get("given_back", time.monotonic())
    try:
        socket = select.poll()  # select() knows no file above 1,023
        socket.register(driver.fileno(), select.POLLIN)
        if socket.poll(0) or rested_s > _RESTED_S:
            driver.execute("SELECT 1")
            driver.rollback()
    except (psycopg.Error, OSError, ValueError) as error:
        raise InvalidatePoolError from error
