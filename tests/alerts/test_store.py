"""Alerts in the database: who sees them, in which order, and how a step is kept."""

import base64
import json
import threading
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Connection, text

from access.accounts.accounts import create_account
from alerts.lifecycle import StepNotPossible, Transition
from alerts.store import (
    AlertFilter,
    AlertNotFound,
    AssigneeUnknown,
    StaleAlert,
    apply_transition,
    get_alert,
    list_alerts,
    open_alerts_of_household,
)
from database.connection.engine import Database
from database.installation.settings import Settings
from database.paging import CursorInvalid
from database.rights.scope import Role, Scope
from tests import world
from tests.world import CELLS, CHUNHUI

CHECKED = Transition("verify", reason="上门核实", verdict="confirmed", evidence={"照片": 1})


def add_alert(connection: Connection, key: str, grid_code: str, **values: object) -> int:
    defaults: dict[str, object] = {
        "fingerprint": key, "rule": "two_households", "severity": "high", "subject_kind": "person", "subject_id": "1",
        "title": f"预警{key}", "reason": "原因", "facts": {"户号": ["H1"]}, "grid_code": grid_code, "geom": world.point(CELLS[0]),
    }  # fmt: skip
    return world.insert(connection, "alert", **(defaults | values))


@pytest.fixture
def alert_id(database: Database, system: Scope) -> int:
    with database.transaction(system) as connection:
        world.build_county(connection)
        return add_alert(connection, "a", CELLS[0])


def test_a_stranger_to_the_cell_sees_and_moves_nothing(database: Database, county: str, alert_id: int) -> None:
    with database.transaction(Scope(county, "far", Role.GRID_WORKER, (CELLS[3],))) as connection:
        assert list_alerts(connection, AlertFilter()).items == []
        with pytest.raises(AlertNotFound):
            get_alert(connection, alert_id)
        with pytest.raises(AlertNotFound):
            apply_transition(connection, alert_id, Transition("acknowledge"), actor="far", expected_version=1)


def test_the_neighbour_county_sees_nothing(database: Database, neighbour: str, alert_id: int) -> None:
    with database.transaction(Scope.of_system(neighbour)) as connection:
        assert list_alerts(connection, AlertFilter()).items == []


@pytest.mark.parametrize("prefixes", [(CELLS[0], CELLS[2]), (CELLS[0][:12], CELLS[2][:9]), ("330521",)])
def test_the_list_holds_exactly_what_the_scope_covers(
    database: Database, system: Scope, county: str, alert_id: int, prefixes: tuple[str, ...]
) -> None:
    with database.transaction(system) as connection:
        for n, code in enumerate((*CELLS, CHUNHUI, CELLS[1] + "01", "330521")):
            add_alert(connection, f"x{n}", code)
    scope = Scope(county, "u", Role.GRID_WORKER, prefixes)
    with database.transaction(scope) as connection:
        listed = sorted(alert.id for alert in list_alerts(connection, AlertFilter()).items)
        visible = list(connection.scalars(text("SELECT id FROM alert ORDER BY id")))
    assert listed == visible
    assert 0 < len(listed) <= 8


def test_a_cursor_keeps_its_place_when_new_alerts_arrive(database: Database, system: Scope, alert_id: int) -> None:
    with database.transaction(system) as connection:
        ids = [alert_id] + [add_alert(connection, f"p{n}", CELLS[0]) for n in range(4)]
        first = list_alerts(connection, AlertFilter(), limit=2)
        add_alert(connection, "late", CELLS[0])
        rest = list_alerts(connection, AlertFilter(), after=first.next, limit=10)
    assert [a.id for a in first.items + rest.items] == ids[::-1]
    assert rest.next is None


def cursor_of(last_id: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(["alerts", 3, "2026-01-01T00:00:00+00:00", last_id]).encode()).decode()


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "!!",
        "bm90IGpzb24=",
        "WzEsMl0=",
        "WyIyMDI2LTAxLTAxIiwgMV0=",
        base64.urlsafe_b64encode(b'["changes", 3, "2026-01-01T00:00:00+00:00", 1]').decode(),
        base64.urlsafe_b64encode(b'["alerts", 3, "2026-01-01T00:00:00", 1]').decode(),
        base64.urlsafe_b64encode(b'["2026-01-01T00:00:00+00:00", 1]').decode(),
        *map(cursor_of, (True, False, 1.5, None, "1", [1], 2**63, -1)),
    ],
)
def test_a_forged_cursor_is_refused(database: Database, system: Scope, cursor: str) -> None:
    with database.transaction(system) as connection, pytest.raises(CursorInvalid):
        list_alerts(connection, AlertFilter(), after=cursor)


@pytest.mark.parametrize(
    ("first_day", "last_day", "found"),
    [
        (date(2026, 3, 1), date(2026, 3, 31), True),  # found before, in and after the period
        (date(2026, 5, 2), None, True),
        (date(2026, 5, 3), None, False),
        (None, date(2026, 1, 10), True),
        (None, date(2026, 1, 9), False),
        (None, date.max, True),
    ],
)
def test_a_period_finds_what_was_found_in_it(
    database: Database, system: Scope, first_day: date | None, last_day: date | None, found: bool
) -> None:
    with database.transaction(system) as connection:
        add_alert(
            connection, "p", CELLS[0], first_raised_at=datetime(2026, 1, 9, 16, tzinfo=UTC),  # the 10th in China
            last_raised_at=datetime(2026, 5, 2, 3, tzinfo=UTC),
        )  # fmt: skip
        page = list_alerts(connection, AlertFilter(first_day=first_day, last_day=last_day))
    assert bool(page.items) is found


