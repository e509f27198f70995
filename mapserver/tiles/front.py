"""The short way for tiles: in front of everything else, for known accounts asking for tiles that exist.

Whatever is not a plain GET of a well-formed tile by an account that may see it goes on to the ordinary route, which says what is
wrong. A warm tile costs a few look-ups in dictionaries: the account (looked up within the last second), the last
look at the changes (within 50 ms), the finished bytes.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from fastapi import FastAPI
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from layers.base.catalogue import TILES
from layers.tiles.catalogue import LAYERS
from layers.tiles.tile import TileOutOfRange, check_tile
from mapserver import problems
from mapserver.compression import Compression
from mapserver.door.entrance import Entrance
from mapserver.door.kept import KeptConnection
from mapserver.door.turns import Turns
from mapserver.headers import SecurityHeaders
from mapserver.methods import as_get
from mapserver.negotiation import best_encoding
from mapserver.tiles.cache import NO_SNIFFING, Entry, Message
from mapserver.tiles.rights import permitted_layers
from mapserver.tiles.service import TileService, key_of

_PATH = re.compile(r"/tiles/(\d{6})/([a-z_]+(?:,[a-z_]+)*)/(\d{1,2})/(\d{1,6})/(\d{1,6})\.mvt", re.ASCII)
MOST_PATHS = 50_000
#: Longer paths and headers than any tile needs are read anew each time, so that strangers cannot fill the memory with them.
MOST_REMEMBERED = 300

Messages = tuple[Message, bytes]
_ALIVE_HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"15"), (b"cache-control", b"no-store")]
ALIVE: Messages = (
    {"type": "http.response.start", "status": 200, "headers": [*_ALIVE_HEADERS, *NO_SNIFFING]},
    b'{"status":"ok"}',
)


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
    names = tuple(found[2].split(","))
    z, x, y = int(found[3]), int(found[4]), int(found[5])
    if len(set(names)) != len(names) or any(name not in LAYERS and name not in TILES for name in names):
        return None
    try:
        check_tile(z, x, y)
    except TileOutOfRange:
        return None
    return TilePath(found[1], names, z, x, y)


class Question(NamedTuple):
    """What a request asks, in the words of its headers."""

    path: TilePath
    cookie: bytes | None
    authorization: bytes | None
    said: bytes | None
    accepted: bytes


class TileFront:
    """Reads requests for tiles and answers them; one for the whole application."""

    def __init__(self) -> None:
        self._paths: dict[str, TilePath | None] = {}
        self._takes_gzip: dict[bytes, bool] = {}

    def read(self, scope: Scope) -> Question | None:
        """The question, or None when it is not a plain GET of a well-formed tile."""
        if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith("/tiles/"):
            return None
        path = self._read(scope["path"])
        if path is None:
            return None
        cookie = authorization = said = None
        accepted = b""
        for name, value in scope["headers"]:
            if name == b"cookie":
                cookie = value if cookie is None else cookie + b"; " + value
            elif name == b"authorization":
                authorization = value
            elif name == b"if-none-match":
                said = value if said is None else said + b"," + value
            elif name == b"accept-encoding":
                accepted = accepted + b"," + value if accepted else value
        return Question(path, cookie, authorization, said, accepted)

    async def warm(self, question: Question, service: TileService) -> Messages | None:
        """The answer, when account and tile are known; waits for a look at the changes when one is due."""
        known = service.accounts.get(question.cookie, question.authorization)
        if known is None or known.account.due is not None or known.account.county != question.path.county:
            return None
        entry = await service.warm(key_of(known.account, *question.path[1:]))
        if entry is None:
            return None
        service.count(known)
        return self._messages(entry, question)

    async def make(self, question: Question, service: TileService) -> Messages | None:
        """The answer, looked up and made where it must be; None where the ordinary route has to say what is wrong."""
        account = await service.accounts.find(question.cookie, question.authorization)
        if account is None or account.due is not None or account.county != question.path.county:
            return None
        allowed = permitted_layers(account.role)
        if any(name not in allowed for name in question.path.layers):
            return None
        known = service.accounts.get(question.cookie, question.authorization)
        if known is not None:
            service.count(known)
        return self._messages(await service.tile(account, *question.path[1:]), question)

    def _messages(self, entry: Entry, question: Question) -> Messages:
        return entry.messages(packed=self._packed(question.accepted), said=question.said)

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


class ColdTiles:
    """The ASGI layer for tiles that must be made, inside the layers that report errors. app: everything else."""

    def __init__(self, app: ASGIApp, front: TileFront) -> None:
        self._app, self._front = app, front

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        question = self._front.read(scope)
        try:
            told = None if question is None else await self._front.make(question, scope["app"].state.tiles)
        except problems.ANSWERED as error:
            await problems.answer_to(Request(scope), error)(scope, receive, send)
            return
        if told is None:
            await self._app(scope, receive, send)
        else:
            await send_both(told, send)


class Application(FastAPI):
    """FastAPI with the entrance and the short way before all its layers. ``/healthz`` is answered here, whatever else is going on."""

    def __init__(self, front: TileFront, entrance: Entrance, *, https: bool = False, **settings: Any) -> None:
        self._front, self._entrance, self._https = front, entrance, https
        self._turns = Turns()
        super().__init__(**settings)

    def build_middleware_stack(self) -> ASGIApp:
        """Every layer of FastAPI, those that answer for errors included, packed where that gains, with the security headers around;
        a connection outlives a refused upload."""
        return KeptConnection(SecurityHeaders(Compression(super().build_middleware_stack()), https=self._https))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        scope, send = as_get(scope, send)
        if scope["path"] == "/healthz":
            await send_both(ALIVE, send)
            return
        try:
            self._entrance.pass_in(scope)
            question = self._front.read(scope)
            told = None if question is None else await self._front.warm(question, self.state.tiles)
        except problems.ANSWERED as error:
            refusal = problems.answer_to(Request(scope), error)
            await SecurityHeaders(refusal, https=self._https)(scope, receive, send)
            return
        if told is None:
            await self._turns.take()
            await super().__call__(scope, receive, send)
        else:
            await send_both(told, send)


async def send_both(told: Messages, send: Send) -> None:
    """The start of an answer and its body."""
    start, body = told
    await send(start)
    await send({"type": "http.response.body", "body": body})
