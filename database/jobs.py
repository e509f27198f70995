"""The job queue: procrastinate on the same PostgreSQL, in schema ``platform``. No other service is needed."""

from __future__ import annotations

from procrastinate import App, Blueprint, PsycopgConnector, SyncPsycopgConnector
from psycopg.conninfo import make_conninfo

_OPTIONS = "-c search_path=platform,public -c timezone=Asia/Shanghai"


def worker_app(url: str, tasks: Blueprint) -> App:
    """The queue for a worker (asynchronous). url: ``postgresql://`` of the application role."""
    app = App(connector=PsycopgConnector(conninfo=make_conninfo(url, options=_OPTIONS), min_size=1, max_size=4))
    app.add_tasks_from(tasks, namespace="onemap")
    return app


def queue_app(url: str, tasks: Blueprint) -> App:
    """The queue for handing in jobs from ordinary code; open it with ``with app.open():``."""
    app = App(connector=SyncPsycopgConnector(conninfo=make_conninfo(url, options=_OPTIONS), min_size=1, max_size=2))
    app.add_tasks_from(tasks, namespace="onemap")
    return app
