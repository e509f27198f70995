"""What no longer holds ends by itself; what a person has in hand only says so; what comes back is an alert again."""

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, text

from alerts.detection.rules.elderly_alone_unvisited import answered
from alerts.detection.scan import scan
from alerts.lifecycle import Transition
from alerts.store import AlertFilter, apply_transition, count_alerts, get_alert, list_alerts
from database.connection.engine import Database
from database.rights.scope import Role, Scope
from fieldwork.visits import NewVisit, visit_household
from tests import world
from tests.world import CELLS

TODAY = date(2026, 6, 30)


@pytest.fixture
def connection(database: Database, system: Scope) -> Iterator[Connection]:
    with database.transaction(system) as connection:
        world.build_county(connection)
        yield connection


def the_alerts(connection: Connection) -> list[Any]:
    return list(connection.execute(text("SELECT id, status, ceased_at, rule, version FROM alert ORDER BY id")))


def steps(connection: Connection, alert_id: int) -> list[str]:
    return [step.action for step in get_alert(connection, alert_id).history]


def two_households(connection: Connection) -> Callable[[bool], None]:
    """A person in two households; call with False to end the second membership, with True to bring it back."""
    first, second = (world.add_household(connection, no, CELLS[0]) for no in ("H1", "H2"))
    person = world.add_person(connection, "甲", CELLS[0], first)
    world.add_member(connection, second, person, CELLS[0])

    def hold(holds: bool) -> None:
        connection.execute(
            text("UPDATE household_member SET valid_to = :day WHERE household_id = :h"),
            {"day": None if holds else TODAY, "h": second},
        )

    return hold


def unknown_address(connection: Connection) -> Callable[[bool], None]:
    here = world.add_address(connection, "德清县武康街道千秋社区永安街1号", CELLS[0], 1)
    person = world.add_person(
        connection, "丁", CELLS[0], actual_address_text="永安街99号", actual_address_match={"ambiguous": False}
    )

    def hold(holds: bool) -> None:
        connection.execute(
            text("UPDATE person SET actual_address_id = :a WHERE id = :p"),
            {"a": None if holds else here, "p": person},
        )

    return hold


def vacant_but_occupied(connection: Connection) -> Callable[[bool], None]:
    here = world.add_address(connection, "德清县武康街道千秋社区永安街1号", CELLS[0], 1)
    flat = world.insert(
        connection, "place", kind="dwelling", name="101", occupancy="vacant", address_id=here, source="t",
        source_key="101", grid_code=CELLS[0], geom=world.point(CELLS[0]),
    )  # fmt: skip
    world.add_person(connection, "甲", CELLS[0], actual_address_id=here)

    def hold(holds: bool) -> None:
        connection.execute(
            text("UPDATE place SET occupancy = :o WHERE id = :p"),
            {"o": "vacant" if holds else "occupied", "p": flat},
        )

    return hold


def registered_actual_differ(connection: Connection) -> Callable[[bool], None]:
    here, there = (world.add_address(connection, f"德清县武康街道千秋社区永安街{n}号", CELLS[0], n) for n in (1, 2))
    person = world.add_person(connection, "乙", CELLS[0], registered_address_id=here, actual_address_id=there)

    def hold(holds: bool) -> None:
        connection.execute(
            text("UPDATE person SET registered_address_id = :a WHERE id = :p"),
            {"a": here if holds else there, "p": person},
        )

    return hold


def event_surge(connection: Connection) -> Callable[[bool], None]:
    def at(days: int) -> datetime:
        return datetime.combine(TODAY - timedelta(days=days), time(12), UTC)

    for n in range(12):
        world.add_event(connection, f"old{n}", CELLS[0], at(8 + n * 7))
    for n in range(20):
        world.add_event(connection, f"new{n}", CELLS[0], at(1))

    def hold(holds: bool) -> None:
        moved = "occurred_at + interval '60 days'" if holds else "occurred_at - interval '60 days'"
        connection.execute(text(f"UPDATE event SET occurred_at = {moved} WHERE source_key LIKE 'new%'"))

    return hold


