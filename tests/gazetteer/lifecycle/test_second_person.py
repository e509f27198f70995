"""Nobody takes much of a village alone: not in pieces, not by another door, not together with a colleague at the same moment."""

import threading
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from database.connection.engine import Database
from database.rights.scope import Role, Scope
from gazetteer.lifecycle.change_sets import prepare, preview, publish_set, step
from gazetteer.lifecycle.operation import Operation
from gazetteer.lifecycle.second_person import SecondPersonNeeded, refuse_alone
from grid.address_changes import operate, publish_change_set, take_back
from tests import world
from tests.gazetteer.lifecycle.conftest import HEAD, TODAY, ago
from tests.world import CELLS, CHUNHUI, QIANQIU

Uids = list[uuid.UUID]
N = 230  # 5 % are 11.5: eleven may go, twelve may not


@pytest.fixture
def village(database: Database, system: Scope) -> Uids:
    """230 addresses of one village, half in each of its two cells; and three of another."""
    with database.transaction(system) as connection:
        world.build_county(connection)
        for n in range(1, N + 1):
            world.add_address(connection, f"{HEAD}永安街{n}号", CELLS[n % 2], n, valid_from=ago(365))
        for n in range(1, 4):
            world.add_address(connection, f"德清县武康街道春晖社区春晖街{n}号", CELLS[2], n, valid_from=ago(365))
        return list(
            connection.scalars(
                text("SELECT uid FROM standard_address WHERE division_code = :v ORDER BY code"), {"v": QIANQIU}
            )
        )


def demolish(uids: Uids) -> dict[str, Any]:
    return {"kind": "demolish", "uids": [str(uid) for uid in uids]}


def publish(database: Database, scope: Scope, *items: dict[str, Any], approver: str | None = None) -> list[uuid.UUID]:
    """Prepare, submit, perhaps approve, and publish a set, each in a transaction of its own."""
    with database.transaction(scope) as connection:
        set_id = prepare(connection, title="测试", reason="测试", effective_on=TODAY, items=items, actor=scope.actor)
        step(connection, set_id, "submit", actor=scope.actor)
    if approver:
        with database.transaction(scope) as connection:
            step(connection, set_id, "approve", actor=approver)
    with database.transaction(scope) as connection:
        return publish_change_set(connection, set_id)


def left(database: Database, system: Scope) -> int:
    with database.transaction(system) as connection:
        return int(
            connection.scalar(
                text("SELECT count(*) FROM standard_address WHERE status = 'published' AND division_code = :v"),
                {"v": QIANQIU},
            )
            or 0
        )


def as_person(name: str, *prefixes: str) -> Scope:
    return Scope("330521", name, Role.GIS_STAFF, prefixes or ("330521",))


def test_eleven_may_go_and_twelve_may_not(database: Database, system: Scope, village: Uids) -> None:
    with pytest.raises(SecondPersonNeeded, match="停用 12/230"):
        publish(database, as_person("a"), demolish(village[:12]))
    publish(database, as_person("a"), demolish(village[:11]))
    assert left(database, system) == N - 11


@pytest.mark.parametrize("second", ["a", "b"], ids=["the same person", "a colleague"])
def test_eleven_and_eleven_are_twenty_two(database: Database, system: Scope, village: Uids, second: str) -> None:
    publish(database, as_person("a"), demolish(village[:11]))
    with pytest.raises(SecondPersonNeeded, match="停用 22/230"):
        publish(database, as_person(second), demolish(village[11:22]))
    assert left(database, system) == N - 11
    publish(database, as_person(second), demolish(village[11:22]), approver="c")
    assert left(database, system) == N - 22


def test_the_preview_says_it_before(database: Database, village: Uids) -> None:
    publish(database, as_person("a"), demolish(village[:11]))
    with database.transaction(as_person("b")) as connection:
        set_id = prepare(
            connection, title="t", reason="测试", effective_on=TODAY, items=[demolish(village[11:13])], actor="b"
        )
        (shown,) = preview(connection, set_id).villages
    assert (shown.retired, shown.lost, shown.before, shown.guarded) == (2, 13, N - 11, True)


