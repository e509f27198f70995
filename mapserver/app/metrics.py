"""``/metrics``: how many requests of each route were answered, how, and in what time, for a Prometheus of the county's own.

It is no public route: without ``ONEMAP_METRICS_TOKEN`` there is no such address, and who does not name the token is told the same.
Any process of the server answers for all of them.
"""

from __future__ import annotations

import hmac

from fastapi import Request, Response
from fastapi.responses import PlainTextResponse

from mapserver.door import problems
from mapserver.door.deps import door_of

METRICS = "/metrics"
MEDIA = "text/plain; version=0.0.4; charset=utf-8"


async def metrics(request: Request) -> Response:
    """The counts since the server started, in Prometheus' text form; 404 for whoever does not name the token."""
    token = door_of(request).context.settings.metrics_token
    given = request.headers.get("authorization", "")
    if token is None or not hmac.compare_digest(given.encode(), f"Bearer {token.get_secret_value()}".encode()):
        return problems.problem(request, 404, "http-404", "没有这个地址", "No such address")
    text = request.app.state.request_counts.text()
    return PlainTextResponse(text, media_type=MEDIA, headers={"Cache-Control": "no-store"})
