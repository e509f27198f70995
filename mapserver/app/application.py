"""FastAPI with the entrance before all its layers, ``/healthz`` and the door of the tiles beside them, and one record around all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from mapserver.door import problems
from mapserver.door.entrance import Entrance
from mapserver.door.keep_alive import KeepAlive
from mapserver.door.turns import Turns
from mapserver.http.compression import Compression
from mapserver.http.headers import SecurityHeaders
from mapserver.http.methods import as_get
from mapserver.http.request_counts import RequestCounts, Row
from mapserver.http.request_record import ROUTE, RequestRecord, rows_of
from mapserver.tiles.cache import NO_SNIFFING
from mapserver.tiles.door import ROOT, TEMPLATE, Messages, TileDoor, send_both

HEALTH = "/healthz"

_ALIVE_HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"15"), (b"cache-control", b"no-store")]
ALIVE: Messages = (
    {"type": "http.response.start", "status": 200, "headers": [*_ALIVE_HEADERS, *NO_SNIFFING]},
    b'{"status":"ok"}',
)


class Application(FastAPI):
    """``/healthz`` is answered here, whatever else is going on. Nothing is answered before ``record`` was called."""

    def __init__(self, entrance: Entrance, *, https: bool = False, **settings: Any) -> None:
        self._entrance, self._https = entrance, https
        self._turns = Turns()
        super().__init__(**settings)
        self.state.tile_door = TileDoor(super().__call__, lambda: self.state.tiles, self._turns, https=https)
        self._tile_door: ASGIApp = self.state.tile_door

    def build_middleware_stack(self) -> ASGIApp:
        """Every layer of FastAPI, those that answer for errors included, packed where that gains, with the security headers around;
        a connection outlives a refused upload."""
        return KeepAlive(SecurityHeaders(Compression(super().build_middleware_stack()), https=self._https))

    def record(self, routes: Iterable[BaseRoute], *, log: bool) -> RequestCounts:
        """Count every request, by these routes. log: write a line of each, too."""
        routes = [*routes]
        counts = RequestCounts([*rows_of(routes), Row("GET", HEALTH), Row("GET", TEMPLATE)])
        self._record = RequestRecord(self._answer, counts, log=log, routes=routes)
        return counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        scope, send = as_get(scope, send)
        await self._record(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == HEALTH:
            scope[ROUTE] = HEALTH
            await send_both(ALIVE, send)
            return
        try:
            self._entrance.pass_in(scope)
        except problems.ANSWERED as error:
            refusal = problems.answer_to(Request(scope), error)
            await SecurityHeaders(refusal, https=self._https)(scope, receive, send)
            return
        if scope["path"].startswith(ROOT):
            await self._tile_door(scope, receive, send)
        else:
            await self._turns.take()
            await super().__call__(scope, receive, send)
