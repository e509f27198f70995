"""The rules find what they say, explain it in Chinese, and never raise the same alert twice."""

import uuid
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, text

from alerts.detection.rules import RULES
from alerts.detection.rules.elderly_alone_unvisited import LivesAlone, age, elderly_alone_unvisited
from alerts.detection.rules.event_surge import WeeklyCounts, event_surge, upper_bound
from alerts.detection.scan import scan
from database.connection.engine import Database
from database.rights.scope import Role, Scope
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
    """Rule and reason of each alert, as who sees the whole county reads them."""
    query = text(
        "SELECT a.rule, coalesce(w.reason, a.reason) FROM alert a LEFT JOIN alert_whole w ON w.alert_id = a.id ORDER BY a.id"
    )
    return [tuple(row) for row in connection.execute(query)]


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
    (rule, reason), other_side = alerts(connection)
    assert other_side == (rule, reason), "each cell has its alert, who sees both reads the whole in either"
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
    assert reason.startswith("老甲，86 岁，独自居住")
    assert "上次走访是 2026-05-30，到 2026-06-30 已过 31 天" in reason


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


def test_a_vacant_flat_beside_an_inhabited_one_at_the_same_address(connection: Connection) -> None:
    address = world.add_address(connection, HEAD + "1号", CELLS[0])
    for key, occupancy in (("101", "vacant"), ("102", "occupied")):
        flat = world.insert(
            connection, "place", kind="dwelling", name=key, occupancy=occupancy, address_id=address, source="t",
            source_key=key, grid_code=CELLS[0], geom=world.point(CELLS[0]),
        )  # fmt: skip
        if key == "101":
            vacant = flat
    person = world.add_person(connection, "甲", CELLS[0], actual_address_id=address)
    assert scan(connection, TODAY).counts["vacant_but_occupied"]["raised"] == 0
    world.insert(
        connection,
        "person_place",
        person_id=person,
        place_id=vacant,
        relation="lives",
        valid_from=TODAY,
        grid_code=CELLS[0],
    )
    assert scan(connection, TODAY).counts["vacant_but_occupied"]["raised"] == 1


def test_a_child_born_into_a_vacant_dwelling_is_no_second_alert(connection: Connection) -> None:
    address = world.add_address(connection, HEAD + "1号", CELLS[0])
    world.insert(
        connection, "place", kind="dwelling", name="D1", occupancy="vacant", address_id=address, source="t",
        source_key="D1", grid_code=CELLS[0], geom=world.point(CELLS[0]),
    )  # fmt: skip
    household = world.add_household(connection, "H1", CELLS[0], address)
    world.add_person(connection, "甲", CELLS[0], household, actual_address_id=address)
    assert scan(connection, TODAY).counts["vacant_but_occupied"] == {"raised": 1, "again": 0}
    world.add_person(connection, "乙", CELLS[0], household, actual_address_id=address)
    assert scan(connection, TODAY).counts["vacant_but_occupied"] == {"raised": 0, "again": 1}


def test_a_room_in_the_registered_house_is_no_other_address(connection: Connection) -> None:
    house = world.add_address(connection, HEAD + "1号", CELLS[0], 1)
    room = world.add_address(connection, HEAD + "1号2幢301室", CELLS[0], 2)
    world.add_person(connection, "甲", CELLS[0], registered_address_id=house, actual_address_id=room)
    assert scan(connection, TODAY).counts["registered_actual_differ"]["raised"] == 0


def change(
    connection: Connection, entity: str, key: int, fields: list[str], before: object, after: object, **more: object
) -> None:
    world.insert(
        connection, "change", entity=entity, entity_id=str(key), operation="added" if before is None else "changed",
        fields=fields, before=before, after=after, actor="import", grid_code=CELLS[0], **more,
    )  # fmt: skip


def test_an_alert_carries_the_change_that_brought_it_about(connection: Connection) -> None:
    here = world.add_address(connection, HEAD + "1号", CELLS[0], 1)
    there = world.add_address(connection, HEAD + "2号", CELLS[0], 2)
    person = world.add_person(connection, "乙", CELLS[0], registered_address_id=here, actual_address_id=there)
    change(
        connection, "person", person, ["actual_address_id"], {"actual_address_id": here}, {"actual_address_id": there}
    )
    change(connection, "person", person, ["phone"], {}, {})
    scan(connection, TODAY)
    (facts,) = connection.scalars(text("SELECT facts FROM alert"))
    assert (facts["before"], facts["after"]) == ({"actual_address_id": here}, {"actual_address_id": there})


def test_a_second_membership_is_the_change_behind_two_households(connection: Connection) -> None:
    first, second = (world.add_household(connection, no, CELLS[0]) for no in ("H1", "H2"))
    person = world.add_person(connection, "甲", CELLS[0], first)
    world.add_member(connection, second, person, CELLS[0])
    key = connection.scalar(text("SELECT max(id) FROM household_member"))
    change(connection, "household_member", key, [], None, {"household_no": "H2"})
    scan(connection, TODAY)
    (facts,) = connection.scalars(text("SELECT facts FROM alert"))
    assert (facts["before"], facts["after"]) == (None, {"household_no": "H2"})


