"""What happens to addresses: one reason, one author, one day; nothing is deleted, everything can be taken back."""

import uuid
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from database.connection.engine import Database
from database.rights.scope import Role, Scope
from gazetteer.lifecycle import operations as act
from gazetteer.lifecycle.feed import address_as_of, history, library_as_of
from gazetteer.lifecycle.operation import DateNotPossible
from gazetteer.lifecycle.rollback import LaterChanges, OperationNotFound, roll_back
from gazetteer.lifecycle.writing import AddressesNotFound, NewAddress, NotApplicable, NoVillage
from gazetteer.matching.match import match_address
from layers.changes.feed import list_changes
from tests.gazetteer.lifecycle.conftest import HEAD, ago, operation, texts
from tests.world import CELLS, CHUNHUI, MOGAN, QIANQIU, WUKANG

Uids = dict[str, uuid.UUID]


def everything(connection: Connection) -> list[tuple[Any, ...]]:
    """Every column of the library but the time of the last write, and the aliases."""
    rows = connection.execute(text("SELECT to_jsonb(a) - 'updated_at' FROM standard_address a ORDER BY id")).all()
    return [*map(tuple, rows), *map(tuple, connection.execute(text("SELECT address_id, match_key FROM address_alias")))]


def test_a_road_is_renamed_with_all_its_addresses_and_the_old_name_still_finds_them(
    connection: Connection, uids: Uids
) -> None:
    done = act.rename_road(connection, operation(), WUKANG, "永安街", "永宁街")
    assert len(done) == 6
    assert texts(connection)[:3] == ["永宁街1号", "永宁街2号", "永宁街3号"]
    for written in ("永宁街4号", "永安街4号"):
        assert [c.full_text for c in match_address(connection, HEAD + written)] == [HEAD + "永宁街4号"]
    assert connection.scalars(text("SELECT DISTINCT road_key FROM standard_address ORDER BY 1")).all() == [
        "永宁街",
        "舞阳街",
    ]


def test_the_identity_survives_and_history_tells_why_who_and_when(connection: Connection, uids: Uids) -> None:
    uid = uids[HEAD + "永安街1号"]
    done = operation(days=30)
    act.rename(connection, done, uid, HEAD + "永安街1号甲")
    made, renamed = history(connection, uid)
    assert (made.kind, made.before, made.effective_on) == ("created", None, ago(365))
    assert (renamed.kind, renamed.reason, renamed.actor, renamed.effective_on) == (
        "renamed",
        "测试",
        "system",
        ago(30),
    )
    assert renamed.operation_id == str(done.id)
    assert (renamed.before["full_text"], renamed.after["full_text"]) == (HEAD + "永安街1号", HEAD + "永安街1号甲")


def test_numbers_can_change_places_in_one_operation(connection: Connection, uids: Uids) -> None:
    one, two = uids[HEAD + "永安街1号"], uids[HEAD + "永安街2号"]
    act.renumber(connection, operation("renumbered"), {one: "2号", two: "1号"})
    rows = {r.uid: r for r in connection.execute(text("SELECT uid, full_text, number_key FROM standard_address"))}
    assert (rows[one].full_text, rows[one].number_key) == (HEAD + "永安街2号", "2号")
    assert (rows[two].full_text, rows[two].number_key) == (HEAD + "永安街1号", "1号")


def test_a_split_address_is_retired_and_names_its_successors(connection: Connection, uids: Uids) -> None:
    uid = uids[HEAD + "永安街3号"]
    parts = [NewAddress(f"{HEAD}永安街3-{n}号", 120.001, 30.505) for n in (1, 2)]
    _old, *new = act.split(connection, operation("split"), uid, parts)
    row = connection.execute(
        text("SELECT status, valid_to, successors FROM standard_address WHERE uid = :uid"), {"uid": uid}
    ).one()
    assert (row.status, row.valid_to, row.successors) == ("retired", ago(0), new)
    assert "永安街3号" not in texts(connection)
    assert {"永安街3-1号", "永安街3-2号"} <= set(texts(connection))


def test_merged_addresses_name_the_one_they_became(connection: Connection, uids: Uids) -> None:
    pair = [uids[HEAD + f"永安街{n}号"] for n in (5, 6)]
    *_old, new = act.merge(connection, operation("merged"), pair, NewAddress(HEAD + "永安街5-6号"))
    assert connection.scalars(text("SELECT successors FROM standard_address WHERE status = 'retired'")).all() == [
        [new],
        [new],
    ]


