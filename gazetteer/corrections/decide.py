"""Deciding one row: locked, re-tested against the whole library, applied and logged as a batch of its own."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, text

from database.rights.scope import Scope
from gazetteer.corrections.decision import OUTCOMES, Decision
from gazetteer.corrections.errors import (
    CorrectionConflicts,
    CorrectionDecided,
    CorrectionLeased,
    CorrectionNotFound,
)
from gazetteer.corrections.ledger import add_row, change_rows, close_batch, open_batch
from gazetteer.corrections.queue import Correction, get_correction
from gazetteer.corrections.retest import Conflict, alias_conflicts, rule_conflicts
from gazetteer.corrections.vocabulary import CorrectionAction
from gazetteer.matching.match import normalised_alias


@dataclass(frozen=True, slots=True)
class Decided:
    """What came of a decision. batch_id: None for a trial. conflicts: warnings that were confirmed, or what a trial found."""

    correction: Correction
    batch_id: int | None
    conflicts: tuple[Conflict, ...]
    alike_n: int


def decide(
    connection: Connection, correction_id: int, decision: Decision, scope: Scope, *, trial: bool = False
) -> Decided:
    """Decide one row of the queue. trial: only re-test and say what would happen; nothing changes.

    Raises CorrectionNotFound, CorrectionIncomplete; CorrectionDecided and CorrectionLeased when another person was
    first; CorrectionConflicts with every conflict when the re-test objects.
    """
    one_at_a_time(connection, scope)
    row = _lock(connection, correction_id, scope.actor)
    decision.check(row.kind)
    conflicts = retest(connection, row.address_text, decision, scope)
    if trial:
        return Decided(row, None, tuple(conflicts), count_alike(connection, row, decision))
    refuse(conflicts, confirm=decision.confirm)
    batch_id = open_batch(
        connection,
        kind="decide",
        action=decision.action,
        summary=summary(connection, row, decision),
        note=decision.note,
        seed_id=correction_id,
    )
    apply(connection, batch_id, row, decision)
    mark(connection, batch_id, [correction_id], decision, scope.actor)
    close_batch(connection, batch_id, 1)
    decided = get_correction(connection, correction_id)
    return Decided(decided, batch_id, tuple(conflicts), count_alike(connection, row, decision))


def one_at_a_time(connection: Connection, scope: Scope) -> None:
    """Decisions of a county follow one another, so that no two pass a re-test that the other would fail."""
    connection.execute(
        text("SELECT pg_advisory_xact_lock(hashtext('onemap.corrections'), CAST(:county AS int))"),
        {"county": scope.county},
    )


def _lock(connection: Connection, correction_id: int, actor: str) -> Correction:
    locked = connection.execute(
        text(
            "SELECT status, decided_by, leased_by, leased_until, leased_until > clock_timestamp() AS held "
            "FROM correction WHERE id = :id FOR UPDATE"
        ),
        {"id": correction_id},
    ).one_or_none()
    if locked is None:
        raise CorrectionNotFound(str(correction_id))
    if locked.status != "open":
        raise CorrectionDecided(f"{locked.decided_by}", decided_by=locked.decided_by)
    if locked.held and locked.leased_by != actor:
        raise CorrectionLeased(
            f"{locked.leased_by}", leased_by=locked.leased_by, leased_until=locked.leased_until.isoformat()
        )
    row = get_correction(connection, correction_id)
    review = connection.execute(
        text("SELECT status, decided_by FROM address_review WHERE id = :id FOR UPDATE"), {"id": row.review_id}
    ).one_or_none()
    if review is not None and review.status != "open":
        raise CorrectionDecided(f"{review.decided_by}", decided_by=review.decided_by)
    return row


def retest(connection: Connection, written: str, decision: Decision, scope: Scope) -> list[Conflict]:
    """What the decision would break; nothing for decisions that teach nothing."""
    if decision.action == "alias":
        assert decision.address_id is not None
        return alias_conflicts(connection, written, decision.address_id, scope)
    if decision.action == "rule":
        return rule_conflicts(connection, decision.rule(), scope)
    return []


def refuse(conflicts: list[Conflict], *, confirm: bool) -> None:
    """Raise CorrectionConflicts when one blocks, or when a warning is not confirmed."""
    if any(c.blocking for c in conflicts) or (conflicts and not confirm):
        raise CorrectionConflicts(
            "；".join(c.text_zh for c in conflicts),
            conflicts=[asdict(c) for c in conflicts],
            confirmable=not any(c.blocking for c in conflicts),
        )


def apply(connection: Connection, batch_id: int, row: Correction, decision: Decision) -> None:
    """Write the alias, the rule or the verdict on the review, logged."""
    if decision.action == "alias":
        address = connection.execute(
            text("SELECT id, grid_code FROM standard_address WHERE id = :id"), {"id": decision.address_id}
        ).one()
        alias = {
            "address_id": address.id,
            "alias_text": row.address_text.strip(),
            "match_key": normalised_alias(row.address_text),
            "kind": "reviewed",
            "created_by": _actor(connection),
            "grid_code": address.grid_code,
        }
        add_row(connection, batch_id, "address_alias", alias, unique="address_id, match_key")
    elif decision.action == "rule":
        rule = {**asdict(decision.rule()), "created_by": _actor(connection)}
        rule["grid_code"] = rule["division_code"]
        add_row(connection, batch_id, "address_rule", rule, unique="division_code, written")
    if row.review_id is not None:
        settle_reviews(connection, batch_id, [row.review_id], decision)


def settle_reviews(connection: Connection, batch_id: int, review_ids: list[int], decision: Decision) -> None:
    """The verdict on open reviews, logged. A rule accepts the address as it stands."""
    values = {
        "status": "rejected" if decision.action == "reject" else "accepted",
        "note": decision.note,
        "decided_by": _actor(connection),
        "decided_at": datetime.now(UTC),
    }
    change_rows(connection, batch_id, "address_review", review_ids, values)


def mark(
    connection: Connection, batch_id: int, ids: list[int], decision: Decision, actor: str, *, outcome: str | None = None
) -> int:
    """Mark rows of the queue as decided, logged; returns how many."""
    values: dict[str, Any] = {
        "status": "decided",
        "outcome": outcome or OUTCOMES[decision.action],
        "batch_id": batch_id,
        "decided_by": actor,
        "decided_at": datetime.now(UTC),
        "leased_by": None,
        "leased_until": None,
    }
    if decision.action == "alias":
        values["address_id"] = decision.address_id
    return change_rows(connection, batch_id, "correction", ids, values)


@dataclass(frozen=True, slots=True)
class Alike:
    """Which rows are alike, in SQL: a condition on ``correction c`` with its review ``r``, and the values it names."""

    condition: str
    values: dict[str, Any]


def alike_condition(row: Correction, decision: Decision) -> Alike:
    """Which other rows are like one under a decision.

    alias, dismiss: the same text. rule: the same road in the division. accept, reject: the same reason in the same
    village. Served by ``uq_correction_match``, ``ix_correction_road`` and ``uq_correction_review_id``.
    """
    if decision.action == "rule":
        rule = decision.rule()
        condition = (
            "c.kind = 'match' AND c.road_key = :written "
            "AND c.division_code >= :division AND c.division_code < :division || '~'"
        )
        return Alike(condition, {"written": rule.written, "division": rule.division_code})
    if row.kind == "review":
        condition = "c.kind = 'review' AND r.reason_code = :reason AND c.division_code = :division AND r.facts = (SELECT s.facts FROM address_review s WHERE s.id = :review)"
        values = {"reason": row.reason_code, "division": row.division_code, "review": row.review_id}
        return Alike(condition, values)
    condition = "c.kind = 'match' AND c.match_key = (SELECT s.match_key FROM correction s WHERE s.id = :seed)"
    return Alike(condition, {"seed": row.id})


def count_alike(connection: Connection, row: Correction, decision: Decision) -> int:
    """How many other rows wait that are alike."""
    alike = alike_condition(row, decision)
    return int(
        connection.scalar(
            text(
                "SELECT count(*) FROM correction c LEFT JOIN address_review r ON r.id = c.review_id "  # noqa: S608
                f"WHERE c.status = 'open' AND (r.id IS NULL OR r.status = 'open') AND c.id <> :own AND {alike.condition}"
            ),
            {"own": row.id, **alike.values},
        )
        or 0
    )


def summary(connection: Connection, row: Correction, decision: Decision) -> str:
    """The decision in a line of Chinese. It is read where the row lies: an address outside that is not named."""
    if decision.action == "alias":
        full_text = connection.scalar(
            text("SELECT full_text FROM standard_address WHERE id = :id AND place_within(grid_code, :grid_code)"),
            {"id": decision.address_id, "grid_code": row.grid_code},
        )
        meant = "另一网格的一个标准地址" if full_text is None else f"“{full_text}”"
        return f"“{row.address_text}”是{meant}的别名"
    if decision.action == "rule":
        rule = decision.rule()
        return f"在 {rule.division_code}，“{rule.written}”即“{rule.standard}”"
    return f"{CorrectionAction(decision.action).zh}：{row.address_text}"


def _actor(connection: Connection) -> str:
    return str(connection.scalar(text("SELECT current_setting('onemap.actor')")))
