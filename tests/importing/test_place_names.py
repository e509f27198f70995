"""Place names come in as any table does, and are found by what one types, in scope only."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from database.connection.engine import Database
from database.rights.scope import Role, Scope
from gazetteer.matching.place_names import find_place_names
from tests.importing.conftest import COUNTY, EAST, TOWN, WEST, Load, write_geojson

Query = Callable[..., list[tuple[Any, ...]]]

pytestmark = pytest.mark.usefixtures("grounds")

NAMES = """
name = "test_names"
title = "地名"
target = "place_name"
key = ["n"]
[columns]
name = "名称"
kind = { column = "类别", values = { "自然村" = "natural_village", "山" = "mountain" } }
aliases = "别名"
"""


def feature(n: str, name: str, kind: str, lon: float, alias: str = "") -> tuple[dict[str, Any], dict[str, Any]]:
    return {"n": n, "名称": name, "类别": kind, "别名": alias}, {"type": "Point", "coordinates": [lon, 30.45]}


@pytest.fixture
def names(tmp_path: Path, load: Load) -> Path:
    path = write_geojson(
        tmp_path / "names.geojson",
        [
            feature("1", "上塘坞", "自然村", 119.95, "老塘坞、塘坞里"),
            feature("2", "塘坞", "自然村", 119.96),
            feature("3", "塘坞尖", "山", 120.05),
        ],
    )
    assert load(path, NAMES).counts["added"] == 3
    return path


def found(database: Database, scope: Scope, typed: str) -> list[str]:
    with database.transaction(scope) as connection:
        return [hit.name for hit in find_place_names(connection, typed)]


def test_a_name_gets_its_cell_and_again_changes_nothing(names: Path, load: Load, query: Query) -> None:
    assert query("SELECT name, kind, aliases, grid_code FROM place_name ORDER BY source_key") == [
        ("上塘坞", "natural_village", ["塘坞里", "老塘坞"], WEST + "001"),
        ("塘坞", "natural_village", [], WEST + "001"),
        ("塘坞尖", "mountain", [], EAST + "001"),
    ]
    again = load(names, NAMES).counts
    assert (again["unchanged"], again["added"], again["changed"]) == (3, 0, 0)


def test_a_renamed_place_leaves_a_change(names: Path, tmp_path: Path, load: Load, query: Query) -> None:
    renamed = write_geojson(tmp_path / "n2.geojson", [feature("2", "新塘坞", "自然村", 119.96)])
    assert load(renamed, NAMES).counts["changed"] == 1
    assert query(
        "SELECT before ->> 'name', after ->> 'name' FROM change WHERE entity = 'place_name' AND operation = 'changed'"
    ) == [("塘坞", "新塘坞")]


def test_the_equal_name_comes_first_then_its_beginning_then_aliases(
    names: Path, database: Database, system: Scope
) -> None:
    assert found(database, system, "塘坞") == ["塘坞", "塘坞尖", "上塘坞"]
    assert found(database, system, "老塘") == ["上塘坞"]
    assert found(database, system, "　塘塢尖 ") == ["塘坞尖"], "full width and Traditional are folded"
    assert found(database, system, "%") == []
    assert found(database, system, " ") == []


def test_nobody_finds_a_name_outside_the_scope(names: Path, database: Database) -> None:
    officer = Scope(COUNTY, "e", Role.VILLAGE_OFFICER, (EAST,))
    assert found(database, officer, "塘坞") == ["塘坞尖"]
    assert found(database, Scope("330522", "b", Role.COUNTY_ADMIN, ("330522",)), "塘坞") == []


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (feature("9", "", "山", 119.95), "missing_value"),
        (feature("9", "东山", "湖", 119.95), "value_not_allowed"),
        (feature("9", "东山", "山", 150.0), "outside_county"),
    ],
)
def test_what_is_wrong_is_sent_back(tmp_path: Path, load: Load, row: Any, reason: str) -> None:
    path = write_geojson(tmp_path / "bad.geojson", [row, feature("1", TOWN, "山", 119.95)])
    assert load(path, NAMES).counts["rejects"] == {reason: 1}
