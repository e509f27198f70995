"""The job queue: procrastinate on the same PostgreSQL, in schema ``platform``. No other service is needed."""

from __future__ import annotations

from typing import Any

from procrastinate import App, Blueprint, PsycopgConnector, SyncPsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued
from psycopg.conninfo import make_conninfo

NAMESPACE = "onemap"
_OPTIONS = "-c search_path=platform,public -c timezone=Asia/Shanghai"


def worker_app(url: str, tasks: Blueprint) -> App:
    """The queue for a worker (asynchronous). url: ``postgresql://`` of the application role.

    tasks: a blueprint of its own for each app, for adding one to an app renames its tasks.
    """
    app = App(connector=PsycopgConnector(conninfo=make_conninfo(url, options=_OPTIONS), min_size=1, max_size=4))
    app.add_tasks_from(tasks, namespace=NAMESPACE)
    return app


def queue_app(url: str) -> App:
    """The queue for handing in jobs by name from ordinary code; open it with ``app.open()``."""
    return App(connector=SyncPsycopgConnector(conninfo=make_conninfo(url, options=_OPTIONS), min_size=1, max_size=2))


def hand_in(queue: App, task: str, *, lock: str | None = None, **arguments: Any) -> bool:
    """Hand in a job; returns False when one with the same lock waits already and this one was not needed."""
    try:
        queue.configure_task(f"{NAMESPACE}:{task}", queueing_lock=lock).defer(**arguments)
    except AlreadyEnqueued:
        return False
    return True
