"""Connections: a pool a server of the application role, and transactions that always carry a scope."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from datetime import date
from typing import Any

import psycopg
from psycopg.rows import namedtuple_row
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, OperationalError

from database.connection.server import Server, Size
from database.connection.servers import Servers, home_of
from database.connection.work import Work, work_of_jobs
from database.installation.settings import get_settings
from database.rights.scope import ENTER_SCOPE, Scope, enter_scope, parameters_of
from database.rights.statement import Statement

_LIMITS = Statement(
    "SELECT set_config('statement_timeout', %(statement_timeout)s, true), set_config('lock_timeout', %(lock_timeout)s, true), "
    "set_config('idle_in_transaction_session_timeout', %(idle_in_transaction_session_timeout)s, true)"
)


class Database:
    """The application's door to PostGIS, connected as the role that owns nothing. It knows which server a county lives on.

    url: ``postgresql://`` of the application role on the home server, the one with schema ``platform``. pool_size: connections kept
    to each server. spare: more of them, closed when given back; default as many again. work: how long its transactions may
    take; default that of jobs.
    """

    def __init__(self, url: str, *, pool_size: int = 8, spare: int | None = None, work: Work | None = None) -> None:
        self.url = url
        self._work = self._work_of_pool = work or work_of_jobs(get_settings())
        size = Size(pool_size, pool_size if spare is None else spare)
        self._servers = Servers(url, size, self._work_of_pool)

    @property
    def engine(self) -> Engine:
        """The pool of the home server."""
        return self._servers.home.engine

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
        with self._servers.of(scope.county).begin() as connection:
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
        server = self._servers.of(scope.county)
        driver_of = server.raw_connection()
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
                    statement.words, None, error, psycopg.Error, hide_parameters=True, dialect=server.engine.dialect
                ) from error
            finally:
                if not driver.closed:
                    driver.autocommit = False
        finally:
            driver_of.close()

    @contextmanager
    def platform(self) -> Iterator[Connection]:
        """A transaction on the platform tables; county tables stay closed, for no scope is entered."""
        with self._servers.home.begin() as connection:
            self._limit(connection)
            yield connection

    def elsewhere(self) -> list[tuple[Server, list[str]]]:
        """The other servers that counties live on, each with the codes of its counties."""
        return self._servers.elsewhere()

    @contextmanager
    def unless_away(self, county: str) -> Iterator[None]:
        """For work that goes through all counties: the block ends early, without an error, when the county's own server is away.

        When the home server is, the error passes.
        """
        try:
            yield
        except OperationalError:
            if not self._servers.of(county).is_away:
                raise

    def for_each_server(self, call: Callable[[Engine], None]) -> None:
        """Call with the pool of each server in use, now and when another is first used; to listen there, say."""
        self._servers.for_each(call)

    def _limit(self, connection: Connection) -> None:
        """The limits of this kind of work, for this transaction; those of the pool's own kind hold from the start."""
        if self._work != self._work_of_pool:
            connection.execute(_LIMITS.text, self._work.limits)

    def break_off(self) -> int:
        """End every transaction under way: the server rolls it back, whoever works in it gets an error at its next step.

        Returns how many there were.
        """
        return sum(server.break_off() for server in self._servers.opened())

    def end(self) -> None:
        """Break off what is under way, and close every connection."""
        self.break_off()
        self.close()

    def close(self) -> None:
        """Close every pooled connection."""
        for server in self._servers.opened():
            server.close()


@contextmanager
def platform_beside(connection: Connection) -> Iterator[Connection]:
    """A connection that reads ``platform``, for work inside a county: the county's own where it lives on the home server, else one
    more, to that server (of which its work holds no other).
    """
    home = home_of(connection)
    if home is None:
        yield connection
        return
    with home.begin() as other:
        yield other


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