def on(days: int) -> datetime:
    """Noon, some days ago."""
    return datetime.combine(TODAY - timedelta(days=days), time(12), ZoneInfo("Asia/Shanghai"))


def add_history(connection: Connection, cell: str, a_week: int, first_day: int = 80) -> None:
    """Some events in each of nine weeks, and one before them."""
    world.add_event(connection, f"{cell}-first", cell, on(first_day))
    for week in range(1, 10):
        for n in range(a_week):
            world.add_event(connection, f"{cell}w{week}-{n}", cell, on(week * 7 + n))


def add_recent(connection: Connection, cell: str, n: int) -> None:
    """Events of the last seven days, the last day of them included."""
    for i in range(n):
        world.add_event(connection, f"{cell}r{i}", cell, on(i % 7))


def test_a_surge_of_events_against_the_cells_own_history(connection: Connection) -> None:
    for cell, recent in ((CELLS[0], 9), (CELLS[1], 2)):
        add_recent(connection, cell, recent)
        add_history(connection, cell, 2)
    scan(connection, TODAY)
    ((rule, reason),) = alerts(connection)
    assert rule == "event_surge"
    assert "9 起" in reason
    assert "平均每周 2.0 起" in reason
    assert connection.scalar(text("SELECT facts -> 'weekly_counts' FROM alert")) == [9] + [2] * 9


def test_a_table_without_history_has_no_surge(connection: Connection) -> None:
    add_recent(connection, CELLS[0], 9)
    add_history(connection, CELLS[0], 0, first_day=60)
    assert scan(connection, TODAY).counts["event_surge"]["raised"] == 0


def test_a_surge_that_goes_on_is_one_alert_a_week(connection: Connection) -> None:
    add_history(connection, CELLS[0], 0)
    for day in range(-10, 7):
        world.add_event(connection, f"d{day}", CELLS[0], on(day))
        world.add_event(connection, f"e{day}", CELLS[0], on(day))
    raised = [
        scan(connection, TODAY + timedelta(days=n), ["event_surge"]).counts["event_surge"]["raised"] for n in range(9)
    ]
    assert raised == [1, 0, 0, 0, 0, 0, 0, 1, 0]


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


def test_the_scan_sees_no_further_than_its_scope(
    database: Database, system: Scope, county: str, neighbour: str
) -> None:
    with database.transaction(system) as connection:
        world.build_county(connection)
        first, second = (world.add_household(connection, no, CELLS[0]) for no in ("H1", "H2"))
        person = world.add_person(connection, "甲", CELLS[0], first)
        world.add_member(connection, second, person, CELLS[0])
    for scope in (Scope.of_system(neighbour), Scope(county, "w", Role.GRID_WORKER, (CELLS[1],))):
        with database.transaction(scope) as connection:
            assert scan(connection, TODAY).counts["two_households"]["raised"] == 0
    with database.transaction(system) as connection:
        assert scan(connection, TODAY).counts["two_households"]["raised"] == 1


def test_never_visited_counts_from_the_day_the_record_was_made_not_from_its_last_change(connection: Connection) -> None:
    household = world.add_household(connection, "H", CELLS[0])
    person = world.add_person(connection, "老甲", CELLS[0], household, birth_date=date(1940, 1, 1))
    connection.execute(text("UPDATE person SET updated_at = :at"), {"at": on(1)})
    assert scan(connection, TODAY).counts["elderly_alone_unvisited"]["raised"] == 0
    change(connection, "person", person, [], None, {"name": "老甲"}, at=on(40))
    assert scan(connection, TODAY).counts["elderly_alone_unvisited"]["raised"] == 1


def test_age_goes_by_the_year_so_that_it_tells_no_birthday() -> None:
    assert {age(born, date(2026, 6, 30)) for born in (date(1961, 1, 1), date(1961, 7, 1), date(1961, 12, 31))} == {65}
    household = ("H", "永安街", None, date(2026, 1, 1), CELLS[0], None, None)
    found = [
        elderly_alone_unvisited(LivesAlone(1, "老甲", date(1961, 7, 1), 1, *household), day)
        for day in (date(2026, 6, 30), date(2026, 7, 1), date(2026, 7, 2))
    ]
    assert all(found), "neither does the day on which it is raised"


def test_a_file_without_visits_counts_from_its_first_day() -> None:
    facts = LivesAlone(1, "老甲", date(1940, 1, 1), 1, "H", "永安街", None, date(2026, 6, 1), CELLS[0], None, None)
    assert elderly_alone_unvisited(facts, date(2026, 7, 1)) is None
    found = elderly_alone_unvisited(facts, date(2026, 7, 2))
    assert found is not None
    assert "没有走访记录" in RULES["elderly_alone_unvisited"].say_reason(found.facts)
