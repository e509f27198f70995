"""Games with headers: names of hosts, forwarded addresses, mixed and broken credentials, tags of others."""

from __future__ import annotations

from benchmarks.attack.judge import CROSSED, DISTINGUISHABLE, TRUSTED
from benchmarks.attack.targeted.ring import Ring
from benchmarks.attack.world import HOME

NAME = "headers"
EVIL = "evil.example"
HOSTS = (
    [("Host", EVIL)], [("X-Forwarded-Host", EVIL), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Prefix", f"/{EVIL}")],
    [("Forwarded", f"for=1.2.3.4;host={EVIL}")], [("Host", f"{EVIL}:80@127.0.0.1")], [("Host", "127.0.0.1"), ("Host", EVIL)],
    [("X-Original-URL", f"/api/{HOME}/alerts"), ("X-Rewrite-URL", "/")], [("Origin", f"http://{EVIL}")],
)  # fmt: skip
CREDENTIALS = (
    "", " ", "Bearer", "Bearer ", "Bearer om_", "Bearer om_" + "a" * 43, "Bearer " + "x" * 20_000, "Basic", "Basic !!!!", "Basic Og==",
    "Basic aF9jb3VudHlfYWRtaW46", "Digest x", "Bearer \t\x0b", "bearer null", "Basic " + "QQ" * 9_000, "Negotiate x", "om_x",
)  # fmt: skip
COOKIES = ("", "x", "a" * 43, "a" * 8_000, "'; --", '"quoted"', "é", "%00", "null", "../../x")


def run(ring: Ring) -> None:
    """Each game on a few endpoints that answer with names, links or lists."""
    _hosts(ring)
    _credentials(ring)
    _without_the_header(ring)
    _tags(ring)


def _hosts(ring: Ring) -> None:
    paths = [f"/tiles/{HOME}/cells.json", f"/ogc/{HOME}/", f"/ogc/{HOME}/collections/cells/items?limit=1", f"/tiles/{HOME}/style/light.json",
             f"/ogc/{HOME}/tiles", f"/api/{HOME}/alerts", f"/maps/{HOME}/alerts", "/"]  # fmt: skip
    for path in paths:
        for given in ring.some(HOSTS):
            answer = ring.send(NAME, ring.asker("h_worker"), "GET", path, headers=given)
            reply = answer.body.decode("utf-8", errors="replace") + " ".join(answer.headers.values())
            if EVIL in reply:
                ring.found(TRUSTED, f"{given} stands in the answer: …{reply[max(0, reply.index(EVIL) - 80) :][:160]}…")


def _credentials(ring: Ring) -> None:
    """Bad credentials are refused, also beside a good cookie: a wrong token is never forgiven because of a cookie."""
    worker, stranger = ring.asker("h_worker"), ring.asker("stranger")
    path = f"/api/{HOME}/alerts"
    for text in CREDENTIALS:
        for asker in (stranger, worker):
            if not text.strip() and asker is worker:
                continue
            answer = ring.send(NAME, asker, "GET", path, headers=[("Authorization", text)], of="/api/{county}/alerts")
            if answer.status < 400:
                ring.found(CROSSED, f"Authorization {text[:30]!r} let in")
    for text in COOKIES:
        answer = ring.send(
            NAME, stranger, "GET", path, headers=[("Cookie", f"onemap_session={text}")], of="/api/{county}/alerts"
        )
        if answer.status < 400:
            ring.found(CROSSED, f"cookie {text[:30]!r} let in")
    for name in (
        "X-Forwarded-For",
        "X-Real-IP",
        "X-Forwarded-User",
        "Remote-User",
        "X-Onemap-User",
        "X-Onemap-Request",
        "X-Auth",
    ):
        answer = ring.send(NAME, stranger, "GET", path, headers=[(name, "h_county_admin")], of="/api/{county}/alerts")
        if answer.status < 400:
            ring.found(CROSSED, f"{name} let in")
    for pair in (("h_disabled",), ("h_expired",)):
        answer = ring.send(NAME, ring.asker(pair[0]), "GET", path, of="/api/{county}/alerts")
        if answer.status < 400:
            ring.found(CROSSED, f"{pair[0]} let in")


def _without_the_header(ring: Ring) -> None:
    """A cookie alone changes nothing: another site can send one. For every operation that writes."""
    admin = ring.asker("s_county_admin")
    for operation in ring.operations(writes=True):
        request = ring.build(operation, admin, NAME)
        request.headers = [h for h in request.headers if h[0] != "X-Onemap-Request"]
        answer = ring.forward(request, admin, operation.path)
        if answer.status < 400:
            ring.found(CROSSED, f"{answer.status} without X-Onemap-Request")


def _tags(ring: Ring) -> None:
    """The tag of what the administrator was given is no use to a worker who is given something else."""
    admin, worker = ring.asker("h_county_admin"), ring.asker("h_worker")
    for operation in ring.operations(writes=False):
        request = ring.build(operation, admin, NAME)
        theirs = ring.forward(request, admin, operation.path)
        if "etag" not in theirs.headers:
            continue
        mine = ring.send(NAME, worker, "GET", request.path, of=operation.path)
        reply = ring.send(
            NAME, worker, "GET", request.path, headers=[("If-None-Match", theirs.headers["etag"])], of=operation.path
        )
        if reply.status == 304 and (mine.status != 200 or mine.body != theirs.body):
            ring.found(DISTINGUISHABLE, "304 for the tag of another's answer")
