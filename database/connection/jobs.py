"""The job queue: procrastinate on the same PostgreSQL, in schema ``platform``. No other service is needed."""

from __future__ import annotations

from typing import Any

from procrastinate import App, Blueprint, PsycopgConnector, SyncPsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued
from psycopg.conninfo import make_conninfo

from database.clock import ZONE

NAMESPACE = "onemap"
#: The lines of jobs, each with a worker of its own: what takes minutes does not hold up what takes seconds.
DEFAULT, IMPORTS = "default", "imports"
LINES = (DEFAULT, IMPORTS)
_OPTIONS = f"-c search_path=platform,public -c timezone={ZONE}"
#: How long one waits for a connection of the queue before it is said that the database is away.
WAIT_S = 3.0
#: China keeps one time zone and no summer time; procrastinate's cron counts in UTC, whatever the machine's zone is.
_UTC_OFFSET_H = 8


def daily(hour: int, minute: int = 0) -> str:
    """The cron line of a time of day in China."""
    return f"{minute} {(hour - _UTC_OFFSET_H) % 24} * * *"


def worker_app(url: str, tasks: Blueprint) -> App:
    """The queue for a worker (asynchronous). url: ``postgresql://`` of the application role.

    tasks: a blueprint of its own for each app, for adding one to an app renames its tasks.
    """
    app = App(connector=PsycopgConnector(conninfo=_conninfo(url), min_size=1, max_size=4, timeout=WAIT_S))
    app.add_tasks_from(tasks, namespace=NAMESPACE)
    return app


def queue_app(url: str) -> App:
    """The queue for handing in jobs by name from ordinary code; open it with ``app.open()``."""
    return App(connector=SyncPsycopgConnector(conninfo=_conninfo(url), min_size=1, max_size=2, timeout=WAIT_S))


def _conninfo(url: str) -> str:
    return make_conninfo(url, options=_OPTIONS, connect_timeout=round(WAIT_S), application_name="onemap-queue")


def hand_in(
    queue: App, task: str, *, lock: str | None = None, turn: str | None = None, line: str = DEFAULT, **arguments: Any
) -> bool:
    """Hand in a job; returns False when one with the same lock waits already and this one was not needed.

    turn: jobs of one turn run one after the other, whatever workers there are. line: jobs of another line are not waited for.
    """
    try:
        queue.configure_task(f"{NAMESPACE}:{task}", queueing_lock=lock, lock=turn, queue=line).defer(**arguments)
    except AlreadyEnqueued:
        return False
    return True
