"""The household file, persons and visits in the database: in scope only, masked, and every look is kept."""

import uuid
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from alerts.totals import count_alerts
from database.connection.engine import Database
from database.rights.scope import Role, Scope
from database.secrets.seal import Sealer
from fieldwork.visits import NewVisit, VisitUidTaken, visit_household
from layers.cards.overview import get_overview
from layers.changes.feed import list_changes
from layers.people.household_search import households_inside
from layers.people.households import (
    HouseholdNotFound,
    PersonNotFound,
    PurposeMissing,
    find_persons,
    get_household,
    plain_phone,
    reveal,
)
from tests import world
from tests.world import CELLS, CHUNHUI, MOGAN

ID_NUMBER, PHONE = "33052119800101123X", "13800000001"


@pytest.fixture
def ids(database: Database, system: Scope, sealer: Sealer) -> dict[str, int]:
    """A family of three in the first cell, one of them dead; an empty household in the last cell."""
    with database.transaction(system) as connection:
        world.build_county(connection)
        address = world.add_address(connection, "德清县武康街道千秋社区永安街1号", CELLS[0])
        household = world.add_household(connection, "H1", CELLS[0], address)
        other = world.add_household(connection, "H2", CELLS[3])
        head = world.add_person(
            connection, "张测试", CELLS[0], household, sealer=sealer, id_number=ID_NUMBER, phone=PHONE
        )
        world.add_person(connection, "李测试", CELLS[0], household, relation="配偶")
        world.add_person(connection, "张老", CELLS[0], household, relation="父亲", death_date="2020-01-01")
        for key, kind, occupancy in (("房", "dwelling", "occupied"), ("楼", "building", None), ("店", "unit", None)):
            world.insert(
                connection, "place", kind=kind, name=key, occupancy=occupancy, address_id=address, source="t",
                source_key=key, grid_code=CELLS[0], geom=world.point(CELLS[0]),
            )  # fmt: skip
    return {"household": household, "other": other, "person": head, "address": address}


@pytest.fixture
def worker(county: str) -> Scope:
    return Scope(county, "worker", Role.GRID_WORKER, (CELLS[0],))


@pytest.fixture
def far(county: str) -> Scope:
    return Scope(county, "far", Role.GRID_WORKER, (CELLS[3],))


def new_visit(uid: uuid.UUID | None = None, at: datetime | None = None, outcome: str = "met") -> NewVisit:
    return NewVisit(uid or uuid.uuid4(), at or datetime(2026, 3, 2, 1, 30, tzinfo=UTC), outcome, "330521", note="平安")


def audit(database: Database, system: Scope) -> list[tuple[Any, ...]]:
    with database.transaction(system) as connection:
        query = text("SELECT actor, action, target, purpose, grid_code FROM audit_event ORDER BY id")
        return [tuple(row) for row in connection.execute(query)]


def test_a_stranger_to_the_cell_gets_nothing(
    database: Database, system: Scope, far: Scope, sealer: Sealer, ids: dict[str, int]
) -> None:
    with database.transaction(far) as connection:
        with pytest.raises(HouseholdNotFound):
            get_household(connection, ids["household"])
        with pytest.raises(PersonNotFound):
            reveal(connection, ids["person"], "phone", purpose="上门核实", sealer=sealer)
        with pytest.raises(HouseholdNotFound):
            visit_household(connection, ids["household"], new_visit(), "far")
        assert households_inside(connection, ids["address"]) == ([], False)
        assert find_persons(connection, sealer, id_number=ID_NUMBER) == ([], False)
        assert find_persons(connection, sealer, name="张测试") == ([], False)
    assert [row[:2] for row in audit(database, system)] == [("far", "find_person")] * 2


def test_the_file_holds_the_living_members_the_dwellings_and_no_number(
    database: Database, worker: Scope, ids: dict[str, int]
) -> None:
    with database.transaction(worker) as connection:
        file = get_household(connection, ids["household"])
    assert [m.name for m in file.members] == ["张测试", "李测试"]
    assert file.members[0].phone_masked == "*******0001"
    assert [(d.name, d.occupancy) for d in file.dwellings] == [("房", "occupied"), ("楼", None)]
    assert file.address is not None
    assert file.address.text == "德清县武康街道千秋社区永安街1号"
    assert file.cell_name == "千秋社区第1网格"
    assert ID_NUMBER not in str(file)
    assert PHONE not in str(file)


