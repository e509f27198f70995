"""Corrections that teach: re-tested, applied, applied to all alike, undone; one winner when two decide."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, text

from database.connection.engine import Database
from database.errors import OnemapError
from database.rights.scope import Role, Scope
from gazetteer.corrections.alike import apply_alike
from gazetteer.corrections.choices import choices_for
from gazetteer.corrections.decide import decide
from gazetteer.corrections.decision import Decision
from gazetteer.corrections.errors import (
    BatchUndone,
    CorrectionBatchNotFound,
    CorrectionConflicts,
    CorrectionDecided,
    CorrectionIncomplete,
    CorrectionLeased,
    CorrectionNotFound,
    UndoConflict,
)
from gazetteer.corrections.queue import (
    WrittenText,
    count_waiting,
    enqueue_reviews,
    enqueue_texts,
    get_correction,
    take_next,
)
from gazetteer.corrections.undo import list_batches, undo_batch
from gazetteer.library.addresses import add_alias
from gazetteer.matching.match import match_many
from tests import world
from tests.world import CELLS, CHUNHUI, LIAOYUAN, QIANQIU

STAFF = Scope("330521", "staff", Role.GIS_STAFF, ("330521",))
OTHER = Scope("330521", "other", Role.GIS_STAFF, ("330521",))
ELSEWHERE = Scope("330521", "elsewhere", Role.GIS_STAFF, (LIAOYUAN,))
HERE = Scope("330521", "here", Role.GIS_STAFF, (QIANQIU,))
ROAD = "德清县武康街道千秋社区永安街"


@pytest.fixture
def library(database: Database, system: Scope) -> dict[str, int]:
    """永安街 1–5 号 in 千秋社区, 中兴路 1 号 in 春晖社区."""
    with database.transaction(system) as connection:
        world.build_county(connection)
        ids = {f"永安街{n}号": world.add_address(connection, f"{ROAD}{n}号", CELLS[0], n) for n in range(1, 6)}
        ids["中兴路1号"] = world.add_address(connection, "德清县武康街道春晖社区中兴路1号", CELLS[2], 9)
    return ids


def waiting(database: Database, *texts: str, cell: str = CELLS[0]) -> list[int]:
    """Put texts into the queue; returns their numbers."""
    with database.transaction(STAFF) as connection:
        assert enqueue_texts(connection, [WrittenText(t, cell, 3) for t in texts]) == len(texts)
        return list(
            connection.scalars(
                text("SELECT id FROM correction WHERE address_text = ANY(:texts) ORDER BY id"), {"texts": list(texts)}
            )
        )


def decided(database: Database, number: int, decision: Decision, scope: Scope = STAFF) -> Any:
    with database.transaction(scope) as connection:
        return decide(connection, number, decision, scope)


def kinds(error: pytest.ExceptionInfo[CorrectionConflicts]) -> set[str]:
    conflicts: Any = error.value.facts["conflicts"]
    return {conflict["kind"] for conflict in conflicts}


RULE = Decision("rule", division_code=QIANQIU, written="老市街", standard="永安街")


# --- who gets in -----------------------------------------------------------------------------------------------


def test_a_stranger_of_another_village_or_county_gets_nothing(
    database: Database, library: dict[str, int], neighbour: str
) -> None:
    (number,) = waiting(database, "千秋社区老供销社")
    batch = decided(database, number, Decision("dismiss")).batch_id
    (still_open,) = waiting(database, "千秋社区老粮站")
    for scope in (ELSEWHERE, Scope(neighbour, "n", Role.GIS_STAFF, (neighbour,))):
        with database.transaction(scope) as connection:
            assert take_next(connection, scope.actor) is None
            assert count_waiting(connection) == 0
            assert list_batches(connection).items == []
            with pytest.raises(CorrectionNotFound):
                decide(connection, still_open, Decision("dismiss"), scope)
            with pytest.raises(CorrectionNotFound):
                apply_alike(connection, number, scope)
            with pytest.raises(CorrectionBatchNotFound):
                undo_batch(connection, batch, scope)


def test_what_a_narrow_scope_cannot_test_it_may_not_decide(database: Database, library: dict[str, int]) -> None:
    bare, named = waiting(database, "老供销社", "武康街道千秋社区老供销社")
    alias = Decision("alias", address_id=library["永安街1号"])
    with pytest.raises(CorrectionConflicts) as error:
        decided(database, bare, alias, HERE)
    assert kinds(error) == {"beyond_scope"}
    assert decided(database, named, alias, HERE).batch_id
    with pytest.raises(CorrectionConflicts) as error, database.transaction(HERE) as connection:
        decide(connection, bare, RULE.__class__("rule", division_code=CHUNHUI, written="甲路", standard="乙路"), HERE)
    assert kinds(error) == {"beyond_scope"}


# --- the queue ---------------------------------------------------------------------------------------------------


def test_the_queue_takes_what_is_uncertain_only(database: Database, library: dict[str, int]) -> None:
    texts = [
        f"{ROAD}1号",
        "杭州市西湖区文三路1号",
        "千秋社区张三13800000001",
        "  ",
        "千秋社区老供销社",
        "千秋社区 老供销社",
    ]
    with database.transaction(STAFF) as connection:
        written = [WrittenText(t, CELLS[0], 1) for t in texts]
        assert enqueue_texts(connection, written) == 1
        assert enqueue_texts(connection, written) == 0
        row = take_next(connection, "staff")
        assert row is not None
        assert (row.address_text.replace(" ", ""), row.occurrences, row.division_code) == (
            "千秋社区老供销社", 2, QIANQIU,
        )  # fmt: skip


def test_two_people_never_get_the_same_row(database: Database, library: dict[str, int]) -> None:
    waiting(database, "千秋社区老供销社", "千秋社区老粮站")
    with database.transaction(STAFF) as mine, database.transaction(OTHER) as theirs:  # both uncommitted
        first, second = take_next(mine, "staff"), take_next(theirs, "other")
        assert first is not None
        assert second is not None
        assert first.id != second.id
    with database.transaction(Scope("330521", "third", Role.GIS_STAFF, ("330521",))) as connection:
        assert take_next(connection, "third") is None
    with database.transaction(STAFF) as connection:
        again = take_next(connection, "staff")
        assert again is not None
        assert again.id == first.id
        assert take_next(connection, "staff", after=second.id) is None
    with database.transaction(OTHER) as connection:
        connection.execute(
            text("UPDATE correction SET leased_until = now() - interval '1 s' WHERE leased_by = 'other'")
        )
    with database.transaction(STAFF) as connection:
        freed = take_next(connection, "staff", after=first.id)
        assert freed is not None
        assert freed.id == second.id


def test_what_somebody_has_on_the_screen_nobody_else_decides(database: Database, library: dict[str, int]) -> None:
    (number,) = waiting(database, "千秋社区老供销社")
    with database.transaction(STAFF) as connection:
        take_next(connection, "staff")
    with pytest.raises(CorrectionLeased) as error:
        decided(database, number, Decision("dismiss"), OTHER)
    assert error.value.facts["leased_by"] == "staff"
    assert decided(database, number, Decision("dismiss"), STAFF).correction.leased_by is None


def test_of_two_deciders_one_wins_and_the_other_is_told(database: Database, library: dict[str, int]) -> None:
    (number,) = waiting(database, "千秋社区老供销社")
    barrier, outcomes = threading.Barrier(2), []

    def one(scope: Scope, address: int) -> None:
        barrier.wait()
        try:
            decided(database, number, Decision("alias", address_id=address), scope)
            outcomes.append("won")
        except OnemapError as error:
            outcomes.append(type(error).__name__)

    threads = [
        threading.Thread(target=one, args=args)
        for args in ((STAFF, library["永安街1号"]), (OTHER, library["永安街2号"]))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["CorrectionDecided", "won"]
    with database.transaction(STAFF) as connection:
        assert connection.scalar(text("SELECT count(*) FROM address_alias")) == 1


def test_two_rows_of_the_same_text_cannot_teach_two_things(database: Database, library: dict[str, int]) -> None:
    (one,) = waiting(database, "千秋社区老供销社", cell=CELLS[0])
    with database.transaction(STAFF) as connection:
        enqueue_texts(connection, [WrittenText("千秋社区老供销社", CELLS[1], 1)])
        other = connection.scalar(text("SELECT id FROM correction WHERE grid_code = :cell"), {"cell": CELLS[1]})
    decided(database, one, Decision("alias", address_id=library["永安街1号"]))
    with pytest.raises(CorrectionConflicts) as error:
        decided(database, other, Decision("alias", address_id=library["永安街2号"], confirm=True))
    assert {"other_alias", "other_decision"} <= kinds(error)


# --- aliases -------------------------------------------------------------------------------------------------------


def test_an_alias_teaches_the_matcher_and_settles_the_same_text_elsewhere(
    database: Database, library: dict[str, int]
) -> None:
    (number,) = waiting(database, "千秋社区老供销社")
    with database.transaction(STAFF) as connection:
        enqueue_texts(
            connection, [WrittenText("千秋社区 老供销社", CELLS[1], 1), WrittenText("千秋社区老粮站", CELLS[1], 1)]
        )
    answer = decided(database, number, Decision("alias", address_id=library["永安街1号"]))
    assert answer.alike_n == 1
    assert answer.correction.outcome == "alias"
    with database.transaction(STAFF) as connection:
        assert match_many(connection, ["千秋社区老供销社"])[0].candidate.address_id == library["永安街1号"]  # type: ignore[union-attr]
        applied = apply_alike(connection, number, STAFF)
        assert (applied.decided_n, applied.left_n) == (1, 0)
        assert apply_alike(connection, number, STAFF).batch_id is None
        assert count_waiting(connection) == 1


def test_what_a_batch_says_of_itself_names_no_address_outside_its_own_cell(
    database: Database, library: dict[str, int]
) -> None:
    here, there = waiting(database, "千秋社区老供销社", "千秋社区老粮站", cell=CELLS[0])
    decided(database, here, Decision("alias", address_id=library["永安街1号"]))
    decided(database, there, Decision("alias", address_id=library["中兴路1号"], confirm=True))
    with database.transaction(Scope("330521", "narrow", Role.GIS_STAFF, (QIANQIU,))) as connection:
        summaries = [batch.summary for batch in list_batches(connection).items]
    assert any("永安街1号" in one for one in summaries)
    assert any("老粮站" in one for one in summaries)
    assert not any("中兴路" in one for one in summaries)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("德清县武康街道千秋社区永安街2号", {"standard_address", "matched_otherwise"}),
        ("永安街2号", {"local_text", "matched_otherwise"}),
        ("德清县武康街道千秋社区旧名1号", {"other_alias", "matched_otherwise"}),
    ],
)
def test_an_alias_that_means_another_address_is_refused(
    database: Database, library: dict[str, int], written: str, expected: set[str]
) -> None:
    with database.transaction(STAFF) as connection:
        add_alias(connection, library["永安街3号"], "德清县武康街道千秋社区旧名1号", kind="former", actor="t")
        number = world.insert(
            connection, "correction", kind="match", address_text=written, match_key="k", grid_code=CELLS[0]
        )
    with pytest.raises(CorrectionConflicts) as error:
        decided(database, number, Decision("alias", address_id=library["永安街1号"], confirm=True))
    assert kinds(error) == expected
    with database.transaction(STAFF) as connection:
        assert get_correction(connection, number).status == "open"
        assert connection.scalar(text("SELECT count(*) FROM address_alias")) == 1
        assert connection.scalar(text("SELECT count(*) FROM correction_batch")) == 0


def test_an_address_that_is_not_published_is_no_target(database: Database, library: dict[str, int]) -> None:
    (number,) = waiting(database, "千秋社区老供销社")
    with database.transaction(STAFF) as connection:
        connection.execute(
            text("UPDATE standard_address SET status = 'retired' WHERE id = :i"), {"i": library["永安街1号"]}
        )
    for address, kind in ((library["永安街1号"], "not_published"), (999_999, "no_address")):
        with pytest.raises(CorrectionConflicts) as error:
            decided(database, number, Decision("alias", address_id=address))
        assert kinds(error) == {kind}


def test_a_warning_wants_a_confirmation(database: Database, library: dict[str, int]) -> None:
    written = "千秋社区永安街1号后面仓库"
    with database.transaction(STAFF) as connection:
        match = match_many(connection, ["武康街道永安街1号"])[0]
        assert match.candidate is not None
        assert match.candidate.confidence_class == "B"
        number = world.insert(
            connection,
            "correction",
            kind="match",
            address_text="武康街道永安街1号",
            match_key=written,
            grid_code=CELLS[0],
        )
    alias = Decision("alias", address_id=library["永安街2号"])
    with pytest.raises(CorrectionConflicts) as error:
        decided(database, number, alias)
    assert kinds(error) == {"matched_otherwise"}
    assert error.value.facts["confirmable"] is True
    answer = decided(database, number, Decision("alias", address_id=library["永安街2号"], confirm=True))
    assert [c.kind for c in answer.conflicts] == ["matched_otherwise"]


# --- rules -----------------------------------------------------------------------------------------------------------


def test_a_misspelt_road_in_a_disputed_village_is_proposed_as_a_rule_of_the_candidates_village(
    database: Database, library: dict[str, int]
) -> None:
    waiting(database, "莫干山镇千秋社区雍安街1号")
    with database.transaction(STAFF) as connection:
        row = take_next(connection, "staff")
        assert row is not None
        candidates, choices = choices_for(connection, row)
    assert [c.address_id for c in candidates] == [library["永安街1号"]]
    rule = next(choice.decision for choice in choices if choice.key == "r")
    assert (rule.division_code, rule.written, rule.standard) == (QIANQIU, "雍安街", "永安街")


def test_a_rule_is_tried_applied_and_settles_its_road(database: Database, library: dict[str, int]) -> None:
    numbers = waiting(database, *(f"武康街道千秋社区老市街{n}号" for n in (1, 2, 3, 77)))
    waiting(database, "千秋社区老供销社")
    with database.transaction(STAFF) as connection:
        row = take_next(connection, "staff")
        assert row is not None
        tried = decide(connection, numbers[0], RULE, STAFF, trial=True)
        assert (tried.batch_id, tried.conflicts, tried.alike_n) == (None, (), 3)
        assert connection.scalar(text("SELECT count(*) FROM address_rule")) == 0
    decided(database, numbers[0], RULE)
    with database.transaction(STAFF) as connection:
        match = match_many(connection, ["武康街道千秋社区老市街5号"])[0]
        assert match.candidate is not None
        assert match.candidate.address_id == library["永安街5号"]
        assert match.candidate.reasons[0].text_zh == "按纠正规则：“老市街”即“永安街”"
        applied = apply_alike(connection, numbers[0], STAFF)
        assert (applied.decided_n, applied.left_n) == (2, 1)
        assert get_correction(connection, numbers[1]).outcome == "by_rule"
        assert get_correction(connection, numbers[3]).status == "open"


def test_a_rule_holds_in_its_village_only_and_for_the_worker_of_one_cell_too(
    database: Database, library: dict[str, int]
) -> None:
    (number,) = waiting(database, "武康街道千秋社区老市街1号")
    decided(database, number, RULE)
    texts = ["武康街道千秋社区老市街1号", "武康街道春晖社区老市街1号", "老市街1号"]
    for scope in (STAFF, Scope("330521", "w", Role.GRID_WORKER, (CELLS[0],))):
        with database.transaction(scope) as connection:
            here, elsewhere, nowhere = match_many(connection, texts)
        assert here.candidate is not None
        assert here.candidate.address_id == library["永安街1号"]
        assert here.candidate.confidence_class == "A"
        assert elsewhere.candidate is None
        assert nowhere.candidate is None
    with database.transaction(ELSEWHERE) as connection:
        assert connection.execute(text("SELECT * FROM address_rules_in_reach()")).all() == []


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (("武康路", "没有路"), {"no_such_road"}),
        (("永安街", "永宁街"), {"no_such_road", "road_exists"}),
        (("雍宁街", "永安街"), {"other_rule"}),
        (("老街", "永安街"), {"alias_hidden"}),
        (("判过街", "永安街"), {"other_decision"}),
    ],
)
def test_a_rule_that_would_break_something_is_refused(
    database: Database, library: dict[str, int], rule: tuple[str, str], expected: set[str]
) -> None:
    (number,) = waiting(database, "武康街道千秋社区老市街1号")
    with database.transaction(STAFF) as connection:
        add_alias(connection, library["永安街5号"], "武康街道千秋社区老街8号", kind="former", actor="t")
        world.insert(
            connection, "address_rule", division_code=QIANQIU[:9], written="雍宁街", standard="中兴路", created_by="t",
            grid_code=QIANQIU[:9],
        )  # fmt: skip
        world.insert(
            connection, "correction", kind="match", address_text="千秋社区判过街1号", match_key="k2", road_key="判过街",
            division_code=QIANQIU, status="decided", outcome="alias", address_id=library["中兴路1号"], grid_code=CELLS[0],
        )  # fmt: skip
    with pytest.raises(CorrectionConflicts) as error:
        decided(
            database, number, Decision("rule", division_code=QIANQIU, written=rule[0], standard=rule[1], confirm=True)
        )
    assert kinds(error) == expected


def test_an_alias_under_a_rule_is_refused_for_it_would_never_be_found(
    database: Database, library: dict[str, int]
) -> None:
    numbers = waiting(database, "武康街道千秋社区老市街1号", "武康街道千秋社区老市街77号")
    decided(database, numbers[0], RULE)
    with pytest.raises(CorrectionConflicts) as error:
        decided(database, numbers[1], Decision("alias", address_id=library["永安街5号"]))
    assert kinds(error) == {"rule_first"}


# --- reviews -----------------------------------------------------------------------------------------------------------


def reviews(database: Database, library: dict[str, int]) -> list[int]:
    facts = {"named": QIANQIU, "located": CHUNHUI}
    with database.transaction(STAFF) as connection:
        for n in range(1, 5):
            world.insert(
                connection, "address_review", address_id=library[f"永安街{n}号"], reason_code="village_mismatch",
                reason="坐标落在春晖社区", facts=facts if n < 4 else {"named": QIANQIU, "located": LIAOYUAN}, grid_code=CELLS[0],
            )  # fmt: skip
        assert enqueue_reviews(connection) == 4
        assert enqueue_reviews(connection) == 0
        return list(connection.scalars(text("SELECT id FROM correction ORDER BY id")))


def test_reviews_alike_are_decided_at_once_and_undone_at_once(database: Database, library: dict[str, int]) -> None:
    numbers = reviews(database, library)
    answer = decided(database, numbers[0], Decision("reject", note="坐标有误"))
    assert answer.alike_n == 2
    with database.transaction(STAFF) as connection:
        applied = apply_alike(connection, numbers[0], STAFF)
        states = connection.scalars(text("SELECT status FROM address_review ORDER BY id")).all()
        assert (applied.decided_n, states) == (2, ["rejected", "rejected", "rejected", "open"])
        undone = undo_batch(connection, applied.batch_id or 0, STAFF)
        assert undone.undone_by == "staff"
        states = connection.scalars(text("SELECT status FROM address_review ORDER BY id")).all()
        assert states == ["rejected", "open", "open", "open"]
        with pytest.raises(BatchUndone):
            undo_batch(connection, applied.batch_id or 0, STAFF)


def test_a_review_decided_elsewhere_no_longer_waits(database: Database, library: dict[str, int]) -> None:
    numbers = reviews(database, library)
    with database.transaction(STAFF) as connection:
        connection.execute(text("UPDATE address_review SET status = 'accepted', decided_by = 'web' WHERE id = 1"))
        assert count_waiting(connection) == 3
        row = take_next(connection, "staff")
        assert row is not None
        assert row.id == numbers[1]
    with pytest.raises(CorrectionDecided):
        decided(database, numbers[0], Decision("accept"))


@pytest.mark.parametrize(
    "decision",
    [Decision("accept"), Decision("alias"), Decision("rule"), Decision("rule", None, QIANQIU, "永安街", "永安街")],
)
def test_a_decision_must_fit_and_be_complete(database: Database, library: dict[str, int], decision: Decision) -> None:
    (number,) = waiting(database, "千秋社区老供销社")
    with pytest.raises(CorrectionIncomplete):
        decided(database, number, decision)


# --- undo --------------------------------------------------------------------------------------------------------------


def state(connection: Connection) -> dict[str, list[Any]]:
    """Every row a batch may touch, in full."""
    return {
        table: list(connection.scalars(text(f"SELECT to_jsonb(t) FROM {table} t ORDER BY id")))
        for table in ("correction", "address_review", "address_alias", "address_rule", "standard_address")
    }


def test_what_rests_on_a_rule_or_was_changed_since_is_undone_first(database: Database, library: dict[str, int]) -> None:
    numbers = waiting(database, *(f"武康街道千秋社区老市街{n}号" for n in (1, 2)), "千秋社区老供销社")
    rule = decided(database, numbers[0], RULE).batch_id
    alias = decided(database, numbers[2], Decision("alias", address_id=library["永安街1号"])).batch_id
    with database.transaction(STAFF) as connection:
        applied = apply_alike(connection, numbers[0], STAFF)
    with pytest.raises(UndoConflict) as error, database.transaction(STAFF) as connection:
        undo_batch(connection, rule, STAFF)
    assert error.value.facts["batches"] == [applied.batch_id]
    with database.transaction(STAFF) as connection:
        undo_batch(connection, applied.batch_id or 0, STAFF)
        undo_batch(connection, rule, STAFF)
        assert connection.scalar(text("SELECT count(*) FROM address_rule")) == 0
        connection.execute(text("UPDATE address_alias SET alias_text = '改过'"))
    with pytest.raises(UndoConflict), database.transaction(STAFF) as connection:
        undo_batch(connection, alias, STAFF)
    with database.transaction(STAFF) as connection:
        assert get_correction(connection, numbers[2]).status == "decided"


def test_an_undo_that_cannot_see_every_row_is_refused(database: Database, library: dict[str, int]) -> None:
    (number,) = waiting(database, "千秋社区老供销社")
    with database.transaction(STAFF) as connection:
        enqueue_texts(connection, [WrittenText("千秋社区老供销社", CELLS[2], 1)])
    decided(database, number, Decision("dismiss"))
    with database.transaction(STAFF) as connection:
        batch = apply_alike(connection, number, STAFF).batch_id
    with database.transaction(HERE) as connection:
        assert batch in [b.id for b in list_batches(connection).items]
        with pytest.raises(UndoConflict):
            undo_batch(connection, batch or 0, HERE)


def test_any_sequence_of_decisions_is_undone_to_the_exact_former_state(
    database: Database, library: dict[str, int]
) -> None:
    """Random decisions; after each, the state is kept; undone from the last to the first, every state comes back."""
    texts = [f"武康街道千秋社区老市街{n}号" for n in (1, 2, 3, 77)] + [f"千秋社区老地方{c}" for c in "甲乙丙丁"]
    waiting(database, *texts)
    with database.transaction(STAFF) as connection:
        enqueue_texts(connection, [WrittenText(t, CELLS[1], 1) for t in texts])
    reviews(database, library)
    for seed in range(12):
        rng = random.Random(seed)
        history: list[tuple[int, dict[str, list[Any]]]] = []
        for _ in range(10):
            with database.transaction(STAFF) as connection:
                before = state(connection)
                batch = _something(connection, rng, library)
                if batch is not None:
                    history.append((batch, before))
        assert history
        with database.transaction(STAFF) as connection:
            assert state(connection) != history[0][1]
            for batch, before in reversed(history):
                undo_batch(connection, batch, STAFF)
                assert state(connection) == before


def _something(connection: Connection, rng: random.Random, library: dict[str, int]) -> int | None:
    number = rng.choice(connection.scalars(text("SELECT id FROM correction ORDER BY id")).all())
    actions: list[Callable[[], Any]] = [
        lambda: decide(connection, number, Decision("dismiss"), STAFF),
        lambda: decide(connection, number, Decision("reject", note="x"), STAFF),
        lambda: decide(connection, number, RULE, STAFF),
        lambda: decide(connection, number, Decision("alias", address_id=library["永安街1号"], confirm=True), STAFF),
        lambda: apply_alike(connection, number, STAFF),
        lambda: apply_alike(connection, number, STAFF),
    ]
    try:
        batch: int | None = rng.choice(actions)().batch_id
    except OnemapError:
        return None
    return batch
