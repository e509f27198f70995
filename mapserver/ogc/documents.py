"""The documents that describe collections: landing page, collection, queryables, schema."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from layers.features.collections import Collection, Property
from layers.features.crs import CRS84, STORAGE_CRS, SUPPORTED
from layers.tiles.catalogue import Field
from mapserver.ogc.answers import GEOJSON, HTML, JSON, OPEN_API, REL, SCHEMA, link

Document = dict[str, Any]

_GEOMETRY = {"point": "geometry-point", "polygon": "geometry-multipolygon", "mixed": "geometry-any"}


def landing(root: str, county: str, links: list[Document]) -> Document:
    """The landing page."""
    return {
        "title": f"{county}一张图",
        "description": "OGC API：您权限范围内的图层。 Every answer holds only what you may see.",
        "links": [
            *links,
            link(f"{root}/api", "service-desc", OPEN_API, "OpenAPI 3.0"),
            link(f"{root}/conformance", "conformance", JSON, "符合的规范"),
            link(f"{root}/conformance", REL + "conformance", JSON),
            link(f"{root}/collections", "data", JSON, "要素集"),
            link(f"{root}/collections", REL + "data", JSON),
            link(f"{root}/tiles", REL + "tilesets-vector", JSON, "矢量瓦片"),
            link(f"{root}/tileMatrixSets", REL + "tiling-schemes", JSON, "瓦片矩阵集"),
        ],
    }


def collection_document(
    root: str, collection: Collection, bounds: list[float] | None, span: list[str | None]
) -> Document:
    """One collection. bounds: of the scope, lon lat. span: first and last moment, where it has a time."""
    base = f"{root}/collections/{collection.name}"
    extent: Document = {}
    if bounds is not None:
        extent["spatial"] = {"bbox": [bounds], "crs": CRS84}
    if collection.time is not None:
        extent["temporal"] = {"interval": [span], "trs": "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian"}
    return {
        "id": collection.name,
        "title": collection.title,
        "itemType": "feature",
        "extent": extent,
        "crs": list(SUPPORTED),
        "storageCrs": STORAGE_CRS,
        "links": [
            link(base, "self", JSON),
            link(f"{base}/items", "items", GEOJSON, collection.title),
            link(f"{base}/items?f=html", "items", HTML, collection.title),
            link(f"{base}/queryables", REL + "queryables", SCHEMA, "可筛选的属性"),
            link(f"{base}/schema", REL + "schema", SCHEMA, "属性"),
            link(f"{base}/schema", "describedby", SCHEMA, "属性"),
            link(f"{base}/tiles", REL + "tilesets-vector", JSON, "矢量瓦片"),
        ],
    }


def queryables(url: str, collection: Collection) -> Document:
    """What may stand in a filter: a JSON Schema (Part 3)."""
    found = [collection.property_named("id"), *(p for p in collection.properties.values() if p.queryable)]
    return _schema(url, collection, {p.name: _property(p) for p in found})


def schema(url: str, collection: Collection) -> Document:
    """What features look like: a JSON Schema with the roles of Part 5."""
    identifier = {**_property(collection.property_named("id")), "x-ogc-role": "id", "readOnly": True}
    properties = {"id": identifier, **{p.name: _described(collection, p) for p in collection.properties.values()}}
    document = _schema(url, collection, properties)
    document["properties"]["geometry"]["x-ogc-role"] = "primary-geometry"
    if collection.editable:
        document["required"] = ["geometry", *(p.name for p in collection.properties.values() if p.writable)]
    return document


def kind_of(described: Document) -> str:
    """The type of a property in words: ``string``, ``integer/null``."""
    kind = described["type"]
    return kind if isinstance(kind, str) else "/".join(kind)


def tile_schema(title: str, geometry: str, fields: Sequence[Field]) -> Document:
    """What the features of a layer look like in a tile: a JSON Schema. What a feature has no value of, it has not at all."""
    properties: Document = {field.name: {"title": field.meaning, "type": field.kind} for field in fields}
    properties["geometry"] = {"title": "几何", "format": _GEOMETRY[geometry], "x-ogc-role": "primary-geometry"}
    return {"type": "object", "title": title, "properties": properties}


def _schema(url: str, collection: Collection, properties: Document) -> Document:
    geometry = {"title": "几何", "format": _GEOMETRY[collection.geometry_kind]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": url,
        "type": "object",
        "title": collection.title,
        "properties": {**properties, "geometry": geometry},
        "additionalProperties": False,
    }


def _described(collection: Collection, one: Property) -> Document:
    described = _property(one)
    if one.nullable:
        described["type"] = [described["type"], "null"]
    if collection.editable and not one.writable:
        described["readOnly"] = True
    if one.name == collection.time:
        described["x-ogc-role"] = "primary-instant"
    return described


def _property(one: Property) -> Document:
    kinds = {
        "string": {"type": "string"},
        "integer": {"type": "integer"},
        "number": {"type": "number"},
        "date": {"type": "string", "format": "date"},
        "timestamp": {"type": "string", "format": "date-time"},
    }
    return {"title": one.title, **kinds[one.kind]}
