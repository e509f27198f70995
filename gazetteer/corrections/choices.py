"""What a person may choose for a row, one key each: its candidates with reasons, a rule that would settle it, or no."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

from gazetteer.corrections.decision import Decision
from gazetteer.corrections.queue import Correction
from gazetteer.corrections.vocabulary import CorrectionAction
from gazetteer.matching.candidates import Candidate
from gazetteer.matching.match import match_address

MOST = 5


@dataclass(frozen=True, slots=True)
class Choice:
    """A key to press, what it does in Chinese, and the decision to send."""

    key: str
    label: str
    decision: Decision


def choices_for(connection: Connection, row: Correction) -> tuple[list[Candidate], list[Choice]]:
    """The candidates of a row, best first, and the choices: 1–5 candidates, r the rule, a accept, x reject or dismiss."""
    candidates = match_address(connection, row.address_text, limit=MOST, min_confidence=0.0)
    if row.kind == "review":
        choices = [
            Choice("a", "地址无误，采纳", Decision(CorrectionAction.ACCEPT)),
            Choice("x", "地址有误，驳回", Decision(CorrectionAction.REJECT)),
        ]
        return candidates, choices
    choices = [
        Choice(
            str(n), f"就是：{candidate.full_text}", Decision(CorrectionAction.ALIAS, address_id=candidate.address_id)
        )
        for n, candidate in enumerate(candidates, start=1)
    ]
    rule = _rule(connection, row, candidates)
    if rule is not None:
        choices.append(Choice("r", f"此村“{rule.written}”都是“{rule.standard}”", rule))
    choices.append(Choice("x", "不是本县地址，或无法判断", Decision(CorrectionAction.DISMISS)))
    return candidates, choices


def _rule(connection: Connection, row: Correction, candidates: list[Candidate]) -> Decision | None:
    """The rule candidate: the best candidate's road, where only the spelling of the road stands between."""
    best = candidates[0] if candidates else None
    if best is None or row.road_key is None:
        return None
    if not any(reason.level == "road" and reason.kind == "typo" for reason in best.reasons):
        return None
    standard, village = connection.execute(
        text("SELECT road_key, division_code FROM standard_address WHERE id = :id"), {"id": best.address_id}
    ).one()
    if standard is None or standard == row.road_key:
        return None
    # a text whose town and village disagree names none: the rule is then one of the candidate's own village
    division = row.division_code if len(row.division_code or "") >= 9 else village
    return Decision(CorrectionAction.RULE, division_code=division, written=row.road_key, standard=str(standard))
