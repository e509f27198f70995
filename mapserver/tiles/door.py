"""The one door of ``/tiles``: a finished tile, else one that is made, else the ordinary route, which says what is wrong.

A tile that is kept costs a few look-ups in dictionaries: the account (looked up within the last second), the last look at the
changes (within 50 ms), the finished bytes. One that is made passes no layer of the framework either. Whatever is not a plain GET of
a well-formed tile by an account that may see it goes on. Every tile is given by ``TileDoor.give``, which counts it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from layers.tiles.catalogue import LAYERS
from layers.tiles.tile import TileOutOfRange, check_tile
from mapserver.door import problems
from mapserver.door.account_cache import CachedAccount
from mapserver.door.turns import Turns
from mapserver.http.headers import SecurityHeaders
from mapserver.http.negotiation import best_encoding
from mapserver.http.request_record import ROUTE
from mapserver.tiles.cache import Entry, Message
from mapserver.tiles.rights import permitted_layers
from mapserver.tiles.service import TileService, key_of

ROOT = "/tiles/"
#: A tile below ``/tiles/{county}``; the route and the door read the same.
TILE = "/{layers}/{z}/{x}/{y}.mvt"
TEMPLATE = ROOT + "{county}" + TILE
_PARTS = {"layers": "[a-z_]+(?:,[a-z_]+)*", "z": r"\d{1,2}", "x": r"\d{1,6}", "y": r"\d{1,6}"}
_PATH = re.compile(
    ROOT
    + r"(?P<county>\d{6})"
    + re.sub(r"{(\w+)}", lambda part: f"(?P<{part[1]}>{_PARTS[part[1]]})", TILE.replace(".", r"\.")),
    re.ASCII,
)
MOST_PATHS = 50_000
#: Longer paths and headers than any tile needs are read anew each time, so that strangers cannot fill the memory with them.
MOST_REMEMBERED = 300

Messages = tuple[Message, bytes]


class TilePath(NamedTuple):
    """A path, read."""

    county: str
    layers: tuple[str, ...]
    z: int
    x: int
    y: int


def read_path(path: str) -> TilePath | None:
    """The tile a path names, or None when it names none that exists."""
    found = _PATH.fullmatch(path)
    if found is None:
        return None
    names = tuple(found["layers"].split(","))
    z, x, y = int(found["z"]), int(found["x"]), int(found["y"])
    if len(set(names)) != len(names) or any(name not in LAYERS for name in names):
        return None
    try:
        check_tile(z, x, y)
    except TileOutOfRange:
        return None
    return TilePath(found["county"], names, z, x, y)


class RequestHeaders(NamedTuple):
    """What a request asks, in the words of its headers. if_none_match: of all its lines."""

    cookie: bytes | None
    authorization: bytes | None
    if_none_match: bytes | None
    accept_encoding: bytes


def read_headers(scope: Scope) -> RequestHeaders:
    """The headers that a tile depends on."""
    cookie = authorization = if_none_match = None
    accept_encoding = b""
    for name, value in scope["headers"]:
        if name == b"cookie":
            cookie = value if cookie is None else cookie + b"; " + value
        elif name == b"authorization":
            authorization = value
        elif name == b"if-none-match":
            if_none_match = value if if_none_match is None else if_none_match + b"," + value
        elif name == b"accept-encoding":
            accept_encoding = accept_encoding + b"," + value if accept_encoding else value
    return RequestHeaders(cookie, authorization, if_none_match, accept_encoding)


class TileDoor:
    """The ASGI application. rest: everything else. service: of the running application. turns: of requests that do more than look up."""

    def __init__(self, rest: ASGIApp, service: Callable[[], TileService], turns: Turns, *, https: bool) -> None:
        self._rest, self._service, self._turns = rest, service, turns
        self._https = https
        self._paths: dict[str, TilePath | None] = {}
        self._takes_gzip: dict[bytes, bool] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = self._read(scope["path"]) if scope["method"] == "GET" else None
        if path is None:
            await self._turns.take()
            await self._rest(scope, receive, send)
            return
        scope[ROUTE] = TEMPLATE
        headers = read_headers(scope)
        try:
            messages = self._at_hand(path, headers) or await self._warm(path, headers)
            if messages is None:
                await self._turns.take()
                messages = await self._cold(path, headers)
        except problems.ANSWERED as error:
            refusal = problems.answer_to(Request(scope), error)
            await SecurityHeaders(refusal, https=self._https)(scope, receive, send)
            return
        except Exception:
            messages = None  # the route fails in the same way, where it is reported
        if messages is None:
            await self._rest(scope, receive, send)
        else:
            start, body = messages
            await send(start)
            await send({"type": "http.response.body", "body": body})

    def give(self, entry: Entry, headers: RequestHeaders, cached: CachedAccount | None = None) -> Messages:
        """The answer with this tile, counted for the credential that asks. Raises TooManyRequests."""
        service = self._service()
        cached = cached or service.accounts.get(headers.cookie, headers.authorization)
        if cached is not None:
            service.count(cached)
        return entry.messages(packed=self._packed(headers.accept_encoding), if_none_match=headers.if_none_match)

    def _at_hand(self, path: TilePath, headers: RequestHeaders) -> Messages | None:
        """The answer, when account, tile and changes are known and nobody has to wait for anything."""
        service = self._service()
        cached = service.accounts.get(headers.cookie, headers.authorization)
        if cached is None or cached.account.due is not None or cached.account.county != path.county:
            return None
        entry = service.at_hand(key_of(cached.account, *path[1:]))
        return None if entry is None else self.give(entry, headers, cached)

    async def _warm(self, path: TilePath, headers: RequestHeaders) -> Messages | None:
        """The same, when one has to wait for a look at the changes."""
        service = self._service()
        cached = service.accounts.get(headers.cookie, headers.authorization)
        if cached is None or cached.account.due is not None or cached.account.county != path.county:
            return None
        entry = await service.warm(key_of(cached.account, *path[1:]))
        return None if entry is None else self.give(entry, headers, cached)

    async def _cold(self, path: TilePath, headers: RequestHeaders) -> Messages | None:
        """The answer, looked up and made where it must be; None where the route has to say what is wrong."""
        service = self._service()
        account = await service.accounts.find(headers.cookie, headers.authorization)
        if account is None or account.due is not None or account.county != path.county:
            return None
        allowed = permitted_layers(account.role)
        if any(name not in allowed for name in path.layers):
            return None
        return self.give(await service.tile(account, *path[1:]), headers)

    def _read(self, path: str) -> TilePath | None:
        if len(path) > MOST_REMEMBERED:
            return read_path(path)
        if path not in self._paths:
            if len(self._paths) >= MOST_PATHS:
                self._paths.clear()
            self._paths[path] = read_path(path)
        return self._paths[path]

    def _packed(self, accepted: bytes) -> bool:
        taken = self._takes_gzip.get(accepted)
        if taken is None:
            taken = best_encoding(accepted.decode("latin-1"), ("gzip",)) is not None
            if len(accepted) <= MOST_REMEMBERED:
                if len(self._takes_gzip) > 1000:
                    self._takes_gzip.clear()
                self._takes_gzip[accepted] = taken
        return taken


async def send_both(messages: Messages, send: Send) -> None:
    """The start of an answer and its body."""
    start, body = messages
    await send(start)
    await send({"type": "http.response.body", "body": body})
