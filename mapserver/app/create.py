"""The web application: routes, errors, headers, the worker beside it, and the built web app at ``/``."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.responses import PlainTextResponse
from starlette.routing import Route

from database.installation.settings import Settings, get_settings
from layers.outside.fetching import OutsideTiles
from layers.outside.sources import read_outside_maps
from layers.outside.tile_folder import KeptTiles
from layers.style.glyphs import GlyphStore
from mapserver.app.application import Application
from mapserver.app.metrics import METRICS, metrics
from mapserver.app.readiness import ready
from mapserver.door import problems
from mapserver.door.door import Door
from mapserver.door.entrance import Entrance
from mapserver.door.interface import OgcProblems, open_api
from mapserver.door.refusals import Refusals
from mapserver.door.route import check_routes
from mapserver.http.headers import DATA_PATHS
from mapserver.http.methods import Methods
from mapserver.http.static_files import built_file
from mapserver.routes import ROUTERS
from mapserver.server import metadata  # noqa: F401 - every kind of record is in the catalogue
from mapserver.server.context import open_context
from mapserver.server.version import version
from mapserver.server.worker import JobWorker
from mapserver.tiles.service import TileService

log = structlog.get_logger()
#: How long a stop waits for the threads of work that was broken off.
ENDING_S = 5.0
WEB_APP = Path(__file__).parent.parent.parent / "frontend" / "dist"
OPEN_API_DESCRIPTION = (
    "数字乡村一张图: one county on one map. Every answer holds only what the signed-in account may see."
)


def create_app(
    settings: Settings | None = None,
    *,
    worker: bool = True,
    worker_beside: bool = False,
    lost: Callable[[Exception], None] | None = None,
) -> FastAPI:
    """The application. settings: default from the environment. worker: run background jobs in this process too. worker_beside: another
    process of this server runs them.

    lost: called from another thread when the embedded database died and could not be started again; the process should end.
    """
    settings = settings or get_settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as ends:  # each step of the end is done, whatever becomes of the others
            context = app.state.context = await asyncio.to_thread(open_context, settings, lost=lost)
            ends.push_async_callback(asyncio.to_thread, context.close)
            door = app.state.door = Door(context)
            ends.push_async_callback(end_work, door)
            app.state.refusals = Refusals(door)
            ends.push_async_callback(app.state.refusals.close)
            app.state.outside_tiles = OutsideTiles(
                KeptTiles(settings.home / "outside", max_mb=settings.outside_cache_mb, max_days=settings.outside_days)
            )
            ends.push_async_callback(app.state.outside_tiles.close)
            app.state.tiles = TileService(door)
            ends.callback(app.state.tiles.close)
            app.state.worker = JobWorker(context) if worker else None
            app.state.worker_beside = worker_beside
            if app.state.worker is not None:
                ends.push_async_callback(end_task, asyncio.create_task(app.state.worker.run()))
            gc.freeze()  # what lives as long as the process need not be looked through for garbage again and again
            yield

    app = Application(
        Entrance(settings),
        https=settings.is_https,
        title="onemap",
        description=OPEN_API_DESCRIPTION,
        version=version(),
        lifespan=lifespan,
        openapi_url="/api/openapi.json",
        docs_url=None,  # their pages load scripts from a CDN; the network here is closed
        redoc_url=None,
    )
    problems.install(app)
    app.state.outside_maps = read_outside_maps(settings)
    app.state.glyphs = GlyphStore(WEB_APP / "assets", settings.home / "glyphs")
    routes = [route for router in ROUTERS for route in router.routes]
    check_routes(routes)
    for router in ROUTERS:
        app.include_router(router)
    app.add_route("/readyz", ready, include_in_schema=False)
    app.add_route("/robots.txt", robots, include_in_schema=False)
    app.add_route(METRICS, metrics, include_in_schema=False)
    app.state.methods = Methods([*app.routes, *routes])
    app.openapi = document_of(app)  # type: ignore[method-assign]
    app.state.problems = OgcProblems(routes)
    mount_web_app(app)
    single = [route for route in app.routes if isinstance(route, Route)]
    app.state.request_counts = app.record([*single, *routes], log=settings.request_log)
    return app


def document_of(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """The description of the interface, made when it is first asked for."""

    @cache
    def document() -> dict[str, Any]:
        return open_api(app, (route for router in ROUTERS for route in router.routes))

    return document


async def end_task(task: asyncio.Task[None]) -> None:
    """Cancel a task and wait for its end."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def end_work(door: Door) -> None:
    """What is still under way, such as an import, is rolled back by the database; its thread ends with an error."""
    door.close()
    broken_off = await asyncio.to_thread(door.context.database.break_off)
    if broken_off:
        log.warning("stop.rolled_back", transactions=broken_off)
    left = await asyncio.to_thread(door.wait, ENDING_S)
    if left:
        log.warning("stop.unfinished", threads=left)


async def robots(_request: Request) -> PlainTextResponse:
    """No search engine has any business here."""
    return PlainTextResponse("User-agent: *\nDisallow: /\n", headers={"Cache-Control": "public, max-age=86400"})


def mount_web_app(app: FastAPI) -> None:
    """Serve the built web app; every path that is no file is a page of the app."""
    if not WEB_APP.is_dir():
        return

    @app.get("/{path:path}", include_in_schema=False)
    def page(path: str, request: Request) -> Response:
        if f"/{path}".startswith((*DATA_PATHS, "/assets/")):
            found = built_file(request, WEB_APP, path) if path.startswith("assets/") else None
            return found or problems.problem(request, 404, "http-404", "没有这个地址", "No such address")
        found = built_file(request, WEB_APP, path) or built_file(request, WEB_APP, "index.html")
        return found or problems.problem(request, 404, "http-404", "没有这个地址", "No such address")
