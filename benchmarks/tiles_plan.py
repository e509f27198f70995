"""Tiles of a county with a million rows in every point layer: the plan and the milliseconds, per layer and role.

    python -m benchmarks.tiles_plan [--rows 1000000] [--repeat 5]

Starts a private cluster in a temporary folder (fsync off) and fills one county: 8 towns, 200 villages, 5,000 cells; half
of the rows lie in a ninth of the area, as around a county town. Prints Markdown for docs/performance.md. A plan is
told by how it reaches the layer's table (auto_explain of the statements inside the function). Exit code 1 when any of
them is a sequential scan of a table that grows with the records.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Connection

import mapserver.server.metadata  # noqa: F401 - migrations need the tables of every floor
from database.connection.engine import Database, raw
from database.embedded import EmbeddedCluster
from database.rights.scope import Role, Scope
from database.upgrade.counties import create_county
from database.upgrade.migrate import owner_engine
from layers.tiles.catalogue import LAYERS
from layers.tiles.tile import get_tile

COUNTY = "330521"
WEST, SOUTH, CELL = 119.6, 30.3, 0.009  # degrees: 100 × 50 cells
MIDDLE = (WEST + 50 * CELL, SOUTH + 25 * CELL)
POINT_ZOOMS, AREA_ZOOMS, ALERT_ZOOMS = (8, 10, 12, 13, 14, 16), (5, 9, 12, 14), (0, 8, 11, 14)
SMALL = {"division", "grid_cell", "tile_shape"}  # hundreds and thousands of rows, at any size of the county
ZOOMS = {"divisions": AREA_ZOOMS, "cells": AREA_ZOOMS[1:], "alerts": ALERT_ZOOMS}

# The cell of column i, row j: 5 × 5 cells make a village, 5 × 5 villages a town.
CODE = f"""
CREATE FUNCTION pg_temp.cell_code(i int, j int) RETURNS text LANGUAGE sql IMMUTABLE AS $$
SELECT '{COUNTY}' || lpad((100 + i / 25 + 4 * (j / 25))::text, 3, '0')
    || lpad((200 + i % 25 / 5 + 5 * (j % 25 / 5))::text, 3, '0') || lpad((1 + i % 5 + 5 * (j % 5))::text, 3, '0') $$
"""
CELLS = f"""
CREATE TEMP TABLE lattice AS SELECT i, j, pg_temp.cell_code(i, j) AS code,
    st_makeenvelope({WEST} + i * {CELL}, {SOUTH} + j * {CELL}, {WEST} + (i + 1) * {CELL}, {SOUTH} + (j + 1) * {CELL}, 4490) AS geom
FROM generate_series(0, 99) AS i, generate_series(0, 49) AS j;
INSERT INTO division (code, level, parent_code, name, geom)
SELECT unit, (ARRAY['county', 'town', 'village'])[n / 3 - 1], CASE WHEN n > 6 THEN left(unit, n - 3) END, unit,
       st_multi(st_union(geom))
FROM (SELECT n, left(code, n) AS unit, geom FROM lattice, generate_series(6, 12, 3) AS n) u
GROUP BY unit, n ORDER BY unit;
INSERT INTO grid_cell (code, level, parent_code, name, geom)
SELECT code, 'cell', left(code, 12), code, st_multi(geom) FROM lattice;
"""
# Every second point falls into the middle third of either axis: there a cell holds 1,000 of a million. The factors are those of the R2 sequence.
POINTS = f"""
CREATE TEMP TABLE points AS
SELECT n, pg_temp.cell_code(floor(x)::int, floor(y)::int) AS grid_code,
       st_setsrid(st_point({WEST} + x * {CELL}, {SOUTH} + y * {CELL}), 4490) AS geom
FROM (SELECT n, CASE WHEN n % 2 = 0 THEN 100 * u ELSE 33.3 + 33.3 * u END AS x,
             CASE WHEN n % 2 = 0 THEN 50 * v ELSE 16.7 + 16.6 * v END AS y
      FROM (SELECT n, n * 0.7548776662466927 % 1 AS u, n * 0.5698402909980532 % 1 AS v
            FROM generate_series(1, ROWS) AS n) r) s;
