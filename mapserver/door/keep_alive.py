"""Keeping a connection usable after a refusal or an error, so that the next request on it is answered and not reset."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mapserver.door.body import BODY, BodyTooSlow, declared_length, is_unread

#: A body that says it is no larger is read to its end before a refusal is sent, and thrown away; of larger ones nothing is read.
MOST_BYTES = 256 * 1024
WAIT_S = 2.0
_CLOSE = (b"connection", b"close")


class KeepAlive:
    """The ASGI layer around all others."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answered = whole = False

        async def receiving() -> Message:
            nonlocal whole
            message = await receive()
            whole = whole or (message["type"] == "http.request" and not message.get("more_body", False))
            return message

        async def sending(message: Message) -> None:
            nonlocal answered
            if _closes(message) and is_unread(scope) and (whole or await _read_away(scope, receive)):
                headers = [header for header in message["headers"] if (header[0].lower(), header[1]) != _CLOSE]
                message = {**message, "headers": headers}
            await send(message)
            answered = message["type"] == "http.response.body" and not message.get("more_body", False)

        try:
            await self._app(scope, receiving, sending)
        except Exception:
            # an error that was answered for stands in the log; raised again it would make the server hang up
            if not answered:
                raise


def _closes(answer: Message) -> bool:
    return answer["type"] == "http.response.start" and any(
        (name.lower(), value) == _CLOSE for name, value in answer.get("headers", ())
    )


async def _read_away(scope: Scope, receive: Receive) -> bool:
    """Read the rest of a small body; True when all of it came."""
    length = declared_length(scope)
    body = scope.get(BODY)
    if length is None or length > MOST_BYTES or (body is not None and isinstance(body.refusal, BodyTooSlow)):
        return False
    with suppress(TimeoutError):
        async with asyncio.timeout(WAIT_S):
            while (message := await receive())["type"] == "http.request":
                if not message.get("more_body", False):
                    return True
    return False
