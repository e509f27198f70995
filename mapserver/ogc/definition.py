"""The API definition (OpenAPI 3.0) of one county's OGC API, for one account: clients read from it what they may ask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from layers.features.collections import Collection, Property
from layers.features.cql2 import LANGUAGES
from layers.features.crs import SUPPORTED
from layers.features.query import DEFAULT_LIMIT, MAX_LIMIT

Document = dict[str, Any]


def definition(root: str, title: str, collections: Sequence[Collection], editable: set[str]) -> Document:
    """The whole document. editable: names of the collections the account may change."""
    paths: Document = {
        "/": _get("landing", "首页"),
        "/conformance": _get("conformance", "符合的规范"),
        "/collections": _get("collections", "要素集"),
        "/tiles": _get("tilesets", "矢量瓦片"),
        "/tileMatrixSets": _get("tileMatrixSets", "瓦片矩阵集"),
        **_tile_paths("", "dataset"),
    }
    for collection in collections:
        paths |= _paths(collection, collection.name in editable)
    return {
        "openapi": "3.0.3",
        "info": {"title": title, "version": "1.0.0", "description": "只返回登录账号可见的内容"},
        "servers": [{"url": root}],
        "security": [{"token": []}, {"basic": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "basic": {"type": "http", "scheme": "basic"},
            },
            "parameters": {p["name"]: p for p in _PARAMETERS},
        },
    }


def _paths(collection: Collection, editable: bool) -> Document:
    base, name = f"/collections/{collection.name}", collection.name
    items = _get(f"{name}.items", f"{collection.title}：要素", "application/geo+json")
    shared = [{"$ref": f"#/components/parameters/{p['name']}"} for p in _PARAMETERS]
    asked = [_query(p) for p in collection.properties.values() if p.queryable]
    sort = {
        "name": "sortby",
        "in": "query",
        "schema": {"type": "string"},
        "description": "、".join(sorted(collection.sortable)),
    }
    items["get"]["parameters"] = [*shared, sort, *asked]
    fid = {"name": "featureId", "in": "path", "required": True, "schema": {"type": "string"}}
    item = {"parameters": [fid], **_get(f"{name}.item", f"{collection.title}：一个要素", "application/geo+json")}
    item["get"]["parameters"] = [{"$ref": "#/components/parameters/crs"}, {"$ref": "#/components/parameters/f"}]
    if editable:
        items["post"] = _write(f"{name}.create", "新建", "201", "application/geo+json")
        item["put"] = _write(f"{name}.replace", "替换", "200", "application/geo+json", locked=True)
        item["patch"] = _write(f"{name}.update", "修改", "200", "application/merge-patch+json", locked=True)
        item["delete"] = _write(f"{name}.delete", "停用", "204", None, locked=True)
    return {
        base: _get(f"{name}.describe", collection.title),
        f"{base}/queryables": _get(f"{name}.queryables", "可筛选的属性", "application/schema+json"),
        f"{base}/schema": _get(f"{name}.schema", "属性", "application/schema+json"),
        f"{base}/items": items,
        f"{base}/items/{{featureId}}": item,
        f"{base}/tiles": _get(f"{name}.tiles", "矢量瓦片"),
        **_tile_paths(base, name),
    }


def _tile_paths(base: str, name: str) -> Document:
    """A tile set and its tiles."""
    names = ("tileMatrixSetId", "tileMatrix", "tileRow", "tileCol")
    inner = [{"name": n, "in": "path", "required": True, "schema": {"type": "string"}} for n in names]
    tileset = _get(f"{name}.tileset", "瓦片集")
    tile = _get(f"{name}.tile", "瓦片", "application/vnd.mapbox-vector-tile")
    return {
        f"{base}/tiles/{{tileMatrixSetId}}": {"parameters": inner[:1], **tileset},
        f"{base}/tiles/{{tileMatrixSetId}}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}": {"parameters": inner, **tile},
    }


def _get(operation: str, summary: str, media: str = "application/json") -> Document:
    content = {media: {"schema": {"type": "object"}}, "text/html": {"schema": {"type": "string"}}}
    return {
        "get": {
            "operationId": operation,
            "summary": summary,
            "responses": {"200": {"description": "", "content": content}},
        }
    }


def _write(operation: str, summary: str, status: str, media: str | None, *, locked: bool = False) -> Document:
    refused = {"412": {"description": "已被他人修改"}, "428": {"description": "缺少 If-Match"}} if locked else {}
    parameters = [{"$ref": "#/components/parameters/crs"}]
    if locked:
        parameters.append({"name": "If-Match", "in": "header", "required": True, "schema": {"type": "string"}})  # type: ignore[dict-item]
    document: Document = {
        "operationId": operation,
        "summary": summary,
        "parameters": parameters,
        "responses": {status: {"description": ""}, **refused},
    }
    if media is not None:
        document["requestBody"] = {"required": True, "content": {media: {"schema": {"type": "object"}}}}
    return document


def _query(one: Property) -> Document:
    kind = "integer" if one.kind == "integer" else "string"
    return {"name": one.name, "in": "query", "description": one.title, "schema": {"type": kind}}


_CRS = {"type": "string", "format": "uri", "enum": list(SUPPORTED)}
_PARAMETERS: list[Document] = [
    {"name": "limit", "in": "query",
     "schema": {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}},
    {"name": "bbox", "in": "query", "style": "form", "explode": False,
     "schema": {"type": "array", "minItems": 4, "maxItems": 6, "items": {"type": "number"}}},
    {"name": "bbox-crs", "in": "query", "schema": _CRS},
    {"name": "crs", "in": "query", "schema": _CRS},
    {"name": "datetime", "in": "query", "schema": {"type": "string"}},
    {"name": "filter", "in": "query", "schema": {"type": "string"}},
    {"name": "filter-lang", "in": "query", "schema": {"type": "string", "enum": list(LANGUAGES), "default": LANGUAGES[0]}},
    {"name": "filter-crs", "in": "query", "schema": _CRS},
    {"name": "properties", "in": "query", "schema": {"type": "string"}},
    {"name": "cursor", "in": "query", "schema": {"type": "string"}},
    {"name": "f", "in": "query", "schema": {"type": "string", "enum": ["json", "html"]}},
]  # fmt: skip
