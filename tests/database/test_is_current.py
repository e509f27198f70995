"""One convention for periods: [valid_from, valid_to), one function that says whether a day lies in one."""

import re
from datetime import date, timedelta

import pytest
from sqlalchemy import text

from database.connection.engine import Database
from database.rights.scope import Scope
from layers.people.households import _MEMBERS
from mapserver.server.metadata import COUNTY_METADATA
from tests.rooms import ROOMS, ROOT

BY_HAND = re.compile(r"valid_to IS NULL OR [\w.]*valid_to\s*>(?!=|\s*valid_from)")
DAY = date(2026, 5, 10)


@pytest.mark.parametrize(
    ("begins", "ends", "current"),
    [
        (DAY, None, True),
        (DAY + timedelta(1), None, False),
        (DAY - timedelta(9), DAY + timedelta(1), True),
        (DAY - timedelta(9), DAY, False),  # the first day no longer valid
        (DAY, DAY, False),  # ended on the day it began: it never was
        (DAY - timedelta(9), DAY - timedelta(1), False),
    ],
)
def test_the_first_day_holds_and_the_end_does_not(
    database: Database, system: Scope, begins: date, ends: date | None, current: bool
) -> None:
    period = {"begins": begins, "ends": ends, "day": DAY}
    with database.transaction(system) as connection:
        assert connection.scalar(text("SELECT is_current(:begins, CAST(:ends AS date), :day)"), period) is current
        alive = "SELECT is_present_member(:begins, CAST(:ends AS date), CAST(:died AS date), :day)"
        for died, present in (
            (None, current),
            (DAY + timedelta(1), current),
            (DAY, False),
            (DAY - timedelta(1), False),
        ):
            assert connection.scalar(text(alive), period | {"died": died}) is present


def test_the_planner_sees_through_it(database: Database, system: Scope) -> None:
    with database.transaction(system) as connection:
        connection.execute(text("SET LOCAL enable_seqscan = off"))  # the tables are empty
        plan = "\n".join(connection.scalars(text("EXPLAIN (VERBOSE) " + _MEMBERS), {"id": 1}))
    assert "uq_household_member_household_id_person_id_valid_from" in plan
    assert "valid_to" in plan and "death_date" in plan
    assert "is_current" not in plan and "is_present_member" not in plan


def test_every_end_is_the_first_day_no_longer_valid() -> None:
    ends = {table.name: table.c.valid_to.comment for table in COUNTY_METADATA.sorted_tables if "valid_to" in table.c}
    assert len(ends) >= 6
    assert {
        name: comment for name, comment in ends.items() if not str(comment).startswith("first day no longer ")
    } == {}


def test_nobody_writes_the_condition_by_hand() -> None:
    sources = [
        path
        for room in ROOMS
        for pattern in ("*.py", "*.sql")
        for path in (ROOT / room).rglob(pattern)
        if "migrations" not in path.parts and path.name != "is_current.sql"
    ]
    assert len(sources) > 500
    assert [str(path) for path in sources if BY_HAND.search(path.read_text("utf-8"))] == []
