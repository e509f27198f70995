"""HEAD wherever GET is, and ``Allow`` with every 405 (RFC 9110, 9.3.2 and 15.5.6).

A HEAD is answered by the GET of the same address: the same status and headers, no body. A stream that would not end is not begun
(`mapserver/door/route.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from fastapi.routing import APIRoute
from starlette.requests import HTTPConnection
from starlette.routing import BaseRoute, Route
from starlette.types import Message, Scope, Send

#: Set in the ASGI scope of a HEAD, which the application sees as a GET.
HEAD = "onemap.head"
READ = frozenset({"GET", "HEAD"})


def is_head(request: HTTPConnection) -> bool:
    """True when only the headers are wanted."""
    return HEAD in request.scope


def as_get(scope: Scope, send: Send) -> tuple[Scope, Send]:
    """The GET that answers a HEAD, and a way to send it that leaves the body out; anything else as it is."""
    if scope["method"] != "HEAD":
        return scope, send

    async def headers_only(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return {**scope, "method": "GET", HEAD: True}, headers_only


class Methods:
    """Which methods each address takes. routes: of the application, without the pages of the web app."""

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        patterns: list[tuple[re.Pattern[str], frozenset[str]]] = []
        for route in routes:
            if isinstance(route, APIRoute | Route):
                methods = frozenset(route.methods or ())
                patterns.append((route.path_regex, methods | READ if "GET" in methods else methods))
        self._patterns = patterns

    def of(self, path: str) -> list[str]:
        """The methods of an address, in order; empty where there is none."""
        return sorted({method for pattern, methods in self._patterns if pattern.match(path) for method in methods})
