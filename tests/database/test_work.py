"""No statement, no lock and no idle transaction lasts longer than its kind of work allows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from database.connection import server
from database.connection.engine import Database
from database.connection.work import Work, work_of_jobs, work_of_requests, work_of_tiles
from database.embedded import EmbeddedCluster
from database.installation.settings import Settings
from database.rights.scope import Scope

HASTY = Work("hasty", 0.2, 0.2, 0.2)
PATIENT = Work("patient", 30, 30, 30)


@pytest.fixture
def hasty(cluster: EmbeddedCluster, database: Database) -> Iterator[Database]:
    pool = Database(cluster.dsn("app"), pool_size=1, spare=0, work=HASTY)
    yield pool
    pool.close()


@pytest.mark.parametrize("kind", ["transaction", "platform"])
def test_a_long_statement_is_ended(hasty: Database, system: Scope, kind: str) -> None:
    entered = hasty.transaction(system) if kind == "transaction" else hasty.platform()
    with pytest.raises(OperationalError, match="statement timeout"), entered as connection:
        connection.execute(text("SELECT pg_sleep(20)"))


def test_a_lock_of_another_is_not_waited_for_without_end(hasty: Database, database: Database, system: Scope) -> None:
    with database.transaction(system) as holder:
        holder.execute(text("LOCK TABLE alert IN ACCESS EXCLUSIVE MODE"))
        with pytest.raises(OperationalError, match="timeout"), hasty.transaction(system) as connection:
            connection.execute(text("SELECT count(*) FROM alert"))


def test_a_transaction_that_does_nothing_gives_its_connection_back(
    hasty: Database, database: Database, system: Scope
) -> None:
    with pytest.raises(DBAPIError), hasty.transaction(system) as connection:
        mine = connection.scalar(text("SELECT pg_backend_pid()"))
        there = 1
        for _ in range(500):
            with database.platform() as watcher:
                watcher.execute(text("SELECT pg_sleep(0.02)"))
                there = watcher.scalar(text("SELECT count(*) FROM pg_stat_activity WHERE pid = :pid"), {"pid": mine})
            if not there:
                break
        assert not there
        connection.execute(text("SELECT 1"))


def test_the_same_connections_serve_another_kind_of_work(hasty: Database, system: Scope) -> None:
    for kind, limit in ((HASTY, "200ms"), (PATIENT, "30s"), (HASTY, "200ms")):
        with hasty.of(kind).transaction(system) as connection:
            for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
                assert connection.scalar(text(f"SHOW {name}")) == limit


def test_a_pool_that_is_empty_says_so_within_seconds(hasty: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    assert server.POOL_WAIT_S <= 3
    monkeypatch.setattr(hasty.engine.pool, "_timeout", 0.1)
    with hasty.platform(), pytest.raises(PoolTimeout), hasty.platform():
        pass


def test_each_kind_of_work_has_its_settings() -> None:
    settings = Settings(request_statement_seconds=7, tile_statement_seconds=5, job_statement_seconds=9)
    assert [work(settings).statement_s for work in (work_of_requests, work_of_tiles, work_of_jobs)] == [7, 5, 9]
