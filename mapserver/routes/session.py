"""Signing in and out."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection

from access.accounts.accounts import Account
from access.accounts.permissions import ADMINISTRATORS
from access.audit.record import record, record_platform
from access.sessions.sessions import close_session, open_session
from mapserver.door.deps import COOKIE, CSRF_HEADER, AnyAccount, AppContext
from mapserver.door.problems import CsrfHeaderMissing
from mapserver.door.route import DoorRoute
from mapserver.pages.sign_in import (
    PRIVATE,
    account_out,
    address_of,
    entrance_of,
    lane_of,
    set_device_cookie,
    set_session_cookie,
)
from mapserver.schemas.session import AccountOut, FailuresOut, SignIn, WelcomeOut
from mapserver.server.context import Context

router = APIRouter(prefix="/api/session", tags=["session"], route_class=DoorRoute)


@router.post("", responses={401: {}, 403: {}})
def sign_in(body: SignIn, request: Request, response: Response, context: AppContext) -> WelcomeOut:
    """Check name, password and second factor, start a session, set its cookie (HttpOnly, SameSite=Strict).

    `second-factor-needed` (401) comes only after a right password: send the same again with `code`.
    """
    if CSRF_HEADER not in request.headers:
        raise CsrfHeaderMissing
    username = body.username.strip()
    cookie = ""

    def enter(connection: Connection, account: Account) -> None:
        nonlocal cookie
        cookie = open_session(
            connection,
            account,
            context.settings,
            address=address_of(request),
            agent=request.headers.get("User-Agent"),
        )

    welcome = entrance_of(context).sign_in(
        username, body.password.get_secret_value(), body.code, lane_of(request, context, username), enter
    )
    _record_at_home(context, welcome.account, "sign_in")
    set_session_cookie(response, context, cookie)
    set_device_cookie(request, response, context, username)
    failed = welcome.failures
    return WelcomeOut(
        **account_out(welcome.account).model_dump(),
        failed_before=None
        if failed is None
        else FailuresOut(failures=failed.failures, last_at=failed.last_at, addresses=failed.addresses),
    )


@router.get("")
def current(account: AnyAccount, response: Response) -> AccountOut:
    """Who is signed in, what they may do, and what is due before they may."""
    response.headers["Cache-Control"] = PRIVATE
    return account_out(account)


@router.delete("", status_code=204)
def sign_out(request: Request, account: AnyAccount, context: AppContext, response: Response) -> None:
    """End this session and clear its cookie."""
    cookie = request.cookies.get(COOKIE)
    if cookie is not None:
        with context.database.platform() as connection:
            close_session(connection, cookie)
    _record_at_home(context, account, "sign_out")
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")


def _record_at_home(context: Context, account: Account, action: str) -> None:
    """In the trail of the county; in that of the platform for those who enter no county."""
    if account.role in ADMINISTRATORS:
        with context.database.platform() as connection:
            record_platform(connection, action, actor=account.username, county=account.county)
    else:
        with context.database.transaction(account.scope) as connection:
            record(connection, action)
