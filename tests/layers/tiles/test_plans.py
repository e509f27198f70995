"""No tile reads a whole table of records, whoever asks: checked on 200,000 rows; benchmarks/tiles_plan.py does a million."""

from collections.abc import Iterator

import psycopg
import pytest

from benchmarks.tiles_plan import SMALL, all_scans, explaining, fill, scopes
from database.connection.engine import Database
from database.embedded import EmbeddedCluster
from layers.tiles.catalogue import LAYERS
from mapserver.server.metadata import COUNTY_METADATA

ROWS = 25_000  # in each of eight tables


@pytest.fixture(scope="module")
def cells(cluster: EmbeddedCluster, app_database: Database) -> Iterator[list[str]]:
    """The county filled, and its cells; emptied afterwards."""
    tables = ", ".join(f"c330521.{table.name}" for table in COUNTY_METADATA.sorted_tables)
    with psycopg.connect(cluster.dsn("superuser", database="onemap"), autocommit=True) as connection:
        connection.execute(f"TRUNCATE {tables} RESTART IDENTITY CASCADE")
        codes = fill(connection, ROWS)
        connection.execute("ANALYZE")
        yield codes
        connection.execute(f"TRUNCATE {tables} RESTART IDENTITY CASCADE")
        connection.execute("ANALYZE")


@pytest.fixture(scope="module")
def explained(cluster: EmbeddedCluster, cells: list[str]) -> Iterator[Database]:
    with explaining(cluster) as pool:
        yield pool


@pytest.mark.parametrize("who", scopes(["330521100200001"]))
def test_every_layer_is_served_by_an_index(explained: Database, cells: list[str], who: str) -> None:
    seen, served = set(), set()
    for layer, z, table, way in all_scans(explained, scopes(cells)[who]):
        seen.add(table)
        if table == "tile_count":
            assert "ix_tile_count_cell" in way, (layer, z, way)
        if table == LAYERS[layer].table and z >= 9:
            assert "ix_" in way, (layer, z, way)
            served |= set(way.split())
        assert "Seq Scan" not in way or table in SMALL, (layer, z, table, way)
    assert {layer.table for layer in LAYERS.values()} <= seen
    assert {"household_member", "tile_count"} <= seen
    assert "ix_standard_address_tile" in served
