"""What is recorded of every request, whoever answers it: one count and one line of the log.

The line names the route by its template and nothing that came with the request: no address, no query, no account (who looked at
what stands in the audit trail). So no line can hold a search text or a name, and none can be forged.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any

from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mapserver.http.request_counts import NO_ROUTE, RequestCounts, Row

#: Set in the ASGI scope by what answers without the router: the template of the route.
ROUTE = "onemap.route"


class RequestRecord:
    """The ASGI layer around all others. log: write the line too. Sees the scope that the router writes its route into.

    routes: of the application; of a plain one the router writes only the function that answers.
    """

    def __init__(self, app: ASGIApp, counts: RequestCounts, *, log: bool, routes: Iterable[BaseRoute] = ()) -> None:
        self._app, self._counts, self._log = app, counts, log
        self._plain: dict[Any, str] = {
            route.endpoint: route.path
            for route in routes
            if isinstance(route, Route) and not isinstance(route, APIRoute)
        }
        self._lines = {row: f"method={row.method} route={row.route}" for row in counts.rows}
        self._second, self._time = 0, ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = time.perf_counter_ns()
        status = size = 0

        async def sending(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                size += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception:
            status = status or 500  # what the server then answers
            raise
        finally:
            took = time.perf_counter_ns() - begun
            row = self._row(scope)
            self._counts.count(row, status, took, size)
            if self._log:
                self._write(row, status, took, size)

    def _row(self, scope: Scope) -> Row:
        template = scope.get(ROUTE)
        if template is None:
            template = getattr(scope.get("route"), "path", None) or self._plain.get(scope.get("endpoint"))
        row = Row(scope["method"], template or "")
        return row if self._counts.knows(row) else NO_ROUTE

    def _write(self, row: Row, status: int, nanoseconds: int, size: int) -> None:
        """As structlog writes its lines (`mapserver/server/logs.py`), at a tenth of the time."""
        second = int(time.time())
        if second != self._second:
            self._second, self._time = second, time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(second))
        sys.stderr.write(
            f"{self._time} [info     ] request                        "
            f"{self._lines[row]} status={status} ms={nanoseconds / 1e6:.1f} bytes={size}\n"
        )


def rows_of(routes: Iterable[BaseRoute]) -> Iterator[Row]:
    """Every method of these routes. Raises TypeError for one whose requests could not be told apart."""
    for route in routes:
        path, methods = getattr(route, "path", None), getattr(route, "methods", None)
        if path is None or methods is None or isinstance(route, Mount):
            raise TypeError(f"{route!r} has no path and methods")
        for method in methods - {"HEAD"} if "GET" in methods else methods:  # a HEAD is answered as a GET
            yield Row(method, path)
