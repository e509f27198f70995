"""What a change (异动) tells of a person and of a place: nothing that completes a number, nothing of a place unseen."""

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from database.connection.engine import Database
from database.rights.scope import Role, Scope
from layers.changes.feed import list_changes
from tests.importing.conftest import (
    ADDRESSES,
    COUNTY,
    EAST,
    EVENTS,
    TOWN,
    WEST,
    Load,
    address_row,
    write_csv,
)
from tests.importing.test_people import PEOPLE, Query, doors, person  # noqa: F401
from tests.world import insert

EASTERN = "湖州市德清县莫干镇桥东村前街9号"
WESTERN = "湖州市德清县莫干镇桥西村前街2号"


def shown(database: Database, *prefixes: str, entity: str | None = None) -> str:
    """The change feed of an official, as text."""
    with database.transaction(Scope(COUNTY, "official", Role.TOWN_OFFICIAL, prefixes)) as connection:
        return str(list_changes(connection, entity=entity, limit=500).items)


@pytest.mark.usefixtures("doors")
def test_a_changed_number_is_named_and_never_shown(
    tmp_path: Path, load: Load, query: Query, sealer: object, database: Database
):
    load(write_csv(tmp_path / "p.csv", [person(1)]), PEOPLE)
    (before,) = query("SELECT phone_hash FROM person")
    # another number with the same last four digits: alike to look at, not the same
    counts = load(write_csv(tmp_path / "p.csv", [person(1, 电话="13900000001")]), PEOPLE).counts
    assert (counts["changed"], counts["unchanged"]) == (1, 0)
    assert query("SELECT phone_hash FROM person") != [before]
    ((fields, old, new),) = query("SELECT fields, before, after FROM change WHERE operation = 'changed'")
    assert (fields, old, new) == (["phone"], {}, {})
    everything = shown(database, COUNTY)
    assert "*" not in everything
    assert "900000001" not in everything


@pytest.mark.usefixtures("doors")
def test_of_a_day_of_birth_the_year_is_told(tmp_path: Path, load: Load, query: Query, database: Database):
    mapping = PEOPLE.replace('id_number = "身份证号"\n', "") + 'birth_date = "出生"\ndeath_date = "死亡"\n'
    load(write_csv(tmp_path / "p.csv", [person(1, 出生="1951-03-07", 死亡="")]), mapping)
    load(write_csv(tmp_path / "p.csv", [person(1, 出生="1951-04-19", 死亡="2021-02-03")]), mapping)
    ((fields, before, after),) = query("SELECT fields, before, after FROM change WHERE operation = 'changed'")
    assert fields == ["birth_date", "death_date"]
    assert before == {"birth_date": "1951", "death_date": None}
    assert after == {"birth_date": "1951", "death_date": "2021"}
    for day in ("03-07", "04-19", "02-03"):
        assert day not in shown(database, COUNTY)


@pytest.mark.parametrize(
    "state", [{"id_number_masked": "330*************1X"}, {"phone": "1"}, {"birth_date": "1951-03-07"}]
)
def test_the_database_refuses_a_change_that_tells_too_much(database: Database, system: Scope, state: dict[str, str]):
    for side in ("before", "after"):
        with pytest.raises(IntegrityError, match="no_numbers"), database.transaction(system) as connection:
            insert(
                connection, "change", entity="person", entity_id="1", operation="changed", actor="x", grid_code=COUNTY,
                **{side: state},
            )  # fmt: skip


@pytest.mark.usefixtures("doors")
def test_who_moved_here_comes_from_outside(tmp_path: Path, load: Load, database: Database):
    load(write_csv(tmp_path / "p.csv", [person(1)]), PEOPLE)
    load(write_csv(tmp_path / "p.csv", [person(1, 现住址=EASTERN)]), PEOPLE)
    east = shown(database, EAST, entity="person")
    assert EASTERN in east
    assert "（辖区外）" in east
    for foreign in ("桥西村", WEST):
        assert foreign not in east
    assert "桥东村" not in shown(database, WEST), "nor does who is left hear where to"
    whole = shown(database, TOWN, entity="person")
    assert WESTERN in whole
    assert EASTERN in whole
    both = shown(database, EAST, WEST, entity="person")
    assert WESTERN in both, "who sees both villages, one by one, sees the whole"


@pytest.mark.usefixtures("doors")
def test_a_registered_address_elsewhere_is_told_to_who_sees_it(tmp_path: Path, load: Load, database: Database):
    load(write_csv(tmp_path / "p.csv", [person(1, 现住址=EASTERN)]), PEOPLE)
    assert "桥西村" not in shown(database, EAST)
    assert "桥西村" in shown(database, TOWN, entity="person")


@pytest.mark.usefixtures("doors")
def test_a_door_and_an_event_that_moved_leave_nothing_of_the_old_place(
    tmp_path: Path, load: Load, query: Query, database: Database
):
    event = {
        "编号": "E1",
        "类型": "纠纷",
        "标题": "桥西村纠纷",
        "时间": "2024-03-01 10:00",
        "地点": "",
        "经度": 119.92,
        "纬度": 30.45,
    }
    load(write_csv(tmp_path / "e.csv", [event]), EVENTS)
    load(write_csv(tmp_path / "e.csv", [{**event, "标题": "桥东村纠纷", "经度": 120.05}]), EVENTS)
    load(write_csv(tmp_path / "a.csv", [address_row(1, 120.04, 30.45, EAST)]), ADDRESSES)
    assert query(
        "SELECT count(*) FROM change_whole WHERE change_id IN (SELECT id FROM change WHERE entity = 'event')"
    ) == [(1,)]
    for entity in ("event", "standard_address"):
        east = shown(database, EAST, entity=entity)
        assert "（辖区外）" in east
        assert "桥西村" not in east
        assert WEST not in east.replace(f"'code': '{WEST}", ""), "the code given at first stays for life"
        assert "桥西村" in shown(database, TOWN, entity=entity)


@pytest.mark.usefixtures("doors")
def test_the_whole_of_a_change_is_kept_by_the_database_not_by_the_reader(
    tmp_path: Path, load: Load, database: Database
):
    load(write_csv(tmp_path / "p.csv", [person(1)]), PEOPLE)
    load(write_csv(tmp_path / "p.csv", [person(1, 现住址=EASTERN)]), PEOPLE)
    for prefixes, n in (((EAST,), 0), ((WEST,), 0), ((TOWN,), 1), ((EAST, WEST), 1)):
        with database.transaction(Scope(COUNTY, "x", Role.TOWN_OFFICIAL, prefixes)) as connection:
            seen = connection.scalar(text("SELECT count(*) FROM change_whole WHERE before::text LIKE '%桥西村%'"))
        assert seen == n, prefixes
