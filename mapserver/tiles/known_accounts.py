"""Accounts this process has just seen, so that a warm tile needs no question to the database.

A sign-out, a withdrawn token or a disabled account is noticed at the next question: within one second. Nothing but a
hash of the credential is kept.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from http.cookies import CookieError

from starlette.requests import cookie_parser

from access.accounts import Account
from mapserver.context import Context
from mapserver.deps import COOKIE, find_credential

#: How long an answer is relied on.
TRUST_S = 1.0
MOST = 5000


class KnownAccounts:
    """Credential → account, for a second."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._known: dict[bytes, tuple[float, Account]] = {}

    def get(self, cookie: bytes | None, authorization: bytes | None) -> Account | None:
        """The account, when it was looked up within the last second."""
        found = self._known.get(_hash(cookie, authorization))
        return found[1] if found is not None and found[0] > time.monotonic() else None

    async def find(self, cookie: bytes | None, authorization: bytes | None, *, counts: bool = True) -> Account | None:
        """The account, looked up when it must be; None for a stranger, who is never remembered, and while something is due.

        counts: whether the session is kept from idling; a running event stream does not.
        """
        if cookie is None and authorization is None:
            return None
        return self.get(cookie, authorization) or await asyncio.to_thread(self._ask, cookie, authorization, counts)

    def _ask(self, cookie: bytes | None, authorization: bytes | None, counts: bool) -> Account | None:
        until = time.monotonic() + TRUST_S
        session = None
        if cookie is not None:
            try:
                session = cookie_parser(cookie.decode("latin-1")).get(COOKIE)
            except CookieError:
                return None
        token = authorization.decode("latin-1") if authorization else None
        account = find_credential(self._context, session, token, counts=counts)
        if account is not None and account.due is not None:
            return None
        if account is not None:
            if len(self._known) >= MOST:
                self._known.clear()
            self._known[_hash(cookie, authorization)] = (until, account)
        return account


def _hash(cookie: bytes | None, authorization: bytes | None) -> bytes:
    return hashlib.sha256(b"%b\0%b" % (cookie or b"", authorization or b"")).digest()
