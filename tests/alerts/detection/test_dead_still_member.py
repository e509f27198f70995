"""Who is registered dead and still a member of a household: found after whole months, named to who sees them, day untold."""

from datetime import date

import pytest
from sqlalchemy import Connection, text

from alerts.detection.rules.dead_still_member import RULE, DeadMember, Limits, dead_still_member, died_before
from alerts.detection.scan import scan
from alerts.store import AlertFilter, get_alert, list_alerts
from database.connection.engine import Database
from database.rights.scope import Role, Scope
from tests import world
from tests.world import CELLS, MOGAN, WUKANG

TODAY = date(2026, 7, 15)
DEAD = DeadMember(1, "Li", date(2026, 5, 31), 7, "H1", "", CELLS[0], CELLS[0])


def test_it_waits_for_whole_months_so_that_it_tells_no_day() -> None:
    assert died_before(TODAY) == date(2026, 6, 1)
    assert died_before(date(2026, 1, 31)) == date(2025, 12, 1)
    assert died_before(date(2026, 1, 1), Limits(grace_months=14)) == date(2024, 11, 1)
    days = [date(2026, 6, 30), date(2026, 7, 1)]
    for death in (date(2026, 5, 1), date(2026, 5, 31)):
        found = [dead_still_member(DeadMember(1, "Li", death, 7, "H1", "", CELLS[0], CELLS[0]), day) for day in days]
        assert [finding is not None for finding in found] == [False, True]
    assert dead_still_member(DEAD, TODAY, Limits(grace_months=2)) is None


def test_it_says_who_and_where_in_both_languages_and_no_day() -> None:
    finding = dead_still_member(DEAD, TODAY)
    assert finding is not None
    assert RULE.say_title(finding.facts) == "Li登记为已故，仍在户"
    assert RULE.say_reason(finding.facts) == (
        "Li登记为已故，至今已过 1 个整月以上，仍是户 H1（地址不详）的现有成员。请核实后终止成员关系；本人健在的，更正死亡日期。"
    )
    assert RULE.say_title(finding.facts, "en") == "Li, registered dead, is still a member of a household"
    assert "household H1 (address unknown)" in RULE.say_reason(finding.facts, "en")
    assert RULE.labelled(finding.facts) == {"姓名": "Li", "户号": "H1", "住址": ""}
    assert "2026" not in str(finding)


def die(connection: Connection, person: int, day: date) -> None:
    connection.execute(text("UPDATE person SET death_date = :day WHERE id = :id"), {"day": day, "id": person})


def test_a_membership_that_ended_and_a_death_of_late_are_no_findings(database: Database, system: Scope) -> None:
    with database.transaction(system) as connection:
        world.build_county(connection)
        for name, day in (("甲", date(2026, 3, 9)), ("乙", date(2026, 3, 9)), ("丙", date(2026, 6, 20)), ("丁", None)):
            household = world.add_household(connection, f"H{name}", CELLS[0])
            person = world.add_person(connection, name, CELLS[0], household)
            if day:
                die(connection, person, day)
            if name == "乙":
                connection.execute(
                    text("UPDATE household_member SET valid_to = '2026-04-01' WHERE person_id = :p"), {"p": person}
                )
        assert scan(connection, TODAY, [RULE.name]).counts[RULE.name] == {"raised": 1, "again": 0}
        (title,) = connection.scalars(text("SELECT title FROM alert"))
        assert title == "甲登记为已故，仍在户"
        connection.execute(text("UPDATE household_member SET valid_to = '2026-07-16' WHERE valid_to IS NULL"))
        report = scan(connection, date(2026, 7, 16), [RULE.name])
        assert report.ended[RULE.name].cleared == 1, "ending the membership ends the alert"


@pytest.mark.parametrize(("prefixes", "named"), [((CELLS[0],), False), ((WUKANG,), False), ((WUKANG, MOGAN), True)])
def test_who_is_registered_elsewhere_is_named_only_to_who_sees_both(
    database: Database, system: Scope, county: str, prefixes: tuple[str, ...], named: bool
) -> None:
    with database.transaction(system) as connection:
        world.build_county(connection)
        household = world.add_household(connection, "HU-WEST", CELLS[0])
        person = world.add_person(connection, "老魏", CELLS[3])
        world.add_member(connection, household, person, CELLS[0])
        die(connection, person, date(2026, 3, 9))
        world.insert(
            connection, "change", entity="person", entity_id=str(person), operation="changed", actor="import",
            fields=["death_date"], before={"death_date": None}, after={"death_date": "2026"}, grid_code=CELLS[3],
        )  # fmt: skip
        scan(connection, TODAY, [RULE.name])
    with database.transaction(Scope(county, "official", Role.TOWN_OFFICIAL, prefixes)) as connection:
        (alert,) = list_alerts(connection, AlertFilter(), with_reason=True).items
        file = get_alert(connection, alert.id)
    content = str((alert, file))
    assert "HU-WEST" in file.reason
    assert ("老魏" in content) == named
    assert (MOGAN in content) is False
    assert (file.after == {"death_date": "2026"}) == named
    assert "03-09" not in content


def test_another_town_sees_nothing_of_it(database: Database, system: Scope, county: str) -> None:
    with database.transaction(system) as connection:
        world.build_county(connection)
        person = world.add_person(connection, "甲", CELLS[0], world.add_household(connection, "H1", CELLS[0]))
        die(connection, person, date(2026, 3, 9))
        scan(connection, TODAY, [RULE.name])
    with database.transaction(Scope(county, "official", Role.TOWN_OFFICIAL, (MOGAN,))) as connection:
        assert list_alerts(connection, AlertFilter()).items == []
