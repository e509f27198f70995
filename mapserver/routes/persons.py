"""Finding a person, and revealing a masked number for a stated purpose."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from access.accounts import permissions
from access.accounts.accounts import Account
from access.sign_in.limits import TooManyRequests
from layers.people.households import FIND_LIMIT, find_persons, reveal
from layers.people.looks import LookLimits, PurposeNeeded
from mapserver.door.deps import AppContext, CountyConnection, RecordId, requires
from mapserver.door.problems import answer_to
from mapserver.door.route import DoorRoute
from mapserver.schemas.addresses import first_shown
from mapserver.schemas.households import PersonList, PersonOut, PersonQuery, RevealIn, RevealOut
from mapserver.schemas.record import shown

router = APIRouter(prefix="/api/{county}/persons", tags=["households"], route_class=DoorRoute)


# A refused look is answered, not raised: what is raised rolls back, and the refusal belongs into the audit trail.


@router.post("/search", response_model=PersonList, responses={428: {}})
def search(
    account: Annotated[Account, Depends(requires(permissions.HOUSEHOLD_VIEW))],
    connection: CountyConnection,
    context: AppContext,
    request: Request,
    body: PersonQuery,
) -> PersonList | JSONResponse:
    """Find persons in scope by ID number, phone or name. A POST, so that no number stands in a URL.

    A look: audited and counted, found or not. After some searches by number that found nobody a purpose is needed (428
    `purpose-needed`), after more of them the account waits (429 with `Retry-After`).
    """
    try:
        found, more = find_persons(
            connection,
            context.sealer,
            id_number=body.id_number,
            phone=body.phone,
            name=body.name,
            purpose=body.purpose,
            limits=LookLimits.of(context.settings),
        )
    except (PurposeNeeded, TooManyRequests) as refusal:
        return answer_to(request, refusal)
    note = first_shown(FIND_LIMIT, "人") if more else None
    return PersonList.whole((shown(PersonOut, person) for person in found), note=note)


@router.post("/{person_id}/reveal", response_model=RevealOut)
def reveal_number(
    account: Annotated[Account, Depends(requires(permissions.PERSONAL_REVEAL))],
    connection: CountyConnection,
    context: AppContext,
    request: Request,
    person_id: RecordId,
    body: RevealIn,
) -> RevealOut | JSONResponse:
    """The ID number or phone itself, for a stated purpose; who looked, when and why is kept. 429 beyond the limit."""
    limits = LookLimits.of(context.settings)
    try:
        value = reveal(connection, person_id, body.field, purpose=body.purpose, sealer=context.sealer, limits=limits)
    except TooManyRequests as refusal:
        return answer_to(request, refusal)
    return RevealOut(value=value)
