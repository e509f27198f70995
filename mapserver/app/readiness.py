"""``/readyz``: whether this process can do its work. It says what is wrong and nothing else: anybody may ask."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Literal

from fastapi import Request
from fastapi.responses import JSONResponse
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from database.connection.engine import Database
from database.upgrade.versions import schemas_behind
from mapserver.door import problems
from mapserver.door.deps import door_of
from mapserver.server.worker import DEAD_S, JobWorker

RETRY_S = 5
_ALIVE = text(
    "SELECT EXISTS (SELECT FROM platform.procrastinate_workers "
    "WHERE last_heartbeat > now() - make_interval(secs => :seconds))"
)


@dataclass(frozen=True)
class Readiness:
    """database: it answers. migrations: every schema is at the head of this release. worker: some worker gave a sign of life.

    counties_away: codes of the counties whose own server does not answer; the others are served, so that is no reason for 503.
    """

    database: Literal["ok"]
    migrations: Literal["current", "differ"]
    worker: Literal["alive", "away"]
    counties_away: list[str] = field(default_factory=list)


async def ready(request: Request) -> JSONResponse:
    """200 when the database answers, its schemas fit this release and, where this server has a worker, that works; otherwise 503.

    Counties whose own server does not answer are named.
    """
    door = door_of(request)

    def look() -> Readiness:
        with door.context.database.platform() as connection:
            at_home = readiness_of(connection)
        return with_servers(door.context.database, at_home)

    found = await door.looks.run(look)
    worker: JobWorker | None = request.app.state.worker
    own_worker_away = worker is not None and not (worker.running and found.worker == "alive")
    own_worker_away |= request.app.state.worker_beside and found.worker == "away"
    if found.migrations == "current" and not own_worker_away:
        return JSONResponse({"status": "ready", **asdict(found)}, headers=problems.PRIVATE)
    if found.migrations == "differ":
        title, title_en = (
            "数据库结构与本版本不符，请运行 onemap migrate",
            "The schema does not fit this release: onemap migrate",
        )
    else:
        title, title_en = "后台任务进程没有响应", "The worker gives no sign of life"
    facts = {"retry_after_s": RETRY_S, **asdict(found)}
    if own_worker_away:
        facts["worker"] = "away"
    return problems.problem(request, 503, "not-ready", title, title_en, facts=facts)


def with_servers(database: Database, at_home: Readiness) -> Readiness:
    """The same, with what the other servers say."""
    behind, away = at_home.migrations == "differ", []
    for server, counties in database.elsewhere():
        try:
            with server.begin() as connection:
                behind |= bool(schemas_behind(connection))
        except OperationalError:
            away += counties
    return replace(at_home, migrations="differ" if behind else "current", counties_away=sorted(away))


def readiness_of(connection: Connection) -> Readiness:
    """What the home server says."""
    behind = schemas_behind(connection)
    alive = "platform" not in behind and connection.scalar(_ALIVE, {"seconds": DEAD_S})
    return Readiness("ok", "differ" if behind else "current", "alive" if alive else "away")
