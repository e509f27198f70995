"""What a person may decide about an uncertain row."""

from __future__ import annotations

from dataclasses import dataclass

from gazetteer.corrections.errors import CorrectionIncomplete
from gazetteer.corrections.vocabulary import CorrectionAction, CorrectionKind, CorrectionOutcome
from gazetteer.matching.rules import RoadRule
from gazetteer.reading.normalise import normalise

ALLOWED: dict[CorrectionKind, frozenset[CorrectionAction]] = {
    CorrectionKind.MATCH: frozenset({CorrectionAction.ALIAS, CorrectionAction.RULE, CorrectionAction.DISMISS}),
    CorrectionKind.REVIEW: frozenset({CorrectionAction.ACCEPT, CorrectionAction.REJECT, CorrectionAction.RULE}),
}
OUTCOMES: dict[CorrectionAction, CorrectionOutcome] = {
    CorrectionAction.ALIAS: CorrectionOutcome.ALIAS,
    CorrectionAction.RULE: CorrectionOutcome.RULE,
    CorrectionAction.ACCEPT: CorrectionOutcome.ACCEPTED,
    CorrectionAction.REJECT: CorrectionOutcome.REJECTED,
    CorrectionAction.DISMISS: CorrectionOutcome.DISMISSED,
}


@dataclass(frozen=True, slots=True)
class Decision:
    """alias: the text means ``address_id``. rule: in ``division_code``, ``written`` means ``standard``. accept, reject: of
    a review. dismiss: the text is no address of this county, or nobody can tell.

    confirm: go ahead although the re-test warns. note: why, in words.
    """

    action: CorrectionAction
    address_id: int | None = None
    division_code: str | None = None
    written: str | None = None
    standard: str | None = None
    confirm: bool = False
    note: str | None = None

    def check(self, kind: str) -> None:
        """Raises CorrectionIncomplete when the action does not fit the kind of row or lacks what it needs."""
        allowed = ALLOWED[CorrectionKind(kind)]
        if self.action not in allowed:
            raise CorrectionIncomplete(
                f"可选 / choose one of: {'、'.join(sorted(allowed))}", action=self.action, allowed=sorted(allowed)
            )
        if self.action == "alias" and self.address_id is None:
            raise CorrectionIncomplete("须指明标准地址 / name the standard address", missing="address_id")
        if self.action == "rule":
            self.rule()

    def rule(self) -> RoadRule:
        """The rule, with both roads normalised. Raises CorrectionIncomplete."""
        written, standard = normalise(self.written or "")[:200], normalise(self.standard or "")[:200]
        if self.division_code is None or len(written) < 2 or len(standard) < 2 or written == standard:
            raise CorrectionIncomplete(
                "规则须有村或乡镇代码、写法和标准路名 / a rule needs a division, the road as written and the standard road"
            )
        return RoadRule(self.division_code, written, standard)
