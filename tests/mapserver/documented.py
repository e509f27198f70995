"""Every answer that a test gets is one that the description of the interface knows: its status, and its media type."""

from __future__ import annotations

from typing import Any

from starlette.testclient import TestClient

from mapserver.door.route import DoorRoute
from mapserver.routes import ROUTERS

Document = dict[str, Any]


def operation_of(document: Document, method: str, path: str) -> tuple[str, Document] | None:
    """The operation that answers a request, by the routes in their order; None where there is none."""
    method = "GET" if method == "HEAD" else method
    for router in ROUTERS:
        for route in router.routes:
            if isinstance(route, DoorRoute) and method in (route.methods or ()) and route.path_regex.match(path):
                operation = document["paths"].get(route.path_format, {}).get(method.lower())
                return None if operation is None else (f"{method} {route.path_format}", operation)
    return None


def fault_of(document: Document, method: str, path: str, status: int, media: str) -> str | None:
    """What the description does not know of an answer; None when it knows all."""
    found = operation_of(document, method, path)
    if found is None:
        return None
    name, operation = found
    answer = operation["responses"].get(str(status))
    if answer is None:
        return f"{name}: {status} is not documented"
    reference = answer.get("$ref", "").rpartition("/")[2]
    content = (document["components"]["responses"][reference] if reference else answer).get("content", {})
    kinds = {kind.partition(";")[0].strip() for kind in content}
    if media and media.partition(";")[0].strip() not in kinds:
        return f"{name}: {status} as {media} is not documented, {sorted(kinds)} are"
    return None


def hold(client: TestClient) -> TestClient:
    """The client, which from now on fails a test whose answer is not documented."""
    document: Document = client.app.openapi()  # type: ignore[attr-defined]

    def check(answer: Any) -> None:
        request = answer.request
        media = answer.headers.get("content-type", "") if answer.status_code not in (204, 304) else ""
        fault = fault_of(document, request.method, request.url.path, answer.status_code, media)
        assert fault is None, fault

    client.event_hooks = {"request": [], "response": [check]}
    return client
