"""Place codes: issue, revoke, and how often they are scanned."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from access.accounts import permissions
from access.accounts.accounts import Account
from database.connection.engine import current_day
from gazetteer.codes.token import TokenKind
from gazetteer.plates.tokens import revoke
from layers.places.place_codes import PLACE_CODES, count_scans, get_place_code, issue_place_code, reissue_place_code
from mapserver.door.deps import AppContext, CountyConnection, RecordId, requires
from mapserver.door.route import DoorRoute
from mapserver.routes.address_codes import token_out
from mapserver.schemas.address_codes import RevokeIn, TokenOut
from mapserver.schemas.dates import Day
from mapserver.schemas.page import PageOut
from mapserver.schemas.place_codes import PlaceCodeOut, ScanCount
from mapserver.schemas.record import shown

router = APIRouter(prefix="/api/{county}", tags=["codes"], route_class=DoorRoute)

Viewer = Annotated[Account, Depends(requires(permissions.MAP_VIEW))]
Issuer = Annotated[Account, Depends(requires(permissions.CODES_ISSUE))]


@router.get("/places/{place_id}/code")
def place_code(account: Viewer, connection: CountyConnection, context: AppContext, place_id: RecordId) -> PlaceCodeOut:
    """A place and the state of its newest code; the code itself for those who may issue codes."""
    found = get_place_code(connection, place_id)
    printed = permissions.CODES_ISSUE in permissions.permissions_of(account.role)
    token = found.token
    printable = None if token is None else token_out(token, context, account.county, TokenKind.PLACE, printed=printed)
    return shown(PlaceCodeOut, found, token=printable)


@router.post("/places/{place_id}/code", status_code=201)
def issue(account: Issuer, connection: CountyConnection, context: AppContext, place_id: RecordId) -> TokenOut:
    """Issue the code of a shop, hall, unit or building; dwellings have plates instead. 409 when a valid one exists."""
    issued = issue_place_code(connection, place_id, actor=account.username)
    return token_out(issued, context, account.county, TokenKind.PLACE)


@router.post("/places/{place_id}/code/reissue", status_code=201)
def reissue(
    account: Issuer,
    connection: CountyConnection,
    context: AppContext,
    place_id: RecordId,
    body: RevokeIn,
) -> TokenOut:
    """Revoke the valid code and issue another. The count of scans goes on."""
    issued = reissue_place_code(connection, place_id, reason=body.reason, actor=account.username)
    return token_out(issued, context, account.county, TokenKind.PLACE)


@router.post("/places/{place_id}/code/revoke")
def withdraw(
    account: Issuer,
    connection: CountyConnection,
    context: AppContext,
    place_id: RecordId,
    body: RevokeIn,
) -> TokenOut:
    """Make the code of a place worthless. 409 when it has no valid one."""
    revoked = revoke(connection, PLACE_CODES, place_id, reason=body.reason, actor=account.username)
    return token_out(revoked, context, account.county, TokenKind.PLACE)


@router.get("/place-codes/scans")
def scans(
    account: Viewer,
    connection: CountyConnection,
    place_id: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
    first_day: Annotated[
        Day | None, Query(description="default: 29 days before the last", examples=["2026-06-01"])
    ] = None,
    last_day: Annotated[Day | None, Query(description="default: today", examples=["2026-06-30"])] = None,
) -> PageOut[ScanCount]:
    """Scans by day and place in a period, of the places in scope. Counts only: who scanned is never recorded."""
    last = last_day or current_day(connection)
    first = first_day or last - timedelta(days=29)
    rows = count_scans(connection, place_id=place_id, first_day=first, last_day=last)
    return PageOut[ScanCount].whole(shown(ScanCount, row) for row in rows)
