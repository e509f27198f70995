"""Change sets: looked over before they hold, all or nothing, and with a second person where much is retired."""

import uuid
from typing import Any

import pytest
from sqlalchemy import Connection, text

from database.connection.engine import Database
from database.rights.scope import Role, Scope
from gazetteer.lifecycle import operations as act
from gazetteer.lifecycle.change_sets import (
    ChangeSetConflict,
    ChangeSetInvalid,
    ChangeSetNotFound,
    ChangeSetState,
    SecondPersonNeeded,
    get_set,
    list_sets,
    prepare,
    preview,
    publish_set,
    step,
)
from gazetteer.lifecycle.writing import AddressesNotFound
from grid.address_changes import operate, publish_change_set, take_back
from tests import world
from tests.gazetteer.lifecycle.conftest import HEAD, TODAY, operation, texts
from tests.world import CELLS, MOGAN, QIANQIU, WUKANG, west_of

Uids = dict[str, uuid.UUID]
RENAME = {"kind": "rename_road", "division_code": WUKANG, "old": "永安街", "new": "永宁街"}


def make(connection: Connection, *items: dict[str, Any], actor: str = "shuju") -> int:
    return prepare(connection, title="测试", reason="县政府〔2026〕1号", effective_on=TODAY, items=items, actor=actor)


def test_nothing_holds_before_the_set_is_published(connection: Connection, uids: Uids) -> None:
    before = texts(connection)
    number = connection.scalar(text("SELECT last_event_number()"))
    set_id = make(connection, RENAME)
    shown = preview(connection, set_id)
    assert [(v.division_code, v.before, v.added, v.changed, v.retired) for v in shown.villages] == [
        (QIANQIU, 9, 0, 6, 0)
    ]
    assert shown.events[0].after["full_text"] == HEAD + "永宁街1号"
    assert (texts(connection), connection.scalar(text("SELECT last_event_number()"))) == (before, number)
    step(connection, set_id, "submit", actor="shuju")
    (done,) = publish_set(connection, set_id)
    assert "永宁街1号" in texts(connection)
    content = get_set(connection, set_id)
    assert (content.state, content.items[0].operation_id) == ("published", str(done))
    assert [s.state for s in list_sets(connection)] == ["published"]


def test_later_operations_of_a_set_see_what_earlier_ones_did(connection: Connection, uids: Uids) -> None:
    set_id = make(connection, RENAME, RENAME | {"old": "永宁街", "new": "永兴街"})
    assert preview(connection, set_id).events[0].after["full_text"] == HEAD + "永兴街1号"


def test_what_cannot_work_is_refused_at_once_with_its_position(connection: Connection, uids: Uids) -> None:
    for items, message in (
        ([{"kind": "explode"}], "第 1 项"),
        ([RENAME, {"kind": "move", "uid": str(uuid.uuid4()), "lon": 30.5, "lat": 119.9}], "第 2 项"),
        ([RENAME | {"surprise": 1}], "surprise"),
        ([], "至少"),
    ):
        with pytest.raises(ChangeSetInvalid, match=message):
            make(connection, *items)
    with pytest.raises(AddressesNotFound), connection.begin_nested():
        make(connection, {"kind": "demolish", "uids": [str(uuid.uuid4())]})
    assert list_sets(connection) == []


def test_retiring_much_of_a_village_needs_a_second_person(connection: Connection, uids: Uids) -> None:
    gone = [str(uids[HEAD + f"永安街{n}号"]) for n in range(1, 7)]
    set_id = make(connection, {"kind": "demolish", "uids": gone})
    assert preview(connection, set_id).guarded
    step(connection, set_id, "submit", actor="shuju")
    with pytest.raises(SecondPersonNeeded, match="停用 6/9"), connection.begin_nested():
        publish_set(connection, set_id)
    assert len(texts(connection)) == 9
    with pytest.raises(SecondPersonNeeded):
        step(connection, set_id, "approve", actor="shuju")
    approved = step(connection, set_id, "approve", actor="admin", note="已现场核实")
    assert (approved.state, approved.approver, approved.note) == ("approved", "admin", "已现场核实")
    publish_set(connection, set_id)
    assert len(texts(connection)) == 3


