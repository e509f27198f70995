"""``onemap serve`` and ``onemap worker``."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
from contextlib import suppress
from functools import partial
from typing import Annotated, NamedTuple

import structlog
import typer
import uvicorn
from fastapi import FastAPI

from database.embedded import ensure_database, release_database, release_inherited
from database.installation.processes import announce, stand_alone, take_place
from database.installation.settings import Settings, get_settings
from database.installation.workspace import make_workspace, remove_workspace
from gazetteer.matching.index.inherited import prebuild_libraries
from mapserver.app.create import ENDING_S, create_app, end_task
from mapserver.server.context import open_context
from mapserver.server.supervisor import LOST, NOT_BEGUN, Supervisor, Work
from mapserver.server.worker import JobWorker

log = structlog.get_logger()

#: uvloop accepts one connection of each listening handle in a round of its loop: with one, a crowd of five hundred that connects in one
#: moment keeps ``/healthz`` waiting for five hundred rounds.
ACCEPTED_A_ROUND = 100
BACKLOG = 2048
#: So many processes find their connections in the embedded database (`mapserver/server/context.py`; it has 100).
MOST_EMBEDDED = 8
#: More than a process takes to stop in order, before it is killed.
MORE_S = 5.0


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


class Serving(NamedTuple):
    """An application, why its database was lost, and the servers to end then."""

    app: FastAPI
    reason: list[Exception]
    servers: list[uvicorn.Server]


def serve(
    host: Annotated[str | None, typer.Option(help="监听地址 / address to listen on")] = None,
    port: Annotated[int | None, typer.Option(help="端口 / port")] = None,
    worker: Annotated[bool, typer.Option(help="同时处理后台任务 / also work off the job queue")] = True,
    workers: Annotated[
        int | None,
        typer.Option(min=1, max=64, help="网页进程数；默认按处理器数 / processes; default by the processors"),
    ] = None,
) -> None:
    """启动网页与接口服务 / serve the web app and the interfaces."""
    settings = get_settings()
    count = settings.workers if workers is None else workers
    if settings.database_url is None and count > MOST_EMBEDDED:
        raise typer.BadParameter(
            f"内置数据库最多支持 {MOST_EMBEDDED} 个进程 / the embedded database serves {MOST_EMBEDDED} at most",
            param_hint="--workers",
        )
    ensure_database(settings)  # here: one that does not start is a sentence, not a trace of the server's start
    host, port = host or settings.host, settings.port if port is None else port
    if count == 1:
        _exit(_serve(create_app_of(settings, worker=worker), settings, _listening(host, port, shared=False)))
    else:
        _exit(_supervise(settings, host, port, count, worker=worker))


def create_app_of(settings: Settings, **options: bool) -> Serving:
    """The application, with what its loss of the database leads to."""
    reason: list[Exception] = []
    servers: list[uvicorn.Server] = []

    def lost(error: Exception) -> None:
        reason.append(error)
        for server in servers:
            server.should_exit = True

    return Serving(create_app(settings, lost=lost, **options), reason, servers)


def _serve(serving: Serving, settings: Settings, listening: socket.socket) -> int:
    """Until a signal comes, or the database is lost; returns the exit code."""
    config = uvicorn.Config(
        serving.app,
        log_level=settings.log_level.lower(),
        proxy_headers=False,  # mapserver/door/entrance.py believes the proxies of the settings, and no others
        server_header=False,
        access_log=False,  # request lines hold search texts
        timeout_graceful_shutdown=settings.stop_seconds,
    )
    server = Server(config, serving.app)
    serving.servers.append(server)
    with suppress(KeyboardInterrupt):  # the signal that ended it, raised again by uvicorn when all is done
        server.run([listening, *(listening.dup() for _ in range(ACCEPTED_A_ROUND - 1))])
    if serving.reason:
        log.error("database.lost", error=type(serving.reason[0]).__name__, exit_code=LOST)
        return LOST
    return 0 if server.started else NOT_BEGUN


def _supervise(settings: Settings, host: str, port: int, count: int, *, worker: bool) -> int:
    """Several processes behind one port, each with a socket of its own among which the kernel spreads the connections.

    The sockets stay open in the parent: who connects while a process is started again waits for it and is not refused. What
    takes long to build is built before the first fork.
    """
    folder = make_workspace("shared")
    try:
        announce(count, folder)
        sockets = listening_together(host, port, count)
        serving = create_app_of(settings, worker=False, worker_beside=worker)
        prebuild_libraries(settings)
        gc.collect()
        gc.freeze()  # nobody writes marks into what all of them share

        def web(number: int) -> int:
            release_inherited()
            take_place(number)
            for other in sockets[:number] + sockets[number + 1 :]:
                other.close()
            return _serve(serving, settings, sockets[number])

        def jobs() -> int:
            release_inherited()
            stand_alone()
            for one in sockets:
                one.close()
            return asyncio.run(_work())

        works: list[tuple[str, Work]] = [(f"web {number + 1}", partial(web, number)) for number in range(count)]
        if worker:
            works.append(("jobs", jobs))
        log.info("serve.processes", web=count, jobs=int(worker), port=sockets[0].getsockname()[1])
        return Supervisor(works, stop_s=settings.stop_seconds + ENDING_S + MORE_S).run()
    finally:
        remove_workspace(folder)
        release_database()


def _listening(host: str, port: int, *, shared: bool) -> socket.socket:
    """A socket bound to the address. shared: several may be bound to the same. An address in use ends the command with a sentence."""
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        typer.echo(f"无法监听 {host}:{port} / cannot listen there: {error.strerror}", err=True)
        raise typer.Exit(1) from None
    return listening


def listening_together(host: str, port: int, count: int) -> list[socket.socket]:
    """One socket a process. Somebody else's on the same port is an error, as it is for one process."""
    _listening(host, port, shared=False).close()
    first = _listening(host, port, shared=True)
    sockets = [first, *(_listening(host, first.getsockname()[1], shared=True) for _ in range(count - 1))]
    for one in sockets:
        one.listen(BACKLOG)  # who comes before the process is up waits
    return sockets


def worker() -> None:
    """只处理后台任务 / work off the job queue only."""
    _exit(asyncio.run(_work()))


async def _work() -> int:
    """Until a signal comes, or the database is lost; returns the exit code."""
    reason: list[Exception] = []
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
    if reason:
        log.error("database.lost", error=type(reason[0]).__name__, exit_code=LOST)
        return LOST
    return 0


def _exit(code: int) -> None:
    if code:
        raise typer.Exit(code)
