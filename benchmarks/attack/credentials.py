"""Accounts, sessions and tokens made behind the door, for the askers of the attack."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from access import permissions

_ROOMS = ("access.sessions", "access.tokens", "access.accounts")
#: Prefix of who administers accounts and sees no record at all; no grid code begins so.
ACCOUNTS_ONLY = "@accounts"
#: Roles that enter no county.
ADMINISTRATORS: frozenset[Any] = getattr(permissions, "ADMINISTRATORS", frozenset())


def _function(name: str) -> Any:
    """A function of the room ``access``, in whichever of its modules it lives."""
    for room in _ROOMS:
        try:
            found = getattr(import_module(room), name, None)
        except ModuleNotFoundError:
            continue
        if found is not None:
            return found
    raise ImportError(name)


create_account = _function("create_account")
find_account = _function("find_account")
open_session = _function("open_session")
create_token = _function("create_token")
