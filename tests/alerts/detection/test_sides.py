"""A finding that names two places is told to each side in its own words; the whole is for who sees both."""

from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import text

from alerts.detection.scan import scan
from alerts.lifecycle import Transition
from alerts.records import AlertFile
from alerts.store import AlertFilter, apply_transition, get_alert, list_alerts, open_alerts_of_household
from database.connection.engine import Database
from database.rights.scope import Role, Scope
from layers.people.households import get_household
from tests import world
from tests.world import CELLS, CHUNHUI, LIAOYUAN, MOGAN, QIANQIU, WUKANG

TODAY = date(2026, 6, 30)
HERE, THERE = "德清县武康街道千秋社区永安街1号", "德清县莫干山镇燎原村庙前组8号"
Seen = Callable[..., list[AlertFile]]


@pytest.fixture
def seen(database: Database, county: str) -> Seen:
    """Every alert of a scope, with everything the store tells of it."""

    def run(*prefixes: str) -> list[AlertFile]:
        with database.transaction(Scope(county, "official", Role.TOWN_OFFICIAL, prefixes)) as connection:
            page = list_alerts(connection, AlertFilter(), with_reason=True, limit=500)
            return [get_alert(connection, alert.id) for alert in page.items]

    return run


@pytest.fixture
def ids(database: Database, system: Scope) -> dict[str, int]:
    """甲, in a household of each of two towns; both memberships came by an import."""
    with database.transaction(system) as connection:
        world.build_county(connection)
        here = world.add_address(connection, HERE, CELLS[0], 1)
        there = world.add_address(connection, THERE, CELLS[3], 2)
        first = world.add_household(connection, "HU-WEST", CELLS[0], here)
        second = world.add_household(connection, "HU-EAST", CELLS[3], there)
        person = world.add_person(connection, "甲", CELLS[0], first)
        world.add_member(connection, second, person, CELLS[3])
        for key, no, cell in ((1, "HU-WEST", CELLS[0]), (2, "HU-EAST", CELLS[3])):
            world.insert(
                connection, "change", entity="household_member", entity_id=str(key), operation="added", actor="import",
                after={"household_no": no}, grid_code=cell,
            )  # fmt: skip
        assert scan(connection, TODAY).counts["two_households"] == {"raised": 2, "again": 0}
    return {"west": first, "east": second, "person": person}


def test_each_side_reads_its_own_household_and_nothing_of_the_other(seen: Seen, ids: dict[str, int]) -> None:
    for prefixes, own, foreign in (
        ((CELLS[0],), "WEST", "EAST"), ((QIANQIU,), "WEST", "EAST"), ((WUKANG,), "WEST", "EAST"),
        ((CELLS[3],), "EAST", "WEST"), ((LIAOYUAN,), "EAST", "WEST"), ((MOGAN,), "EAST", "WEST"),
    ):  # fmt: skip
        (alert,) = seen(*prefixes)
        content = str(alert)
        assert f"HU-{own}" in alert.reason
        assert "另一户在本辖区以外" in alert.reason
        assert alert.household_id == ids[own.lower()]
        assert alert.after == {"household_no": f"HU-{own}"}
        assert f"HU-{foreign}" not in content, prefixes
        for word in (THERE, "燎原", "莫干山", MOGAN) if own == "WEST" else (HERE, "千秋", "武康", WUKANG):
            assert word not in content, prefixes
        assert alert.related == []
    assert seen(CHUNHUI) == []


@pytest.mark.parametrize("prefixes", [("330521",), (WUKANG, MOGAN), (CELLS[0], CELLS[3])])
def test_who_sees_both_reads_the_whole(seen: Seen, ids: dict[str, int], prefixes: tuple[str, ...]) -> None:
    alerts = seen(*prefixes)
    assert len(alerts) == 2
    for alert in alerts:
        for word in ("HU-WEST", "HU-EAST", HERE, THERE):
            assert word in alert.reason
        assert "辖区以外" not in str(alert)
        assert alert.facts["household_nos"] == ["HU-EAST", "HU-WEST"]
        assert alert.after == {"household_no": "HU-EAST"}, "the latest change, wherever it happened"
        assert [other.id for other in alert.related] == [a.id for a in alerts if a.id != alert.id]