def elderly_alone_unvisited(connection: Connection) -> Callable[[bool], None]:
    household = world.add_household(connection, "H", CELLS[0])
    person = world.add_person(connection, "老甲", CELLS[0], household, birth_date=date(1940, 1, 1))
    world.insert(
        connection, "visit", client_uid=uuid.uuid4(), household_id=household, visitor="w", outcome="met",
        visited_at=TODAY - timedelta(days=40), grid_code=CELLS[0],
    )  # fmt: skip

    def hold(holds: bool) -> None:
        connection.execute(
            text("UPDATE person SET death_date = :d WHERE id = :p"), {"d": None if holds else TODAY, "p": person}
        )

    return hold


CONDITIONS = [
    two_households,
    unknown_address,
    vacant_but_occupied,
    registered_actual_differ,
    event_surge,
    elderly_alone_unvisited,
]


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda one: one.__name__)
def test_of_every_rule_what_no_longer_holds_ends_once_and_comes_back_as_another_alert(
    connection: Connection, condition: Callable[[Connection], Callable[[bool], None]]
) -> None:
    hold = condition(connection)
    rule = condition.__name__
    assert scan(connection, TODAY, [rule]).counts[rule]["raised"] == 1
    hold(False)
    for cleared in (1, 0, 0):  # a rescan ends nothing twice
        report = scan(connection, TODAY, [rule])
        assert (report.ended[rule].cleared, report.ended[rule].ceased) == (cleared, 0)
    (alert,) = the_alerts(connection)
    assert alert.status == "cleared"
    assert alert.ceased_at is not None
    history = get_alert(connection, alert.id).history
    assert [(s.action, s.from_status, s.to_status, s.actor_name) for s in history] == [
        ("raise", None, "open", "系统"),
        ("clear", "open", "cleared", "系统"),
    ]
    assert history[1].action_label == "自行消除"
    assert "2026-06-30 检查时不再发现" in history[1].reason
    hold(True)
    for raised in (1, 0):
        assert scan(connection, TODAY, [rule]).counts[rule] == {"raised": raised, "again": 1 - raised}
    _, again = the_alerts(connection)
    assert again.status == "open"
    assert [(one.id, one.status) for one in get_alert(connection, again.id).earlier] == [(alert.id, "cleared")]
    assert steps(connection, alert.id) == ["raise", "clear"], "the ended one is left alone"


HANDS: dict[str, list[Transition]] = {
    "acknowledged": [Transition("acknowledge")],
    "confirmed": [Transition("verify", reason="上门核实", verdict="confirmed")],
    "refuted": [Transition("verify", reason="查无此事", verdict="refuted")],
    "open": [Transition("acknowledge"), Transition("verify", reason="属实", verdict="confirmed"), Transition("reopen", reason="再查")],
}  # fmt: skip


@pytest.mark.parametrize("status", HANDS)
def test_what_a_person_has_in_hand_is_not_closed_without_a_word(connection: Connection, status: str) -> None:
    hold = two_households(connection)
    scan(connection, TODAY)
    (alert,) = the_alerts(connection)
    for version, step in enumerate(HANDS[status], 1):
        apply_transition(connection, alert.id, step, actor="official", expected_version=version)
    before = steps(connection, alert.id)
    hold(False)
    for ceased in (1, 0):
        report = scan(connection, TODAY)
        assert (report.ended["two_households"].cleared, report.ended["two_households"].ceased) == (0, ceased)
    (marked,) = the_alerts(connection)
    assert marked.status == status
    assert marked.ceased_at is not None
    assert marked.version == len(HANDS[status]) + 2, "who has the form open hears of it"
    assert steps(connection, alert.id) == [*before, "cease"]
    assert count_alerts(connection, AlertFilter(ceased=True)).n == 1
    hold(True)
    assert scan(connection, TODAY).counts["two_households"] == {"raised": 0, "again": 1}
    (same,) = the_alerts(connection)
    assert (same.status, same.ceased_at) == (status, None)
    assert steps(connection, alert.id) == [*before, "cease", "recur"]


def test_the_person_settles_what_ceased_in_one_step(connection: Connection) -> None:
    hold = two_households(connection)
    scan(connection, TODAY)
    (alert,) = the_alerts(connection)
    apply_transition(connection, alert.id, Transition("acknowledge"), actor="official", expected_version=1)
    hold(False)
    scan(connection, TODAY)
    settled = apply_transition(connection, alert.id, Transition("settle"), actor="official", expected_version=3)
    assert (settled.status, settled.history[-1].action_label) == ("cleared", "确认消除")
    hold(True)
    assert scan(connection, TODAY).counts["two_households"]["raised"] == 1


