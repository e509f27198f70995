"""One's own account: password, second factor, sessions, tokens."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy import Connection

from access.accounts.accounts import Account, end_access
from access.accounts.passwords import (
    check_rules,
    check_unused,
    earlier_hashes,
    hash_password,
    store_password,
)
from access.audit.record import record_platform
from access.sessions import sessions, tokens
from access.sign_in import second_factor
from access.sign_in.sign_in import GATE
from mapserver.door.deps import COOKIE, AnyAccount, AppContext, CurrentAccount, RecordId
from mapserver.door.problems import NotSignedIn
from mapserver.door.route import DoorRoute
from mapserver.pages.sign_in import account_out, address_of, entrance_of, lane_of, set_session_cookie
from mapserver.schemas.page import PageOut
from mapserver.schemas.session import (
    AccessTokenOut,
    AccountOut,
    Code,
    EnrolmentOut,
    NewTokenOut,
    PasswordChange,
    Proof,
    RecoveryCodesOut,
    SecondFactorOut,
    SessionOut,
    TokenIn,
)
from mapserver.server.context import Context

router = APIRouter(prefix="/api/session", tags=["session"], route_class=DoorRoute)


async def get_cookie(request: Request) -> str:
    """The session cookie. Raises NotSignedIn for a token: programs do not look after passwords, sessions and tokens."""
    cookie = request.cookies.get(COOKIE)
    if cookie is None or "Authorization" in request.headers:
        raise NotSignedIn
    return cookie


Cookie = Annotated[str, Depends(get_cookie)]


def _note(connection: Connection, account: Account, action: str, target: str | None = None) -> None:
    record_platform(
        connection,
        action,
        actor=account.username,
        target=target or f"account:{account.username}",
        county=account.county,
    )


def _prove(request: Request, context: Context, account: Account, proof: Proof, act: str) -> None:
    entrance_of(context).prove(
        account,
        proof.password.get_secret_value(),
        lane_of(request, context, account.username),
        code=proof.code,
        act=act,
    )


@router.put("/password")
def change_password(
    account: AnyAccount, body: PasswordChange, request: Request, response: Response, context: AppContext, cookie: Cookie
) -> AccountOut:
    """Change one's password. Every other session and every token ends; this one goes on with a new cookie."""
    lane = lane_of(request, context, account.username)
    new = body.new_password.get_secret_value()
    entrance_of(context).prove_password(account, body.password.get_secret_value(), lane, act="password_change")
    check_rules(new, account.username, context.settings)
    with context.database.platform() as connection:
        hashes = earlier_hashes(connection, account.username, context.settings)
    with GATE.enter(lane.key):
        check_unused(new, hashes)
        new_hash = hash_password(new)
    with context.database.platform() as connection:
        store_password(connection, account.username, new_hash, context.settings, must_change=False)
        end_access(connection, account.username)
        fresh = sessions.open_session(
            connection,
            account,
            context.settings,
            address=address_of(request),
            agent=request.headers.get("User-Agent"),
        )
        _note(connection, account, "password_change")
        found = sessions.find_session(connection, fresh, context.settings)
    if found is None:  # disabled in this very moment
        raise NotSignedIn
    set_session_cookie(response, context, fresh)
    return account_out(found)


@router.get("/second-factor")
def second_factor_state(account: AnyAccount, context: AppContext) -> SecondFactorOut:
    """Whether a second factor is in force, and whether the role must have one."""
    with context.database.platform() as connection:
        left = second_factor.recovery_codes_left(connection, account.username)
    return SecondFactorOut(
        in_force=left is not None,
        required=account.role in context.settings.second_factor_roles,
        recovery_codes_left=left or 0,
    )


@router.post("/second-factor")
def begin_second_factor(
    account: AnyAccount, body: Proof, request: Request, context: AppContext, cookie: Cookie
) -> EnrolmentOut:
    """A new secret for the authenticator app; it counts once its first code was sent with PUT."""
    _prove(request, context, account, body, "second_factor_begin")
    with context.database.platform() as connection:
        made = second_factor.begin_enrolment(connection, account.username, context.sealer)
        _note(connection, account, "second_factor_begin")
    return EnrolmentOut(secret=made.secret, uri=made.uri, qr_svg=made.qr_svg)


