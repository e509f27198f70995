"""Connections: one pool of the application role, and transactions that always carry a scope."""

from __future__ import annotations

import select
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from copy import copy
from datetime import date
from typing import Any

import psycopg
from psycopg.rows import namedtuple_row
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError, InvalidatePoolError

from database.clock import ZONE
from database.connection.work import Work, work_of_jobs
from database.embedded import sqlalchemy_url
from database.installation.settings import get_settings
from database.rights.scope import ENTER_SCOPE, Scope, enter_scope, parameters_of
from database.rights.statement import Statement

#: How long one waits for a free connection, and for a server that does not answer; whole seconds.
POOL_WAIT_S = 3
CONNECT_WAIT_S = 3
#: How soon the server notices that the process at the other end is gone, and rolls its work back.
_NOTICE_MS = 2000
#: Before a connection that rested so long is used it is asked whether it lives; before any other its socket is looked at.
_RESTED_S = 30.0
_LIMITS = Statement(
    "SELECT set_config('statement_timeout', %(statement_timeout)s, true), set_config('lock_timeout', %(lock_timeout)s, true), "
    "set_config('idle_in_transaction_session_timeout', %(idle_in_transaction_session_timeout)s, true)"
)


class Database:
    """The application's door to PostGIS, connected as the role that owns nothing.

    url: ``postgresql://`` of the application role. pool_size: connections kept. spare: more of them, closed when given back;
    default as many again. work: how long its transactions may take; default that of jobs.
    """

    def __init__(self, url: str, *, pool_size: int = 8, spare: int | None = None, work: Work | None = None) -> None:
        self.url = url
        self._work = self._work_of_pool = work or work_of_jobs(get_settings())
        limits = " ".join(f"-c {name}={value}" for name, value in self._work.limits.items())
        self.engine: Engine = create_engine(
            sqlalchemy_url(url),
            pool_size=pool_size,
            max_overflow=pool_size if spare is None else spare,
            pool_timeout=POOL_WAIT_S,
            pool_use_lifo=True,  # the connection used last has its plans and caches at hand
            hide_parameters=True,  # parameters may be personal data; errors end in logs
            # a plan made for any prefix cannot use the index on the grid code: plan with the values, always
            connect_args={
                "options": f"-c timezone={ZONE} -c plan_cache_mode=force_custom_plan {limits} "
                f"-c client_connection_check_interval={_NOTICE_MS}",
                "application_name": "onemap",
                "connect_timeout": CONNECT_WAIT_S,
            },
        )

        event.listen(self.engine, "checkout", _look_at)
        event.listen(self.engine, "checkin", lambda _driver, record: record.info.update(given_back=time.monotonic()))
        self._at_work: set[psycopg.Connection[Any]] = set()
        event.listen(self.engine, "checkout", lambda driver, *_: self._at_work.add(driver))
        for end in ("checkin", "invalidate", "close"):
            event.listen(self.engine, end, lambda driver, *_: self._at_work.discard(driver))

    def of(self, work: Work) -> Database:
        """The same connections, for another kind of work."""
        other = copy(self)
        other._work = work
        return other

    @contextmanager
    def transaction(self, scope: Scope, *, one_moment: bool = False) -> Iterator[Connection]:
        """A transaction inside one county, seeing only what the scope allows; commits on success.

        one_moment: every statement sees the same data, whatever others commit meanwhile (REPEATABLE READ).
        """
        with self.engine.begin() as connection:
            if one_moment:
                connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
            self._limit(connection)
            enter_scope(connection, scope)
            yield connection

    def read_in_one_trip(self, scope: Scope, statement: Statement, parameters: dict[str, Any]) -> Any:
        """The first row of a statement that only reads, inside one county and as far as the scope allows; None without one.

        Limits, scope, statement and the end of the transaction go to the server together and are answered together.
        Raises DBAPIError, as a transaction does.
        """
        driver_of = self.engine.raw_connection()
        try:
            driver = driver_of.driver_connection
            assert isinstance(driver, psycopg.Connection)
            # what stands between two syncs of a pipeline is one transaction, unless one is begun
            driver.autocommit = True
            try:
                with driver.cursor() as entry, driver.cursor(row_factory=namedtuple_row, binary=True) as cursor:
                    with driver.pipeline():
                        if self._work != self._work_of_pool:
                            entry.execute(_LIMITS.words, self._work.limits, prepare=True)
                        entry.execute(ENTER_SCOPE.words, parameters_of(scope), prepare=True)
                        cursor.execute(statement.words, parameters, prepare=True)
                    return cursor.fetchone()
            except psycopg.Error as error:
                if driver.closed or driver.broken:
                    driver_of.invalidate(error)
                raise DBAPIError.instance(
                    statement.words, None, error, psycopg.Error, hide_parameters=True, dialect=self.engine.dialect
                ) from error
            finally:
                if not driver.closed:
                    driver.autocommit = False
        finally:
            driver_of.close()

    @contextmanager
    def platform(self) -> Iterator[Connection]:
        """A transaction on the platform tables; county tables stay closed, for no scope is entered."""
        with self.engine.begin() as connection:
            self._limit(connection)
            yield connection

    def _limit(self, connection: Connection) -> None:
        """The limits of this kind of work, for this transaction; those of the pool's own kind hold from the start."""
        if self._work != self._work_of_pool:
            connection.execute(_LIMITS.text, self._work.limits)

    def break_off(self) -> int:
        """End every transaction under way: the server rolls it back, whoever works in it gets an error at its next step.

        Returns how many there were.
        """
        pids = [connection.info.backend_pid for connection in list(self._at_work) if not connection.closed]
        if pids:
            with suppress(psycopg.Error), psycopg.connect(self.url, connect_timeout=CONNECT_WAIT_S) as connection:
                connection.execute("SELECT pg_terminate_backend(pid) FROM unnest(%s::int[]) AS pid", [pids])
        return len(pids)

    def end(self) -> None:
        """Break off what is under way, and close every connection."""
        self.break_off()
        self.close()

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


def raw(connection: Connection) -> psycopg.Connection[Any]:
    """The psycopg connection beneath, for COPY; it shares the transaction and its scope."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver


def current_day(connection: Connection) -> date:
    """Today in China: the database's day, whatever the machine's time zone is."""
    day = connection.execute(text("SELECT CURRENT_DATE")).scalar_one()
    assert isinstance(day, date)
    return day
