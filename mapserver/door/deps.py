"""What a route may ask for: the process's context, the signed-in account, a connection inside its scope.

Every path under ``/api/{county}``, ``/tiles/{county}`` and ``/maps/{county}`` asks for ``CountyConnection``; a stranger
gets 401, an account of another county 404 (not 403: whether the county exists is none of their business).
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Depends, Path, Request
from sqlalchemy import Connection
from starlette.requests import HTTPConnection

from access.accounts.accounts import Account, Due
from access.accounts.permissions import permissions_of
from database.upgrade.counties import CountyNotFound
from mapserver.door.account_cache import COOKIE as COOKIE
from mapserver.door.door import ACCOUNT, Door
from mapserver.door.problems import (
    CsrfHeaderMissing,
    NotPermitted,
    NotSignedIn,
    PasswordChangeNeeded,
    SecondFactorEnrolmentNeeded,
)
from mapserver.server.context import Context

#: the number of a record in a path
RecordId = Annotated[int, Path(ge=1, le=2**63 - 1, examples=[12])]
CSRF_HEADER = "X-Onemap-Request"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


async def get_context(request: Request) -> Context:
    """The context opened by the application's lifespan."""
    context = request.app.state.context
    assert isinstance(context, Context)
    return context


AppContext = Annotated[Context, Depends(get_context)]


def door_of(request: HTTPConnection) -> Door:
    """The door opened by the application's lifespan."""
    door = request.app.state.door
    assert isinstance(door, Door)
    return door


async def signed_in(request: Request) -> Account | None:
    """Who asks; None for a stranger."""
    if ACCOUNT not in request.scope:
        await door_of(request).identify(request)
    account: Account | None = request.scope[ACCOUNT]
    return account


async def get_any_account(request: Request) -> Account:
    """The account behind a session cookie, or behind a token as Bearer or as the password of Basic; something may be due.

    Raises NotSignedIn; CsrfHeaderMissing when a cookie alone tries to change something.
    """
    by_cookie = "Authorization" not in request.headers and COOKIE in request.headers.get("Cookie", "")
    if by_cookie and request.method not in SAFE_METHODS and CSRF_HEADER not in request.headers:
        raise CsrfHeaderMissing
    account = await signed_in(request)
    if account is None:
        raise NotSignedIn
    return account


#: For an account's own password, second factor and sign-out only: everything else asks for CurrentAccount.
AnyAccount = Annotated[Account, Depends(get_any_account)]


async def get_account(request: Request) -> Account:
    """The account, when nothing is due. Raises NotSignedIn, CsrfHeaderMissing, PasswordChangeNeeded, SecondFactorEnrolmentNeeded."""
    account = await get_any_account(request)
    if account.due is Due.PASSWORD:
        raise PasswordChangeNeeded
    if account.due is Due.SECOND_FACTOR:
        raise SecondFactorEnrolmentNeeded
    return account


CurrentAccount = Annotated[Account, Depends(get_account)]


async def get_county_account(account: CurrentAccount, county: Annotated[str, Path(pattern=r"^\d{6}$")]) -> Account:
    """The account, when it belongs to the county of the path. Raises CountyNotFound otherwise."""
    if account.county != county:
        raise CountyNotFound
    return account


CountyAccount = Annotated[Account, Depends(get_county_account)]


def get_connection() -> Connection:
    """A transaction inside the account's scope; commits when the route returns, rolls back when it raises.

    Stands for itself in a route's parameters: `mapserver/door/route.py` begins the transaction in the thread that works in it.
    """
    raise TypeError("CountyConnection: APIRouter(…, route_class=DoorRoute) is missing, or it stands in a dependency")


CountyConnection = Annotated[Connection, Depends(get_connection)]


def requires(permission: str) -> Callable[..., Coroutine[Any, Any, Account]]:
    """A dependency: the account must hold this permission. Raises NotPermitted.

    The door reads ``permission`` off it and refuses before a body is received.
    """

    async def check(account: CountyAccount) -> Account:
        refuse_unless(account, permission)
        return account

    check.__dict__["permission"] = permission
    return check


def refuse_unless(account: Account, permission: str) -> None:
    """Raise NotPermitted unless the account holds this permission; for what depends on the body of a request."""
    if permission not in permissions_of(account.role):
        raise NotPermitted(permission)
