"""Vector tiles and their TileJSON: only what the account may see, never kept by a shared cache."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Request, Response
from fastapi.responses import StreamingResponse

from access.accounts import permissions
from access.accounts.accounts import Account
from layers.catalogue.tilejson import TileJson
from layers.tiles.tile import get_tilejson
from layers.tiles.watch import check_moment
from mapserver.door.deps import CountyConnection, door_of, requires
from mapserver.door.problems import ANSWERED
from mapserver.door.route import DoorRoute
from mapserver.door.streams import TooManyStreams
from mapserver.schemas.tile_numbers import TileNumber
from mapserver.tiles.cache import MVT
from mapserver.tiles.door import TILE, read_headers
from mapserver.tiles.rights import check_permitted
from mapserver.tiles.service import TileService

router = APIRouter(prefix="/tiles/{county}", tags=["tiles"], route_class=DoorRoute)

Viewer = Annotated[Account, Depends(requires(permissions.MAP_VIEW))]
Names = Annotated[str, Path(examples=["divisions,cells,alerts"], description="layers, separated by commas")]
Zoom = Annotated[TileNumber, Path(examples=[14])]
Column = Annotated[TileNumber, Path(examples=[13651], description="from the west")]
Row = Annotated[TileNumber, Path(examples=[6756], description="from the north")]


async def get_service(request: Request) -> TileService:
    """The finished tiles of this process."""
    service = request.app.state.tiles
    assert isinstance(service, TileService)
    return service


Service = Annotated[TileService, Depends(get_service)]


@router.get(
    "/{layers}.json",
    response_model=dict[str, Any],
    responses={
        200: {
            "content": {
                "application/json": {
                    "example": {
                        "tilejson": "3.0.0",
                        "tiles": ["http://127.0.0.1:8000/tiles/330521/cells/{z}/{x}/{y}.mvt"],
                        "vector_layers": [{"id": "cells", "fields": {"id": "cell code"}}],
                    }
                }
            }
        }
    },
)
def tilejson(account: Viewer, connection: CountyConnection, request: Request, layers: Names) -> TileJson:
    """TileJSON 3.0 of one or several layers; bounds are those of the account's scope."""
    names = layers.split(",")
    check_permitted(names, account)
    url = f"{str(request.base_url).rstrip('/')}/tiles/{account.county}/{layers}/{{z}}/{{x}}/{{y}}.mvt"
    return get_tilejson(connection, names, url)


@router.get(
    TILE,
    response_class=Response,
    responses={
        200: {"content": {MVT: {}}},
        204: {"description": "nothing to see here"},
        304: {"description": "unchanged"},
    },
)
async def tile(
    account: Viewer, service: Service, request: Request, layers: Names, z: Zoom, x: Column, y: Row
) -> Response:
    """One vector tile of one or several layers. Every feature says with `n` how many rows it stands for; `X-Generalised` names
    the layers whose rows are counted together because there are many. The ETag is the hash of the bytes; the browser
    asks again each time. (`mapserver/tiles/door.py` answers before this whatever it can.)"""
    entry = await service.tile(account, tuple(layers.split(",")), z, x, y)
    start, body = request.app.state.tile_door.give(entry, read_headers(request.scope))
    response = Response(body, start["status"])
    response.raw_headers = list(start["headers"])
    return response


@router.get(
    "/changes",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "server-sent events",
            "content": {
                "text/event-stream": {
                    "example": 'id: 7311:7311:\nevent: change\ndata: {"zoom":18,"layers":{"persons":[[218431,107915,218431,107915]]}}\n\n'
                }
            },
        }
    },
)
async def changes(
    account: Viewer,
    service: Service,
    request: Request,
    last_event_id: Annotated[str | None, Header(description="where a reader that comes back left off")] = None,
) -> StreamingResponse:
    """Which tiles to ask for again, as they change: server-sent events, inside the account's scope, for the layers it may see.

    `change` holds boxes by layer: first column, first row, last column, last row, tile numbers at `zoom`. Reconnecting
    with `Last-Event-ID` misses nothing for a day. A comment is sent every 15 seconds. The stream ends when the session does.
    """
    since = check_moment(last_event_id) if last_event_id else None
    door = door_of(request)
    door.refuse_more_streams(account)
    cookie, authorization = (request.headers.get(name) for name in ("Cookie", "Authorization"))

    async def lines() -> AsyncIterator[bytes]:
        with suppress(TooManyStreams), door.stream(account):
            yield b"retry: 2000\n\n"
            async for message in service.feed.read(account, since):
                try:
                    again = await service.accounts.find(
                        cookie.encode("latin-1") if cookie else None,
                        authorization.encode("latin-1") if authorization else None,
                        counts=False,
                    )
                except ANSWERED:  # the database is away: nothing is told of which nobody knows whether it may be
                    if message is not None:
                        return  # the reader comes back, from where it left off
                    again = account
                if again != account:
                    return
                yield message if message is not None else b": still here\n\n"

    headers = {"Cache-Control": "private, no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(lines(), media_type="text/event-stream", headers=headers)
