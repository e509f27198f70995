"""Vector tiles and their TileJSON: only what the account may see, never kept by a shared cache."""

from __future__ import annotations

import gzip
import hashlib
import re
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response

from database.accounts import Account
from layers.tiles.catalogue import LAYERS
from layers.tiles.tile import check_layers, get_tile, get_tilejson
from mapserver.auth import permissions
from mapserver.deps import CountyConnection, requires
from mapserver.problems import NotPermitted

router = APIRouter(prefix="/tiles/{county}", tags=["tiles"])

Viewer = Annotated[Account, Depends(requires(permissions.MAP_VIEW))]
Names = Annotated[str, Path(examples=["divisions,cells,alerts"], description="layers, separated by commas")]
Zoom = Annotated[int, Path(examples=[14])]
Column = Annotated[int, Path(examples=[13651], description="from the west")]
Row = Annotated[int, Path(examples=[6756], description="from the north")]
MVT = "application/vnd.mapbox-vector-tile"
HEADERS = {"Cache-Control": "private, no-cache", "Vary": "Cookie, Authorization, Accept-Encoding"}
GZIP_TAKEN = re.compile(r"\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))")  # RFC 9110, 12.5.3: q=0 is a refusal
NEEDED = {"personal": permissions.HOUSEHOLD_VIEW, "internal": permissions.MAP_VIEW, "public": permissions.MAP_VIEW}


def _layers(names: str, account: Account) -> list[str]:
    layers = names.split(",")
    check_layers(layers)
    for name in layers:
        if NEEDED[LAYERS[name].sensitivity] not in permissions.permissions_of(account.role):
            raise NotPermitted(f"{LAYERS[name].title} / {name}")
    return layers


@router.get(
    "/{layers}.json",
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
def tilejson(account: Viewer, connection: CountyConnection, request: Request, layers: Names) -> dict[str, Any]:
    """TileJSON 3.0 of one or several layers; bounds are those of the account's scope."""
    names = _layers(layers, account)
    url = f"{str(request.base_url).rstrip('/')}/tiles/{account.county}/{layers}/{{z}}/{{x}}/{{y}}.mvt"
    return get_tilejson(connection, names, url)


@router.get(
    "/{layers}/{z}/{x}/{y}.mvt",
    response_class=Response,
    responses={
        200: {"content": {MVT: {}}},
        204: {"description": "nothing to see here"},
        304: {"description": "unchanged"},
    },
)
def tile(
    account: Viewer, connection: CountyConnection, request: Request, layers: Names, z: Zoom, x: Column, y: Row
) -> Response:
    """One vector tile of one or several layers. The ETag is the hash of its bytes; the browser asks again each time."""
    body = get_tile(connection, _layers(layers, account), z, x, y)
    if not body:
        return Response(status_code=204, headers=HEADERS)
    packed = GZIP_TAKEN.search(request.headers.get("Accept-Encoding", "")) is not None
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}{"-gzip" if packed else ""}"'
    headers = {**HEADERS, "ETag": etag}
    said = [tag.strip().removeprefix("W/") for tag in request.headers.get("If-None-Match", "").split(",")]
    if etag in said or "*" in said:
        return Response(status_code=304, headers=headers)
    if packed:
        body = gzip.compress(body, compresslevel=5, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return Response(body, media_type=MVT, headers=headers)