@router.put("/second-factor")
def confirm_second_factor(
    account: AnyAccount, body: Code, request: Request, context: AppContext, cookie: Cookie
) -> RecoveryCodesOut:
    """Put the second factor in force with its first code. Other sessions end. Returns the recovery codes, shown once."""
    with context.database.platform() as connection:
        codes = second_factor.confirm_enrolment(connection, account.username, body.code, context.sealer)
        sessions.end_sessions(connection, account.username, keep=cookie)
        _note(connection, account, "second_factor_confirm")
    return RecoveryCodesOut(codes=codes)


@router.post("/second-factor/recovery-codes")
def new_recovery_codes(
    account: CurrentAccount, body: Proof, request: Request, context: AppContext, cookie: Cookie
) -> RecoveryCodesOut:
    """Ten new recovery codes; the old ones end."""
    _prove(request, context, account, body, "recovery_codes")
    with context.database.platform() as connection:
        if second_factor.recovery_codes_left(connection, account.username) is None:
            raise second_factor.SecondFactorState("尚未启用 / it is not in force")
        codes = second_factor.renew_recovery_codes(connection, account.username)
        _note(connection, account, "recovery_codes")
    return RecoveryCodesOut(codes=codes)


@router.post("/second-factor/removal", status_code=204)
def remove_second_factor(
    account: CurrentAccount, body: Proof, request: Request, context: AppContext, cookie: Cookie
) -> None:
    """Take the second factor away, for another phone; a role that must have one has to set it up again at once."""
    _prove(request, context, account, body, "second_factor_remove")
    with context.database.platform() as connection:
        second_factor.remove_second_factor(connection, account.username)
        _note(connection, account, "second_factor_remove")


@router.get("/sessions")
def list_sessions(account: CurrentAccount, context: AppContext, cookie: Cookie) -> PageOut[SessionOut]:
    """Where this account is signed in."""
    with context.database.platform() as connection:
        found = sessions.list_sessions(connection, account.username, context.settings, cookie)
    return PageOut[SessionOut].whole(SessionOut.model_validate(one, from_attributes=True) for one in found)


@router.delete("/sessions", status_code=204)
def end_other_sessions(account: CurrentAccount, context: AppContext, cookie: Cookie) -> None:
    """End every session of this account but this one."""
    with context.database.platform() as connection:
        sessions.end_sessions(connection, account.username, keep=cookie)
        _note(connection, account, "sessions_end")


@router.delete("/sessions/{session_id}", status_code=204)
def end_session(account: CurrentAccount, context: AppContext, cookie: Cookie, session_id: RecordId) -> None:
    """End one session of this account."""
    with context.database.platform() as connection:
        sessions.end_session(connection, account.username, session_id)
        _note(connection, account, "session_end", f"session:{session_id}")


@router.get("/tokens")
def list_tokens(account: CurrentAccount, context: AppContext, cookie: Cookie) -> PageOut[AccessTokenOut]:
    """The valid tokens of this account."""
    with context.database.platform() as connection:
        found = tokens.list_tokens(connection, account.username)
    return PageOut[AccessTokenOut].whole(AccessTokenOut.model_validate(one, from_attributes=True) for one in found)


@router.post("/tokens", status_code=201)
def create_token(
    account: CurrentAccount, body: TokenIn, request: Request, context: AppContext, cookie: Cookie
) -> NewTokenOut:
    """A new token for a program such as QGIS, shown once. Asks for the password again, and for the second factor."""
    _prove(request, context, account, body, "token_create")
    with context.database.platform() as connection:
        token = tokens.create_token(connection, account.username, body.name, days=body.days)
        _note(connection, account, "token_create")
    return NewTokenOut(token=token)


@router.delete("/tokens/{token_id}", status_code=204)
def revoke_token(account: CurrentAccount, context: AppContext, cookie: Cookie, token_id: RecordId) -> None:
    """End one token of this account."""
    with context.database.platform() as connection:
        tokens.revoke_token(connection, account.username, token_id)
        _note(connection, account, "token_revoke", f"token:{token_id}")
