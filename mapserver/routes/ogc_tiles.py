"""OGC API - Tiles: vector tiles of collections and of the whole dataset, in Web Mercator and in CGCS2000 degrees."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy import Connection

from access.accounts.accounts import Account
from grid.extent import county_bounds
from layers.features.collections import Collection
from layers.features.crs import CRS84
from layers.features.tile_grids import TITLES, WELL_KNOWN, get_grid_tile, matrix_set
from layers.tiles.catalogue import LAYERS, is_personal
from mapserver.door.deps import CountyConnection
from mapserver.door.route import DoorRoute
from mapserver.http.headers import NO_STORE
from mapserver.http.negotiation import best_encoding, etag_matches, header
from mapserver.ogc import documents
from mapserver.ogc.answers import (
    JSON,
    PAGE_TOO,
    PRIVATE,
    REL,
    answer,
    both_formats,
    collection_for,
    link,
    no_page,
    only_parameters,
    page,
    root_url,
    table,
    visible_collections,
    wants_html,
)
from mapserver.routes.ogc import CollectionName, Viewer
from mapserver.schemas.ogc import MatrixSetList, MatrixSetOut, TileSetList, TileSetOut
from mapserver.schemas.tile_numbers import TileNumber

router = APIRouter(prefix="/ogc/{county}", tags=["OGC API"], route_class=DoorRoute)

GridName = Annotated[str, Path(examples=["CGCS2000Quad"])]
Level = Annotated[TileNumber, Path(examples=[14])]
Index = Annotated[TileNumber, Path(examples=[6756])]
MVT = "application/vnd.mapbox-vector-tile"
TILE_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": {MVT: {}}},
    204: {"description": "nothing to see here"},
    304: {"description": "unchanged"},
}


@router.get("/tileMatrixSets", response_model=MatrixSetList, responses=PAGE_TOO)
def matrix_sets(account: Viewer, request: Request) -> Response:
    """The tile matrix sets."""
    only_parameters(request)
    root = root_url(request, account)
    listed = [
        {
            "id": name,
            "title": title,
            **({"uri": WELL_KNOWN[name]} if name in WELL_KNOWN else {}),
            "links": [link(f"{root}/tileMatrixSets/{name}", "self", JSON)],
        }
        for name, title in TITLES.items()
    ]
    if wants_html(request):
        rows = [((name, f"{root}/tileMatrixSets/{name}?f=html"), title) for name, title in TITLES.items()]
        return page("瓦片矩阵集", [("首页", f"{root}/?f=html")], table(["名称", "说明"], rows))
    return answer({"tileMatrixSets": listed, "links": both_formats(request)})


@router.get("/tileMatrixSets/{grid}", response_model=MatrixSetOut, responses=PAGE_TOO)
def one_matrix_set(account: Viewer, request: Request, grid: GridName) -> Response:
    """One tile matrix set, as OGC 17-083r4 writes it."""
    only_parameters(request)
    document = matrix_set(grid)
    if wants_html(request):
        root = root_url(request, account)
        trail = [("首页", f"{root}/?f=html"), ("瓦片矩阵集", f"{root}/tileMatrixSets?f=html")]
        rows = [
            (one["id"], f"{one['scaleDenominator']:.1f}", one["matrixWidth"], one["matrixHeight"])
            for one in document["tileMatrices"]
        ]
        return page(f"{grid}：{TITLES[grid]}", trail, table(["级别", "比例尺分母", "列数", "行数"], rows))
    return answer(document)


@router.get("/tiles", response_model=TileSetList, responses=PAGE_TOO)
def dataset_tilesets(account: Viewer, request: Request) -> Response:
    """The tile sets of all collections together."""
    only_parameters(request)
    return _tilesets(request, account, None)


@router.get("/tiles/{grid}", response_model=TileSetOut, responses=PAGE_TOO)
def dataset_tileset(account: Viewer, connection: CountyConnection, request: Request, grid: GridName) -> Response:
    """One tile set of all collections: its layers, its bounds, the template of its tiles."""
    only_parameters(request)
    return _tileset_answer(connection, request, account, grid, None)


@router.get("/tiles/{grid}/{level}/{row}/{column}", response_class=Response, responses=TILE_ANSWERS)
def dataset_tile(
    account: Viewer, connection: CountyConnection, request: Request, grid: GridName, level: Level, row: Index, column: Index,
    collections: Annotated[str | None, Query(max_length=200, examples=["cells,alerts"])] = None,
) -> Response:  # fmt: skip
    """A vector tile with all collections the account sees, or those of ``collections``. Row before column, as OGC has it."""
    only_parameters(request, "collections")
    no_page(request)
    if collections is None:
        names = [c.name for c in visible_collections(account.role)]
    else:
        names = [collection_for(account, name).name for name in collections.split(",")]
    return _tile(request, names, get_grid_tile(connection, grid, names, level, row, column))


@router.get("/collections/{name}/tiles", response_model=TileSetList, responses=PAGE_TOO)
def collection_tilesets(account: Viewer, request: Request, name: CollectionName) -> Response:
    """The tile sets of one collection."""
    only_parameters(request)
    return _tilesets(request, account, collection_for(account, name))


@router.get("/collections/{name}/tiles/{grid}", response_model=TileSetOut, responses=PAGE_TOO)
def collection_tileset(
    account: Viewer, connection: CountyConnection, request: Request, name: CollectionName, grid: GridName
) -> Response:
    """One tile set of one collection."""
    only_parameters(request)
    return _tileset_answer(connection, request, account, grid, collection_for(account, name))


@router.get("/collections/{name}/tiles/{grid}/{level}/{row}/{column}", response_class=Response, responses=TILE_ANSWERS)
def collection_tile(
    account: Viewer, connection: CountyConnection, request: Request, name: CollectionName, grid: GridName,
    level: Level, row: Index, column: Index,
) -> Response:  # fmt: skip
    """A vector tile of one collection: only what the account may see."""
    only_parameters(request)
    no_page(request)
    names = [collection_for(account, name).name]
    return _tile(request, names, get_grid_tile(connection, grid, names, level, row, column))


def _tilesets(request: Request, account: Account, collection: Collection | None) -> Response:
    base = _base(request, account, collection)
    if wants_html(request):
        rows = [((grid, f"{base}/{grid}?f=html"), title) for grid, title in TITLES.items()]
        trail = [("首页", f"{root_url(request, account)}/?f=html")]
        return page("矢量瓦片", trail, table(["瓦片矩阵集", "说明"], rows))
    listed = [_brief(request, account, grid, collection) for grid in TITLES]
    return answer({"tilesets": listed, "links": both_formats(request)})


def _base(request: Request, account: Account, collection: Collection | None) -> str:
    root = root_url(request, account)
    return f"{root}/tiles" if collection is None else f"{root}/collections/{collection.name}/tiles"


def _brief(request: Request, account: Account, grid: str, collection: Collection | None) -> dict[str, Any]:
    root, base = root_url(request, account), _base(request, account, collection)
    crs = matrix_set(grid)["crs"]  # first of all: an unknown set ends here
    return {
        "title": f"{collection.title if collection else '全部图层'}（{TITLES[grid]}）",
        "dataType": "vector",
        "crs": crs,
        **({"tileMatrixSetURI": WELL_KNOWN[grid]} if grid in WELL_KNOWN else {}),
        "links": [
            link(f"{base}/{grid}", "self", JSON),
            link(f"{root}/tileMatrixSets/{grid}", REL + "tiling-scheme", JSON),
            link(f"{base}/{grid}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}", "item", MVT, templated=True),
        ],
    }


def _tileset_answer(
    connection: Connection, request: Request, account: Account, grid: str, collection: Collection | None
) -> Response:
    """A tile set, or the same as a table."""
    document = _tileset(connection, request, account, grid, collection)
    if not wants_html(request):
        return answer(document)
    base = _base(request, account, collection)
    trail = [("首页", f"{root_url(request, account)}/?f=html"), ("矢量瓦片", f"{base}?f=html")]
    rows = [
        (
            one["id"],
            one["title"],
            f"{one['minTileMatrix']}–{one['maxTileMatrix']}",
            "、".join(one["propertiesSchema"]["properties"]),
        )
        for one in document["layers"]
    ]
    return page(document["title"], trail, table(["图层", "名称", "级别", "属性"], rows))


def _tileset(
    connection: Connection, request: Request, account: Account, grid: str, collection: Collection | None
) -> dict[str, Any]:
    shown = visible_collections(account.role) if collection is None else [collection]
    document = _brief(request, account, grid, collection)
    levels = [matrix["id"] for matrix in matrix_set(grid)["tileMatrices"]]
    document["layers"] = [
        {
            "id": c.name,
            "title": c.title,
            "dataType": "vector",
            "minTileMatrix": str(max(LAYERS[c.name].minzoom, int(levels[0]))),
            "maxTileMatrix": levels[-1],
            "propertiesSchema": documents.tile_schema(c.title, c.geometry_kind, LAYERS[c.name].fields),
        }
        for c in shown
    ]
    bounds = county_bounds(connection)
    if bounds is not None:
        document["boundingBox"] = {"lowerLeft": bounds[:2], "upperRight": bounds[2:], "crs": CRS84}
    return document


def _tile(request: Request, names: Sequence[str], body: bytes) -> Response:
    """The tile, packed when the client takes it; 304 when it has it already."""
    cache_control = NO_STORE if is_personal(names) else "private, no-cache"
    headers = {**PRIVATE, "Cache-Control": cache_control, "Vary": "Cookie, Authorization, Accept-Encoding"}
    if not body:
        return Response(status_code=204, headers=headers)
    packed = best_encoding(header(request, "Accept-Encoding"), ("gzip",)) is not None
    headers["ETag"] = f'"{hashlib.sha256(body).hexdigest()[:32]}{"-gzip" if packed else ""}"'
    if etag_matches(headers["ETag"], request):
        return Response(status_code=304, headers=headers)
    if packed:
        body = gzip.compress(body, compresslevel=5, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return Response(body, media_type=MVT, headers=headers)
