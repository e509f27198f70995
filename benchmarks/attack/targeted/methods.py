"""Methods nobody declared, and requests to be taken for another method."""

from __future__ import annotations

from benchmarks.attack.judge import CROSSED
from benchmarks.attack.targeted.ring import Ring

NAME = "methods"
OTHERS = (
    "HEAD",
    "OPTIONS",
    "TRACE",
    "CONNECT",
    "PROPFIND",
    "LOCK",
    "get",
    "GETS",
    "X" * 200,
    "DELETE",
    "PUT",
    "PATCH",
    "POST",
)
OVERRIDES = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")


def run(ring: Ring) -> None:
    """Every path with other methods, by the scratch county's administrator and by a stranger."""
    declared: dict[str, set[str]] = {}
    for operation in ring.operations():
        declared.setdefault(operation.path, set()).add(operation.method)
    admin, stranger = ring.asker("s_county_admin"), ring.asker("stranger")
    for operation in ring.operations():
        if operation.method != min(declared[operation.path]):
            continue
        for method in ring.some(OTHERS):
            if method in declared[operation.path]:
                continue
            for asker in ring.some((admin, stranger)):
                request = ring.build(operation, asker, NAME)
                answer = ring.send(
                    NAME, asker, method, request.path, headers=[("X-Onemap-Request", "1")], of=operation.path
                )
                if answer.status < 300 and method not in ("HEAD", "OPTIONS"):
                    ring.found(CROSSED, f"{method} answered {answer.status}")
        for header in ring.some(OVERRIDES):
            request = ring.build(operation, stranger, NAME)
            ring.send(NAME, stranger, "GET", request.path, headers=[(header, "DELETE")], of=operation.path)