def test_closed_while_it_holds_it_stays_closed_and_raised_again_only_after_it_had_ceased(
    connection: Connection,
) -> None:
    hold = two_households(connection)
    scan(connection, TODAY)
    (alert,) = the_alerts(connection)
    verdict = Transition("verify", reason="属实", verdict="confirmed")
    apply_transition(connection, alert.id, verdict, actor="official", expected_version=1)
    apply_transition(connection, alert.id, Transition("close", reason="已处理"), actor="other", expected_version=2)
    assert scan(connection, TODAY).counts["two_households"] == {"raised": 0, "again": 0}
    hold(False)
    scan(connection, TODAY)
    hold(True)
    assert scan(connection, TODAY).counts["two_households"] == {"raised": 1, "again": 0}
    assert [one.status for one in the_alerts(connection)] == ["closed", "open"]


def test_what_changed_into_another_finding_says_which(connection: Connection) -> None:
    two_households(connection)
    scan(connection, TODAY)
    third = world.add_household(connection, "H3", CELLS[0])
    person = connection.scalar(text("SELECT min(id) FROM person"))
    world.add_member(connection, third, person, CELLS[0])
    scan(connection, TODAY)
    old, new = the_alerts(connection)
    assert (old.status, new.status) == ("cleared", "open")
    last = get_alert(connection, old.id).history[-1]
    assert last.evidence == {"alert_id": new.id}
    assert f"编号 {new.id}" in last.reason


def test_a_day_gone_by_and_a_scan_of_other_rules_end_nothing(connection: Connection) -> None:
    hold = two_households(connection)
    scan(connection, TODAY)
    hold(False)
    scan(connection, TODAY, end_unfound=False)
    scan(connection, TODAY, ["event_surge"])
    assert [one.status for one in the_alerts(connection)] == ["open"]


def test_a_rescan_leaves_an_old_alert_where_it_was(database: Database, system: Scope) -> None:
    """Severity first, then the day it was first raised: found again, it is no newer."""
    with database.transaction(system) as connection:
        world.build_county(connection)
        unknown_address(connection)  # medium
        scan(connection, TODAY)
    with database.transaction(system) as connection:
        two_households(connection)  # high
        scan(connection, TODAY)
    with database.transaction(system) as connection:
        world.add_person(
            connection, "庚", CELLS[0], actual_address_text="永安街98号", actual_address_match={"ambiguous": False}
        )
        scan(connection, TODAY)
        connection.execute(
            text("UPDATE alert SET first_raised_at = first_raised_at - interval '2 days' WHERE title LIKE '丁%'")
        )
        listed = list_alerts(connection, AlertFilter()).items
        assert [one.title[0] for one in listed] == ["甲", "庚", "丁"]
        yesterday = connection.scalar(text("SELECT CURRENT_DATE - 1"))
        assert count_alerts(connection, AlertFilter(new_since=yesterday)).n == 2
        pages, after = [], None
        while True:
            page = list_alerts(connection, AlertFilter(), after=after, limit=1)
            pages += [one.id for one in page.items]
            if (after := page.next) is None:
                break
        assert pages == [one.id for one in listed]


# --- visits -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "days", "ends"),
    [("met", 0, True), ("help_needed", 30, True), ("met", 31, False), ("nobody_home", 0, False), ("refused", 0, False)],
)
def test_which_visit_answers_a_lapse(outcome: str, days: int, ends: bool) -> None:
    assert answered(outcome, TODAY - timedelta(days=days), TODAY) is ends


@pytest.fixture
def lapsed(database: Database, system: Scope) -> tuple[int, int]:
    """A household of somebody old and alone, recorded elsewhere and not visited for 40 days, and its alert."""
    with database.transaction(system) as connection:
        world.build_county(connection)
        today = connection.scalar(text("SELECT CURRENT_DATE"))
        household = world.add_household(connection, "H", CELLS[0])
        person = world.add_person(connection, "老甲", CELLS[3], None, birth_date=date(1940, 1, 1))
        world.add_member(connection, household, person, CELLS[0])
        world.insert(
            connection, "visit", client_uid=uuid.uuid4(), household_id=household, visitor="w", outcome="met",
            visited_at=today - timedelta(days=40), grid_code=CELLS[0],
        )  # fmt: skip
        scan(connection, today, ["elderly_alone_unvisited"])
        (alert,) = the_alerts(connection)
    return household, alert.id