def test_a_household_without_a_cell_shows_its_village_and_no_address(database: Database, system: Scope) -> None:
    with database.transaction(system) as connection:
        world.build_county(connection)
        household = world.insert(
            connection, "household", household_no="H9", address_text="某处", source="t", grid_code=CHUNHUI
        )
        file = get_household(connection, household)
    assert (file.cell_name, file.address, file.address_text) == ("春晖社区居民委员会", None, "某处")


def test_every_look_is_kept_with_who_and_what(
    database: Database, system: Scope, worker: Scope, sealer: Sealer, ids: dict[str, int]
) -> None:
    with database.transaction(worker) as connection:
        get_household(connection, ids["household"])
        assert reveal(connection, ids["person"], "phone", purpose=" 电话回访 ", sealer=sealer) == PHONE
        find_persons(connection, sealer, phone=PHONE)
    assert audit(database, system) == [
        ("worker", "view_household", f"household:{ids['household']}", None, CELLS[0]),
        ("worker", "reveal", f"person:{ids['person']} phone", "电话回访", CELLS[0]),
        ("worker", "find_person", "by phone, 1 found", None, CELLS[0]),
    ]


@pytest.mark.parametrize("purpose", ["", "   ", "核实", "abc"])
def test_no_purpose_no_number(
    database: Database, worker: Scope, sealer: Sealer, ids: dict[str, int], purpose: str
) -> None:
    with database.transaction(worker) as connection, pytest.raises(PurposeMissing):
        reveal(connection, ids["person"], "id_number", purpose=purpose, sealer=sealer)


def test_a_number_that_is_not_recorded_is_none(
    database: Database, worker: Scope, sealer: Sealer, ids: dict[str, int]
) -> None:
    with database.transaction(worker) as connection:
        (person,), _more = find_persons(connection, sealer, name="李测试")
        assert person.household_id == ids["household"]
        assert reveal(connection, person.person_id, "phone", purpose="电话回访", sealer=sealer) is None


def test_at_most_twenty_persons_are_found(database: Database, system: Scope, sealer: Sealer) -> None:
    with database.transaction(system) as connection:
        for n in range(25):
            world.insert(connection, "person", name="同名", source="t", source_key=str(n), grid_code=CELLS[0])
        found, more = find_persons(connection, sealer, name="同名")
        assert (len(found), more) == (20, True)


def test_the_households_of_an_address_count_present_members(
    database: Database, worker: Scope, ids: dict[str, int]
) -> None:
    with database.transaction(worker) as connection:
        connection.execute(text("UPDATE household_member SET valid_to = '2021-01-01' WHERE relation = '配偶'"))
        (household,), more = households_inside(connection, ids["address"])
        assert (household.id, household.household_no, household.members_n) == (ids["household"], "H1", 1)
        assert not more


def test_a_visit_sent_twice_is_one_visit_and_the_latest_counts(
    database: Database, worker: Scope, ids: dict[str, int]
) -> None:
    visit = new_visit()
    with database.transaction(worker) as connection:
        first, new = visit_household(connection, ids["household"], visit, "worker")
        assert new
        again, new = visit_household(connection, ids["household"], visit, "worker")
        assert not new
        assert again == first
        earlier = visit.visited_at - timedelta(days=9)
        visit_household(connection, ids["household"], new_visit(at=earlier, outcome="nobody_home"), "worker")
        assert connection.scalar(text("SELECT last_visit_at FROM household")) == visit.visited_at
        assert list(connection.scalars(text("SELECT DISTINCT grid_code FROM visit"))) == [CELLS[0]]
        shown = get_household(connection, ids["household"]).visits
    assert [v.outcome_label for v in shown] == ["见到本人", "无人在家"]


def test_a_clock_that_runs_ahead_counts_as_now(database: Database, worker: Scope, ids: dict[str, int]) -> None:
    ahead = datetime.now(UTC) + timedelta(days=400)
    with database.transaction(worker) as connection:
        recorded, _ = visit_household(connection, ids["household"], new_visit(at=ahead), "worker")
    assert recorded.visited_at <= datetime.now(UTC)


