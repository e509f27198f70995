"""The map style of an account, and the sprites and glyphs that every style needs.

The style tells which layers an account may see and where its county lies: signed in, private. Sprites and glyphs are the same
for everybody and say nothing about anybody: public.
"""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Path, Request, Response

from access.accounts import permissions
from access.accounts.accounts import Account
from grid.extent import county_bounds
from layers.style.glyphs import GlyphStore
from layers.style.links import links_of
from layers.style.palette import get_theme
from layers.style.sprites import find_sheet
from layers.style.style import style_document
from mapserver.door.deps import CountyConnection, requires
from mapserver.door.route import DoorRoute
from mapserver.http.conditional import IMMUTABLE, PUBLIC, tagged, takes_gzip
from mapserver.tiles.rights import permitted_layers

router = APIRouter(tags=["style"], route_class=DoorRoute)

Viewer = Annotated[Account, Depends(requires(permissions.MAP_VIEW))]
Theme = Annotated[str, Path(max_length=20, examples=["light"], description="light, dark or contrast")]
Sheet = Annotated[
    str, Path(max_length=30, examples=["light@2x"], description="theme, followed by @2x for twice the pixels")
]
FontStack = Annotated[str, Path(max_length=200, examples=["Noto Sans SC Regular"], description="one font of the style")]
Range = Annotated[str, Path(max_length=20, examples=["19968-20223"], description="256 characters, first and last")]
PRIVATE = {"Cache-Control": "private, no-cache", "Vary": "Cookie, Authorization"}
PBF = "application/x-protobuf"
UNCHANGED: dict[int | str, dict[str, Any]] = {304: {"description": "unchanged"}}


def get_glyphs(request: Request) -> GlyphStore:
    """The glyph files of this process."""
    store = request.app.state.glyphs
    assert isinstance(store, GlyphStore)
    return store


Glyphs = Annotated[GlyphStore, Depends(get_glyphs)]


@router.get(
    "/tiles/{county}/style/{theme}.json",
    response_class=Response,
    responses={
        200: {
            "content": {
                "application/json": {
                    "example": {
                        "version": 8,
                        "name": "一张图 · 浅色",
                        "sources": {"alerts": {"type": "vector", "tiles": ["…/alerts/{z}/{x}/{y}.mvt"]}},
                        "sprite": "http://127.0.0.1:8000/style/sprites/light",
                        "glyphs": "http://127.0.0.1:8000/style/fonts/{fontstack}/{range}.pbf",
                        "layers": [{"id": "outside", "type": "background"}],
                    }
                }
            }
        },
        **UNCHANGED,
    },
)
def style(account: Viewer, connection: CountyConnection, request: Request, store: Glyphs, theme: Theme) -> Response:
    """A MapLibre style (version 8) of the vector tiles: only layers the account may see, opening on what lies in its scope."""
    palette = get_theme(theme)
    links = links_of(str(request.base_url), account.county, palette, store.library.version)
    document = style_document(palette, permitted_layers(account.role), links, bounds=county_bounds(connection))
    return tagged(request, orjson.dumps(document), "application/json", PRIVATE)


@router.get(
    "/style/sprites/{sheet}.json",
    response_class=Response,
    responses={
        200: {
            "content": {
                "application/json": {
                    "example": {"event": {"x": 115, "y": 0, "width": 22, "height": 22, "pixelRatio": 1}}
                }
            }
        },
        **UNCHANGED,
    },
)
def sprite_index(request: Request, sheet: Sheet) -> Response:
    """Where each icon lies in the sheet of a theme. Public; the icons say nothing about anybody."""
    return tagged(request, find_sheet(sheet).index, "application/json", {"Cache-Control": PUBLIC})


@router.get(
    "/style/sprites/{sheet}.png",
    response_class=Response,
    responses={200: {"content": {"image/png": {}}}, **UNCHANGED},
)
def sprite_picture(request: Request, sheet: Sheet) -> Response:
    """The icons of a theme in one picture. Public."""
    return tagged(request, find_sheet(sheet).png, "image/png", {"Cache-Control": PUBLIC})


@router.get(
    "/style/fonts/{fontstack}/{wanted}.pbf",
    response_class=Response,
    responses={200: {"content": {PBF: {}}}, **UNCHANGED},
)
def glyphs(request: Request, store: Glyphs, fontstack: FontStack, wanted: Range) -> Response:
    """256 characters of a font as distance fields, for text on the map. Public. The address in a style names the version of the
    fonts and may be kept for ever; without it, for a day."""
    file = store.get(fontstack, wanted)
    current = request.query_params.get("v") == store.library.version
    headers = {"Cache-Control": IMMUTABLE if current else PUBLIC, "Vary": "Accept-Encoding"}
    if takes_gzip(request):
        return tagged(request, file.packed, PBF, headers | {"Content-Encoding": "gzip"})
    return tagged(request, file.unpacked(), PBF, headers)