"""
ROWS: dict[str, str] = {
    "standard_address": "(code, full_text, depth, match_key, local_key, division_code, source, source_key, grid_code, geom) "
    "SELECT left(grid_code, 12) || lpad(n::text, 8, '0'), '某某镇某某村某某路' || n || '号', 8, n::text, n::text, "
    "left(grid_code, 12), 'b', n::text, grid_code, geom FROM points",
    "household": "(household_no, source, grid_code, geom) SELECT n::text, 'b', grid_code, geom FROM points",
    "person": "(name, source, source_key, grid_code) SELECT '某', 'b', n::text, grid_code FROM points",
    "household_member": "(household_id, person_id, grid_code) SELECT h.id, h.id, h.grid_code FROM household h",
    "place": "(kind, name, occupancy, source, source_key, grid_code, geom) "
    "SELECT 'dwelling', n || '室', 'occupied', 'b', n::text, grid_code, geom FROM points",
    "event": "(kind, title, occurred_at, source, source_key, grid_code, geom) "
    "SELECT '邻里纠纷', '事件' || n, now(), 'b', n::text, grid_code, geom FROM points",
    "facility": "(kind, name, source, source_key, grid_code, geom) "
    "SELECT 'lamp', '路灯' || n, 'b', n::text, grid_code, geom FROM points",
    # years of alerts: two in a hundred still wait
    "alert": "(fingerprint, rule, severity, status, subject_kind, subject_id, title, reason, grid_code, geom) "
    "SELECT n::text, 'event_surge', 'low', CASE WHEN n % 50 < 1 THEN 'open' ELSE 'closed' END, 'cell', grid_code, '预警' || n, "
    "'原因', grid_code, geom FROM points",
}


def scopes(cells: list[str]) -> dict[str, Scope]:
    """The roles that are measured; cells: the middle of the county first, so that every scope reaches into the tile."""

    def scope(role: Role, *prefixes: str) -> Scope:
        return Scope(COUNTY, "benchmark", role, prefixes)

    return {
        "county admin": scope(Role.COUNTY_ADMIN, COUNTY),
        "town official, 1 town": scope(Role.TOWN_OFFICIAL, cells[0][:9]),
        "village officer, 1 village": scope(Role.VILLAGE_OFFICER, cells[0][:12]),
        "grid worker, 3 cells": scope(Role.GRID_WORKER, *cells[:3]),
        "300 cells": scope(Role.GRID_WORKER, *cells[:300]),
        "5,000 cells": scope(Role.GRID_WORKER, *cells),
    }


def fill(connection: psycopg.Connection[Any], rows: int, *, rebuild: bool = False) -> list[str]:
    """Fill the empty county as its superuser; returns the codes of its cells, the middle of the county first.

    rows: of each point layer. rebuild: build the indexes after the rows, which is faster, and the text indexes (GIN), which
    no tile uses, not at all.
    """
    connection.execute(f"SET search_path = c{COUNTY}, public; SET session_replication_role = replica")
    connection.execute(CODE)
    connection.execute(CELLS)
    connection.execute(POINTS.replace("ROWS", str(rows)))
    for table, insert in ROWS.items():
        started = time.perf_counter()
        indexes = connection.execute(
            "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index "
            "WHERE indrelid = %s::regclass AND NOT indisunique AND %s", (table, rebuild)
        ).fetchall()  # fmt: skip
        for name, _ in indexes:
            connection.execute(f"DROP INDEX {name}")
        connection.execute(f"INSERT INTO {table} {insert}")
        for _, definition in indexes:
            if "gin" not in definition:
                connection.execute(definition)
        log(f"{table}: {time.perf_counter() - started:.0f} s")
    connection.execute("SET session_replication_role = origin")
    connection.execute("SELECT repair_tile_counts()")  # the triggers were off
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
            cells = fill(connection, rows, rebuild=True)
            connection.execute("VACUUM ANALYZE")
        yield cluster, cells
    finally:
        cluster.stop()
        shutil.rmtree(base, ignore_errors=True)


def log(text: str) -> None:
    """Progress, beside the report."""
    print(text, file=sys.stderr, flush=True)


def tile_at(z: int, lon: float, lat: float) -> tuple[int, int]:
    """Column and row of the tile (XYZ) that holds a point in EPSG:4490."""
    n, phi = 2**z, math.radians(lat)
    return int((lon + 180) / 360 * n), int((1 - math.asinh(math.tan(phi)) / math.pi) / 2 * n)


def indexes(plan: dict[str, Any]) -> list[str]:
    """The indexes of a scan; a bitmap may join several."""
    own = [plan["Index Name"]] if "Index Name" in plan else []
    below = [child for child in plan.get("Plans", ()) if child["Node Type"].startswith("Bitmap")]
    return own + [name for child in below for name in indexes(child)]


def scans(plan: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Relation and way of every scan in a plan."""
    if "Relation Name" in plan:
        yield plan["Relation Name"], f"{plan['Node Type'].replace(' Heap', '')} {' + '.join(indexes(plan))}".strip()
    for child in plan.get("Plans", ()):
        yield from scans(child)


