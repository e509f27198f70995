"""The web application: routes, errors, headers, the worker beside it, and the built web app at ``/``."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from sqlalchemy import text

from database.embedded import ensure_database
from database.engine import Database
from database.jobs import worker_app
from database.settings import Settings, get_settings
from database.work import work_of_jobs
from mapserver import problems
from mapserver.context import Context, open_context
from mapserver.deps import door_of
from mapserver.door.door import Door
from mapserver.door.entrance import Entrance
from mapserver.door.route import check_routes
from mapserver.headers import DATA_PATHS
from mapserver.interface import OgcProblems, open_api
from mapserver.jobs import DATABASE_KEY, SEALER_KEY, make_tasks
from mapserver.methods import Methods
from mapserver.refusals import Refusals
from mapserver.routes import ROUTERS
from mapserver.static_files import built_file
from mapserver.style.glyphs import GlyphStore
from mapserver.tiles.front import Application, ColdTiles, TileFront
from mapserver.tiles.service import TileService

WEB_APP = Path(__file__).parent.parent / "frontend" / "dist"
OPEN_API_DESCRIPTION = (
    "数字乡村一张图: one county on one map. Every answer holds only what the signed-in account may see."
)


def create_app(settings: Settings | None = None, *, worker: bool = True) -> FastAPI:
    """The application. settings: default from the environment. worker: run background jobs in this process too."""
    settings = settings or get_settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        context = await asyncio.to_thread(open_context, settings)
        app.state.context = context
        door = app.state.door = Door(context)
        app.state.tiles = TileService(door)
        app.state.refusals = Refusals(door)
        runner = asyncio.create_task(run_worker(context)) if worker else None
        gc.freeze()  # what lives as long as the process need not be looked through for garbage again and again
        try:
            yield
        finally:
            if runner is not None:
                runner.cancel()
                with suppress(asyncio.CancelledError):
                    await runner
            app.state.tiles.close()
            await app.state.refusals.close()
            door.close()
            await asyncio.to_thread(context.close)

    front = TileFront()
    app = Application(
        front,
        Entrance(settings),
        https=settings.is_https,
        title="onemap",
        description=OPEN_API_DESCRIPTION,
        version="0.1.0",
        lifespan=lifespan,
        openapi_url="/api/openapi.json",
        docs_url=None,  # their pages load scripts from a CDN; the network here is closed
        redoc_url=None,
    )
    problems.install(app)
    app.state.glyphs = GlyphStore(WEB_APP / "assets")
    app.add_middleware(ColdTiles, front=front)
    for router in ROUTERS:
        check_routes(router.routes)
        app.include_router(router)
    app.add_route("/readyz", ready, include_in_schema=False)
    app.add_route("/robots.txt", robots, include_in_schema=False)
    app.state.methods = Methods([*app.routes, *(route for router in ROUTERS for route in router.routes)])
    app.openapi = document_of(app)  # type: ignore[method-assign]
    app.state.problems = OgcProblems(route for router in ROUTERS for route in router.routes)
    mount_web_app(app)
    return app


def document_of(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """The description of the interface, made when it is first asked for."""

    @cache
    def document() -> dict[str, Any]:
        return open_api(app, (route for router in ROUTERS for route in router.routes))

    return document


async def run_worker(context: Context) -> None:
    """Work off the job queue until cancelled, on connections of its own."""
    url = ensure_database(context.settings).app
    database = Database(url, pool_size=2, work=work_of_jobs(context.settings))
    queue = worker_app(url, make_tasks())
    async with queue.open_async():
        try:
            await queue.run_worker_async(
                install_signal_handlers=False,
                concurrency=1,
                shutdown_graceful_timeout=20,
                additional_context={DATABASE_KEY: database, SEALER_KEY: context.sealer},
            )
        finally:
            database.close()


async def ready(request: Request) -> JSONResponse:
    """The process answers and reaches its database."""
    door = door_of(request)

    def reach() -> None:
        with door.context.database.platform() as connection:
            connection.execute(text("SELECT 1"))

    await door.looks.run(reach)
    return JSONResponse({"status": "ready"})


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