def test_a_visit_number_of_another_household_is_refused(
    database: Database, system: Scope, worker: Scope, far: Scope, ids: dict[str, int]
) -> None:
    visit = new_visit()
    with database.transaction(far) as connection:
        visit_household(connection, ids["other"], visit, "far")
    for scope in (worker, system):  # whether it is in sight or not
        with database.transaction(scope) as connection, pytest.raises(VisitUidTaken):
            visit_household(connection, ids["household"], visit, "worker")


@pytest.mark.parametrize("prefixes", [("330521",), (MOGAN,), (CELLS[0], CELLS[1]), (CELLS[0][:12], CELLS[0])])
def test_the_overview_counts_what_row_security_shows(
    database: Database, county: str, ids: dict[str, int], prefixes: tuple[str, ...]
) -> None:
    with database.transaction(Scope(county, "u", Role.TOWN_OFFICIAL, prefixes)) as connection:
        totals = get_overview(connection).totals
        for name, table in {"households": "household", "places": "place", "addresses": "standard_address"}.items():
            assert totals[name] == connection.scalar(text(f"SELECT count(*) FROM {table}"))
        assert totals["persons"] == connection.scalar(text("SELECT count(*) FROM person WHERE death_date IS NULL"))


def test_the_overview_of_an_empty_county_is_empty(database: Database, system: Scope) -> None:
    with database.transaction(system) as connection:
        overview, alerts = get_overview(connection), count_alerts(connection)
    assert overview.bounds is None
    assert set(overview.totals.values()) == {0}
    assert asdict(alerts) == {
        "open_by_severity": {"high": 0, "medium": 0, "low": 0},
        "by_status": {},
        "by_rule": [],
    }


def test_changes_are_newest_first_and_in_scope_only(
    database: Database, system: Scope, worker: Scope, far: Scope
) -> None:
    with database.transaction(system) as connection:
        made = [
            world.insert(
                connection, "change", entity=entity, entity_id=str(n), operation="added", after={"n": n}, actor="import",
                grid_code=CELLS[0],
            )
            for n, entity in enumerate(("person", "event", "person"))
        ]  # fmt: skip
    with database.transaction(far) as connection:
        assert list_changes(connection).items == []
    with database.transaction(worker) as connection:
        page = list_changes(connection, limit=2)
        rest = list_changes(connection, after=page.next)
        assert [c.id for c in page.items + rest.items] == made[::-1]
        assert [c.id for c in list_changes(connection, entity="person").items] == [made[2], made[0]]
        assert [c.id for c in list_changes(connection, entity="person", entity_id="0").items] == [made[0]]
        assert list_changes(connection, batch=1).items == []


@pytest.mark.parametrize(
    "written",
    [PHONE, f"+86{PHONE}", f"0086{PHONE}", f"+86 {PHONE[:3]}-{PHONE[3:7]}-{PHONE[7:]}", f" {PHONE[:3]} {PHONE[3:]} ", f"86{PHONE}",
     "".join(chr(ord(c) + 0xFEE0) for c in PHONE), f"（+86）{PHONE}"],
)  # fmt: skip
def test_a_phone_is_found_however_it_is_written(
    database: Database, worker: Scope, sealer: Sealer, ids: dict[str, int], written: str
) -> None:
    with database.transaction(worker) as connection:
        assert len(find_persons(connection, sealer, phone=written)[0]) == 1


@pytest.mark.parametrize("between", [" ", "-", "\u3000", "－"])
def test_an_id_number_is_found_however_it_is_written(
    database: Database, worker: Scope, sealer: Sealer, ids: dict[str, int], between: str
) -> None:
    written = between.join((ID_NUMBER[:6], ID_NUMBER[6:14], ID_NUMBER[14:])).lower()
    wide = "".join(chr(ord(c) + 0xFEE0) if c.isdigit() else c for c in written)
    with database.transaction(worker) as connection:
        for one in (written, wide):
            assert len(find_persons(connection, sealer, id_number=one)[0]) == 1


def test_a_number_of_a_fixed_line_keeps_its_first_digits() -> None:
    assert plain_phone("0572-8612345") == "05728612345"
    assert plain_phone("8612345") == "8612345"
