"""Quality of the address library: counts by rule and village, findings one by one, runs, safe fixes."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from access.accounts import permissions
from access.accounts.accounts import Account
from gazetteer.quality.check import get_rule, rules_of
from gazetteer.quality.findings import (
    ListedFinding,
    count_findings,
    count_states,
    ignore_finding,
    last_run,
    list_findings,
)
from gazetteer.quality.fix import apply_fix, preview_fix, revert_fix
from gazetteer.quality.rule import QualityRule
from gazetteer.quality.vocabulary import FindingState
from grid.quality.county import SETS
from mapserver.door.audited import audited
from mapserver.door.deps import AppContext, CountyConnection, RecordId, requires
from mapserver.door.route import DoorRoute
from mapserver.schemas.page import After, PageOut
from mapserver.schemas.quality import (
    FixIn,
    FixOut,
    IgnoreIn,
    ManualOut,
    QualityFindingOut,
    QualityOut,
    QualityRuleOut,
    RevertOut,
    RunAccepted,
    RunOut,
    VillageCount,
)
from mapserver.schemas.record import shown
from mapserver.server.jobs import hand_in_check

router = APIRouter(prefix="/api/{county}/quality", tags=["quality"], route_class=DoorRoute)

Viewer = Annotated[Account, Depends(requires(permissions.QUALITY_VIEW))]
Fixer = Annotated[Account, Depends(requires(permissions.QUALITY_FIX))]
RuleName = Annotated[str, Query(max_length=60, pattern="^[a-z0-9_]+$", examples=["duplicate_text"])]
Village = Annotated[str, Query(pattern=r"^\d{6}(\d{3}(\d{3})?)?$", examples=["330521001001"])]


@router.get("")
def quality(
    account: Viewer,
    connection: CountyConnection,
    rule: RuleName | None = None,
    village: Village | None = None,
) -> QualityOut:
    """The last run, every rule with its manual and counts, and the open findings by rule and village."""
    run = last_run(connection)
    states = count_states(connection)
    rules = rules_of(SETS)
    chosen = [get_rule(SETS, rule)] if rule else rules.values()
    return QualityOut(
        last_run=RunOut(**asdict(run)) if run else None,
        rules=[_rule_out(item, states.get(item.name, {})) for item in chosen],
        villages=[VillageCount(**asdict(row)) for row in count_findings(connection, rule=rule, village=village)],
    )


@router.get("/findings")
def findings(
    account: Viewer,
    connection: CountyConnection,
    rule: RuleName | None = None,
    village: Village | None = None,
    state: FindingState = FindingState.OPEN,
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> PageOut[QualityFindingOut]:
    """Findings one by one, each with its address and the sentence that explains it."""
    page = list_findings(connection, rule=rule, village=village, state=state, after=after, limit=limit)
    return PageOut[QualityFindingOut].of(page, _finding_out)


@router.post("/run", status_code=202)
def run(account: Fixer, context: AppContext) -> RunAccepted:
    """Ask for a run of all rules over the county, in the background."""
    return RunAccepted(queued=hand_in_check(context.queue, account.county, account.username))


@router.post("/findings/{finding_id}/ignore")
@audited("ignore_finding", "finding:{finding_id}")
def ignore(account: Fixer, connection: CountyConnection, finding_id: RecordId, body: IgnoreIn) -> QualityFindingOut:
    """Say that the address is right as it is, and why. Later runs leave the finding ignored."""
    return _finding_out(ignore_finding(connection, finding_id, reason=body.reason, actor=account.username))


@router.post("/rules/{rule}/fix")
def fix(
    account: Fixer,
    connection: CountyConnection,
    rule: Annotated[str, Path(max_length=60, examples=["separators"])],
    body: FixIn,
) -> FixOut:
    """Mend the open findings of a rule in one transaction, or show what would change (``dry_run``, the default).

    Only the way of writing and plain omissions are mended, never what an address says. A fix can be reverted.
    """
    chosen = get_rule(SETS, rule)
    if body.dry_run:
        return FixOut(**asdict(preview_fix(connection, chosen, village=body.village)))
    return FixOut(
        **asdict(apply_fix(connection, account.scope, chosen, reason=body.reason or "", village=body.village))
    )


@router.post("/fixes/{fix_id}/revert")
def revert(account: Fixer, connection: CountyConnection, fix_id: RecordId) -> RevertOut:
    """Take a fix back. An address that was changed again since stays as it is."""
    return RevertOut(restored_n=revert_fix(connection, account.scope, fix_id))


def _rule_out(rule: QualityRule, states: dict[str, int]) -> QualityRuleOut:
    return QualityRuleOut(
        name=rule.name,
        family=rule.family,
        family_zh=rule.family.zh,
        severity=rule.severity,
        fixable=rule.fix is not None,
        manual=ManualOut(**asdict(rule.manual)),
        open_n=states.get("open", 0),
        fixed_n=states.get("fixed", 0),
        ignored_n=states.get("ignored", 0),
    )


def _finding_out(finding: ListedFinding) -> QualityFindingOut:
    rule = rules_of(SETS).get(finding.rule)
    return shown(
        QualityFindingOut,
        finding,
        title=rule.manual.title if rule else finding.rule,
        sentence=rule.sentence(finding.facts) if rule else "",
    )
