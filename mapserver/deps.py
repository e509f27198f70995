"""What a route may ask for: the process's context, the signed-in account, a connection inside its scope.

Every path under ``/api/{county}``, ``/tiles/{county}`` and ``/maps/{county}`` asks for ``CountyConnection``; a stranger
gets 401, an account of another county 404 (not 403: whether the county exists is none of their business).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator
from typing import Annotated

from fastapi import Depends, Path, Request
from sqlalchemy import Connection

from access.accounts import Account, Due
from access.permissions import permissions_of
from access.sessions import find_session
from access.tokens import find_token
from database.counties import CountyNotFound
from mapserver.context import Context
from mapserver.problems import (
    CsrfHeaderMissing,
    NotPermitted,
    NotSignedIn,
    PasswordChangeNeeded,
    SecondFactorEnrolmentNeeded,
)

COOKIE = "onemap_session"
#: the number of a record in a path
RecordId = Annotated[int, Path(ge=1, le=2**63 - 1, examples=[12])]
CSRF_HEADER = "X-Onemap-Request"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def get_context(request: Request) -> Context:
    """The context opened by the application's lifespan."""
    context = request.app.state.context
    assert isinstance(context, Context)
    return context


AppContext = Annotated[Context, Depends(get_context)]


def get_any_account(request: Request, context: AppContext) -> Account:
    """The account behind a session cookie, or behind a token as Bearer or as the password of Basic; something may be due.

    Raises NotSignedIn; CsrfHeaderMissing when a cookie alone tries to change something. An event stream does not keep a
    session from idling, however often it comes back.
    """
    authorization = request.headers.get("Authorization")
    cookie = request.cookies.get(COOKIE)
    by_cookie = authorization is None and cookie is not None
    if by_cookie and request.method not in SAFE_METHODS and CSRF_HEADER not in request.headers:
        raise CsrfHeaderMissing
    counts = not request.headers.get("Accept", "").startswith("text/event-stream")
    account = find_credential(context, cookie, authorization, counts=counts)
    if account is None:
        raise NotSignedIn
    return account


#: For an account's own password, second factor and sign-out only: everything else asks for CurrentAccount.
AnyAccount = Annotated[Account, Depends(get_any_account)]


def get_account(account: AnyAccount) -> Account:
    """The account, when nothing is due. Raises PasswordChangeNeeded, SecondFactorEnrolmentNeeded."""
    if account.due is Due.PASSWORD:
        raise PasswordChangeNeeded
    if account.due is Due.SECOND_FACTOR:
        raise SecondFactorEnrolmentNeeded
    return account


def find_credential(
    context: Context, cookie: str | None, authorization: str | None, *, counts: bool = True
) -> Account | None:
    """The account behind an Authorization header, or else behind the value of the session cookie; None for a stranger.

    counts: whether the session is kept from idling. Something may be due of the account.
    """
    if authorization is not None:
        return _account_of_token(context, authorization)
    if cookie is None:
        return None
    with context.database.platform() as connection:
        return find_session(connection, cookie, context.settings, counts=counts)


def _account_of_token(context: Context, authorization: str) -> Account | None:
    kind, _, credential = authorization.partition(" ")
    token = credential.strip()
    username = None
    if kind.lower() == "basic":
        try:
            username, _, token = base64.b64decode(token, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
    elif kind.lower() != "bearer":
        return None
    with context.database.platform() as connection:
        account = find_token(connection, token, context.settings)
    return account if account and username in (None, account.username) else None


CurrentAccount = Annotated[Account, Depends(get_account)]


def get_county_account(account: CurrentAccount, county: Annotated[str, Path(pattern=r"^\d{6}$")]) -> Account:
    """The account, when it belongs to the county of the path. Raises CountyNotFound otherwise."""
    if account.county != county:
        raise CountyNotFound
    return account


CountyAccount = Annotated[Account, Depends(get_county_account)]


def get_connection(account: CountyAccount, context: AppContext) -> Iterator[Connection]:
    """A transaction inside the account's scope; commits when the route returns, rolls back when it raises."""
    with context.database.transaction(account.scope) as connection:
        yield connection


CountyConnection = Annotated[Connection, Depends(get_connection, scope="function")]


def requires(permission: str) -> Callable[[Account], Account]:
    """A dependency: the account must hold this permission. Raises NotPermitted."""

    def check(account: CountyAccount) -> Account:
        refuse_unless(account, permission)
        return account

    return check


def refuse_unless(account: Account, permission: str) -> None:
    """Raise NotPermitted unless the account holds this permission; for what depends on the body of a request."""
    if permission not in permissions_of(account.role):
        raise NotPermitted(permission)
