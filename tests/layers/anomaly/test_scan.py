"""The rules find what they say, explain it in Chinese, and never raise the same alert twice."""

import uuid
from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import Connection, text

from database.engine import Database
from database.scope import Scope
from layers.anomaly.rules import RULES
from layers.anomaly.rules.elderly_alone_unvisited import LivesAlone, age, elderly_alone_unvisited
from layers.anomaly.rules.event_surge import WeeklyCounts, event_surge, upper_bound
from layers.anomaly.scan import scan
from tests import world
from tests.world import CELLS

TODAY = date(2026, 6, 30)
HEAD = "德清县武康街道千秋社区永安街"


@pytest.fixture
def connection(database: Database, system: Scope) -> Iterator[Connection]:
    with database.transaction(system) as connection:
        world.build_county(connection)
        yield connection


def alerts(connection: Connection) -> list[tuple[str, str]]:
    return [tuple(row) for row in connection.execute(text("SELECT rule, reason FROM alert ORDER BY id"))]


def test_a_quiet_county_raises_nothing(connection: Connection) -> None:
    report = scan(connection, TODAY)
    assert set(report.counts) == set(RULES)
    assert alerts(connection) == []


def test_a_person_in_two_households(connection: Connection) -> None:
    address = world.add_address(connection, HEAD + "1号", CELLS[0])
    first = world.add_household(connection, "H1", CELLS[0], address)
    second = world.add_household(connection, "H2", CELLS[1])
    person = world.add_person(connection, "甲", CELLS[0], first)
    world.add_member(connection, second, person, CELLS[1])
    scan(connection, TODAY)
    ((rule, reason),) = alerts(connection)
    assert rule == "two_households"
    assert "H1" in reason
    assert "H2" in reason
    assert HEAD + "1号" in reason


def test_a_membership_that_ended_is_no_second_household(connection: Connection) -> None:
    first, second = (world.add_household(connection, no, CELLS[0]) for no in ("H1", "H2"))
    person = world.add_person(connection, "甲", CELLS[0], first)
    world.add_member(connection, second, person, CELLS[0])
    connection.execute(
        text("UPDATE household_member SET valid_to = '2026-01-01' WHERE household_id = :h"), {"h": second}
    )
    assert scan(connection, TODAY).counts["two_households"]["raised"] == 0


def test_registered_and_actual_address_differ(connection: Connection) -> None:
    here = world.add_address(connection, HEAD + "1号", CELLS[0], 1)
    there = world.add_address(connection, "德清县莫干山镇燎原村庙前组8号", CELLS[3], 2)
    world.add_person(connection, "乙", CELLS[3], registered_address_id=here, actual_address_id=there)
    world.add_person(connection, "丙", CELLS[0], registered_address_id=here, actual_address_id=here)
    scan(connection, TODAY)
    ((rule, reason),) = alerts(connection)
    assert rule == "registered_actual_differ"
    assert reason == f"乙户籍在{HEAD}1号，实际住在德清县莫干山镇燎原村庙前组8号，相距 2.9 公里。"


def test_living_at_an_address_that_the_library_does_not_have(connection: Connection) -> None:
    match = {"matched_level": "road", "ambiguous": False}
    world.add_person(connection, "丁", CELLS[0], actual_address_text="永安街99号", actual_address_match=match)
    world.add_person(
        connection, "戊", CELLS[0], actual_address_text="舞阳街8号", actual_address_match={"ambiguous": True}
    )
    world.add_person(connection, "己", CELLS[0])
    scan(connection, TODAY)
    assert alerts(connection) == [
        ("unknown_address", "丁登记的现住址“永安街99号”在标准地址库中不存在，地址库只能对应到街路巷一级。")
    ]


def visit(connection: Connection, household: int, day: date, outcome: str = "met") -> None:
    world.insert(
        connection, "visit", client_uid=uuid.uuid4(), household_id=household, visitor="w", visited_at=day, outcome=outcome,
        grid_code=CELLS[0],
    )  # fmt: skip


def test_an_elderly_person_alone_without_a_visit_for_thirty_days(connection: Connection) -> None:
    for name, born, last in [("老甲", 1940, 31), ("老乙", 1940, 30), ("壮年", 1990, 90)]:
        household = world.add_household(connection, name, CELLS[0])
        world.add_person(connection, name, CELLS[0], household, birth_date=date(born, 1, 1))
        visit(connection, household, TODAY - timedelta(days=last))
    together = world.add_household(connection, "两人", CELLS[0])
    for name in ("老丙", "老丁"):
        world.add_person(connection, name, CELLS[0], together, birth_date=date(1940, 1, 1))
    visit(connection, together, TODAY - timedelta(days=90))
    scan(connection, TODAY)
    ((rule, reason),) = alerts(connection)
    assert rule == "elderly_alone_unvisited"
    assert reason.startswith("老甲86 岁，独自居住")
    assert "已过 31 天" in reason


