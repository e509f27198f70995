"""Applying a decision to all that are alike, in one batch that can be undone as one."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

from database.connection.records import records_of
from database.rights.scope import Scope
from gazetteer.corrections.decide import alike_condition, mark, one_at_a_time, settle_reviews
from gazetteer.corrections.decision import OUTCOMES, Decision
from gazetteer.corrections.errors import CorrectionIncomplete, CorrectionNotFound
from gazetteer.corrections.ledger import close_batch, open_batch
from gazetteer.corrections.queue import Correction, get_correction
from gazetteer.corrections.vocabulary import CorrectionAction
from gazetteer.matching.match import match_many

_ACTIONS: dict[str, CorrectionAction] = {outcome: action for action, outcome in OUTCOMES.items()}


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """A waiting row that is like the decided one. held: another person has it on the screen."""

    id: int
    review_id: int | None
    address_text: str
    held: bool


@dataclass(frozen=True, slots=True)
class AppliedAlike:
    """decided_n: rows decided now. left_n: alike, yet still uncertain under the rule, or held by another person."""

    batch_id: int | None
    decided_n: int
    left_n: int


def apply_alike(connection: Connection, correction_id: int, scope: Scope, *, note: str | None = None) -> AppliedAlike:
    """Decide all waiting rows that are like a decided one the same way. No batch is made when there is none.

    After a rule, a row counts as decided only when its text now has one certain or probable match; the others wait on.
    Rows that somebody else has on the screen are left alone. Raises CorrectionNotFound, CorrectionIncomplete.
    """
    one_at_a_time(connection, scope)
    row = get_correction(connection, correction_id)
    action = _ACTIONS.get(row.outcome or "")
    if row.status != "decided" or action is None or row.batch_id is None:
        raise CorrectionIncomplete("先决定这一条，再应用到同类 / decide this row first", status=row.status)
    decision = _decision(connection, row, action)
    waiting, held = _alike(connection, row, decision, scope.actor)
    settled, left = _settled(connection, waiting, decision)
    if not settled:
        return AppliedAlike(None, 0, len(left) + held)
    batch_id = open_batch(
        connection,
        kind="alike",
        action=decision.action,
        summary=_summary(connection, row.batch_id),
        note=note,
        seed_id=correction_id,
    )
    reviews = [one.review_id for one in settled if one.review_id is not None]
    if reviews:
        settle_reviews(connection, batch_id, reviews, decision)
    outcome = "by_rule" if decision.action == "rule" else None
    n = mark(connection, batch_id, [one.id for one in settled], decision, scope.actor, outcome=outcome)
    close_batch(connection, batch_id, n)
    return AppliedAlike(batch_id, n, len(left) + held)


def _decision(connection: Connection, row: Correction, action: CorrectionAction) -> Decision:
    """The decision as it was, read back from the log of its batch."""
    if action != "rule":
        return Decision(action, address_id=row.address_id if action == "alias" else None)
    rule = connection.execute(
        text(
            "SELECT r.division_code, r.written, r.standard FROM correction_log l JOIN address_rule r ON r.id = l.row_id "
            "WHERE l.batch_id = :batch AND l.table_name = 'address_rule'"
        ),
        {"batch": row.batch_id},
    ).one_or_none()
    if rule is None:
        raise CorrectionNotFound(str(row.id))
    return Decision(
        CorrectionAction.RULE, division_code=rule.division_code, written=rule.written, standard=rule.standard
    )


def _alike(connection: Connection, row: Correction, decision: Decision, actor: str) -> tuple[list[WaitingRow], int]:
    """The waiting rows that are alike, locked; and how many of them somebody else holds."""
    alike = alike_condition(row, decision)
    rows = connection.execute(
        text(
            "SELECT c.id, c.review_id, c.address_text, "  # noqa: S608 - constants only
            "(c.leased_until > clock_timestamp() AND c.leased_by <> :actor) IS TRUE AS held "
            "FROM correction c LEFT JOIN address_review r ON r.id = c.review_id "
            f"WHERE c.status = 'open' AND (r.id IS NULL OR r.status = 'open') AND {alike.condition} ORDER BY c.id FOR UPDATE OF c"
        ),
        {"actor": actor, **alike.values},
    )
    found = records_of(WaitingRow, rows)
    free = [one for one in found if not one.held]
    return free, len(found) - len(free)


def _settled(
    connection: Connection, waiting: list[WaitingRow], decision: Decision
) -> tuple[list[WaitingRow], list[WaitingRow]]:
    """Which of the rows the decision settles, and which it does not."""
    if decision.action != "rule":
        return waiting, []
    settled: list[WaitingRow] = []
    left: list[WaitingRow] = []
    for one, match in zip(waiting, match_many(connection, [w.address_text for w in waiting]), strict=True):
        good = match.candidate is not None and not match.ambiguous and match.candidate.confidence_class != "C"
        (settled if good else left).append(one)
    return settled, left


def _summary(connection: Connection, batch_id: int) -> str:
    found = connection.scalar(text("SELECT summary FROM correction_batch WHERE id = :id"), {"id": batch_id})
    return f"同类：{found}"
