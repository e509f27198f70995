"""The API definition (OpenAPI 3.0) of one county's OGC API, for one account: clients read from it what they may ask.

What may go wrong at an operation stands in ``problems``, made where the whole server's interface is described.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from layers.features.collections import Collection, Property
from layers.features.cql2 import LANGUAGES
from layers.features.crs import CRS84, SUPPORTED
from layers.features.query import DEFAULT_LIMIT, MAX_LIMIT
from layers.features.tile_grids import TITLES

Document = dict[str, Any]
#: Method and path below the county (``/collections/{name}/items``) → status → response.
Problems = Callable[[str, str], Document]

JSON, GEOJSON, HTML = "application/json", "application/geo+json", "text/html"
SCHEMA, MVT, MERGE_PATCH = (
    "application/schema+json",
    "application/vnd.mapbox-vector-tile",
    "application/merge-patch+json",
)
OPEN_API = "application/vnd.oai.openapi+json;version=3.0"
_TILE = "/tiles/{tileMatrixSetId}/{tileMatrix}/{tileRow}/{tileCol}"
#: Names of the standard → names in the server's own routes.
_NAMES = {
    "{featureId}": "{feature_id}",
    "{tileMatrixSetId}": "{grid}",
    "{tileMatrix}": "{level}",
    "{tileRow}": "{row}",
    "{tileCol}": "{column}",
}


def definition(
    root: str,
    title: str,
    collections: Sequence[Collection],
    editable: set[str],
    problems: Problems,
    components: Document,
) -> Document:
    """The whole document. editable: names of the collections the account may change. components: what ``problems`` refers to."""
    paths: Document = {
        "/": _get("landing", "首页", "Landing"),
        "/conformance": _get("conformance", "符合的规范", "Conformance"),
        "/api": _get("api", "接口定义", "Anything", OPEN_API, page=False),
        "/collections": _get("collections", "要素集", "Collections"),
        "/tiles": _get("tilesets", "矢量瓦片", "TileSets"),
        "/tileMatrixSets": _get("tileMatrixSets", "瓦片矩阵集", "Anything"),
        "/tileMatrixSets/{tileMatrixSetId}": _within(
            _get("tileMatrixSet", "一个瓦片矩阵集", "Anything"), "tileMatrixSetId"
        ),
        **_tile_paths("", "dataset"),
    }
    paths[_TILE]["get"]["parameters"].append(_parameter("collections"))
    for collection in collections:
        paths |= _paths(collection, collection.name in editable)
    names = [c.name for c in collections]
    for path, operations in paths.items():
        for method, operation in operations.items():
            if method != "parameters":
                operation["responses"] |= problems(method.upper(), _route_of(path, names))
    return {
        "openapi": "3.0.3",
        "info": {"title": title, "version": "1.0.0", "description": "只返回登录账号可见的内容"},
        "servers": [{"url": root}],
        "security": [{"session": []}, {"token": []}, {"basic": []}],
        "tags": [{"name": c.name, "description": c.title} for c in collections],
        "paths": paths,
        "components": {**components, "parameters": _PARAMETERS, "schemas": {**components["schemas"], **_SCHEMAS}},
    }


def _route_of(path: str, names: Sequence[str]) -> str:
    """The path as the server's own route writes it."""
    for written, own in _NAMES.items():
        path = path.replace(written, own)
    head, collections, tail = path.partition("/collections/")
    name, slash, rest = tail.partition("/")
    path = f"{head}{collections}{{name}}{slash}{rest}" if name in names else path
    return "" if path == "/" else path


