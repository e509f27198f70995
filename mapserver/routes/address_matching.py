"""Matching with the library: up to a thousand texts at once, whole files in the background, a text as of a day."""

from __future__ import annotations

from pathlib import Path as FilePath
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, File, Form, Query, UploadFile
from fastapi.responses import FileResponse

from access.accounts import permissions
from access.accounts.accounts import Account
from access.audit.record import record
from gazetteer.lifecycle.then import find_on_day
from gazetteer.matching.candidates import Match
from gazetteer.matching.match import match_many
from importing.bulk_match.jobs import get_job, hand_in_file, list_jobs, remove_job, write_result
from mapserver.door.audited import audited
from mapserver.door.deps import AppContext, CountyConnection, RecordId, requires
from mapserver.door.route import DoorRoute, long_work
from mapserver.routes.addresses import candidate_out
from mapserver.schemas.address_matching import (
    AddressesThen,
    AddressStateOut,
    AddressThen,
    Matches,
    MatchIn,
    MatchJobOut,
    MatchOut,
)
from mapserver.schemas.address_texts import TEXTS_BYTES
from mapserver.schemas.dates import Day
from mapserver.schemas.page import PageOut
from mapserver.schemas.record import shown
from mapserver.server.jobs import hand_in_match
from mapserver.server.uploads import made_file, temporary_upload

router = APIRouter(prefix="/api/{county}", tags=["addresses"], route_class=DoorRoute)

Viewer = Annotated[Account, Depends(requires(permissions.MAP_VIEW))]
Importer = Annotated[Account, Depends(requires(permissions.IMPORTS_WRITE))]

MEDIA = {"csv": "text/csv", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
MOST_CANDIDATES = 5


@router.post("/addresses/match", max_body_size=TEXTS_BYTES)
def match(account: Viewer, connection: CountyConnection, body: MatchIn) -> Matches:
    """Match up to 1,000 texts: class A certain, B probable, C needs a person, with the reasons. Only your scope is searched."""
    return Matches(matches=[_match_out(found) for found in match_many(connection, body.texts)])


@router.get("/addresses/as-of")
def as_of(
    account: Viewer,
    connection: CountyConnection,
    q: Annotated[str, Query(min_length=1, max_length=200, examples=["武康街道老市街12号"])],
    on: Annotated[Day, Query(examples=["2025-03-01"], description="the day the text was written")],
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
) -> AddressesThen:
    """The address that a text meant on a day, and what it is today: itself, renamed, or its successors."""
    found = find_on_day(connection, q, on, limit=limit)
    return AddressesThen(
        query=q,
        on=on,
        items=[
            AddressThen(
                then=AddressStateOut.model_validate(one.then, from_attributes=True),
                now=[AddressStateOut.model_validate(state, from_attributes=True) for state in one.now],
                explanation=one.explanation,
            )
            for one in found
        ],
        next=None,
    )


@router.post("/addresses/match-jobs", status_code=202)
def hand_in(
    account: Importer,
    context: AppContext,
    file: Annotated[UploadFile, File(description="CSV (UTF-8, GB18030) or XLSX, up to 1,000,000 rows")],
    column: Annotated[str, Form(description="column of the address text", examples=["住所"])],
    sheet: Annotated[str | None, Form(description="sheet of a workbook; default the first")] = None,
    encoding: Annotated[str | None, Form(description="default: found out", examples=["gb18030"])] = None,
    result: Annotated[Literal["csv", "xlsx"], Form(description="format of the result")] = "xlsx",
) -> MatchJobOut:
    """Hand in a file to be matched in the background. A wrong file or column is refused at once. Only you can see the job."""
    with temporary_upload(file, context) as path, context.database.transaction(account.scope) as connection:
        job = hand_in_file(
            connection,
            context.sealer,
            path,
            column=column,
            actor=account.username,
            sheet=sheet or None,
            encoding=encoding or None,
            result_format=result,
        )
    hand_in_match(context.queue, account.county, job.id, account.username)
    return shown(MatchJobOut, job)


@router.get("/addresses/match-jobs")
def jobs(account: Importer, connection: CountyConnection) -> PageOut[MatchJobOut]:
    """Your files of the last seven days, newest first."""
    return PageOut[MatchJobOut].whole(shown(MatchJobOut, job) for job in list_jobs(connection))


@router.get("/addresses/match-jobs/{job_id}")
def job(account: Importer, connection: CountyConnection, job_id: RecordId) -> MatchJobOut:
    """How far one of your files is."""
    return shown(MatchJobOut, get_job(connection, job_id))


@router.get(
    "/addresses/match-jobs/{job_id}/result",
    response_class=FileResponse,
    responses={200: {"content": {media: {} for media in MEDIA.values()}}, 409: {}},
)
@long_work
def result(account: Importer, connection: CountyConnection, context: AppContext, job_id: RecordId) -> FileResponse:
    """Your file with code, matched text, class, score, level, longitude, latitude and reasons. The download is audited."""

    def make(folder: FilePath) -> FilePath:
        path = write_result(connection, context.sealer, job_id, folder)
        record(connection, "export_match", target=f"match_job:{job_id}")
        return path

    return made_file(make, MEDIA)


@router.delete("/addresses/match-jobs/{job_id}", status_code=204)
@audited("remove_match_job", "match_job:{job_id}")
def remove(account: Importer, connection: CountyConnection, job_id: RecordId) -> None:
    """Take a job away, with its file and its result; one that runs is stopped."""
    remove_job(connection, job_id)


def _match_out(found: Match) -> MatchOut:
    return MatchOut(
        text=found.text,
        matched_level=found.matched_level,
        ambiguous=found.ambiguous,
        candidate=candidate_out(found.candidate) if found.candidate is not None else None,
        candidates=[candidate_out(candidate) for candidate in found.candidates[:MOST_CANDIDATES]],
    )
