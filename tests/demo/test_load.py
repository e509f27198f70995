"""The demo county through the real import, and the rules over it: what was planted is found, and nothing else."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from alerts.detection.scan import scan
from database.clock import day_in_china
from database.connection.engine import Database
from database.rights.scope import Scope
from database.secrets.seal import Sealer
from database.upgrade.counties import create_county
from demo.generate import DemoCounty
from demo.loader import load_demo
from grid.topology import check_cells
from importing.pipeline import ImportReport

SUBJECT_KEYS = {
    "person": "SELECT p.source_key FROM alert a JOIN person p ON p.id::text = a.subject_id WHERE a.rule = :rule",
    "household": "SELECT h.household_no FROM alert a JOIN household h ON h.id = a.household_id WHERE a.rule = :rule",
    "place": "SELECT p.source_key FROM alert a JOIN place p ON p.id::text = a.subject_id WHERE a.rule = :rule",
    "cell": "SELECT a.subject_id FROM alert a WHERE a.rule = :rule",
}


@pytest.fixture(scope="module")
def scope(tiny: DemoCounty, owner: Engine) -> Iterator[Scope]:
    create_county(owner, tiny.code, tiny.name)
    yield Scope.of_system(tiny.code, "demo")
    with owner.begin() as connection:
        connection.execute(text(f"DROP SCHEMA c{tiny.code} CASCADE"))
        connection.execute(text("DELETE FROM platform.county WHERE code = :code"), {"code": tiny.code})


@pytest.fixture(scope="module")
def loaded(tiny: DemoCounty, app_database: Database, scope: Scope, sealer: Sealer) -> list[ImportReport]:
    return load_demo(app_database, scope, tiny, sealer)


@pytest.fixture
def connection(app_database: Database, scope: Scope, loaded: list[ImportReport]) -> Iterator[Connection]:
    with app_database.transaction(scope) as opened:
        yield opened


@pytest.fixture
def truth(tiny: DemoCounty) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(tiny.truth.read_text("utf-8"))
    return content


def test_every_row_ends_published_unchanged_or_rejected(tiny: DemoCounty, loaded: list[ImportReport]) -> None:
    for file, report in zip(tiny.files, loaded, strict=True):
        counts = report.counts
        ends = counts["added"] + counts["changed"] + counts["unchanged"] + counts["rejected"]
        assert counts["read"] == file.rows == ends, file.mapping


def test_exactly_the_bad_rows_are_sent_back_with_their_reasons(
    tiny: DemoCounty, loaded: list[ImportReport], truth: dict[str, Any]
) -> None:
    folder = tiny.truth.parent
    for file, report in zip(tiny.files, loaded, strict=True):
        expected = truth["bad_rows"].get(str(file.path.relative_to(folder)), {})
        assert report.counts["rejects"] == expected or file.path.parent.name == "update", file.mapping


def test_the_library_holds_what_was_generated(connection: Connection, truth: dict[str, Any]) -> None:
    counts = truth["counts"]
    for table, expected in (
        ("standard_address", counts["addresses"]),
        ("household", counts["households"]),
        ("person", counts["persons"] + len(truth["second_edition"]["born_persons"])),
        ("grid_cell", counts["cells"] + counts["micro_cells"]),
    ):
        assert connection.scalar(text(f"SELECT count(*) FROM {table}")) == expected


def test_the_grid_has_neither_gaps_nor_overlaps(connection: Connection) -> None:
    assert check_cells(connection) == []


def test_every_address_lies_in_a_micro_cell_of_its_own_village(connection: Connection) -> None:
    astray = (
        "SELECT count(*) FROM standard_address WHERE length(grid_code) < 17 OR left(grid_code, 12) <> division_code"
    )
    assert connection.scalar(text(astray)) == 0


def test_objects_sent_in_gcj_02_stand_beside_their_doors(connection: Connection) -> None:
    farthest = connection.scalar(
        text(
            "SELECT max(d) FROM (SELECT (SELECT min(st_distance(f.geom::geography, a.geom::geography)) "
            "FROM standard_address a WHERE a.geom && st_expand(f.geom, 0.01)) AS d "
            "FROM facility f WHERE f.source = 'demo_public_facilities') near"
        )
    )
    assert farthest is not None and farthest < 30


def test_the_rules_find_what_was_planted_and_nothing_else(
    connection: Connection, tiny: DemoCounty, truth: dict[str, Any]
) -> None:
    scan(connection, day_in_china())
    found = {
        rule: set(connection.scalars(text(SUBJECT_KEYS[kind]), {"rule": rule}))
        for rule, kind in (
            ("two_households", "person"),
            ("registered_actual_differ", "person"),
            ("unknown_address", "person"),
            ("elderly_alone_unvisited", "household"),
            ("vacant_but_occupied", "place"),
            ("event_surge", "cell"),
        )
    }
    planted = {rule: set(keys) for rule, keys in truth["anomalies"].items()}
    found["unknown_address"] -= set(truth["persons_with_address_typo"])
    assert found == planted
    (worker,) = (account for account in tiny.accounts if account.role == "grid_worker")
    seen = connection.scalars(
        text("SELECT rule FROM alert WHERE left(grid_code, 15) = ANY(:cells)"), {"cells": list(worker.prefixes)}
    )
    assert len(set(seen)) >= 2


def test_the_second_edition_leaves_its_changes(connection: Connection, truth: dict[str, Any]) -> None:
    rows = connection.execute(
        text(
            "SELECT c.operation, count(*) FROM change c WHERE c.entity = 'person' AND c.batch_id = "
            "(SELECT max(id) FROM import_batch WHERE mapping = 'demo_population') GROUP BY 1"
        )
    )
    expected = truth["second_edition"]
    changed = set(expected["moved_persons"]) | set(expected["died_persons"]) | set(expected["new_phones"])
    assert {row[0]: row[1] for row in rows} == {"added": len(expected["born_persons"]), "changed": len(changed)}


def test_loading_again_changes_nothing_but_the_editions(
    tiny: DemoCounty, app_database: Database, scope: Scope, sealer: Sealer, loaded: list[ImportReport]
) -> None:
    again = load_demo(app_database, scope, tiny, sealer)
    for file, report in zip(tiny.files, again, strict=True):
        if file.mapping not in ("demo_households", "demo_population"):
            assert report.counts["added"] == report.counts["changed"] == 0, file.mapping