def test_what_a_second_person_approved_does_not_bind_the_next(database: Database, system: Scope, village: Uids) -> None:
    publish(database, as_person("a"), demolish(village[:50]), approver="b")
    publish(database, as_person("a"), demolish(village[50:58]))
    assert left(database, system) == N - 58


def test_two_halves_of_a_village_are_one_village(database: Database, system: Scope, village: Uids) -> None:
    """Two persons who see one cell each do not see each other's part; the count does."""
    east, west = village[0::2], village[1::2]
    publish(database, as_person("e", CELLS[1]), demolish(east[:7]))
    with pytest.raises(SecondPersonNeeded):
        publish(database, as_person("w", CELLS[0]), demolish(west[:7]))
    assert left(database, system) == N - 7


def test_a_set_of_two_villages_is_held_by_the_one_that_loses_much(
    database: Database, system: Scope, village: Uids
) -> None:
    publish(database, as_person("a"), demolish(village[:11]))
    with database.transaction(system) as connection:
        other = list(
            connection.scalars(text("SELECT uid FROM standard_address WHERE division_code = :v"), {"v": CHUNHUI})
        )
    with pytest.raises(SecondPersonNeeded):
        publish(database, as_person("a"), demolish(other), demolish(village[11:12]))
    publish(database, as_person("a"), demolish(other))


def test_one_by_one_comes_to_the_same(database: Database, system: Scope, village: Uids) -> None:
    def one(uid: uuid.UUID, actor: str) -> None:
        with database.transaction(as_person(actor)) as connection:
            operate(connection, "demolish", {"uids": [str(uid)]}, reason="测试", effective_on=TODAY)

    for n, uid in enumerate(village[:11]):
        one(uid, "ab"[n % 2])
    with pytest.raises(SecondPersonNeeded):
        one(village[11], "c")
    with pytest.raises(SecondPersonNeeded):
        publish(database, as_person("d"), demolish(village[11:12]))
    assert left(database, system) == N - 11


@pytest.mark.parametrize(
    "items",
    [
        lambda uids: [{"kind": "merge", "uids": [str(u) for u in uids[:12]], "into": {"full_text": HEAD + "永安街500号"}}],
        lambda uids: [
            {"kind": "split", "uid": str(u), "parts": [{"full_text": f"{HEAD}新街{n}号"}, {"full_text": f"{HEAD}新街{n + 50}号"}]}
            for n, u in enumerate(uids[:12], start=1)
        ],
        lambda uids: [demolish([u]) for u in uids[:12]],
        lambda uids: [{"kind": "merge_villages", "old_code": QIANQIU, "new_code": CHUNHUI}],
        lambda uids: [
            {"kind": "create", "status": "published", "new": [{"full_text": f"{HEAD}新街{n}号"} for n in range(1, 200)]},
            demolish(uids[:12]),
        ],
    ],
    ids=["merged", "split", "many small ones", "the village merged away", "padded with new ones"],
)  # fmt: skip
def test_other_ways_to_lose_twelve(
    database: Database, system: Scope, village: Uids, items: Callable[[Uids], list[dict[str, Any]]]
) -> None:
    with pytest.raises(SecondPersonNeeded):
        publish(database, as_person("a"), *items(village))
    assert left(database, system) == N
    publish(database, as_person("a"), *items(village), approver="b")


def test_padding_the_village_beforehand_does_not_widen_the_limit(
    database: Database, system: Scope, village: Uids
) -> None:
    new = [{"full_text": f"{HEAD}新街{n}号"} for n in range(1, 200)]
    publish(database, as_person("a"), {"kind": "create", "status": "published", "new": new})
    with pytest.raises(SecondPersonNeeded, match="停用 12/230"):
        publish(database, as_person("a"), demolish(village[:12]))


