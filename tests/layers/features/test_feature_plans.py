"""Pages and boxes on 100,000 addresses: through an index, whoever asks; and every page costs about the same."""

from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest

from benchmarks.features import ask, fill, plan_of
from benchmarks.tiles_plan import explaining, scopes
from database.connection.engine import Database
from database.embedded import EmbeddedCluster
from database.rights.scope import Scope
from mapserver.server.metadata import COUNTY_METADATA

ROWS = 100_000


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


def everyone(cells: list[str]) -> dict[str, Scope]:
    known = scopes(cells)
    return {name: scope for name, scope in known.items() if "cells" not in name or "3" in name}


def test_a_box_is_found_through_the_spatial_index(explained: Database, cells: list[str]) -> None:
    box = {"bbox": "120.048,30.523,120.052,30.527"}
    for name, scope in everyone(cells).items():
        for question in (
            box,
            {"filter": f"S_INTERSECTS(geometry, BBOX({box['bbox']}))"},
            {**box, "filter": "depth = 9"},
        ):
            ways = plan_of(explained, scope, question)
            assert ways
            assert not [way for way in ways if way.startswith("Seq")], (name, question, ways)
        assert any("ix_standard_address_tile" in way or "ix_standard_address_grid_code" in way for way in ways)
    assert "ix_standard_address_tile" in " ".join(plan_of(explained, everyone(cells)["county admin"], box))


def test_a_page_reads_on_where_the_last_one_ended(
    explained: Database, app_database: Database, cells: list[str]
) -> None:
    for name, scope in everyone(cells).items():
        page = ask(app_database, scope, {"limit": "10000"})
        cursors = []
        while page.next is not None:
            cursors.append(page.next)
            page = ask(app_database, scope, {"limit": "10000", "cursor": page.next})
        for cursor in cursors:
            ways = plan_of(explained, scope, {"limit": "100", "cursor": cursor})
            # both are in the order of the codes; the second holds the published ones only
            in_order = {"Index Scan ix_standard_address_grid_code", "Index Scan ix_standard_address_published"}
            assert ways and set(ways) <= in_order, (name, ways)


def test_scopes_of_several_prefixes_miss_and_double_nothing(app_database: Database, cells: list[str]) -> None:
    whole = scopes(cells)["county admin"]
    for prefixes in (
        tuple(cells[:3]),
        (cells[0][:12], cells[0], cells[-1]),
        tuple(cells[:40]),
        (cells[0][:9], cells[-1][:9]),
    ):
        scope = replace(whole, prefixes=prefixes)
        seen, page = [], ask(app_database, scope, {"limit": "700"})
        while True:
            seen += [feature.id for feature in page.features]
            if page.next is None:
                break
            page = ask(app_database, scope, {"limit": "700", "cursor": page.next})
        assert len(seen) == len(set(seen)) == page.matched
        with app_database.transaction(scope) as connection:
            from sqlalchemy import text

            assert connection.scalar(text("SELECT count(*) FROM standard_address")) == len(seen)