def plans_of(connection: Connection, layer: str, z: int, x: int, y: int) -> list[tuple[str, str]]:
    """The scans of one tile, as auto_explain tells them."""
    notices: list[str] = []
    driver = raw(connection)

    def keep(notice: Any) -> None:
        notices.append(notice.message_primary or "")

    driver.add_notice_handler(keep)
    get_tile(connection, [layer], z, x, y)
    driver.remove_notice_handler(keep)
    documents = [json.loads(text[text.index("{") :]) for text in notices if "{" in text and "duration" in text]
    return [scan for document in documents for scan in scans(document["Plan"])]


def all_scans(pool: Database, scope: Scope) -> Iterator[tuple[str, int, str, str]]:
    """Layer, zoom, table and way of every scan of the tiles in the county's middle; pool: from ``explaining``."""
    with pool.transaction(scope) as connection:
        for layer in LAYERS:
            for z in ZOOMS.get(layer, POINT_ZOOMS):
                for table, way in plans_of(connection, layer, z, *tile_at(z, *MIDDLE)):
                    yield layer, z, table, way


@contextmanager
def explaining(cluster: EmbeddedCluster) -> Iterator[Database]:
    """A pool whose server tells the client the plan of every statement, those inside functions too."""
    with psycopg.connect(cluster.dsn("superuser", database="onemap"), autocommit=True) as connection:
        connection.execute("ALTER ROLE onemap_app SET session_preload_libraries = 'auto_explain'")
        for name, value in (
            ("log_min_duration", "0"),
            ("log_nested_statements", "on"),
            ("log_level", "notice"),
            ("log_format", "json"),
        ):
            connection.execute(f"ALTER ROLE onemap_app SET auto_explain.{name} = '{value}'")
        pool = Database(cluster.dsn("app"), pool_size=1)
        try:
            yield pool
        finally:
            pool.close()
            connection.execute("ALTER ROLE onemap_app RESET ALL")


def measure(database: Database, scope: Scope, layer: str, z: int, repeat: int) -> tuple[float, int]:
    """Median milliseconds and bytes of the tile in the county's middle, after one warm-up."""
    x, y = tile_at(z, *MIDDLE)
    with database.transaction(scope) as connection:
        size = len(get_tile(connection, [layer], z, x, y))
        times = []
        for _ in range(repeat):
            started = time.perf_counter()
            get_tile(connection, [layer], z, x, y)
            times.append(1000 * (time.perf_counter() - started))
    return statistics.median(times), size


def main() -> int:
    """Fill, look at the plans, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=5)
    arguments = parser.parse_args()
    with filled_cluster(arguments.rows) as (cluster, cells):
        return report(cluster, scopes(cells), arguments.repeat)


def report(cluster: EmbeddedCluster, chosen: dict[str, Scope], repeat: int) -> int:
    """Print one row a layer and zoom; returns the exit code."""
    faults = 0
    plans: dict[tuple[str, int], dict[str, set[str]]] = {}
    with explaining(cluster) as pool:
        for name, scope in chosen.items():
            for layer, z, table, way in all_scans(pool, scope):
                plans.setdefault((layer, z), {}).setdefault(f"{table}: {way}", set()).add(name)
                faults += way.startswith("Seq") and table not in SMALL
    database = Database(cluster.dsn("app"), pool_size=1)
    print(f"| layer, zoom | {' | '.join(chosen)} | scans |\n|---|{'--:|' * len(chosen)}---|")
    for (layer, z), ways in plans.items():
        results = [measure(database, scope, layer, z, repeat) for scope in chosen.values()]
        times = " | ".join(f"{ms:.1f} ms, {size / 1024:.0f} KB" for ms, size in results)
        summary = "; ".join(
            way if len(names) == len(chosen) else f"{way} ({', '.join(sorted(names))})" for way, names in ways.items()
        )
        print(f"| {layer} {z} | {times} | {summary} |", flush=True)
    database.close()
    print(f"\nSequential scans of big tables: {faults}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
