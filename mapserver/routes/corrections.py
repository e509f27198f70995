"""The queue of uncertain texts and reviews, made for the keyboard: next, press a key, apply to all alike, undo."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from access.accounts import permissions
from access.accounts.accounts import Account
from gazetteer.corrections.alike import apply_alike
from gazetteer.corrections.choices import choices_for
from gazetteer.corrections.decide import Decided
from gazetteer.corrections.decide import decide as decide_correction
from gazetteer.corrections.decision import Decision
from gazetteer.corrections.queue import count_waiting, take_next
from gazetteer.corrections.undo import list_batches, undo_batch
from mapserver.door.audited import audited
from mapserver.door.deps import AppContext, CountyConnection, RecordId, requires
from mapserver.door.route import DoorRoute
from mapserver.routes.addresses import candidate_out
from mapserver.schemas.corrections import (
    AppliedOut,
    ChoiceOut,
    CollectingOut,
    ConflictOut,
    CorrectionBatchOut,
    CorrectionOut,
    DecidedOut,
    DecisionIn,
    NextOut,
    NoteIn,
    TrialIn,
)
from mapserver.schemas.page import After, PageOut
from mapserver.schemas.record import shown
from mapserver.server.jobs import hand_in_collect

router = APIRouter(prefix="/api/{county}/corrections", tags=["corrections"], route_class=DoorRoute)

Decider = Annotated[Account, Depends(requires(permissions.REVIEWS_DECIDE))]


@router.get("/next")
@audited("take_correction")
def next_row(
    account: Decider,
    connection: CountyConnection,
    after: Annotated[int, Query(ge=0, le=2**63 - 1, description="skip: the number of the row to let go")] = 0,
) -> NextOut:
    """The next uncertain row, yours for ten minutes: nobody else gets it. Candidates with reasons, and a key for each choice.

    Asking again gives the same row; ``after`` its number skips it.
    """
    row = take_next(connection, account.username, after=after)
    waiting_n = count_waiting(connection)
    if row is None:
        return NextOut(correction=None, candidates=[], choices=[], waiting_n=waiting_n)
    candidates, choices = choices_for(connection, row)
    return NextOut(
        correction=shown(CorrectionOut, row),
        candidates=[candidate_out(candidate) for candidate in candidates],
        choices=[ChoiceOut(key=c.key, label=c.label, decision=DecisionIn(**asdict(c.decision))) for c in choices],
        waiting_n=waiting_n,
    )


@router.post("/{correction_id}/decide")
@audited("decide_correction", "correction:{correction_id}")
def decide(account: Decider, connection: CountyConnection, correction_id: RecordId, body: TrialIn) -> DecidedOut:
    """Decide a row. An alias or a rule is first tested against the whole library.

    409 ``correction-conflicts`` names every conflict; when ``confirmable``, send it again with ``confirm``.
    409 ``correction-decided`` or ``correction-leased`` when somebody else was first. ``trial`` changes nothing.
    """
    decision = Decision(**body.model_dump(exclude={"trial"}))
    return _decided(decide_correction(connection, correction_id, decision, account.scope, trial=body.trial))


@router.post("/{correction_id}/apply-alike")
@audited("decide_corrections_alike", "correction:{correction_id}")
def alike(account: Decider, connection: CountyConnection, correction_id: RecordId, body: NoteIn) -> AppliedOut:
    """Decide every waiting row like this decided one the same way, as one batch.

    Alike is: the same text; the road of the rule, where the rule makes the match certain; the same reason and facts of a
    review in the same village.
    """
    return AppliedOut(**asdict(apply_alike(connection, correction_id, account.scope, note=body.note)))


@router.get("/batches")
def batches(
    account: Decider,
    connection: CountyConnection,
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> PageOut[CorrectionBatchOut]:
    """What was decided, newest first, with who, when, how many, and whether it was undone."""
    page = list_batches(connection, after=after, limit=limit)
    return PageOut[CorrectionBatchOut].of(page, lambda batch: CorrectionBatchOut(**asdict(batch)))


@router.post("/batches/{batch_id}/undo")
@audited("undo_corrections", "batch:{batch_id}")
def undo(account: Decider, connection: CountyConnection, batch_id: RecordId) -> CorrectionBatchOut:
    """Take a batch back: everything it changed is again exactly as it was, and its rows wait again.

    409 ``undo-conflict`` when something of it was changed since or rests on it; then nothing is undone.
    """
    return CorrectionBatchOut(**asdict(undo_batch(connection, batch_id, account.scope)))


@router.post("/collect", status_code=202)
@audited("collect_corrections")
def collect(account: Decider, connection: CountyConnection, context: AppContext) -> CollectingOut:
    """Let the texts of records without a standard address join the queue, in the background; every import asks for it too."""
    return CollectingOut(handed_in=hand_in_collect(context.queue, account.county), waiting_n=count_waiting(connection))


def _decided(answer: Decided) -> DecidedOut:
    return DecidedOut(
        correction=shown(CorrectionOut, answer.correction),
        batch_id=answer.batch_id,
        conflicts=[
            ConflictOut(kind=c.kind, text=c.text_zh, blocking=c.blocking, n=c.n, samples=list(c.samples))
            for c in answer.conflicts
        ],
        alike_n=answer.alike_n,
    )
