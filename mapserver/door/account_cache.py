"""Accounts this process has just seen, so that a request needs no question to the database for who asks.

A session that ends, a withdrawn token or a disabled account is noticed within one second; at once when a process of this server
changed it, for after every successful change all of them forget what they know. Nothing but a hash of the credential is kept.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import time
from typing import Any

from access.accounts.accounts import Account
from access.audit.asker import asker_address
from access.sessions.sessions import find_session
from access.sessions.tokens import find_token
from access.sign_in.limits import Limit
from database.installation.processes import SharedNumber
from mapserver.door.gate import Gate
from mapserver.server.context import Context

COOKIE = "onemap_session"
_COOKIE_BYTES = COOKIE.encode() + b"="
#: How long an answer is relied on.
TRUST_S = 1.0
MOST = 5000
#: Longer than any credential we issue; what is longer is not even looked at.
LONGEST = 500


class CachedAccount:
    """An account, the hash of its credential, and until when and for which number of changes it is relied on."""

    __slots__ = ("account", "changes", "credential", "until")

    def __init__(self, account: Account, credential: bytes, until: float, changes: int) -> None:
        self.account, self.credential = account, credential
        self.until, self.changes = until, changes


class AccountCache:
    """Credential → account, for a second. strangers: how often one address may show what is no credential."""

    def __init__(self, context: Context, looks: Gate, strangers: Limit) -> None:
        self._context, self._looks, self._strangers = context, looks, strangers
        self._cache: dict[bytes, CachedAccount] = {}
        self._proven: dict[bytes, None] = {}
        self._asking: dict[tuple[int, int, bytes, bool], asyncio.Task[Account | None]] = {}
        self._changes = SharedNumber("changes")

    def get(self, cookie: bytes | None, authorization: bytes | None) -> CachedAccount | None:
        """What is known of the credential, when it was looked up within the last second."""
        found = self._cache.get(_hash(cookie, authorization))
        if found is None or found.until <= time.monotonic() or found.changes != self._changes.get():
            return None
        return found

    async def find(self, cookie: bytes | None, authorization: bytes | None, *, counts: bool = True) -> Account | None:
        """The account, looked up when it must be; None for a stranger, who is never remembered. Those who wait share one look.

        counts: whether the session is kept from idling; a running event stream does not. Something may be due of the account.
        Raises TooManyRequests when too many wrong credentials came from this address, ServerBusy.
        """
        if cookie is None and authorization is None:
            return None
        cached = self.get(cookie, authorization)
        if cached is not None:
            return cached.account
        credential = _hash(cookie, authorization)
        here = (id(asyncio.get_running_loop()), self._changes.get(), credential, counts)
        asking = self._asking.get(here)
        if asking is None:
            self._refuse_guessing(credential)
            asking = asyncio.create_task(self._ask(credential, cookie, authorization, counts))
            self._asking[here] = asking
            asking.add_done_callback(lambda _done: self._asking.pop(here, None))
        return await asyncio.shield(asking)

    def forget(self) -> None:
        """Something changed: everybody is looked up again, in every process of the server."""
        self._changes.grow()
        self._cache.clear()

    def _refuse_guessing(self, credential: bytes) -> None:
        address = asker_address()
        if address is not None and credential not in self._proven and not self._strangers.is_open(address):
            raise self._strangers.refusal(address)

    async def _ask(
        self, credential: bytes, cookie: bytes | None, authorization: bytes | None, counts: bool
    ) -> Account | None:
        until, changes = time.monotonic() + TRUST_S, self._changes.get()
        session = None if cookie is None else session_in(cookie)
        token = None if authorization is None else authorization.decode("latin-1")
        account = await self._looks.run(lambda: find_credential(self._context, session, token, counts=counts))
        if account is not None and changes == self._changes.get():
            _keep(self._cache, credential, CachedAccount(account, credential, until, changes))
            _keep(self._proven, credential, None)
        return account


def _keep(cache: dict[bytes, Any], credential: bytes, value: Any) -> None:
    if len(cache) >= MOST:
        cache.clear()
    cache[credential] = value


def find_credential(
    context: Context, cookie: str | None, authorization: str | None, *, counts: bool = True
) -> Account | None:
    """The account behind an Authorization header, or else behind the value of the session cookie; None for a stranger."""
    if authorization is not None:
        return _account_of_token(context, authorization)
    if cookie is None:
        return None
    with context.database.platform() as connection:
        return find_session(connection, cookie, context.settings, counts=counts)


def _account_of_token(context: Context, authorization: str) -> Account | None:
    kind, _, credential = authorization[:LONGEST].partition(" ")
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


def session_in(cookie: bytes) -> str | None:
    """The value of the session cookie in a Cookie header; the last one counts (RFC 6265 says nothing; browsers send one)."""
    value = None
    for part in cookie.split(b";"):
        part = part.strip()
        if part.startswith(_COOKIE_BYTES):
            value = part[len(_COOKIE_BYTES) :].strip(b'"')
    return None if value is None or len(value) > LONGEST else value.decode("latin-1")


def _hash(cookie: bytes | None, authorization: bytes | None) -> bytes:
    return hashlib.sha256(b"%b\0%b" % (cookie or b"", authorization or b"")).digest()
