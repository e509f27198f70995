"""OGC features over a million addresses: pages from first to last, boxes and filters, as county, town and cell user.

    python -m benchmarks.features [--rows 1000000] [--repeat 7]

Starts a private cluster in a temporary folder (fsync off) with the county of ``benchmarks/tiles_plan.py``: 8 towns, 200
villages, 5,000 cells, half of the addresses in a ninth of the area. Times are what ``list_features`` takes, reading the
parameters and encoding the GeoJSON included, HTTP not. Prints Markdown for docs/performance.md; plans of boxes and pages are
looked at too. Exit code 1 when one of them reads the whole table, or when the last page takes more than twice the first.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import psycopg

import mapserver.server.metadata  # noqa: F401 - migrations need the tables of every floor
from benchmarks.tiles_plan import CELLS, CODE, COUNTY, MIDDLE, POINTS, explaining, log, scans, scopes
from database.connection.engine import Database, raw
from database.embedded import EmbeddedCluster
from database.rights.scope import Scope
from database.upgrade.counties import create_county
from database.upgrade.migrate import owner_engine
from layers.features.collections import get_collection
from layers.features.items import FeaturePage, list_features
from layers.features.query import read_query
from mapserver.routes.ogc_items import geojson

ADDRESSES = """
INSERT INTO standard_address (code, full_text, town, village, road, number_plate, depth, match_key, local_key, division_code, source,
                              source_key, grid_code, geom)
SELECT left(grid_code, 12) || lpad(n::text, 8, '0'), '某某镇某某村某某路' || n || '号', '某某镇', '某某村', '某某路' || n % 500, n || '号',
       8 + n % 3, n::text, n::text, left(grid_code, 12), 'b', n::text, grid_code, geom FROM points