def test_nobody_at_home_is_no_visit_and_a_new_lapse_is_a_new_alert(connection: Connection) -> None:
    household = world.add_household(connection, "H", CELLS[0])
    world.add_person(connection, "老甲", CELLS[0], household, birth_date=date(1940, 1, 1))
    visit(connection, household, TODAY - timedelta(days=40))
    visit(connection, household, TODAY - timedelta(days=3), "nobody_home")
    assert scan(connection, TODAY).counts["elderly_alone_unvisited"]["raised"] == 1
    visit(connection, household, TODAY)
    assert scan(connection, TODAY + timedelta(days=20)).counts["elderly_alone_unvisited"] == {"raised": 0, "again": 0}
    assert scan(connection, TODAY + timedelta(days=31)).counts["elderly_alone_unvisited"]["raised"] == 1


def test_a_vacant_dwelling_with_people_in_it(connection: Connection) -> None:
    address = world.add_address(connection, HEAD + "1号", CELLS[0])
    empty = world.add_address(connection, HEAD + "2号", CELLS[0], 2)
    for key, address_id in (("D1", address), ("D2", empty)):
        world.insert(
            connection, "place", kind="dwelling", name=key, occupancy="vacant", address_id=address_id, source="t",
            source_key=key, grid_code=CELLS[0], geom=world.point(CELLS[0]),
        )  # fmt: skip
    world.add_person(connection, "甲", CELLS[0], actual_address_id=address)
    scan(connection, TODAY, ["vacant_but_occupied"])
    assert alerts(connection) == [
        ("vacant_but_occupied", f"房屋“D1”（{HEAD}1号）登记为空置，人口登记中甲共 1 人住在这里。")
    ]


def test_a_surge_of_events_against_the_cells_own_history(connection: Connection) -> None:
    def on(days: int) -> datetime:
        return datetime.combine(TODAY - timedelta(days=days), datetime.min.time()).astimezone()

    for cell, recent in ((CELLS[0], 9), (CELLS[1], 2)):
        for n in range(recent):
            world.add_event(connection, f"{cell}r{n}", cell, on(n % 7))
        for week in range(1, 10):
            for n in range(2):
                world.add_event(connection, f"{cell}w{week}-{n}", cell, on(week * 7 + n))
    scan(connection, TODAY)
    ((rule, reason),) = alerts(connection)
    assert rule == "event_surge"
    assert "9 起" in reason
    assert "平均每周 2.0 起" in reason


def test_flat_and_rare_series_raise_nothing() -> None:
    for level in (0, 1, 2, 4, 10, 50, 400):
        assert event_surge(WeeklyCounts("330521001001001", "x", "k", (level,) * 10, None, None), TODAY) is None
    assert event_surge(WeeklyCounts("330521001001001", "x", "k", (4,) + (0,) * 9, None, None), TODAY) is None
    assert upper_bound((0,) * 8) == 3.0


def test_scanning_twice_raises_nothing_twice_and_a_verdict_survives(connection: Connection) -> None:
    first, second = (world.add_household(connection, no, CELLS[0]) for no in ("H1", "H2"))
    person = world.add_person(connection, "甲", CELLS[0], first)
    world.add_member(connection, second, person, CELLS[0])
    assert scan(connection, TODAY).counts["two_households"] == {"raised": 1, "again": 0}
    connection.execute(text("UPDATE alert SET status = 'confirmed', version = 2"))
    assert scan(connection, TODAY).counts["two_households"] == {"raised": 0, "again": 1}
    assert connection.execute(text("SELECT status, version FROM alert")).all() == [("confirmed", 2)]
    connection.execute(text("UPDATE alert SET status = 'closed'"))
    assert scan(connection, TODAY).counts["two_households"] == {"raised": 0, "again": 0}
    assert connection.execute(text("SELECT action, to_status FROM alert_step")).all() == [("raise", "open")]


def test_age_is_completed_years() -> None:
    assert age(date(1961, 7, 1), date(2026, 6, 30)) == 64
    assert age(date(1961, 6, 30), date(2026, 6, 30)) == 65


def test_a_file_without_visits_counts_from_its_first_day() -> None:
    facts = LivesAlone(1, "老甲", date(1940, 1, 1), 1, "H", "永安街", None, date(2026, 6, 1), CELLS[0], None, None)
    assert elderly_alone_unvisited(facts, date(2026, 7, 1)) is None
    found = elderly_alone_unvisited(facts, date(2026, 7, 2))
    assert found is not None
    assert "没有走访记录" in found.reason
