"""Answers in text, packed with gzip for those who take it.

Only whole answers to GET, and only those without an ETag: a tag names the bytes of one representation, and the tags of features
are what ``If-Match`` compares. Tiles, glyphs and the files of the web app are packed where they are made; streams of events never.

BREACH: the length of a packed answer tells what in it repeats. No answer to a GET holds a secret that signs anybody in (tokens,
recovery codes and second-factor secrets are given once, to a POST, and those are never packed), and a page of another site
cannot have our answers fetched with the session's cookie (SameSite=Strict) nor see their length.
"""

from __future__ import annotations

import asyncio
import gzip

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mapserver.http.negotiation import best_encoding

#: A network packet: less gains nothing.
LEAST_BYTES = 1400
#: From here on another thread packs, so that nobody waits for it.
LARGE_BYTES = 65_536
LEVEL = 4
_TEXTS = frozenset({"text/html", "text/plain", "text/csv", "application/json", "application/x-ndjson"})


def is_text(media: str) -> bool:
    """Whether packing gains anything: JSON of any kind, pages, tables."""
    bare = media.partition(";")[0].strip().lower()
    return bare in _TEXTS or bare.endswith("+json")


class Compression:
    """The ASGI layer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        accepted = ",".join(Headers(scope=scope).getlist("accept-encoding"))
        takes_gzip = best_encoding(accepted, ("gzip",)) is not None
        start: Message | None = None

        async def packed(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and _may_be_packed(message):
                start = message
                return
            if start is not None:
                begun, start = start, None
                whole = message["type"] == "http.response.body" and not message.get("more_body", False)
                headers = MutableHeaders(raw=list(begun["headers"]))
                headers.add_vary_header("Accept-Encoding")
                body: bytes = message.get("body", b"")
                if whole and takes_gzip and len(body) >= LEAST_BYTES:
                    body = await _pack(body)
                    headers["Content-Encoding"] = "gzip"
                    headers["Content-Length"] = str(len(body))
                    message = {**message, "body": body}
                await send({**begun, "headers": headers.raw})
            await send(message)

        await self._app(scope, receive, packed)


def _may_be_packed(start: Message) -> bool:
    headers = Headers(raw=list(start["headers"]))
    plain = not any(name in headers for name in ("content-encoding", "etag", "content-range"))
    return plain and is_text(headers.get("content-type", ""))


async def _pack(body: bytes) -> bytes:
    if len(body) < LARGE_BYTES:
        return gzip.compress(body, compresslevel=LEVEL, mtime=0)
    return await asyncio.to_thread(gzip.compress, body, compresslevel=LEVEL, mtime=0)
