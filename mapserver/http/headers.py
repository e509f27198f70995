"""Security headers of every answer, whoever made it: pages, data, files, errors.

A page may run what came with it and nothing else (CSP level 3). Data is no page: opened as one, it may do nothing. A route that
knows better sets its own policy, which stays.
"""

from __future__ import annotations

import base64
import hashlib

from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Paths whose answers are about the county and people; everything else is the web app.
DATA_PATHS = ("/api/", "/tiles/", "/maps/", "/ogc/", "/p/", "/style/")
PRIVATE_PATHS = ("/api/", "/tiles/", "/maps/", "/ogc/", "/p/")

#: Vue and MapLibre style by the DOM, which needs no inline style; the map's worker comes from a file or a blob.
WEB_APP_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self'; worker-src 'self' blob:; manifest-src 'self'; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
DATA_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(self), camera=(), microphone=(), payment=(), usb=(), serial=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
#: A year, as the preload lists ask at least; sub-domains are the owner's own decision.
TRANSPORT = ("Strict-Transport-Security", "max-age=31536000")
NO_STORE = "private, no-store"


def style_hash(style: str) -> str:
    """How a policy names an inline style element: ``'sha256-…'``."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}'"


class SecurityHeaders:
    """The ASGI layer around everything, errors included. https: the public address is https; browsers shall come no other way."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self._app = app
        always = [*ALWAYS.items(), *([TRANSPORT] if https else [])]
        self._data = _encoded([*always, ("X-Frame-Options", "DENY"), ("Content-Security-Policy", DATA_POLICY)])
        self._page = _encoded([*always, ("X-Frame-Options", "DENY"), ("Content-Security-Policy", WEB_APP_POLICY)])
        self._private = _encoded([("Cache-Control", NO_STORE)])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        headers = self._data if path.startswith(DATA_PATHS) else self._page
        if path.startswith(PRIVATE_PATHS):
            headers = headers + self._private

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = list(message.get("headers", ()))
                there = {name.lower() for name, _value in given}
                if b"content-security-policy" in there:
                    there.add(b"x-frame-options")  # frame-ancestors of the policy says who may
                message = {**message, "headers": given + [one for one in headers if one[0] not in there]}
            await send(message)

        await self._app(scope, receive, with_headers)


def _encoded(headers: list[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in headers]