def test_a_village_that_is_merged_leaves_its_name_findable(connection: Connection, uids: Uids) -> None:
    act.merge_villages(connection, operation("villages_merged"), QIANQIU, CHUNHUI)
    assert set(connection.scalars(text("SELECT division_code FROM standard_address"))) == {CHUNHUI}
    assert all("春晖社区" in t for t in connection.scalars(text("SELECT full_text FROM standard_address")))
    found = match_address(connection, "武康街道千秋社区舞阳街2号")
    assert [c.full_text for c in found] == ["德清县武康街道春晖社区舞阳街2号"]
    assert connection.scalar(text("SELECT valid_to FROM division WHERE code = :c"), {"c": QIANQIU}) == ago(0)
    with pytest.raises(NotApplicable):
        act.merge_villages(connection, operation("villages_merged"), QIANQIU, CHUNHUI)


def test_a_merger_of_villages_is_told_by_the_feed_of_changes_and_taken_back_with_them(
    connection: Connection, uids: Uids
) -> None:
    divisions = text("SELECT code, name, former_names, valid_to FROM division ORDER BY code")
    before = connection.execute(divisions).all()
    done = operation("villages_merged")
    act.merge_villages(connection, done, QIANQIU, CHUNHUI)
    changes = {change.entity_id: change for change in list_changes(connection, entity="division").items}
    ended, heir = changes[QIANQIU], changes[CHUNHUI]
    assert (ended.operation, ended.fields, ended.actor) == ("removed", ["valid_to"], "system")
    assert (ended.before, ended.after) == ({"valid_to": None}, {"valid_to": ago(0).isoformat()})
    assert (heir.operation, heir.after) == ("changed", {"former_names": ["千秋社区居民委员会"]})
    roll_back(connection, operation("restored", reverts=done.id))
    assert connection.execute(divisions).all() == before
    assert len(list_changes(connection, entity="division").items) == 4
    connection.execute(text("UPDATE division SET class_code = '111' WHERE code = :c"), {"c": CHUNHUI})
    assert len(list_changes(connection, entity="division").items) == 4, "an import writes its own"


def test_a_draft_is_found_by_nobody_until_it_is_published(connection: Connection, uids: Uids) -> None:
    (uid,) = act.create(connection, operation("created"), [NewAddress(HEAD + "永安街9号", 120.001, 30.505)])
    assert match_address(connection, HEAD + "永安街9号") == []
    act.edit(connection, operation("edited"), uid, HEAD + "永安街10号")
    act.review(connection, operation("reviewed"), [uid])
    assert match_address(connection, HEAD + "永安街10号") == []
    with pytest.raises(NotApplicable):
        act.edit(connection, operation("edited"), uid, HEAD + "永安街11号")
    act.publish(connection, operation("published"), [uid])
    assert [c.full_text for c in match_address(connection, HEAD + "永安街10号")] == [HEAD + "永安街10号"]
    assert [e.kind for e in history(connection, uid, drafts=True)] == ["created", "edited", "reviewed", "published"]
    (public,) = history(connection, uid)
    assert (public.kind, public.before) == ("published", None), "for everybody else it begins here"
    assert connection.scalar(text("SELECT count(*) FROM address_alias")) == 0


def test_new_codes_go_on_from_the_last_and_are_never_given_twice(connection: Connection, uids: Uids) -> None:
    act.demolish(connection, operation("demolished"), list(uids.values()))
    act.create(connection, operation("created"), [NewAddress(HEAD + f"永安街{n}号") for n in (20, 21)])
    assert connection.scalars(text("SELECT code FROM standard_address WHERE status = 'draft' ORDER BY 1")).all() == [
        QIANQIU + "00000009", QIANQIU + "00000010",
    ]  # fmt: skip


DONE = {
    "rename_road": lambda c, o, u: act.rename_road(c, o, WUKANG, "永安街", "永宁街"),
    "rename": lambda c, o, u: act.rename(c, o, u[HEAD + "永安街1号"], HEAD + "永宁街7号"),
    "renumber": lambda c, o, u: act.renumber(c, o, {u[HEAD + "永安街1号"]: "11号"}),
    "move": lambda c, o, u: act.move(c, o, u[HEAD + "永安街1号"], 120.003, 30.506),
    "demolish": lambda c, o, u: act.demolish(c, o, [u[HEAD + "永安街1号"], u[HEAD + "永安街2号"]]),
    "merge_villages": lambda c, o, u: act.merge_villages(c, o, QIANQIU, CHUNHUI),
}


@pytest.mark.parametrize("name", DONE)
def test_what_was_done_is_taken_back_exactly(connection: Connection, uids: Uids, name: str) -> None:
    before = everything(connection)
    done = operation()
    DONE[name](connection, done, uids)
    assert everything(connection) != before
    roll_back(connection, operation("restored", reverts=done.id))
    assert everything(connection) == before


def test_taking_back_a_split_restores_the_old_one_and_retires_the_new(connection: Connection, uids: Uids) -> None:
    done = operation("split")
    act.split(connection, done, uids[HEAD + "永安街3号"], [NewAddress(f"{HEAD}永安街3-{n}号") for n in (1, 2)])
    roll_back(connection, operation("restored", reverts=done.id))
    assert "永安街3号" in texts(connection)
    assert texts(connection, "status = 'retired'") == ["永安街3-1号", "永安街3-2号"]


