"""Base maps of other servers, through this one: which are configured, and their tiles. Signed in; keys never leave the server."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel, Field

from access.accounts import permissions
from access.accounts.accounts import Account
from layers.outside.fetching import OutsideTiles
from layers.outside.sources import OutsideMap, get_outside_map
from mapserver.door.deps import requires
from mapserver.door.route import DoorRoute
from mapserver.schemas.page import PageOut
from mapserver.schemas.tile_numbers import TileNumber

router = APIRouter(tags=["rasters"], route_class=DoorRoute)

Viewer = Annotated[Account, Depends(requires(permissions.MAP_VIEW))]
Name = Annotated[str, Path(max_length=60, examples=["tianditu-img"], description="name of the outside map")]
#: As public as the other server's own; a browser of an office keeps it for a day.
HEADERS = {"Cache-Control": "private, max-age=86400", "Vary": "Cookie, Authorization"}
PICTURE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/png": {}, "image/jpeg": {}, "image/webp": {}}},
    503: {},
}


class OutsideMapOut(BaseModel):
    """A base map of another server."""

    name: str = Field(examples=["tianditu-img"])
    title: str = Field(examples=["天地图影像"])
    grid: Literal["w", "c"] = Field(description="w: Web Mercator (XYZ); c: CGCS2000 degrees, as Tianditu cuts them")
    overlay: bool = Field(description="names to lie over another map")
    minzoom: int
    maxzoom: int
    attribution: str | None


def get_maps(request: Request) -> dict[str, OutsideMap]:
    """The configured maps."""
    maps: dict[str, OutsideMap] = request.app.state.outside_maps
    return maps


async def get_tiles(request: Request) -> OutsideTiles:
    """The fetcher of this process."""
    tiles = request.app.state.outside_tiles
    assert isinstance(tiles, OutsideTiles)
    return tiles


@router.get("/api/{county}/outside-maps")
async def outside_maps(account: Viewer, request: Request) -> PageOut[OutsideMapOut]:
    """The base maps of other servers that are configured; none by default."""
    found = get_maps(request).values()
    return PageOut[OutsideMapOut].whole(OutsideMapOut.model_validate(one, from_attributes=True) for one in found)


@router.get("/tiles/{county}/outside/{name}/{z}/{x}/{y}", response_class=Response, responses=PICTURE)
async def outside_tile(
    account: Viewer,
    request: Request,
    tiles: Annotated[OutsideTiles, Depends(get_tiles)],
    name: Name,
    z: Annotated[TileNumber, Path(examples=[14])],
    x: Annotated[TileNumber, Path(examples=[13651], description="from the west")],
    y: Annotated[TileNumber, Path(examples=[6756], description="from the north")],
) -> Response:
    """One tile, kept here or asked for at the configured server. 503 while that one cannot be reached."""
    body, media = await tiles.tile(get_outside_map(get_maps(request), name), z, x, y)
    return Response(body, media_type=media, headers=HEADERS)
