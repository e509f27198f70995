"""Raster tiles and their TileJSON: signed in, private, with an ETag that is known before a pixel is read.

Pixels of a scoped raster outside the account's divisions and cells are see-through. The database connection is given back
before a tile is drawn, and drawing runs in a worker thread.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from access.accounts import permissions
from access.accounts.accounts import Account
from layers.catalogue.tilejson import TileJson
from layers.raster.catalogue import file_of, get_raster
from layers.raster.render import ImageFormat, check_tile, render_tile, tile_tag
from layers.raster.styles import Style, style_of
from layers.raster.tilejson import tilejson
from layers.raster.visible import outline_in_tile
from mapserver.door.deps import AppContext, CountyConnection, requires
from mapserver.door.route import DoorRoute
from mapserver.http.negotiation import etag_matches
from mapserver.schemas.tile_numbers import TileNumber
from mapserver.server.context import Context

router = APIRouter(prefix="/tiles/{county}/raster", tags=["rasters"], route_class=DoorRoute)

Viewer = Annotated[Account, Depends(requires(permissions.MAP_VIEW))]
Name = Annotated[str, Path(max_length=63, examples=["dem"], description="name of the raster")]
Zoom = Annotated[TileNumber, Path(examples=[14])]
Column = Annotated[TileNumber, Path(examples=[13651], description="from the west")]
Row = Annotated[TileNumber, Path(examples=[6756], description="from the north")]
Level = Annotated[
    float, Path(ge=-500, le=9000, examples=[12.5], description="level of the water, metres in the DEM's system")
]
HEADERS = {"Cache-Control": "private, no-cache", "Vary": "Cookie, Authorization"}
MEDIA: dict[ImageFormat, str] = {"png": "image/png", "webp": "image/webp"}
PICTURE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/png": {}, "image/webp": {}}},
    304: {"description": "unchanged"},
}


class StyleQuery:
    """How the raster is drawn, from the query."""

    def __init__(
        self,
        style: Annotated[
            Literal["plain", "hillshade", "terrain-rgb"],
            Query(description="plain; for elevation also hillshade and terrain-rgb (Mapbox encoding)"),
        ] = "plain",
        bands: Annotated[str | None, Query(max_length=20, examples=["3,2,1"], description="one band, or three")] = None,
        rescale: Annotated[
            str | None, Query(max_length=100, examples=["0,500"], description="low,high; bands joined by ;")
        ] = None,
        colormap: Annotated[str | None, Query(max_length=40, examples=["viridis"], description="for one band")] = None,
        azimuth: Annotated[float, Query(ge=0, le=360, description="of the light, degrees; hillshade")] = 315.0,
        altitude: Annotated[float, Query(gt=0, le=90, description="of the light, degrees; hillshade")] = 45.0,
    ) -> None:
        self.style_options: dict[str, Any] = {
            "how": style,
            "bands": bands,
            "rescale": rescale,
            "colormap": colormap,
            "azimuth": azimuth,
            "altitude": altitude,
        }


@router.get(
    "/{name}.json",
    response_model=dict[str, Any],
    responses={
        200: {
            "content": {
                "application/json": {
                    "example": {
                        "tilejson": "3.0.0",
                        "name": "数字高程模型",
                        "tiles": ["http://127.0.0.1:8000/tiles/330521/raster/dem/{z}/{x}/{y}.png?style=hillshade"],
                        "minzoom": 7,
                        "maxzoom": 13,
                        "tileSize": 256,
                    }
                }
            }
        }
    },
)
def raster_tilejson(
    account: Viewer, connection: CountyConnection, request: Request, name: Name, query: Annotated[StyleQuery, Depends()]
) -> TileJson:
    """TileJSON 3.0 of a raster. The query (style, bands, rescale, colormap …) is checked and passed on to the tiles."""
    raster = get_raster(connection, name)
    style = style_of(raster, **query.style_options)
    url = f"{str(request.base_url).rstrip('/')}/tiles/{account.county}/raster/{name}/{{z}}/{{x}}/{{y}}.png"
    query_string = urlencode(list(request.query_params.multi_items()))
    return tilejson(raster, style, f"{url}?{query_string}" if query_string else url)


@router.get("/{name}/{z}/{x}/{y}.{image}", response_class=Response, responses=PICTURE)
def raster_tile(
    account: Viewer,
    context: AppContext,
    request: Request,
    name: Name,
    z: Zoom,
    x: Column,
    y: Row,
    image: Literal["png", "webp"],
    query: Annotated[StyleQuery, Depends()],
) -> Response:
    """One tile of a raster, 256 × 256 pixels, XYZ in EPSG:3857; see-through where there is nothing to see."""
    return _answer(account, context, request, name, (z, x, y), image, query.style_options)


@router.get("/{name}/flood/{level_m}/{z}/{x}/{y}.{image}", response_class=Response, responses=PICTURE)
def flood_tile(
    account: Viewer,
    context: AppContext,
    request: Request,
    name: Name,
    level_m: Level,
    z: Zoom,
    x: Column,
    y: Row,
    image: Literal["png", "webp"],
) -> Response:
    """One tile of the ground below a level, from a DEM; deeper is denser. A comparison of heights, no flow of water."""
    return _answer(account, context, request, name, (z, x, y), image, {"how": "flood", "level_m": level_m})


def _answer(
    account: Account,
    context: Context,
    request: Request,
    name: str,
    tile: tuple[int, int, int],
    image: ImageFormat,
    style_options: dict[str, Any],
) -> Response:
    check_tile(*tile)
    with context.database.transaction(account.scope) as connection:
        raster = get_raster(connection, name)
        style: Style = style_of(raster, **style_options)
        outline = outline_in_tile(connection, *tile) if raster.scoped else None
    etag = f'"{tile_tag(raster, style, *tile, image, outline)}"'
    headers = {**HEADERS, "ETag": etag}
    if etag_matches(etag, request):
        return Response(status_code=304, headers=headers)
    path = file_of(context.settings.rasters_folder, raster.tile_file)
    return Response(render_tile(path, raster, style, *tile, image, outline), media_type=MEDIA[image], headers=headers)