def test_taking_back_falls_under_it_and_a_set_can_do_it(database: Database, system: Scope, village: Uids) -> None:
    new = [{"full_text": f"{HEAD}新街{n}号"} for n in range(1, 13)]
    (made,) = publish(database, as_person("a"), {"kind": "create", "status": "published", "new": new})
    with pytest.raises(SecondPersonNeeded), database.transaction(as_person("a")) as connection:
        take_back(connection, Operation("restored", "测试", TODAY, reverts=made))
    back = {"kind": "restore", "operation_id": str(made)}
    with pytest.raises(SecondPersonNeeded):
        publish(database, as_person("a"), back)
    assert left(database, system) == N + 12
    publish(database, as_person("a"), back, approver="b")
    assert left(database, system) == N


def test_what_was_taken_and_given_back_is_not_lost(database: Database, system: Scope, village: Uids) -> None:
    (gone,) = publish(database, as_person("a"), demolish(village[:11]))
    with database.transaction(as_person("a")) as connection:
        take_back(connection, Operation("restored", "测试", TODAY, reverts=gone))
    assert left(database, system) == N
    publish(database, as_person("b"), demolish(village[20:31]))
    assert left(database, system) == N - 11


def test_after_the_window_the_count_begins_again(
    database: Database, owner: Engine, system: Scope, village: Uids
) -> None:
    publish(database, as_person("a"), demolish(village[:11]))
    with owner.begin() as connection:  # a day passes
        connection.execute(text("SET LOCAL row_security = on"))
        connection.execute(text("ALTER TABLE c330521.address_event NO FORCE ROW LEVEL SECURITY"))
        connection.execute(text("UPDATE c330521.address_event SET recorded_at = recorded_at - interval '25 hours'"))
        connection.execute(text("ALTER TABLE c330521.address_event FORCE ROW LEVEL SECURITY"))
    publish(database, as_person("a"), demolish(village[11:21]))
    assert left(database, system) == N - 21


def test_of_two_that_publish_at_the_same_moment_one_needs_a_second_person(
    database: Database, system: Scope, village: Uids
) -> None:
    sets = []
    for n, name in enumerate("ab"):
        with database.transaction(as_person(name)) as connection:
            part = demolish(village[n * 11 : n * 11 + 11])
            set_id = prepare(connection, title="t", reason="测试", effective_on=TODAY, items=[part], actor=name)
            step(connection, set_id, "submit", actor=name)
            sets.append(set_id)
    results: list[str] = []
    barrier = threading.Barrier(2)

    def go(name: str, set_id: int) -> None:
        barrier.wait()
        try:
            with database.transaction(as_person(name)) as connection:
                publish_set(connection, set_id)
            results.append("published")
        except SecondPersonNeeded:
            results.append("refused")

    threads = [threading.Thread(target=go, args=pair) for pair in zip("ab", sets, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["published", "refused"]
    assert left(database, system) == N - 11


def test_a_plain_write_and_a_deletion_are_counted_too(connection: Connection, uids: dict[str, uuid.UUID]) -> None:
    connection.execute(text("DELETE FROM standard_address WHERE full_text LIKE '%永安街%'"))
    with pytest.raises(SecondPersonNeeded, match="停用 6/9"):
        refuse_alone(connection)


def test_the_count_is_for_the_application_only_and_says_numbers(owner: Engine) -> None:
    with owner.connect() as connection:
        row = connection.execute(
            text(
                "SELECT proowner::regrole::text, prosecdef, proacl::text FROM pg_proc "
                "WHERE proname = 'village_losses' AND pronamespace = 'c330521'::regnamespace"
            )
        ).one()
    assert tuple(row) == ("onemap_guard", True, "{onemap_guard=X/onemap_guard,onemap_app=X/onemap_guard}")
