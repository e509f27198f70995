"""``onemap serve`` and ``onemap worker``."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
import uvicorn

from database.settings import get_settings
from mapserver.app import create_app, run_worker
from mapserver.context import open_context

#: uvloop accepts one connection of each listening handle in a round of its loop: with one, a crowd of five hundred that connects in one
#: moment keeps ``/healthz`` waiting for five hundred rounds.
ACCEPTED_A_ROUND = 100


def serve(
    host: Annotated[str | None, typer.Option(help="监听地址 / address to listen on")] = None,
    port: Annotated[int | None, typer.Option(help="端口 / port")] = None,
    worker: Annotated[bool, typer.Option(help="同时处理后台任务 / also work off the job queue")] = True,
) -> None:
    """启动网页与接口服务 / serve the web app and the interfaces."""
    settings = get_settings()
    config = uvicorn.Config(
        create_app(settings, worker=worker),
        host=host or settings.host,
        port=settings.port if port is None else port,
        log_level=settings.log_level.lower(),
        proxy_headers=False,  # mapserver/door/entrance.py believes the proxies of the settings, and no others
        server_header=False,
        access_log=False,  # request lines hold search texts
        timeout_graceful_shutdown=10,
    )
    listening = config.bind_socket()
    uvicorn.Server(config).run([listening, *(listening.dup() for _ in range(ACCEPTED_A_ROUND - 1))])


def worker() -> None:
    """只处理后台任务 / work off the job queue only."""
    context = open_context(get_settings())
    try:
        asyncio.run(run_worker(context))
    except KeyboardInterrupt:
        pass
    finally:
        context.close()
