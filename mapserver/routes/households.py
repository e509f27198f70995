"""The household file, and visits to a household."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from access.accounts import permissions
from access.accounts.accounts import Account
from alerts.store import open_alerts_of_household
from fieldwork.visits import NewVisit, visit_household
from layers.people.household_search import find_households
from layers.people.households import get_household
from mapserver.door.audited import audited
from mapserver.door.deps import CountyConnection, RecordId, requires
from mapserver.door.route import DoorRoute
from mapserver.schemas.addresses import FoundHousehold, first_shown
from mapserver.schemas.households import HouseholdList, HouseholdOut, NewVisitIn, VisitOut
from mapserver.schemas.record import shown

router = APIRouter(prefix="/api/{county}/households", tags=["households"], route_class=DoorRoute)


@router.get("/search")
@audited("find_household", rows=lambda found: found.items)
def search(
    account: Annotated[Account, Depends(requires(permissions.HOUSEHOLD_VIEW))],
    connection: CountyConnection,
    q: Annotated[str, Query(min_length=1, max_length=200, examples=["泉湖街7号"])],
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> HouseholdList:
    """Households by the beginning of their number, or by an address: those at it and in its rooms. The look is audited."""
    found, more = find_households(connection, q, limit)
    note = first_shown(limit, "户") if more else None
    return HouseholdList.whole((FoundHousehold(**asdict(one)) for one in found), note=note)


@router.get("/{household_id}")
def household(
    account: Annotated[Account, Depends(requires(permissions.HOUSEHOLD_VIEW))],
    connection: CountyConnection,
    household_id: RecordId,
) -> HouseholdOut:
    """The file of one household: dwelling, members, status codes, visits, open alerts. The look is audited."""
    file = get_household(connection, household_id)
    return shown(HouseholdOut, file, alerts=open_alerts_of_household(connection, household_id))


@router.post(
    "/{household_id}/visits",
    status_code=201,
    responses={200: {"model": VisitOut, "description": "这次走访已经记录过 / recorded before"}},
)
@audited("record_visit", "household:{household_id}")
def visit(
    account: Annotated[Account, Depends(requires(permissions.VISITS_WRITE))],
    connection: CountyConnection,
    household_id: RecordId,
    body: NewVisitIn,
    response: Response,
) -> VisitOut:
    """Record a visit: 201 when it is new, 200 when this ``client_uid`` was recorded before.

    A wrong clock loses no visit: it then counts as made on arrival, and ``phone_time`` says what the phone said.
    """
    new_visit = NewVisit(
        client_uid=body.client_uid,
        visited_at=body.visited_at,
        outcome=body.outcome,
        grid_code=account.county,
        note=body.note,
        lon=body.lon,
        lat=body.lat,
    )
    recorded, new = visit_household(connection, household_id, new_visit, account.username)
    if not new:
        response.status_code = 200
    return shown(VisitOut, recorded)
