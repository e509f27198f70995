"""The audit chain, measured: commits a second with and without it, one after another and at once, beside a slow request; verifying.

    python -m benchmarks.audit [--rows 2000] [--verify 100000]

Starts a private cluster in a temporary folder with fsync on, as in use. Prints Markdown.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import threading
import time
from pathlib import Path

from sqlalchemy import Engine, text

import mapserver.server.metadata  # noqa: F401 - migrations need the tables of every floor
from access.audit.chain import verify
from access.audit.record import record
from access.audit.trail import read_chain
from database.connection.engine import Database
from database.embedded import EmbeddedCluster
from database.rights.scope import Scope
from database.upgrade.counties import create_county
from database.upgrade.migrate import owner_engine

SCOPE = Scope.of_system("330521", "benchmark")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--verify", type=int, default=100_000)
    arguments = parser.parse_args()
    base = Path(tempfile.mkdtemp(prefix="onemap-audit-"))
    base.chmod(0o755)
    cluster = EmbeddedCluster(base / "home", fsync=True)
    cluster.start()
    try:
        owner = owner_engine(cluster.dsn("owner"))
        create_county(owner, SCOPE.county, "基准县")
        measure(Database(cluster.dsn("app"), pool_size=12), owner, arguments.rows, arguments.verify)
    finally:
        cluster.stop()
        shutil.rmtree(base, ignore_errors=True)


def measure(database: Database, owner: Engine, rows: int, verified: int) -> None:
    """All figures as one table."""
    print("| case | commits/s | p50 ms | p95 ms |\n|---|---|---|---|")
    for chained in (False, True):
        with owner.begin() as connection:
            verb = "ENABLE" if chained else "DISABLE"
            connection.execute(text(f"ALTER TABLE c330521.audit_event {verb} TRIGGER chain_audit"))
        for clients in (1, 10):
            say(f"{'chained' if chained else 'not chained'}, {clients} at once", *commits(database, rows, clients))
    with database.transaction(SCOPE) as slow:  # a request that stays open, its audit row written
        record(slow, "slow")
        say("chained, 10 at once beside a slow request", *commits(database, rows, 10))
    with database.transaction(SCOPE) as connection:
        connection.execute(
            text(
                "INSERT INTO audit_event (actor, action, target, grid_code) "
                "SELECT 'bulk', 'reveal', 'person:' || n, '330521' FROM generate_series(1, :n) n"
            ),
            {"n": verified},
        )
        began = time.perf_counter()
    chaining = time.perf_counter() - began
    began = time.perf_counter()
    with database.transaction(SCOPE) as connection:
        verdict = verify("330521", read_chain(connection, "county"))
    seconds = time.perf_counter() - began
    print(f"\nchaining {verified:,} rows in one commit: {chaining:.1f} s; verifying {verdict.rows_n:,} rows: {seconds:.1f} s, "
          f"{verdict.faults_n} faults")  # fmt: skip


def commits(database: Database, rows: int, clients: int) -> tuple[float, list[float]]:
    """Seconds for so many commits with one audit row each, and the seconds of each."""
    each: list[float] = []

    def go() -> None:
        for _ in range(rows // clients):
            began = time.perf_counter()
            with database.transaction(SCOPE) as connection:
                record(connection, "view_alert", target="alert:1")
            each.append(time.perf_counter() - began)

    threads = [threading.Thread(target=go) for _ in range(clients)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - began, each


def say(case: str, seconds: float, each: list[float]) -> None:
    """A line of the table."""
    p50, p95 = statistics.median(each), statistics.quantiles(each, n=20)[18]
    print(f"| {case} | {len(each) / seconds:,.0f} | {p50 * 1000:.1f} | {p95 * 1000:.1f} |")


if __name__ == "__main__":
    main()