def test_an_alert_without_a_cell_is_named_after_its_village(database: Database, system: Scope, alert_id: int) -> None:
    with database.transaction(system) as connection:
        in_village = add_alert(connection, "v", CHUNHUI)
        assert get_alert(connection, in_village).grid_name == "春晖社区居民委员会"
        assert get_alert(connection, alert_id).grid_name == "千秋社区第1网格"


def test_before_and_after_stand_beside_the_facts(database: Database, system: Scope) -> None:
    with database.transaction(system) as connection:
        one = add_alert(connection, "c", CELLS[0], facts={"姓名": "甲", "before": {"a": 1}, "after": {"a": 2}})
        alert = get_alert(connection, one)
    assert (alert.facts, alert.before, alert.after) == ({"姓名": "甲"}, {"a": 1}, {"a": 2})


def test_a_step_is_kept_with_who_when_and_why(database: Database, system: Scope, alert_id: int) -> None:
    with database.transaction(system) as connection:
        alert = apply_transition(connection, alert_id, CHECKED, actor="official", expected_version=1)
    assert (alert.status, alert.version) == ("confirmed", 2)
    (kept,) = alert.history
    assert kept.at is not None
    assert {k: getattr(kept, k) for k in ("action", "from_status", "to_status", "actor", "reason", "evidence")} == {
        "action": "verify", "from_status": "open", "to_status": "confirmed", "actor": "official", "reason": "上门核实",
        "evidence": {"照片": 1},
    }  # fmt: skip


def test_history_can_be_neither_changed_nor_removed(database: Database, system: Scope, alert_id: int) -> None:
    with database.transaction(system) as connection:
        apply_transition(connection, alert_id, CHECKED, actor="official", expected_version=1)
    for statement in ("UPDATE alert_step SET reason = 'x'", "DELETE FROM alert_step"):
        with pytest.raises(Exception, match="permission denied"), database.transaction(system) as connection:
            connection.execute(text(statement))


def test_a_step_that_is_refused_leaves_nothing(database: Database, system: Scope, alert_id: int) -> None:
    with pytest.raises(StepNotPossible), database.transaction(system) as connection:
        apply_transition(connection, alert_id, Transition("close", reason="x"), actor="u", expected_version=1)
    with database.transaction(system) as connection:
        alert = get_alert(connection, alert_id)
    assert (alert.status, alert.version, alert.history) == ("open", 1, [])


def test_of_many_writers_at_once_exactly_one_wins(database: Database, system: Scope, alert_id: int) -> None:
    results: list[str] = []
    barrier = threading.Barrier(4)

    def write(n: int) -> None:
        barrier.wait()
        try:
            with database.transaction(system) as connection:
                apply_transition(connection, alert_id, CHECKED, actor=f"u{n}", expected_version=1)
            results.append("won")
        except StaleAlert:
            results.append("stale")

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["stale"] * 3 + ["won"]
    with database.transaction(system) as connection:
        assert len(get_alert(connection, alert_id).history) == 1


def make_worker(database: Database, settings: Settings, username: str, county: str, prefix: str) -> None:
    with database.platform() as connection:
        create_account(
            connection, username=username, display_name="王网格", password="correct horse battery", role=Role.GRID_WORKER,
            county=county, prefixes=(prefix,), settings=settings,
        )  # fmt: skip


def test_an_assignee_is_a_known_enabled_account_whose_grid_covers_the_alert(
    database: Database, settings: Settings, system: Scope, county: str, neighbour: str, alert_id: int
) -> None:
    make_worker(database, settings, "near", county, CELLS[0])
    make_worker(database, settings, "far", county, CELLS[1])
    make_worker(database, settings, "abroad", neighbour, neighbour)
    make_worker(database, settings, "gone", county, CELLS[0])
    with database.platform() as connection:
        connection.execute(text("UPDATE platform.account SET disabled = true WHERE username = 'gone'"))
    for name in ("far", "abroad", "gone", "nobody"):
        with pytest.raises(AssigneeUnknown), database.transaction(system) as connection:
            apply_transition(connection, alert_id, Transition("assign", assignee=name), actor="u", expected_version=1)
    with database.transaction(system) as connection:
        alert = apply_transition(
            connection, alert_id, Transition("assign", assignee="near"), actor="near", expected_version=1
        )
        assert (alert.status, alert.assignee) == ("assigned", "near")
        assert alert.history[0].actor_name == "王网格"
        apply_transition(connection, alert_id, CHECKED, actor="near", expected_version=2)
        reopened = apply_transition(
            connection, alert_id, Transition("reopen", reason="再次发生"), actor="u", expected_version=3
        )
    assert (reopened.status, reopened.assignee) == ("open", None)


def test_a_household_shows_the_alerts_that_wait(database: Database, system: Scope) -> None:
    with database.transaction(system) as connection:
        waiting = add_alert(connection, "w", CELLS[0], household_id=7)
        add_alert(connection, "c", CELLS[0], household_id=7, status="closed")
        add_alert(connection, "o", CELLS[0], household_id=8)
        assert [a.id for a in open_alerts_of_household(connection, 7)] == [waiting]
