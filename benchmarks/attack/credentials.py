"""Accounts, sessions and tokens made behind the door, for the askers of the attack; and what administrators of accounts see."""

from __future__ import annotations

from access.accounts.accounts import create_account, find_account
from access.accounts.permissions import ADMINISTRATORS
from access.sessions.sessions import open_session
from access.sessions.tokens import create_token

#: Prefix of who administers accounts and sees no record at all; no grid code begins so.
ACCOUNTS_ONLY = "@accounts"

__all__ = ["ACCOUNTS_ONLY", "ADMINISTRATORS", "create_account", "create_token", "find_account", "open_session"]
