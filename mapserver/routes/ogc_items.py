"""OGC API - Features: pages of features and single ones, as GeoJSON or HTML."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import urlencode

import orjson
from fastapi import APIRouter, Path, Request, Response
from sqlalchemy import Connection

from access.accounts.accounts import Account
from access.audit.record import record
from layers.features.collections import Collection
from layers.features.crs import FeatureCrs, find_crs
from layers.features.items import Feature, FeaturePage, get_feature, list_features, version_of
from layers.features.query import everything, read_query
from mapserver.door.deps import CountyConnection
from mapserver.door.route import DoorRoute
from mapserver.ogc.answers import (
    GEOJSON,
    JSON,
    PAGE_TOO,
    GeoJson,
    anchor,
    answer,
    both_formats,
    collection_for,
    link,
    only_parameters,
    page,
    root_url,
    table,
    wants_html,
)
from mapserver.routes.ogc import CollectionName, Viewer
from mapserver.schemas.ogc import FeatureCollectionOut, FeatureOut

router = APIRouter(prefix="/ogc/{county}/collections/{name}", tags=["OGC API"], route_class=DoorRoute)

FeatureId = Annotated[str, Path(max_length=40, examples=["12"])]


@router.get("/items", response_model=FeatureCollectionOut, response_class=GeoJson, responses=PAGE_TOO)
def items(account: Viewer, connection: CountyConnection, request: Request, name: CollectionName) -> Response:
    """A page of the features in scope that match. Follow the ``next`` link as it is, its cursor is no number.

    Parameters: ``limit`` (1000, at most 10,000), ``bbox``, ``bbox-crs``, ``crs``, ``datetime``, ``filter`` with
    ``filter-lang`` (cql2-text, cql2-json) and ``filter-crs``, ``sortby``, ``properties``, and every queryable by its name.
    A hidden column is refused with 403, an unknown property or parameter with 400.
    """
    collection = collection_for(account, name)
    html = wants_html(request)
    query = read_query(collection, request.query_params.multi_items())
    found = list_features(connection, query)
    _note(connection, collection, len(found.features))
    root = root_url(request, account)
    if html:
        return _items_page(request, root, collection, found)
    links = [*both_formats(request, GEOJSON), link(f"{root}/collections/{name}", "collection", JSON)]
    if found.next is not None:
        links.append(link(_next_url(request, found.next), "next", GEOJSON))
    body = {
        "type": "FeatureCollection",
        "numberMatched": found.matched,
        "numberReturned": len(found.features),
        "timeStamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "links": links,
        "features": [geojson(feature) for feature in found.features],
    }
    return answer(body, GEOJSON, content_crs(query.crs))


@router.get("/items/{feature_id}", response_model=FeatureOut, response_class=GeoJson, responses=PAGE_TOO)
def item(
    account: Viewer, connection: CountyConnection, request: Request, name: CollectionName, feature_id: FeatureId
) -> Response:
    """One feature. Its ETag is what ``If-Match`` needs to change it, the same in every CRS and format."""
    only_parameters(request, "crs")
    collection = collection_for(account, name)
    crs = find_crs(request.query_params.get("crs"))
    html = wants_html(request)
    feature = get_feature(connection, everything(collection, crs), feature_id)
    _note(connection, collection, 1)
    if html:
        root = root_url(request, account)
        trail = [("首页", f"{root}/?f=html"), (collection.title, f"{root}/collections/{name}/items?f=html")]
        rows = [(p.title, feature.properties[p.name]) for p in collection.properties.values()]
        return page(
            f"{collection.title} {feature.id}", trail, table(["属性", "值"], [*rows, ("几何", feature.geometry)])
        )
    return feature_answer(request, account, collection, feature, crs)


def feature_answer(
    request: Request, account: Account, collection: Collection, feature: Feature, crs: FeatureCrs, status: int = 200
) -> Response:
    """One feature as GeoJSON, with its links, its ETag where it can be changed, and where it is."""
    base = f"{root_url(request, account)}/collections/{collection.name}"
    here = f"{base}/items/{feature.id}"
    links = [
        link(here, "self", GEOJSON),
        link(f"{here}?f=html", "alternate", "text/html"),
        link(base, "collection", JSON),
    ]
    headers = content_crs(crs)
    if collection.editable:
        headers["ETag"] = f'"{version_of(feature)}"'
    if status == 201:
        headers["Location"] = here
    return answer({**geojson(feature), "links": links}, GEOJSON, headers, status)


def geojson(feature: Feature) -> dict[str, Any]:
    """A feature as the encoder takes it."""
    geometry = None if feature.geometry is None else orjson.Fragment(feature.geometry)
    return {"type": "Feature", "id": feature.id, "geometry": geometry, "properties": feature.properties}


def content_crs(crs: FeatureCrs) -> dict[str, str]:
    """The header that names the CRS of an answer (Part 2)."""
    return {"Content-Crs": f"<{crs.uri}>"}


def _note(connection: Connection, collection: Collection, n: int) -> None:
    """A look at households or alerts leaves a trace in the audit trail."""
    if collection.sensitivity == "personal" or collection.name == "alerts":
        record(connection, "read_features", target=collection.name, rows_n=n)


def _next_url(request: Request, cursor: str) -> str:
    parameters = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    return f"{request.url.replace(query='')}?{urlencode([*parameters, ('cursor', cursor)])}"


def _items_page(request: Request, root: str, collection: Collection, found: FeaturePage) -> Response:
    base = f"{root}/collections/{collection.name}"
    names = list(found.features[0].properties) if found.features else []
    rows = [
        [(feature.id, f"{base}/items/{feature.id}?f=html"), *(feature.properties[name] for name in names)]
        for feature in found.features
    ]
    content = f"<p>共 {found.matched:,} 条，本页 {len(found.features):,} 条</p>"
    content += table(["标识", *(collection.properties[name].title for name in names)], rows)
    if found.next is not None:
        content += f'<p class="next">{anchor(_next_url(request, found.next), "下一页")}</p>'
    return page(collection.title, [("首页", f"{root}/?f=html"), ("要素集", f"{root}/collections?f=html")], content)