def _paths(collection: Collection, editable: bool) -> Document:
    base, name = f"/collections/{collection.name}", collection.name
    items = _get(f"{name}.items", f"{collection.title}：要素", "Features", GEOJSON)
    query_parameters = [_query(p) for p in collection.properties.values() if p.queryable]
    items["get"]["parameters"] = [*map(_parameter, _OF_ITEMS), _sort(collection), *query_parameters]
    item = _within(_get(f"{name}.item", f"{collection.title}：一个要素", "Feature", GEOJSON), "featureId")
    item["get"]["parameters"] = [_parameter("crs"), _parameter("f")]
    if editable:
        items["post"] = _write(f"{name}.create", "新建", "201", GEOJSON)
        item["put"] = _write(f"{name}.replace", "替换", "200", GEOJSON, locked=True)
        item["patch"] = _write(f"{name}.update", "修改", "200", MERGE_PATCH, locked=True)
        item["delete"] = _write(f"{name}.delete", "停用", "204", None, locked=True)
    found = {
        base: _get(f"{name}.describe", collection.title, "Collection"),
        f"{base}/queryables": _get(f"{name}.queryables", "可筛选的属性", "Anything", SCHEMA),
        f"{base}/schema": _get(f"{name}.schema", "属性", "Anything", SCHEMA),
        f"{base}/items": items,
        f"{base}/items/{{featureId}}": item,
        f"{base}/tiles": _get(f"{name}.tiles", "矢量瓦片", "TileSets"),
        **_tile_paths(base, name),
    }
    for operations in found.values():
        for method, operation in operations.items():
            if method != "parameters":
                operation["tags"] = [name]
    return found


def _tile_paths(base: str, name: str) -> Document:
    """A tile set and its tiles."""
    tile = _get(f"{name}.tile", "瓦片", "", MVT, page=False)
    tile["get"]["responses"] |= {"204": {"description": "这里没有要素"}, "304": {"description": "没有变化"}}
    return {
        f"{base}/tiles/{{tileMatrixSetId}}": _within(_get(f"{name}.tileset", "瓦片集", "TileSet"), "tileMatrixSetId"),
        base + _TILE: _within(tile, "tileMatrixSetId", "tileMatrix", "tileRow", "tileCol"),
    }


def _within(operations: Document, *names: str) -> Document:
    """Operations at a path with these parameters."""
    return {"parameters": [_parameter(name) for name in names], **operations}


def _parameter(name: str) -> Document:
    return {"$ref": f"#/components/parameters/{name}"}


def _get(operation: str, summary: str, schema: str, media: str = JSON, *, page: bool = True) -> Document:
    """page: the same can be had as HTML."""
    binary = {"type": "string", "format": "binary"}
    content: Document = {media: {"schema": {"$ref": f"#/components/schemas/{schema}"} if schema else binary}}
    if page:
        content[HTML] = {"schema": {"type": "string"}}
    return {
        "get": {
            "operationId": operation,
            "summary": summary,
            "parameters": [_parameter("f")] if page else [],
            "responses": {"200": {"description": summary, "content": content}},
        }
    }


def _write(operation: str, summary: str, status: str, media: str | None, *, locked: bool = False) -> Document:
    feature = {"schema": {"$ref": "#/components/schemas/Feature"}}
    answer: Document = {"description": summary}
    if status != "204":
        answer["content"] = {GEOJSON: feature}
    document: Document = {
        "operationId": operation,
        "summary": summary,
        "parameters": [_parameter("reason"), *([_parameter("If-Match")] if locked else [])],
        "responses": {status: answer},
    }
    if media is not None:
        document["parameters"] += [_parameter("Content-Crs"), _parameter("crs")]
        document["requestBody"] = {
            "required": True,
            "content": {media: feature if media == GEOJSON else {"schema": {"$ref": "#/components/schemas/Anything"}}},
        }
    return document


def _query(one: Property) -> Document:
    kind = one.kind if one.kind in ("integer", "number") else "string"
    return {"name": one.name, "in": "query", "description": one.title, "schema": {"type": kind}}


def _sort(collection: Collection) -> Document:
    return {
        "name": "sortby",
        "in": "query",
        "schema": {
            "type": "string",
            "enum": [sign + name for name in sorted(collection.sortable) for sign in ("", "-")],
        },
        "description": "、".join(sorted(collection.sortable)),
    }


_CRS = {"type": "string", "format": "uri", "enum": list(SUPPORTED), "default": CRS84}
_LINKS = {"type": "array", "items": {"$ref": "#/components/schemas/Link"}}


def _object(required: str, **properties: Document) -> Document:
    return {"type": "object", "required": required.split(), "properties": properties}


