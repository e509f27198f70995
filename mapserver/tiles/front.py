"""The short way for tiles: an ASGI layer in front of everything else, for known accounts asking for tiles that exist.

Whatever is not a plain GET of a well-formed tile by an account that may see it goes on to the ordinary route, which says what is
wrong. A warm tile costs a few look-ups in dictionaries: the account (looked up within the last second), the last
look at the changes (within 50 ms), the finished bytes.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from starlette.types import ASGIApp, Receive, Scope, Send

from layers.tiles.catalogue import LAYERS
from layers.tiles.tile import TileOutOfRange, check_tile
from mapserver.tiles.cache import Entry
from mapserver.tiles.rights import permitted_layers
from mapserver.tiles.service import TileService, key_of

GZIP_TAKEN = re.compile(rb"\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))")  # RFC 9110, 12.5.3: q=0 is a refusal
_PATH = re.compile(r"/tiles/(\d{6})/([a-z_]+(?:,[a-z_]+)*)/(\d{1,2})/(\d{1,6})/(\d{1,6})\.mvt", re.ASCII)
MOST_PATHS = 50_000


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
    if len(set(names)) != len(names) or any(name not in LAYERS for name in names):
        return None
    try:
        check_tile(z, x, y)
    except TileOutOfRange:
        return None
    return TilePath(found[1], names, z, x, y)


class TileFront:
    """The layer. app: everything else."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._paths: dict[str, TilePath | None] = {}
        self._takes_gzip: dict[bytes, bool] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "GET" and scope["path"].startswith("/tiles/"):
            path = self._read(scope["path"])
            if path is not None and await self._answer(path, scope, send):
                return
        await self._app(scope, receive, send)

    def _read(self, path: str) -> TilePath | None:
        if path not in self._paths:
            if len(self._paths) >= MOST_PATHS:
                self._paths.clear()
            self._paths[path] = read_path(path)
        return self._paths[path]

    async def _answer(self, path: TilePath, scope: Scope, send: Send) -> bool:
        """Whether the answer was sent."""
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
        service: TileService = scope["app"].state.tiles
        account = service.accounts.get(cookie, authorization) or await service.accounts.find(cookie, authorization)
        if account is None or account.county != path.county:
            return False
        entry: Entry | None = service.warm(key_of(account, path.layers, path.z, path.x, path.y))
        if entry is None:
            allowed = permitted_layers(account.role)
            if any(name not in allowed for name in path.layers):
                return False
            entry = await service.tile(account, *path[1:])
        start, body = entry.messages(packed=self._packed(accepted), said=said)
        await send(start)
        await send({"type": "http.response.body", "body": body})
        return True

    def _packed(self, accepted: bytes) -> bool:
        taken = self._takes_gzip.get(accepted)
        if taken is None:
            if len(self._takes_gzip) > 1000:
                self._takes_gzip.clear()
            taken = self._takes_gzip[accepted] = GZIP_TAKEN.search(accepted) is not None
        return taken
