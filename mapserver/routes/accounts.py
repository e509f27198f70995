"""The accounts of a county, for their administrators: the system administrator makes them, the security administrator grants."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query

from access.accounts import permissions
from access.accounts.accounts import Account
from access.accounts.permissions import SEPARATED
from access.administration.account_list import list_all_accounts
from access.administration.administration import Administration, Administrator, SeenGrant
from database.rights.scope import Scope
from gazetteer.reading.divisions import list_divisions
from mapserver.door.deps import AppContext, CurrentAccount, refuse_unless
from mapserver.door.route import DoorRoute
from mapserver.schemas.accounts import Counted, FirstPassword, Grant, ListedAccountOut, NewAccount, ScopeChoiceOut
from mapserver.schemas.page import PageOut

router = APIRouter(prefix="/api/accounts", tags=["accounts"], route_class=DoorRoute)

Username = Annotated[str, Path(min_length=1, max_length=64, examples=["zhangsan"])]


def may(permission: str) -> Callable[..., Coroutine[Any, Any, Account]]:
    """A dependency: the account must hold this permission, wherever it is. Raises NotPermitted."""

    async def check(account: CurrentAccount) -> Account:
        refuse_unless(account, permission)
        return account

    check.__dict__["permission"] = permission
    return check


def acting(permission: str) -> Callable[..., Coroutine[Any, Any, Administration]]:
    """A dependency: the acts of this administrator within their county. Raises NotPermitted."""

    async def begin(account: CurrentAccount, context: AppContext) -> Administration:
        refuse_unless(account, permission)
        return Administration(context.database, context.settings, Administrator(account.username, account.county))

    begin.__dict__["permission"] = permission
    return begin


Viewer = Annotated[Account, Depends(may(permissions.ACCOUNTS_VIEW))]
ScopeChooser = Annotated[Account, Depends(may(permissions.ACCOUNTS_GRANT))]
Division = Annotated[
    str | None, Query(pattern=r"^\d{9}$", examples=["330521100"], description="a town; left out: the county")
]
Creator = Annotated[Administration, Depends(acting(permissions.ACCOUNTS_CREATE))]
Disabler = Annotated[Administration, Depends(acting(permissions.ACCOUNTS_DISABLE))]
Granter = Annotated[Administration, Depends(acting(permissions.ACCOUNTS_GRANT))]
Unlocker = Annotated[Administration, Depends(acting(permissions.ACCOUNTS_UNLOCK))]
Resetter = Annotated[Administration, Depends(acting(permissions.ACCOUNTS_RESET))]
SessionEnder = Annotated[Administration, Depends(acting(permissions.SESSIONS_END))]
TokenRevoker = Annotated[Administration, Depends(acting(permissions.TOKENS_REVOKE))]


@router.get("")
def list_accounts(account: Viewer, context: AppContext) -> PageOut[ListedAccountOut]:
    """Every account of the county: role, scope, sessions, tokens, and what happened at its door."""
    with context.database.platform() as connection:
        found = list_all_accounts(connection, account.county, context.settings)
    return PageOut[ListedAccountOut].whole(
        ListedAccountOut(**asdict(one), separated=one.role in SEPARATED) for one in found
    )


@router.get("/divisions")
def divisions(account: ScopeChooser, context: AppContext, under: Division = None) -> PageOut[ScopeChoiceOut]:
    """The towns of the county, or the villages of a town, to choose a scope from: public names and codes, nothing else.

    The security administrator enters no county; these names are read for them in the system's scope.
    """
    with context.database.transaction(Scope.of_system(account.county, account.username)) as connection:
        found = list_divisions(connection, under or account.county)
    return PageOut[ScopeChoiceOut].whole(ScopeChoiceOut(code=one.code, name=one.name) for one in found)


@router.post("", status_code=201)
def create(account: Viewer, acts: Creator, body: NewAccount) -> NewAccount:
    """Make an account. It can do nothing until the security administrator has granted it role and scope."""
    name = NewAccount(username=body.username.strip().lower(), display_name=body.display_name.strip())
    acts.create(name.username, name.display_name, account.county)
    return name


@router.put("/{username}/grant")
def grant(acts: Granter, username: Username, body: Grant) -> FirstPassword:
    """Give an account its role and scope; its sessions and tokens end. A new account gets its first password, shown once."""
    seen = SeenGrant(body.seen.role, tuple(body.seen.prefixes)) if body.seen else None
    return FirstPassword(password=acts.grant(username, body.role, body.prefixes, seen=seen))


@router.post("/{username}/disable", status_code=204)
def disable(acts: Disabler, username: Username) -> None:
    """Shut an account out at once: sessions and tokens end."""
    acts.set_disabled(username, disabled=True)


@router.post("/{username}/enable", status_code=204)
def enable(acts: Disabler, username: Username) -> None:
    """Let a disabled account in again."""
    acts.set_disabled(username, disabled=False)


@router.post("/{username}/unlock")
def unlock(acts: Unlocker, username: Username) -> Counted:
    """Forget the failed sign-ins of an account, so that its owner need not wait."""
    return Counted(n=acts.unlock(username))


@router.post("/{username}/password-reset")
def reset_password(acts: Resetter, username: Username) -> FirstPassword:
    """A new password, shown once; its owner changes it at the first sign-in."""
    return FirstPassword(password=acts.reset_password(username))


@router.post("/{username}/second-factor-reset")
def reset_second_factor(acts: Resetter, username: Username) -> Counted:
    """Take away the second factor, for a lost phone; sessions end."""
    return Counted(n=int(acts.reset_second_factor(username)))


@router.delete("/{username}/sessions")
def end_sessions(acts: SessionEnder, username: Username) -> Counted:
    """Sign an account out everywhere."""
    return Counted(n=acts.end_sessions(username))


@router.delete("/{username}/tokens")
def revoke_tokens(acts: TokenRevoker, username: Username) -> Counted:
    """End every token of an account."""
    return Counted(n=acts.revoke_tokens(username))
