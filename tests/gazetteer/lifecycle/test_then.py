"""A text and a day: what it meant then, and what that is now."""

import uuid

import pytest
from sqlalchemy import Connection, text

from database.connection.engine import Database
from database.rights.scope import Role, Scope
from gazetteer.lifecycle import operations as act
from gazetteer.lifecycle.then import find_on_day
from gazetteer.lifecycle.writing import NewAddress
from tests.gazetteer.lifecycle.conftest import HEAD, ago, operation
from tests.world import CELLS, CHUNHUI, LIAOYUAN, QIANQIU, WUKANG

Uids = dict[str, uuid.UUID]


def test_a_renamed_address_is_found_by_its_old_name_before_and_by_its_new_one_after(
    connection: Connection, uids: Uids
) -> None:
    act.rename_road(connection, operation(days=30), WUKANG, "永安街", "永宁街")
    (one,) = find_on_day(connection, "武康街道千秋社区永安街4号", ago(60))
    assert (one.then.text, one.then.uid) == (HEAD + "永安街4号", str(uids[HEAD + "永安街4号"]))
    assert [state.text for state in one.now] == [HEAD + "永宁街4号"]
    assert one.explanation == f"现名“{HEAD}永宁街4号”"
    assert find_on_day(connection, "永宁街4号", ago(60)) == [], "nobody called it so then"
    assert find_on_day(connection, "永安街4号", ago(10)) == [], "nobody called it so any more"
    (after,) = find_on_day(connection, "永宁街4号", ago(10))
    assert after.explanation == "沿用至今"


def test_successors_are_followed_to_today(connection: Connection, uids: Uids) -> None:
    parts = [NewAddress(HEAD + f"永安街1号{letter}", 119.97, 30.54) for letter in "甲乙"]
    made = act.split(connection, operation("split", days=40), uids[HEAD + "永安街1号"], parts)
    act.renumber(connection, operation("renumbered", days=20), {made[1]: "11号"})
    (one,) = find_on_day(connection, "千秋社区永安街1号", ago(100))
    assert {state.text for state in one.now} == {HEAD + "永安街11号甲", HEAD + "永安街1号乙"}
    assert one.explanation.startswith("已注销，由“")


def test_a_demolished_address_has_nothing_now_and_is_not_there_afterwards(connection: Connection, uids: Uids) -> None:
    act.demolish(connection, operation("demolished", days=10), [uids[HEAD + "舞阳街2号"]])
    (one,) = find_on_day(connection, "舞阳街2号", ago(11))
    assert (one.now, one.explanation) == ((), "已注销，在您的范围内没有后继")
    assert find_on_day(connection, "舞阳街2号", ago(9)) == []
    assert find_on_day(connection, "舞阳街2号", ago(400)) == [], "before the library began"


def test_the_old_name_of_a_village_that_is_no_more_still_works(connection: Connection, uids: Uids) -> None:
    act.merge_villages(connection, operation("merged", days=30), QIANQIU, CHUNHUI)
    (one,) = find_on_day(connection, "武康街道千秋社区永安街2号", ago(60))
    assert one.then.text == HEAD + "永安街2号"
    assert "春晖社区" in one.now[0].text


@pytest.mark.parametrize("written", ["永安街44号", "莫干山镇永安街4号", "安街4号", "4号", "号", "  ", "永安街4号501室"])
def test_what_does_not_fit_is_not_found(connection: Connection, uids: Uids, written: str) -> None:
    assert find_on_day(connection, written, ago(60)) == []


def test_a_text_goes_to_the_deepest_address_it_names(database: Database, connection: Connection, uids: Uids) -> None:
    act.create(connection, operation("created", days=50), [NewAddress(HEAD + "永安街4号501室", 119.97, 30.54)])
    connection.execute(text("UPDATE standard_address SET status = 'published' WHERE status = 'draft'"))
    assert [one.then.text for one in find_on_day(connection, "千秋社区永安街4号501室", ago(0))] == [
        HEAD + "永安街4号501室"
    ]
    assert [one.then.text for one in find_on_day(connection, "千秋社区永安街4号501", ago(0))] == [
        HEAD + "永安街4号501室"
    ]


def test_a_stranger_finds_nothing_of_others(database: Database, uids: Uids) -> None:
    for prefix, found in ((LIAOYUAN, 0), (CELLS[0], 1)):
        with database.transaction(Scope("330521", "w", Role.GRID_WORKER, (prefix,))) as connection:
            assert len(find_on_day(connection, "永安街4号", ago(60))) == found


def test_the_log_is_asked_through_its_indexes(database: Database, connection: Connection, uids: Uids) -> None:
    connection.execute(text("SET LOCAL enable_seqscan = off"))
    plan = "\n".join(
        connection.scalars(
            text("EXPLAIN SELECT uid FROM address_event WHERE local_key = ANY (:keys)"), {"keys": ["永安街4号"]}
        )
    )
    assert "ix_address_event_local_key" in plan
