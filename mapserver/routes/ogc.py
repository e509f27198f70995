"""OGC API: landing page, conformance, API definition, collections, queryables and schemas."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response

from access.accounts import permissions
from access.accounts.accounts import Account
from grid.extent import county_bounds
from layers.features.collections import Collection
from layers.features.items import time_span
from mapserver.door.deps import CountyConnection, requires
from mapserver.door.interface import COMPONENTS
from mapserver.door.route import DoorRoute
from mapserver.ogc import documents
from mapserver.ogc.answers import (
    OPEN_API,
    PAGE_TOO,
    SCHEMA,
    JsonSchema,
    answer,
    both_formats,
    collection_for,
    link,
    may_edit,
    no_page,
    only_parameters,
    page,
    root_url,
    table,
    visible_collections,
    wants_html,
)
from mapserver.ogc.conformance import CLASSES
from mapserver.ogc.definition import definition
from mapserver.schemas.ogc import CollectionList, CollectionOut, Conformance, Landing, SchemaOut

router = APIRouter(prefix="/ogc/{county}", tags=["OGC API"], route_class=DoorRoute)

Viewer = Annotated[Account, Depends(requires(permissions.MAP_VIEW))]
CollectionName = Annotated[str, Path(examples=["addresses"])]


@router.get("", response_model=Landing, responses=PAGE_TOO)
@router.get("/", response_model=Landing, include_in_schema=False)
def landing(account: Viewer, request: Request) -> Response:
    """The landing page: where everything is."""
    only_parameters(request)
    root = root_url(request, account)
    if wants_html(request):
        rows = [
            (("要素集", f"{root}/collections?f=html"), "分图层浏览"),
            (("OpenAPI 3.0", f"{root}/api"), "接口定义"),
            (("符合的规范", f"{root}/conformance?f=html"), "conformance"),
            (("矢量瓦片", f"{root}/tiles?f=html"), "tilesets"),
            (("瓦片矩阵集", f"{root}/tileMatrixSets?f=html"), "tile matrix sets"),
        ]
        return page(f"{account.county_name}一张图 · OGC API", [], table(["内容", "说明"], rows))
    return answer(documents.landing(root, account.county_name, both_formats(request)))


@router.get("/conformance", response_model=Conformance, responses=PAGE_TOO)
def conformance(account: Viewer, request: Request) -> Response:
    """The conformance classes of this API."""
    only_parameters(request)
    if wants_html(request):
        return page(
            "符合的规范", [("首页", f"{root_url(request, account)}/?f=html")], table(["URI"], [[c] for c in CLASSES])
        )
    return answer({"conformsTo": CLASSES, "links": both_formats(request)})


@router.get("/api", response_class=Response, responses={200: {"content": {OPEN_API: {}}}})
def api_definition(account: Viewer, request: Request) -> Response:
    """The API definition, OpenAPI 3.0: the collections this account sees, and what it may change."""
    only_parameters(request)
    no_page(request)
    collections = visible_collections(account.role)
    editable = {c.name for c in collections if may_edit(account, c)}
    title = f"{account.county_name}一张图 OGC API"
    document = definition(
        root_url(request, account), title, collections, editable, request.app.state.problems, COMPONENTS
    )
    return answer(document, OPEN_API)


@router.get("/collections", response_model=CollectionList, responses=PAGE_TOO)
def collections(account: Viewer, connection: CountyConnection, request: Request) -> Response:
    """The collections that the account may see; the extent is that of its scope."""
    only_parameters(request)
    root, found = root_url(request, account), visible_collections(account.role)
    if wants_html(request):
        rows = [
            (
                (c.title, f"{root}/collections/{c.name}/items?f=html"),
                c.name,
                ("属性", f"{root}/collections/{c.name}/schema?f=html"),
            )
            for c in found
        ]
        return page("要素集", [("首页", f"{root}/?f=html")], table(["图层", "名称", "属性"], rows))
    bounds = county_bounds(connection)
    listed = [documents.collection_document(root, c, bounds, time_span(connection, c)) for c in found]
    return answer({"collections": listed, "links": both_formats(request)})


@router.get("/collections/{name}", response_model=CollectionOut, responses=PAGE_TOO)
def collection(account: Viewer, connection: CountyConnection, request: Request, name: CollectionName) -> Response:
    """One collection: its extent within the scope, its coordinate systems, its links."""
    only_parameters(request)
    root, one = root_url(request, account), collection_for(account, name)
    if wants_html(request):
        base = f"{root}/collections/{name}"
        rows = [
            [("要素", f"{base}/items?f=html")],
            [("可筛选的属性", f"{base}/queryables?f=html")],
            [("属性", f"{base}/schema?f=html")],
            [("矢量瓦片", f"{base}/tiles?f=html")],
        ]
        return page(
            one.title, [("首页", f"{root}/?f=html"), ("要素集", f"{root}/collections?f=html")], table(["内容"], rows)
        )
    document = documents.collection_document(root, one, county_bounds(connection), time_span(connection, one))
    document["links"].append(link(f"{root}/collections/{name}?f=html", "alternate", "text/html"))
    return answer(document)


@router.get("/collections/{name}/queryables", response_model=SchemaOut, response_class=JsonSchema, responses=PAGE_TOO)
def queryables(account: Viewer, request: Request, name: CollectionName) -> Response:
    """What may stand in a filter, as JSON Schema. Hidden columns are not listed; asking for one is refused with 403."""
    only_parameters(request)
    one = collection_for(account, name)
    return _schema_answer(request, account, one, "可筛选的属性", documents.queryables(_here(request), one))


@router.get("/collections/{name}/schema", response_model=SchemaOut, response_class=JsonSchema, responses=PAGE_TOO)
def schema(account: Viewer, request: Request, name: CollectionName) -> Response:
    """The properties of the features, as JSON Schema with the roles of Part 5."""
    only_parameters(request)
    one = collection_for(account, name)
    return _schema_answer(request, account, one, "属性", documents.schema(_here(request), one))


def _here(request: Request) -> str:
    return str(request.url.replace(query=""))


def _schema_answer(
    request: Request, account: Account, one: Collection, words: str, document: dict[str, Any]
) -> Response:
    """A JSON Schema, or the same as a table."""
    if not wants_html(request):
        return answer(document, SCHEMA)
    root = root_url(request, account)
    trail = [
        ("首页", f"{root}/?f=html"),
        ("要素集", f"{root}/collections?f=html"),
        (one.title, f"{root}/collections/{one.name}?f=html"),
    ]
    rows = [
        (name, declaration["title"], declaration.get("format") or documents.kind_of(declaration))
        for name, declaration in document["properties"].items()
    ]
    return page(f"{one.title}：{words}", trail, table(["名称", "说明", "类型"], rows))