def visit(outcome: str = "met", days: int = 0) -> NewVisit:
    at = datetime.now(UTC) - timedelta(days=days, minutes=1)
    return NewVisit(uuid.uuid4(), at, outcome, CELLS[0])


def worker(county: str) -> Scope:
    return Scope(county, "worker", Role.GRID_WORKER, (CELLS[0],))


def test_a_visit_ends_the_lapse_at_once_and_the_history_says_whose(
    database: Database, system: Scope, county: str, lapsed: tuple[int, int]
) -> None:
    household, alert_id = lapsed
    for outcome in ("nobody_home", "refused"):
        with database.transaction(worker(county)) as connection:
            visit_household(connection, household, visit(outcome), "worker")
            assert get_alert(connection, alert_id).status == "open"
    made = visit()
    with database.transaction(worker(county)) as connection:
        recorded, _ = visit_household(connection, household, made, "worker")
        alert = get_alert(connection, alert_id)
        assert alert.status == "cleared"
        last = alert.history[-1]
        assert (last.action, last.actor, last.actor_name) == ("clear", "worker", "worker")
        assert last.evidence == {"visit_id": recorded.id}
        assert "已走访，见到本人" in last.reason
        visit_household(connection, household, made, "worker")  # sent again
        assert len(get_alert(connection, alert_id).history) == 2
    with database.transaction(system) as connection:
        today = connection.scalar(text("SELECT CURRENT_DATE"))
        scan(connection, today, ["elderly_alone_unvisited"])
        assert [one.status for one in the_alerts(connection)] == ["cleared"]
        scan(connection, today + timedelta(days=31), ["elderly_alone_unvisited"])
        assert [one.status for one in the_alerts(connection)] == ["cleared", "open"], "a new lapse is a new alert"


def test_a_visit_in_the_middle_of_somebody_elses_work_is_told_to_them(
    database: Database, county: str, lapsed: tuple[int, int]
) -> None:
    household, alert_id = lapsed
    with database.transaction(worker(county)) as connection:
        apply_transition(connection, alert_id, Transition("acknowledge"), actor="official", expected_version=1)
        visit_household(connection, household, visit(), "worker")
        alert = get_alert(connection, alert_id)
    assert alert.status == "acknowledged"
    assert alert.ceased_at is not None
    assert [step.action for step in alert.history] == ["raise", "acknowledge", "cease"]


def test_a_visit_of_a_phone_with_a_wrong_clock_counts_and_the_history_says_that_the_time_is_unsure(
    database: Database, county: str, lapsed: tuple[int, int]
) -> None:
    household, alert_id = lapsed
    made = NewVisit(uuid.uuid4(), datetime(1970, 1, 1, tzinfo=UTC), "met", CELLS[0])
    with database.transaction(worker(county)) as connection:
        visit_household(connection, household, made, "worker")
        alert = get_alert(connection, alert_id)
    assert alert.status == "cleared"
    assert "手机时钟不准，确切时间不详" in alert.history[-1].reason


def test_a_visit_that_was_long_ago_when_it_arrived_ends_nothing(
    database: Database, system: Scope, county: str, lapsed: tuple[int, int]
) -> None:
    household, alert_id = lapsed
    with database.transaction(worker(county)) as connection:
        visit_household(connection, household, visit(days=35), "worker")
        assert get_alert(connection, alert_id).status == "open"


def test_an_ended_alert_is_off_the_tiles_and_their_counts(
    database: Database, system: Scope, county: str, lapsed: tuple[int, int]
) -> None:
    household, _ = lapsed
    counted = text("SELECT coalesce(sum(n), 0) FROM tile_count WHERE layer = 'alerts' AND level = 14")
    tile = text("SELECT body FROM tile_layer('alerts', 0, 0, 0)")
    with database.transaction(system) as connection:
        assert connection.scalar(counted) == 1
        assert connection.scalar(tile)
    with database.transaction(worker(county)) as connection:
        visit_household(connection, household, visit(), "worker")
    with database.transaction(system) as connection:
        assert connection.scalar(counted) == 0
        assert not connection.scalar(tile)
