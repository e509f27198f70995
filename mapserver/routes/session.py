"""Signing in and out."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from access import accounts
from access.accounts import Account
from access.audit import record
from access.permissions import permissions_of
from database.errors import OnemapError
from mapserver.deps import COOKIE, CSRF_HEADER, AppContext, CurrentAccount
from mapserver.door.route import DoorRoute
from mapserver.problems import CsrfHeaderMissing
from mapserver.schemas.session import AccountOut, SignIn

router = APIRouter(prefix="/api/session", tags=["session"], route_class=DoorRoute)


def _out(account: Account) -> AccountOut:
    return AccountOut(
        username=account.username,
        display_name=account.display_name,
        role=account.role.value,
        county=account.county,
        county_name=account.county_name,
        synthetic=account.synthetic,
        prefixes=list(account.prefixes),
        permissions=sorted(permissions_of(account.role)),
    )


@router.post("")
def sign_in(body: SignIn, request: Request, response: Response, context: AppContext) -> AccountOut:
    """Check name and password, start a session, set its cookie (HttpOnly, SameSite=Strict)."""
    if CSRF_HEADER not in request.headers:
        raise CsrfHeaderMissing
    refused: OnemapError | None = None
    with context.database.platform() as connection:
        try:
            account = accounts.check_password(
                connection, body.username.strip(), body.password.get_secret_value(), context.settings
            )
            cookie = accounts.open_session(connection, account, context.settings)
        except (accounts.SignInFailed, accounts.AccountLocked) as error:
            refused = error  # the counted failure is committed all the same
    if refused is not None:
        raise refused
    with context.database.transaction(account.scope) as connection:
        record(connection, "sign_in")
    response.set_cookie(
        COOKIE,
        cookie,
        max_age=context.settings.session_hours * 3600,
        httponly=True,
        samesite="strict",
        secure=context.settings.secure_cookies,
        path="/",
    )
    response.headers["Cache-Control"] = "private, no-store"
    return _out(account)


@router.get("")
def current(account: CurrentAccount, response: Response) -> AccountOut:
    """Who is signed in, and what they may do."""
    response.headers["Cache-Control"] = "private, no-store"
    return _out(account)


@router.delete("", status_code=204)
def sign_out(request: Request, account: CurrentAccount, context: AppContext, response: Response) -> None:
    """End this session and clear its cookie."""
    cookie = request.cookies.get(COOKIE)
    if cookie is not None:
        with context.database.platform() as connection:
            accounts.close_session(connection, cookie)
    with context.database.transaction(account.scope) as connection:
        record(connection, "sign_out")
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
