"""What a scanned QR code shows: the public part to anybody, the households to a signed-in worker in scope.

An unknown, a revoked and a forged code get the same answer. A forged one costs no query.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse

from access.accounts import permissions
from access.accounts.accounts import Account
from gazetteer.codes.token import Token, TokenKind, TokenUnknown, read_token
from gazetteer.plates.plates import find_public_plate
from layers.cards.scanned import households_behind
from layers.places.place_codes import scan_place
from mapserver.door.deps import AppContext, door_of, signed_in
from mapserver.door.door import asker
from mapserver.door.route import DoorRoute
from mapserver.http.methods import is_head
from mapserver.http.negotiation import best_media, header
from mapserver.pages.scan_page import HEADERS, scanned_page, unknown_page
from mapserver.schemas.public_codes import HouseholdLink, ScannedOut
from mapserver.server.context import Context

router = APIRouter(prefix="/p", tags=["codes"], route_class=DoorRoute)


async def who_scans(request: Request) -> Account | None:
    """The account, or None for the public, which may scan so often from one address. Raises TooManyRequests."""
    account = await signed_in(request)
    if account is not None and account.due is not None:
        account = None  # somebody who may do nothing yet scans like a stranger
    if account is None:
        door_of(request).scans.hit(asker())
    return account


Asker = Annotated[Account | None, Depends(who_scans)]


@router.get(
    "/{token}",
    response_model=ScannedOut,
    responses={
        200: {"content": {"text/html": {"schema": {"type": "string"}}}},
        404: {
            "description": "unknown, revoked or forged: the same answer",
            "content": {"text/html": {"schema": {"type": "string"}}},
        },
    },
)
def scan(
    request: Request,
    context: AppContext,
    account: Asker,
    token: Annotated[str, Path(max_length=100, examples=["CECQV2OBS5VZVJ3BH6RQ5MNJ7TEI6GKXS4ASFJ2I"])],
) -> Response:
    """A page for a phone; JSON when the request would rather have ``application/json``.

    Without sign-in only the public part: standard address and its code, town, village, service point; never a person.
    A signed-in account that may see households, and in whose scope the address lies, gets the households too (audited).
    """
    as_page = best_media(header(request, "Accept"), ("text/html", "application/json")) == "text/html"
    try:
        scanned = _scanned(request, context, account, read_token(token, context.signer))
    except TokenUnknown:
        if as_page:
            return HTMLResponse(unknown_page(), status_code=404, headers=HEADERS)
        raise
    if as_page:
        return HTMLResponse(scanned_page(scanned), headers=HEADERS)
    return JSONResponse(scanned.model_dump(), headers=HEADERS)


def _scanned(request: Request, context: Context, account: Account | None, token: Token) -> ScannedOut:
    with context.database.platform() as connection:
        if token.kind is TokenKind.PLATE:
            plate = asdict(find_public_plate(connection, token))
            public = ScannedOut(kind="plate", title=plate.pop("full_text"), address=None, place_kind=None, **plate)
        else:
            place = asdict(scan_place(connection, token, counted=not is_head(request)))
            public = ScannedOut(
                kind="place",
                title=place.pop("name"),
                place_kind=place.pop("kind"),
                address=place.pop("full_text"),
                code=None,
                **place,
            )
    if account is None or token.kind is not TokenKind.PLATE or account.county != token.county:
        return public
    if permissions.HOUSEHOLD_VIEW not in permissions.permissions_of(account.role):
        return public
    with context.database.transaction(account.scope) as connection:
        households = households_behind(connection, token)
    links = (
        None
        if households is None
        else [HouseholdLink.model_validate(household, from_attributes=True) for household in households]
    )
    return public.model_copy(update={"households": links})
