"""The web's side of signing in: whose request it is, from where, and the cookies it gets."""

from __future__ import annotations

from fastapi import Request, Response

from access.accounts.accounts import Account
from access.accounts.permissions import permissions_of
from access.audit.asker import asker_address
from access.sign_in.devices import DEVICE_DAYS, device_cookie, device_of
from access.sign_in.failures import Lane
from access.sign_in.sign_in import SignInDoor
from layers.people.looks import PURPOSE_MIN
from mapserver.door.deps import COOKIE
from mapserver.schemas.session import AccountOut, SettingsOut
from mapserver.server.context import Context

DEVICE_COOKIE = "onemap_device"
#: the device cookie is sent only where names and passwords are checked
DEVICE_PATH = "/api/session"
PRIVATE = "private, no-store"


def entrance_of(context: Context) -> SignInDoor:
    """Where passwords are checked."""
    return SignInDoor(context.database, context.sealer, context.settings)


def address_of(request: Request) -> str:
    """The network address of the asker."""
    return asker_address() or (request.client.host if request.client else "unknown")


def lane_of(request: Request, context: Context, username: str) -> Lane:
    """From where this name is tried."""
    return Lane(address_of(request), device_of(request.cookies.get(DEVICE_COOKIE), username, context.sealer))


def set_session_cookie(response: Response, context: Context, cookie: str) -> None:
    """The session's cookie: out of reach of scripts and of other sites."""
    response.set_cookie(
        COOKIE,
        cookie,
        max_age=context.settings.session_hours * 3600,
        httponly=True,
        samesite="strict",
        secure=context.settings.secure_cookies,
        path="/",
    )
    response.headers["Cache-Control"] = PRIVATE


def set_device_cookie(request: Request, response: Response, context: Context, username: str) -> None:
    """Remember that this name has signed in with this browser."""
    response.set_cookie(
        DEVICE_COOKIE,
        device_cookie(request.cookies.get(DEVICE_COOKIE), username, context.sealer),
        max_age=DEVICE_DAYS * 86400,
        httponly=True,
        samesite="strict",
        secure=context.settings.secure_cookies,
        path=DEVICE_PATH,
    )


def account_out(account: Account) -> AccountOut:
    """An account as its owner reads it."""
    return AccountOut(
        username=account.username,
        display_name=account.display_name,
        role=account.role.value,
        county=account.county,
        county_name=account.county_name,
        synthetic=account.synthetic,
        prefixes=list(account.prefixes),
        permissions=sorted(permissions_of(account.role)),
        settings=SettingsOut(purpose_min=PURPOSE_MIN),
        due=account.due.value if account.due else None,
    )