def test_a_few_may_be_retired_by_one_person(connection: Connection, uids: Uids) -> None:
    set_id = make(connection, {"kind": "demolish", "uids": [str(uids[HEAD + "永安街1号"])]})
    assert not preview(connection, set_id).guarded
    step(connection, set_id, "submit", actor="shuju")
    publish_set(connection, set_id)
    assert len(texts(connection)) == 8


def test_a_set_whose_addresses_have_changed_since_is_refused_with_them(connection: Connection, uids: Uids) -> None:
    set_id = make(connection, RENAME)
    step(connection, set_id, "submit", actor="shuju")
    act.move(connection, operation("moved"), uids[HEAD + "永安街4号"], 120.003, 30.505)
    with pytest.raises(ChangeSetConflict, match="永安街4号"), connection.begin_nested():
        publish_set(connection, set_id)
    assert get_set(connection, set_id).state == "submitted"
    connection.execute(text("UPDATE standard_address SET grid_code = :c"), {"c": CELLS[1]})


def test_a_redrawn_grid_is_no_conflict(connection: Connection, uids: Uids) -> None:
    set_id = make(connection, RENAME)
    step(connection, set_id, "submit", actor="shuju")
    connection.execute(text("UPDATE standard_address SET grid_code = :c"), {"c": CELLS[1]})
    publish_set(connection, set_id)


@pytest.mark.parametrize(
    ("path", "action"),
    [
        ((), "approve"),
        ((), "reject"),
        (("submit",), "submit"),
        (("withdraw",), "submit"),
        (("submit", "reject"), "approve"),
    ],
)
def test_a_step_out_of_turn_is_refused(connection: Connection, uids: Uids, path: tuple[str, ...], action: str) -> None:
    set_id = make(connection, RENAME)
    for earlier in path:
        step(connection, set_id, earlier, actor="admin")
    with pytest.raises(ChangeSetState):
        step(connection, set_id, action, actor="admin")
    with pytest.raises(ChangeSetState), connection.begin_nested():
        if path != ("submit",):
            publish_set(connection, set_id)
        raise ChangeSetState


def test_of_two_who_publish_the_same_set_one_finds_it_published(database: Database, system: Scope, uids: Uids) -> None:
    with database.transaction(system) as connection:
        set_id = make(connection, RENAME)
        step(connection, set_id, "submit", actor="shuju")
    with database.transaction(system) as connection:
        publish_change_set(connection, set_id)
    with pytest.raises(ChangeSetState), database.transaction(system) as connection:
        publish_change_set(connection, set_id)


def test_nobody_sees_a_set_of_another_scope(database: Database, system: Scope, uids: Uids) -> None:
    with database.transaction(Scope("330521", "w", Role.GIS_STAFF, (WUKANG,))) as connection:
        set_id = make(connection, RENAME)
    with database.transaction(Scope("330521", "m", Role.GIS_STAFF, (MOGAN,))) as connection:
        assert list_sets(connection) == []
        with pytest.raises(ChangeSetNotFound):
            get_set(connection, set_id)


def test_the_cell_follows_a_moved_address_and_a_retired_one_leaves_it(
    database: Database, system: Scope, uids: Uids
) -> None:
    uid = uids[HEAD + "永安街1号"]
    with database.transaction(system) as connection:
        east = west_of(CELLS[1]) + world.SIZE / 2
        moved, _ = operate(
            connection, "move", {"uid": str(uid), "lon": east, "lat": 30.505}, reason="测试", effective_on=TODAY
        )
        assert connection.scalar(text("SELECT grid_code FROM standard_address WHERE uid = :u"), {"u": uid}) == CELLS[1]
        take_back(connection, operation("restored", reverts=moved.id))
        assert connection.scalar(text("SELECT grid_code FROM standard_address WHERE uid = :u"), {"u": uid}) == CELLS[0]
        operate(connection, "demolish", {"uids": [str(uid)]}, reason="测试", effective_on=TODAY)
        links = text(
            "SELECT count(*) FROM address_cell l JOIN standard_address a ON a.id = l.address_id "
            "WHERE a.uid = :u AND l.valid_to IS NULL"
        )
        assert connection.scalar(links, {"u": uid}) == 0