def test_a_word_of_the_other_side_finds_nothing(database: Database, county: str, ids: dict[str, int]) -> None:
    for prefix, word, n in ((WUKANG, "HU-EAST", 0), (WUKANG, "燎原", 0), (WUKANG, "HU-WEST", 1), ("330521", "燎原", 2)):
        with database.transaction(Scope(county, "x", Role.TOWN_OFFICIAL, (prefix,))) as connection:
            assert len(list_alerts(connection, AlertFilter(q=word)).items) == n, (prefix, word)


def test_the_whole_is_kept_by_row_level_security(database: Database, county: str, ids: dict[str, int]) -> None:
    for prefixes, n in (((WUKANG,), 0), ((MOGAN,), 0), ((CELLS[0],), 0), ((WUKANG, MOGAN), 2), (("330521",), 2)):
        with database.transaction(Scope(county, "x", Role.TOWN_OFFICIAL, prefixes)) as connection:
            assert connection.scalar(text("SELECT count(*) FROM alert_whole")) == n, prefixes
            everything = str(list(connection.scalars(text("SELECT to_jsonb(alert) FROM alert"))))
            assert ("HU-EAST" in everything) == (MOGAN in prefixes or "330521" in prefixes)


def test_a_town_sees_both_sides_of_two_villages(database: Database, system: Scope, seen: Seen) -> None:
    with database.transaction(system) as connection:
        world.build_county(connection)
        first = world.add_household(connection, "HU-WEST", CELLS[0])
        second = world.add_household(connection, "HU-EAST", CELLS[2])
        world.add_member(connection, second, world.add_person(connection, "甲", CELLS[0], first), CELLS[2])
        scan(connection, TODAY)
    assert all("HU-WEST" in alert.reason and "HU-EAST" in alert.reason for alert in seen(WUKANG))
    assert "HU-EAST" not in str(seen(QIANQIU))
    assert "HU-WEST" not in str(seen(CHUNHUI))


def test_sides_are_closed_one_by_one_and_stay_so(
    database: Database, system: Scope, county: str, seen: Seen, ids: dict[str, int]
) -> None:
    (west,) = seen(WUKANG)
    with database.transaction(Scope(county, "official", Role.TOWN_OFFICIAL, (WUKANG,))) as connection:
        step = Transition("verify", "户口已迁出", "refuted")
        moved = apply_transition(connection, west.id, step, actor="official", expected_version=1)
        assert "HU-EAST" not in str(moved)
        apply_transition(connection, west.id, Transition("close", "已核"), actor="colleague", expected_version=2)
    (east,) = seen(MOGAN)
    assert east.status == "open"
    assert "户口已迁出" not in str(east), "nor do the words of a step cross"
    with database.transaction(system) as connection:
        assert scan(connection, TODAY).counts["two_households"] == {"raised": 0, "again": 1}
    whole = {a.id: (a.status, a.related[0].status) for a in seen("330521")}
    assert whole == {west.id: ("closed", "open"), east.id: ("open", "closed")}


def test_three_households_and_one_cell_inside_another_place(database: Database, system: Scope, seen: Seen) -> None:
    with database.transaction(system) as connection:
        world.build_county(connection)
        homes = [("HU-A", CELLS[0]), ("HU-B", CELLS[1]), ("HU-C", CELLS[3]), ("HU-D", QIANQIU)]
        made = [
            world.insert(connection, "household", household_no=no, source="t", address_text="某处", grid_code=code)
            for no, code in homes
        ]
        person = world.add_person(connection, "甲", CELLS[0], made[0])
        for household, (_no, code) in zip(made[1:], homes[1:], strict=True):
            world.add_member(connection, household, person, code)
        scan(connection, TODAY)
    visible = {
        CELLS[0]: {"HU-A"}, CELLS[1]: {"HU-B"}, MOGAN: {"HU-C"}, "330521": {"HU-A", "HU-B", "HU-C", "HU-D"},
    }  # fmt: skip
    for prefix, expected in visible.items():
        alerts = seen(prefix)
        assert {no for no, _ in homes if no in str(alerts)} == expected, prefix
    # the village's own side names what lies inside the village, for who sees the village sees that
    assert {no for no, _ in homes if no in str(seen(QIANQIU))} == {"HU-A", "HU-B", "HU-D"}
    assert all("另外 3 户在本辖区以外" in a.reason for a in seen(MOGAN))


