"""``onemap serve`` and ``onemap worker``."""

from __future__ import annotations

import asyncio
import signal
import socket
from contextlib import suppress
from typing import Annotated

import structlog
import typer
import uvicorn
from fastapi import FastAPI

from database.embedded import ensure_database
from database.settings import get_settings
from mapserver.app import create_app, end_task
from mapserver.context import open_context
from mapserver.worker import JobWorker

log = structlog.get_logger()

#: uvloop accepts one connection of each listening handle in a round of its loop: with one, a crowd of five hundred that connects in one
#: moment keeps ``/healthz`` waiting for five hundred rounds.
ACCEPTED_A_ROUND = 100
#: The exit code when the embedded database is lost, so that whoever supervises the process starts it again.
LOST = 3


class Server(uvicorn.Server):
    """Open streams of changes end when the stop begins: nobody waits for them."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn does, but for the streams."""
        tiles = getattr(self._app.state, "tiles", None)
        if tiles is not None:
            tiles.close()
        await super().shutdown(sockets)


def serve(
    host: Annotated[str | None, typer.Option(help="监听地址 / address to listen on")] = None,
    port: Annotated[int | None, typer.Option(help="端口 / port")] = None,
    worker: Annotated[bool, typer.Option(help="同时处理后台任务 / also work off the job queue")] = True,
) -> None:
    """启动网页与接口服务 / serve the web app and the interfaces."""
    settings = get_settings()
    ensure_database(settings)  # here: one that does not start is a sentence, not a trace of the server's start
    reason: list[Exception] = []

    def lost(error: Exception) -> None:
        reason.append(error)
        server.should_exit = True

    app = create_app(settings, worker=worker, lost=lost)
    config = uvicorn.Config(
        app,
        host=host or settings.host,
        port=settings.port if port is None else port,
        log_level=settings.log_level.lower(),
        proxy_headers=False,  # mapserver/door/entrance.py believes the proxies of the settings, and no others
        server_header=False,
        access_log=False,  # request lines hold search texts
        timeout_graceful_shutdown=settings.stop_seconds,
    )
    server = Server(config, app)
    listening = config.bind_socket()
    with suppress(KeyboardInterrupt):  # the signal that ended it, raised again by uvicorn when all is done
        server.run([listening, *(listening.dup() for _ in range(ACCEPTED_A_ROUND - 1))])
    _refuse_if_lost(reason)


def worker() -> None:
    """只处理后台任务 / work off the job queue only."""
    reason: list[Exception] = []
    asyncio.run(_work(reason))
    _refuse_if_lost(reason)


async def _work(reason: list[Exception]) -> None:
    """Until a signal comes, or the database is lost."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)

    def lost(error: Exception) -> None:
        reason.append(error)
        loop.call_soon_threadsafe(ended.set)

    context = await asyncio.to_thread(open_context, get_settings(), lost=lost)
    try:
        task = asyncio.create_task(JobWorker(context).run())
        await ended.wait()
        await end_task(task)
    finally:
        await asyncio.to_thread(context.close)


def _refuse_if_lost(reason: list[Exception]) -> None:
    if reason:
        log.error("database.lost", error=type(reason[0]).__name__, exit_code=LOST)
        raise typer.Exit(LOST)
