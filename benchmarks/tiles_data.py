"""The county of the tile benchmark: the same million points each time, 70 % of them round 300 villages, and 20,000 polygons.

Points are standard addresses, polygons parcels; 8 towns, 200 villages, 5,000 cells over 0.6° × 0.3°. For the peers the same rows
stand in a schema of their own, in Web Mercator with a spatial index: ``points`` with 7 attributes, ``points_same`` with the
attributes that our tiles show.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psycopg

import mapserver.server.metadata  # noqa: F401 - migrations need the tables of every floor
from benchmarks.tiles_plan import CODE, COUNTY, log
from database.connection.engine import Database
from database.embedded import EmbeddedCluster
from database.upgrade.counties import create_county
from database.upgrade.migrate import owner_engine
from mapserver.server.jobs import run_outlines

WEST, SOUTH, WIDTH, HEIGHT = 119.6, 30.3, 0.6, 0.3
CELL = 0.006
VILLAGES, CLUSTERED, SPREAD = 300, 0.7, 0.004

LATTICE = f"""
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
ADDRESSES = f"""
INSERT INTO standard_address (code, full_text, depth, match_key, local_key, division_code, source, source_key, grid_code, geom)
SELECT left(grid_code, 12) || lpad(n::text, 8, '0'), '某某镇某某村某某路' || n || '号', 5 + n % 8, n::text, n::text,
       left(grid_code, 12), 'b', n::text, grid_code, geom
FROM (SELECT n, st_setsrid(st_point(x, y), 4490) AS geom,
             pg_temp.cell_code(least(99, floor((x - {WEST}) / {CELL}))::int, least(49, floor((y - {SOUTH}) / {CELL}))::int)
             AS grid_code FROM raw_point) p
"""
# wavy quadrilaterals, 200 × 100 of them
PARCELS = """
INSERT INTO place (kind, name, occupancy, source, source_key, grid_code, geom)
SELECT 'parcel', '地块' || i || '-' || j, 'unknown', 'b', i || '-' || j, pg_temp.cell_code(i / 2, j / 2), st_setsrid(st_makepolygon(
    st_makeline(ARRAY[c(i, j), c(i + 1, j), c(i + 1, j + 1), c(i, j + 1), c(i, j)])), 4490)
FROM generate_series(0, 199) AS i, generate_series(0, 99) AS j
"""
CORNER = f"""
CREATE FUNCTION pg_temp.c(i int, j int) RETURNS geometry LANGUAGE sql IMMUTABLE AS $$
SELECT st_point({WEST} + (i + 0.3 * sin(i * 7.1 + j * 3.7)) * 0.003, {SOUTH} + (j + 0.3 * cos(i * 5.3 + j * 2.9)) * 0.003) $$
"""
PEERS = """
CREATE SCHEMA peer;
CREATE TABLE peer.points AS SELECT id, full_text AS text, depth, status, code, division_code, grid_code,
    geom_3857::geometry(point, 3857) AS geom FROM standard_address;
CREATE INDEX ON peer.points USING gist (geom);
ALTER TABLE peer.points ADD PRIMARY KEY (id);
CREATE TABLE peer.points_same AS SELECT id, text, depth, status, geom FROM peer.points;
CREATE INDEX ON peer.points_same USING gist (geom);
ALTER TABLE peer.points_same ADD PRIMARY KEY (id);
CREATE TABLE peer.parcels AS SELECT id, kind, name, occupancy, geom_3857::geometry(polygon, 3857) AS geom FROM place;
CREATE INDEX ON peer.parcels USING gist (geom);
ALTER TABLE peer.parcels ADD PRIMARY KEY (id);
"""


def points(rows: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Longitudes and latitudes, degrees, inside the area; the same each time."""
    chance = np.random.default_rng(20260601)
    centres = chance.uniform((0.02, 0.02), (WIDTH - 0.02, HEIGHT - 0.02), (VILLAGES, 2))
    near = int(rows * CLUSTERED)
    clustered = centres[chance.integers(0, VILLAGES, near)] + chance.normal(0, SPREAD, (near, 2))
    spread = chance.uniform((0, 0), (WIDTH, HEIGHT), (rows - near, 2))
    both = np.concatenate([clustered, spread])
    both[:, 0] = np.clip(both[:, 0], 0, WIDTH - 1e-6)
    both[:, 1] = np.clip(both[:, 1], 0, HEIGHT - 1e-6)
    return WEST + both[:, 0], SOUTH + both[:, 1]


def fill(connection: psycopg.Connection[Any], rows: int) -> None:
    """Fill the empty county as its superuser, triggers off, then counts and statistics."""
    started = time.perf_counter()
    connection.execute(f"SET search_path = c{COUNTY}, public, pg_temp; SET session_replication_role = replica")
    for sql in (CODE, CORNER, LATTICE, "CREATE TEMP TABLE raw_point (n int, x float, y float)"):
        connection.execute(sql)
    with connection.cursor().copy("COPY raw_point FROM STDIN") as copy:
        for n, (x, y) in enumerate(zip(*points(rows), strict=True)):
            copy.write_row((n + 1, float(x), float(y)))
    indexes = connection.execute(
        "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index "
        "WHERE indrelid = 'standard_address'::regclass AND NOT indisunique"
    ).fetchall()
    for name, _ in indexes:
        connection.execute(f"DROP INDEX {name}")
    connection.execute(ADDRESSES)
    for _, definition in indexes:
        if "_tile" in definition or "_grid_code " in definition:
            connection.execute(definition)
    connection.execute(PARCELS.replace("c(i", "pg_temp.c(i"))
    connection.execute(PEERS)
    connection.execute("SET session_replication_role = origin")
    log(f"rows: {time.perf_counter() - started:.0f} s")
    started = time.perf_counter()
    connection.execute("SELECT repair_tile_counts()")
    log(f"counts: {time.perf_counter() - started:.0f} s")
    connection.execute("VACUUM ANALYZE")


@contextmanager
def county(rows: int, keep: Path | None = None) -> Iterator[EmbeddedCluster]:
    """A private cluster with the county filled; gone afterwards, unless ``keep`` names the folder to find it in next time."""
    base = keep or Path(tempfile.mkdtemp(prefix="onemap-bench-"))
    filled = base / "filled"
    base.mkdir(exist_ok=True)
    base.chmod(0o755)
    cluster = EmbeddedCluster(base / "home", fsync=False)
    cluster.start()
    try:
        if not filled.exists():
            owner = owner_engine(cluster.dsn("owner"))
            create_county(owner, COUNTY, "基准县", synthetic=True)
            owner.dispose()
            with psycopg.connect(cluster.dsn("superuser", database="onemap"), autocommit=True) as connection:
                fill(connection, rows)
            database = Database(cluster.dsn("app"), pool_size=1)
            log(f"outlines: {run_outlines(database, COUNTY)}")
            database.close()
            filled.touch()
        yield cluster
    finally:
        cluster.stop()
        if keep is None:
            shutil.rmtree(base, ignore_errors=True)