def test_registered_elsewhere_is_told_where_the_person_lives_without_the_place(
    database: Database, system: Scope, seen: Seen
) -> None:
    with database.transaction(system) as connection:
        world.build_county(connection)
        here = world.add_address(connection, HERE, CELLS[0], 1)
        there = world.add_address(connection, THERE, CELLS[3], 2)
        household = world.add_household(connection, "HU-WEST", CELLS[0], here)
        world.add_person(connection, "乙", CELLS[3], household, registered_address_id=here, actual_address_id=there)
        scan(connection, TODAY, ["registered_actual_differ"])
    (alert,) = seen(MOGAN)
    assert alert.reason == f"乙户籍在本辖区以外，实际住在{THERE}。"
    assert alert.household_id is None, "their household lies elsewhere"
    for foreign in (HERE, "武康", "千秋", "公里", "HU-WEST"):
        assert foreign not in str(alert)
    assert seen(WUKANG) == []
    (alert,) = seen("330521")
    assert HERE in alert.reason


def test_who_lives_in_a_vacant_dwelling_and_is_kept_elsewhere_has_no_name_there(
    database: Database, system: Scope, seen: Seen
) -> None:
    with database.transaction(system) as connection:
        world.build_county(connection)
        place = world.insert(
            connection, "place", kind="dwelling", name="D1", occupancy="vacant", source="t", source_key="D1",
            grid_code=CELLS[0], geom=world.point(CELLS[0]),
        )  # fmt: skip
        household = world.add_household(connection, "HU-EAST", CELLS[3])
        person = world.add_person(connection, "外来者", CELLS[3], household)
        world.insert(
            connection, "person_place", person_id=person, place_id=place, relation="lives", grid_code=CELLS[0],
            valid_from=TODAY,
        )  # fmt: skip
        scan(connection, TODAY, ["vacant_but_occupied"])
    (alert,) = seen(WUKANG)
    assert "外来者" not in str(alert)
    assert alert.household_id is None
    assert "1 人" in alert.reason
    assert "外来者" in seen("330521")[0].reason


def test_an_elder_alone_whose_record_is_kept_elsewhere(database: Database, system: Scope, seen: Seen) -> None:
    with database.transaction(system) as connection:
        world.build_county(connection)
        household = world.add_household(connection, "HU-WEST", CELLS[0])
        world.add_person(
            connection, "老外乡", CELLS[3], household, birth_date=date(1940, 1, 1), updated_at="2026-01-01"
        )
        scan(connection, TODAY, ["elderly_alone_unvisited"])
    (alert,) = seen(WUKANG)
    assert "老外乡" not in str(alert)
    assert "独自居住" in alert.reason
    assert "老外乡" in seen("330521")[0].reason


def test_what_the_other_side_was_is_told_anew_when_it_moves(
    database: Database, system: Scope, seen: Seen, ids: dict[str, int]
) -> None:
    with database.transaction(system) as connection:
        connection.execute(
            text("UPDATE household SET grid_code = :cell WHERE id = :id"), {"cell": CELLS[2], "id": ids["east"]}
        )
        scan(connection, TODAY)
    for prefixes in ((QIANQIU,), (CHUNHUI,), (MOGAN,)):
        for alert in seen(*prefixes):
            assert not ("HU-EAST" in str(alert) and "HU-WEST" in str(alert))


def test_the_card_of_a_household_shows_its_own_side(database: Database, county: str, ids: dict[str, int]) -> None:
    with database.transaction(Scope(county, "x", Role.TOWN_OFFICIAL, (MOGAN,))) as connection:
        file, alerts = get_household(connection, ids["east"]), open_alerts_of_household(connection, ids["east"])
    assert [alert.rule for alert in alerts] == ["two_households"]
    assert "HU-WEST" not in str(file) + str(alerts)
