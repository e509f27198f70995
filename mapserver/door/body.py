"""The body of a request: counted while it comes, whatever its headers say, and not waited for without end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import MutableMapping
from typing import Any

from starlette.types import Receive, Scope

from database.errors import Malformed, OnemapError, TooLarge

#: Under this key of the ASGI scope stands the body of a request whose sender was let in.
BODY = "onemap.body"
#: A body that comes slower than this on the whole is given up once it took longer than one wait.
SLOWEST_BYTES_PER_S = 4096


class BodyTooLarge(TooLarge):
    """请求内容过大 | The body of the request is too large"""


class BodyTooSlow(Malformed):
    """请求内容传输过慢或中断 | The body of the request came too slowly or broke off"""

    status = 408


class Body:
    """Passes the pieces of a body on until it is too large or too slow. most: bytes. wait_s: for one piece."""

    def __init__(self, receive: Receive, scope: Scope, *, most: int, wait_s: float) -> None:
        self._receive, self._most, self._wait_s = receive, most, wait_s
        self._began, self._bytes = time.monotonic(), 0
        self.complete = False
        self.refusal: OnemapError | None = None
        if (declared_length(scope) or 0) > most:
            raise self._too_large()

    async def receive(self) -> MutableMapping[str, Any]:
        """The next message. Raises BodyTooLarge, BodyTooSlow; both also stand in `refusal`."""
        if self.complete:
            return await self._receive()  # waits for the client to go away
        try:
            async with asyncio.timeout(self._wait_s):
                message = await self._receive()
        except TimeoutError:
            raise self._too_slow() from None
        if message["type"] == "http.request":
            self._bytes += len(message.get("body", b""))
            self.complete = not message.get("more_body", False)
            if self._bytes > self._most:
                raise self._too_large()
            passed_s = time.monotonic() - self._began
            if not self.complete and passed_s > self._wait_s + self._bytes / SLOWEST_BYTES_PER_S:
                raise self._too_slow()
        return message

    def _too_large(self) -> OnemapError:
        self.complete = False
        self.refusal = BodyTooLarge(f"上限 {self._most:,} 字节 / the limit is {self._most:,} bytes", limit=self._most)
        return self.refusal

    def _too_slow(self) -> OnemapError:
        self.refusal = BodyTooSlow(f"{self._bytes:,} 字节后中断 / stopped after {self._bytes:,} bytes")
        return self.refusal


def has_body(scope: Scope) -> bool:
    """True when the request carries a body, of a known length or in pieces."""
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value.strip() != b"0")
        for name, value in scope["headers"]
    )


def declared_length(scope: Scope) -> int | None:
    """What Content-Length says; None without one, or when it is no number."""
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() and len(value) < 19 else None
    return None


def is_unread(scope: Scope) -> bool:
    """True when bytes of a body may still be on their way: the connection cannot serve another request."""
    body = scope.get(BODY)
    return has_body(scope) if body is None else not body.complete
