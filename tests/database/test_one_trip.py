"""What is read in one trip to the server sees what a transaction would, under the same limits, and leaves nothing on the connection."""

from __future__ import annotations

import os

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError

from database.connection.engine import Database
from database.connection.work import Work
from database.embedded import EmbeddedCluster
from database.rights.scope import Role, Scope
from database.rights.statement import Statement
from tests import world

HASTY = Work("hasty", 0.2, 0.2, 5)
COUNT = Statement("SELECT count(*) AS n, min(current_setting('statement_timeout')) AS most FROM grid_cell")
SLEEP = Statement("SELECT pg_sleep(%(seconds)s)")


@pytest.fixture
def pool(database: Database, system: Scope, cluster: EmbeddedCluster) -> Database:
    """One connection, to the small county."""
    with database.transaction(system) as connection:
        world.build_county(connection)
    return Database(cluster.dsn("app"), pool_size=1, spare=0)


def test_it_sees_what_a_transaction_of_the_same_scope_sees(pool: Database, system: Scope) -> None:
    for prefix in ("330521", world.CELLS[0], world.CELLS[0][:12]):
        scope = Scope("330521", "anna", Role.GRID_WORKER, (prefix,))
        with pool.transaction(scope) as connection:
            seen = connection.execute(COUNT.text).one().n
        for _ in range(3):
            assert pool.read_in_one_trip(scope, COUNT, {}).n == seen
    with pool.platform() as connection:
        assert connection.scalar(text("SELECT current_setting('onemap.actor', true)")) in (None, "")
        assert connection.connection.driver_connection.autocommit is False  # type: ignore[union-attr]


def test_the_limits_of_its_work_hold_for_it_and_for_nothing_after_it(pool: Database, system: Scope) -> None:
    assert pool.of(HASTY).read_in_one_trip(system, COUNT, {}).most == "200ms"
    with pytest.raises(OperationalError) as refused:
        pool.of(HASTY).read_in_one_trip(system, SLEEP, {"seconds": 5})
    assert isinstance(refused.value.orig, psycopg.errors.QueryCanceled)
    pool.read_in_one_trip(system, SLEEP, {"seconds": 0.3})
    assert pool.of(HASTY).read_in_one_trip(system, COUNT, {}).n > 0


def test_a_county_that_is_not_there_is_an_error_and_the_connection_lives_on(pool: Database, system: Scope) -> None:
    with pytest.raises(DBAPIError):
        pool.read_in_one_trip(Scope.of_system("999999"), COUNT, {})
    assert pool.read_in_one_trip(system, COUNT, {}).n > 0


def test_a_connection_that_died_in_the_pool_is_replaced_without_a_word(
    pool: Database, system: Scope, cluster: EmbeddedCluster
) -> None:
    def in_transaction() -> int:
        with pool.transaction(system) as connection:
            return int(connection.execute(COUNT.text).one().n)

    for ask in (lambda: pool.read_in_one_trip(system, COUNT, {}).n, in_transaction):
        with pool.transaction(system) as connection:
            pid = connection.connection.driver_connection.info.backend_pid  # type: ignore[union-attr]
        with psycopg.connect(cluster.dsn("superuser"), autocommit=True) as killer:
            killer.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        assert ask() > 0
        with pool.transaction(system) as connection:
            assert connection.connection.driver_connection.info.backend_pid != pid  # type: ignore[union-attr]


def test_a_process_with_a_thousand_open_files_keeps_its_connections(
    database: Database, system: Scope, cluster: EmbeddedCluster
) -> None:
    """Five hundred clients and the handles that listen are more files than select() can look at."""
    files = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    pool = Database(cluster.dsn("app"), pool_size=1, spare=0)
    try:
        pids = set()
        for _ in range(3):
            with pool.transaction(system) as connection:
                pids.add(connection.connection.driver_connection.info.backend_pid)  # type: ignore[union-attr]
                assert connection.connection.driver_connection.fileno() > 1023  # type: ignore[union-attr]
        assert len(pids) == 1
    finally:
        for file in files:
            os.close(file)