def _list_of(name: str) -> Document:
    return {"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}}


_TEXT = {"type": "string"}
_SCHEMAS: Document = {
    "Anything": {"type": "object"},
    "Link": _object("href rel", href=_TEXT, rel=_TEXT, type=_TEXT, title=_TEXT, templated={"type": "boolean"}),
    "Landing": _object("links", title=_TEXT, description=_TEXT, links=_LINKS),
    "Conformance": _object("conformsTo", conformsTo={"type": "array", "items": _TEXT}, links=_LINKS),
    "Collection": _object("id links", id=_TEXT, title=_TEXT, links=_LINKS),
    "Collections": _object("collections links", collections=_list_of("Collection"), links=_LINKS),
    "Feature": _object(
        "type geometry properties",
        type={"type": "string", "enum": ["Feature"]},
        id={"oneOf": [_TEXT, {"type": "integer"}]},
        geometry={"type": "object", "nullable": True},
        properties={"type": "object", "nullable": True},
        links=_LINKS,
    ),
    "Features": _object(
        "type features",
        type={"type": "string", "enum": ["FeatureCollection"]},
        features=_list_of("Feature"),
        numberMatched={"type": "integer"},
        numberReturned={"type": "integer"},
        timeStamp={"type": "string", "format": "date-time"},
        links=_LINKS,
    ),
    "TileSet": _object(
        "dataType crs links", title=_TEXT, dataType=_TEXT, crs=_TEXT, tileMatrixSetURI=_TEXT, links=_LINKS
    ),
    "TileSets": _object("tilesets", tilesets=_list_of("TileSet"), links=_LINKS),
}
_LISTED: list[Document] = [
    {"name": "limit", "in": "query", "style": "form", "explode": False,
     "schema": {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}},
    {"name": "bbox", "in": "query", "style": "form", "explode": False,
     "schema": {"type": "array", "oneOf": [{"minItems": 4, "maxItems": 4}, {"minItems": 6, "maxItems": 6}], "items": {"type": "number"}}},
    {"name": "bbox-crs", "in": "query", "style": "form", "explode": False, "schema": _CRS},
    {"name": "crs", "in": "query", "style": "form", "explode": False, "schema": _CRS},
    {"name": "datetime", "in": "query", "style": "form", "explode": False, "schema": {"type": "string"}},
    {"name": "filter", "in": "query", "schema": {"type": "string"}},
    {"name": "filter-lang", "in": "query", "schema": {"type": "string", "enum": list(LANGUAGES), "default": LANGUAGES[0]}},
    {"name": "filter-crs", "in": "query", "schema": _CRS},
    {"name": "properties", "in": "query", "style": "form", "explode": False, "schema": {"type": "array", "items": {"type": "string"}}},
    {"name": "cursor", "in": "query", "schema": {"type": "string"}},
    {"name": "f", "in": "query", "schema": {"type": "string", "enum": ["json", "html"]}},
    {"name": "collections", "in": "query", "style": "form", "explode": False, "schema": {"type": "array", "items": {"type": "string"}}},
    {"name": "featureId", "in": "path", "required": True, "schema": {"type": "string"}},
    {"name": "tileMatrixSetId", "in": "path", "required": True, "schema": {"type": "string", "enum": list(TITLES)}},
    *({"name": n, "in": "path", "required": True, "schema": {"type": "string"}} for n in ("tileMatrix", "tileRow", "tileCol")),
    {"name": "If-Match", "in": "header", "required": True, "description": "读取要素时得到的 ETag", "schema": {"type": "string"},
     "example": '"4f0c6d1b2a3948576665748392a1b0cd"'},
    {"name": "Content-Crs", "in": "header", "description": "坐标系，写作 <URI>；没有时为 CRS84", "schema": {"type": "string"}},
    {"name": "reason", "in": "query", "description": "留在记录里", "schema": {"type": "string", "minLength": 2, "maxLength": 500}},
]  # fmt: skip
_PARAMETERS: Document = {p["name"]: p for p in _LISTED}
_OF_ITEMS = (
    "limit",
    "bbox",
    "bbox-crs",
    "crs",
    "datetime",
    "filter",
    "filter-lang",
    "filter-crs",
    "properties",
    "cursor",
    "f",
)