"""
USERS = {
    "county": "county admin",
    "town": "town official, 1 town",
    "cell": "grid worker, 3 cells",
}


def fill(connection: psycopg.Connection[Any], rows: int) -> list[str]:
    """Fill the empty county with addresses as its superuser; returns the codes of its cells, the middle first."""
    connection.execute(f"SET search_path = c{COUNTY}, public; SET session_replication_role = replica")
    connection.execute(CODE)
    connection.execute(CELLS)
    connection.execute(POINTS.replace("ROWS", str(rows)))
    indexes = connection.execute(
        "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index "
        "WHERE indrelid = 'standard_address'::regclass AND NOT indisunique"
    ).fetchall()
    for name, _definition in indexes:
        connection.execute(f"DROP INDEX {name}")
    connection.execute(ADDRESSES)
    for _name, definition in indexes:
        connection.execute(definition)
    return [row[0] for row in connection.execute("SELECT code FROM lattice ORDER BY abs(i - 50) + abs(j - 25), code")]


@contextmanager
def filled_cluster(rows: int) -> Iterator[tuple[EmbeddedCluster, list[str]]]:
    """A private cluster with the county filled, and the codes of its cells."""
    base = Path(tempfile.mkdtemp(prefix="onemap-bench-"))
    base.chmod(0o755)
    cluster = EmbeddedCluster(base / "home", fsync=False)
    cluster.start()
    try:
        owner = owner_engine(cluster.dsn("owner"))
        create_county(owner, COUNTY, "基准县", synthetic=True)
        owner.dispose()
        with psycopg.connect(cluster.dsn("superuser", database="onemap"), autocommit=True) as connection:
            started = time.perf_counter()
            cells = fill(connection, rows)
            connection.execute("VACUUM ANALYZE")
            log(f"{rows:,} addresses: {time.perf_counter() - started:.0f} s")
        yield cluster, cells
    finally:
        cluster.stop()
        shutil.rmtree(base, ignore_errors=True)


def ask(database: Database, scope: Scope, parameters: dict[str, str]) -> FeaturePage:
    """One question, answered to its bytes."""
    with database.transaction(scope) as connection:
        page = list_features(connection, read_query(get_collection("addresses"), list(parameters.items())))
        orjson.dumps([geojson(feature) for feature in page.features])
        return page


def questions() -> dict[str, dict[str, str]]:
    """What desktop clients ask, beside pages."""
    lon, lat = MIDDLE

    def box(width: float) -> str:
        return f"{lon - width},{lat - width},{lon + width},{lat + width}"

    return {
        "box 200 m": {"bbox": box(0.001)},
        "box 1 km": {"bbox": box(0.005)},
        "box 10 km": {"bbox": box(0.05)},
        "box of the county": {"bbox": "119,30,121,31"},
        "box 1 km, filter": {"bbox": box(0.005), "filter": "depth = 9 AND road LIKE '某某路1%'"},
        "filter road = …, no index": {"filter": "road = '某某路17'"},
        "one cell by its code": {"filter": "grid_code = '330521102213013'"},
        "filter S_INTERSECTS 1 km": {"filter": f"S_INTERSECTS(geometry, BBOX({box(0.005)}))"},
    }


def timed(database: Database, scope: Scope, parameters: dict[str, str], repeat: int) -> tuple[float, FeaturePage]:
    """Median milliseconds after one warm-up, and the page."""
    page, times = ask(database, scope, parameters), []
    for _ in range(repeat):
        started = time.perf_counter()
        page = ask(database, scope, parameters)
        times.append(1000 * (time.perf_counter() - started))
    return statistics.median(times), page


def pages(database: Database, scope: Scope) -> list[str]:
    """The cursors of all pages of 10,000, walked once."""
    cursors: list[str] = []
    page = ask(database, scope, {"limit": "10000"})
    rows = len(page.features)
    while page.next is not None:
        cursors.append(page.next)
        page = ask(database, scope, {"limit": "10000", "cursor": page.next})
        rows += len(page.features)
    assert rows == page.matched, (rows, page.matched)
    return cursors


def plan_of(database: Database, scope: Scope, parameters: dict[str, str]) -> list[str]:
    """Ways to the table of addresses; database: from ``explaining``."""
    notices: list[str] = []
    with database.transaction(scope) as connection:
        driver = raw(connection)

        def keep(notice: Any) -> None:
            notices.append(notice.message_primary or "")

        driver.add_notice_handler(keep)
        list_features(connection, read_query(get_collection("addresses"), list(parameters.items())))
        driver.remove_notice_handler(keep)
    plans = [
        json.loads(notice[notice.index("{") :])["Plan"] for notice in notices if "{" in notice and "duration" in notice
    ]
    return [way for plan in plans for table, way in scans(plan) if table == "standard_address"]


def measure_pages(database: Database, scope: Scope, repeat: int) -> tuple[str, float]:
    """A row of the table of pages, and last page by first."""
    started = time.perf_counter()
    cursors = pages(database, scope)
    walked = time.perf_counter() - started
    counted, page = timed(database, scope, {"limit": "1000"}, repeat)
    chosen = [cursors[0], cursors[len(cursors) // 2], cursors[-1]] if cursors else []
    times = [timed(database, scope, {"limit": "1000", "cursor": cursor}, repeat)[0] for cursor in chosen]
    ratio = times[-1] / times[0] if times else 1.0
    figures = " | ".join(f"{ms:.1f} ms" for ms in times) or "– | – | –"
    return f"{page.matched:,} | {counted:.1f} ms | {figures} | {ratio:.2f} | {walked:.1f} s", ratio


def main() -> int:
    """Fill, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=7)
    arguments = parser.parse_args()
    with filled_cluster(arguments.rows) as (cluster, cells):
        return report(cluster, scopes(cells), arguments.repeat)


def report(cluster: EmbeddedCluster, known: dict[str, Scope], repeat: int) -> int:
    """Print the tables; returns the exit code."""
    users = {name: known[key] for name, key in USERS.items()}
    database, faults = Database(cluster.dsn("app"), pool_size=1), 0
    print(
        "| user | rows | first page, counted | early page | middle page | last page | last / early | all rows by 10,000 |"
    )
    print("|---|--:|--:|--:|--:|--:|--:|--:|")
    for name, scope in users.items():
        row, ratio = measure_pages(database, scope, repeat)
        faults += ratio > 2
        print(f"| {name} | {row} |", flush=True)
    with explaining(cluster) as pool:
        print(f"\n| question, 1,000 a page | {' | '.join(users)} | ways to the table |\n|---|{'--:|' * len(users)}---|")
        for words, parameters in questions().items():
            results = [timed(database, scope, parameters, repeat) for scope in users.values()]
            ways = {way for scope in users.values() for way in plan_of(pool, scope, parameters)}
            faults += words in ("box 200 m", "box 1 km") and any(way.startswith("Seq") for way in ways)
            figures = " | ".join(f"{ms:.1f} ms ({page.matched:,})" for ms, page in results)
            print(f"| {words} | {figures} | {'; '.join(sorted(ways))} |", flush=True)
    database.close()
    print(f"\nFaults: {faults}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