def test_an_operation_with_later_changes_is_not_taken_back(connection: Connection, uids: Uids) -> None:
    done = operation()
    act.rename_road(connection, done, WUKANG, "永安街", "永宁街")
    act.move(connection, operation("moved"), uids[HEAD + "永安街1号"], 120.003, 30.506)
    with pytest.raises(LaterChanges, match="永宁街1号"):
        roll_back(connection, operation("restored", reverts=done.id))
    with pytest.raises(OperationNotFound):
        roll_back(connection, operation("restored", reverts=uuid.uuid4()))


def test_as_of_a_day_the_library_is_what_it_was(connection: Connection, uids: Uids) -> None:
    uid = uids[HEAD + "永安街1号"]
    act.rename(connection, operation(days=100), uid, HEAD + "永安街1号甲")
    act.demolish(connection, operation("demolished", days=50), [uid])
    shown = {
        days: [a["full_text"] for a in library_as_of(connection, ago(days)) if a["uid"] == str(uid)]
        for days in (400, 200, 75, 10)
    }
    assert shown == {400: [], 200: [HEAD + "永安街1号"], 75: [HEAD + "永安街1号甲"], 10: []}
    state = address_as_of(connection, uid, ago(10))
    assert state is not None
    assert state["status"] == "retired"
    assert len(library_as_of(connection, ago(0), division_code=QIANQIU)) == 8
    assert library_as_of(connection, ago(0), division_code=MOGAN) == []


def test_days_do_not_run_backwards_nor_lie_ahead(connection: Connection, uids: Uids) -> None:
    uid = uids[HEAD + "永安街1号"]
    with pytest.raises(DateNotPossible):
        act.rename(connection, operation(days=-1), uid, HEAD + "永安街1号甲")
    act.rename(connection, operation(days=10), uid, HEAD + "永安街1号甲")
    with pytest.raises(DateNotPossible, match="永安街1号甲 has changed on"), connection.begin_nested():
        act.rename(connection, operation(days=11), uid, HEAD + "永安街1号乙")


@pytest.mark.parametrize(
    ("what", "error"),
    [
        (lambda c, u: act.rename_road(c, operation(), WUKANG, "长安街", "永宁街"), NotApplicable),
        (
            lambda c, u: act.split(c, operation(), next(iter(u.values())), [NewAddress(HEAD + "永安街9号")]),
            NotApplicable,
        ),
        (
            lambda c, u: act.merge(c, operation(), [next(iter(u.values()))] * 2, NewAddress(HEAD + "永安街9号")),
            NotApplicable,
        ),
        (lambda c, u: act.demolish(c, operation(), [uuid.uuid4()]), AddressesNotFound),
        (lambda c, u: act.create(c, operation(), [NewAddress("永安街9号")]), NoVillage),
        (lambda c, u: act.create(c, operation(), [NewAddress(HEAD)]), NotApplicable),
    ],
)
def test_what_cannot_be_done_is_refused_and_leaves_nothing(
    connection: Connection, uids: Uids, what: Any, error: Any
) -> None:
    before = everything(connection)
    with pytest.raises(error), connection.begin_nested():
        what(connection, uids)
    assert everything(connection) == before


def test_a_plain_update_is_logged_as_well(connection: Connection, uids: Uids) -> None:
    connection.execute(
        text("UPDATE standard_address SET full_text = full_text || '甲' WHERE uid = :u"),
        {"u": uids[HEAD + "永安街1号"]},
    )
    event = history(connection, uids[HEAD + "永安街1号"])[-1]
    assert (event.kind, event.actor, event.operation_id) == ("edited", "system", None)
    connection.execute(text("UPDATE standard_address SET updated_at = now()"))
    assert len(history(connection, uids[HEAD + "永安街1号"])) == 2, "what the log does not keep is no event"


def test_the_log_cannot_be_rewritten(database: Database, system: Scope, uids: Uids) -> None:
    for statement in (
        "DELETE FROM address_event",
        "UPDATE address_event SET actor = 'x'",
        "UPDATE address_feed SET number = 0",
    ):
        with pytest.raises(DBAPIError, match="permission denied"), database.transaction(system) as connection:
            connection.execute(text(statement))


def test_nobody_operates_outside_their_scope(database: Database, uids: Uids) -> None:
    elsewhere = Scope("330521", "x", Role.GIS_STAFF, (MOGAN,))
    with database.transaction(elsewhere) as connection:
        assert history(connection, uids[HEAD + "永安街1号"]) == []
        assert library_as_of(connection, ago(0)) == []
        with pytest.raises(AddressesNotFound):
            act.demolish(connection, operation(), [uids[HEAD + "永安街1号"]])
    with database.transaction(Scope("330521", "y", Role.GIS_STAFF, (CELLS[0],))) as connection:
        assert len(library_as_of(connection, ago(0))) == 9
