"""OGC API - Features, part 4: create, replace, update and delete addresses and cells, with If-Match."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from layers.features.collections import Collection
from layers.features.crs import DEFAULT, find_crs
from layers.features.draft import MAX_BYTES, Draft, read_draft
from layers.features.editing import DEFAULT_REASON, change_feature, create_feature, end_feature
from layers.features.errors import FeatureInvalid
from mapserver.door.audited import audited
from mapserver.door.deps import CountyConnection, refuse_unless
from mapserver.door.problems import MediaTypeWrong, MethodMissing
from mapserver.door.route import DoorRoute
from mapserver.ogc.answers import (
    GEOJSON,
    PRIVATE,
    GeoJson,
    collection_for,
    editor_permission,
    may_edit,
    only_parameters,
)
from mapserver.routes.ogc import CollectionName, Viewer
from mapserver.routes.ogc_items import FeatureId, feature_answer
from mapserver.schemas.ogc import FeatureOut

router = APIRouter(prefix="/ogc/{county}/collections/{name}", tags=["OGC API"], route_class=DoorRoute)

MERGE_PATCH = "application/merge-patch+json"
TAKEN = (GEOJSON, "application/json", MERGE_PATCH)
IfMatch = Annotated[
    str | None, Header(description="the ETag that was read", examples=['"4f0c6d1b2a3948576665748392a1b0cd"'])
]
ContentCrs = Annotated[str | None, Header(description="CRS of the coordinates; CRS84 when missing")]
Reason = Annotated[str, Query(min_length=2, max_length=500, description="kept in the log", examples=["现场核实"])]
REFUSED: dict[int | str, dict[str, Any]] = {
    405: {},
    409: {"description": "a second person is needed"},
    412: {},
    415: {},
    428: {},
}
FEATURE = {"schema": {"$ref": "#/components/schemas/FeatureOut"}}
BODY = {"requestBody": {"required": True, "content": {GEOJSON: FEATURE, "application/json": FEATURE}}}
PATCH_EXAMPLE = {"properties": {"text": "浙江省湖州市德清县武康街道千秋社区永安街14号"}}
PATCH_BODY = {
    "requestBody": {
        "required": True,
        "content": {MERGE_PATCH: {"schema": {"type": "object", "example": PATCH_EXAMPLE}}},
    }
}


def editable_collection(account: Viewer, name: CollectionName) -> Collection:
    """The collection, when it can be edited and the account may. Raises UnknownCollection, MethodMissing, NotPermitted."""
    collection = collection_for(account, name)
    permission = editor_permission(collection)
    if permission is None:
        raise MethodMissing(name, allow=["GET", "HEAD", "OPTIONS"])
    refuse_unless(account, permission)
    return collection


Editable = Annotated[Collection, Depends(editable_collection)]


async def body_of(request: Request) -> bytes:
    """The body, when it is JSON: a form of another site cannot send that. Raises MediaTypeWrong, FeatureInvalid."""
    media = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if media not in TAKEN:
        raise MediaTypeWrong(f"{media[:60]}；{', '.join(TAKEN)}")
    if int(request.headers.get("Content-Length") or 0) > MAX_BYTES:
        raise FeatureInvalid(f"超过 {MAX_BYTES} 字节 / too large")
    return await request.body()


Body = Annotated[bytes, Depends(body_of)]


@router.options("/items", status_code=204)
def items_methods(account: Viewer, name: CollectionName) -> Response:
    """What this account may do with the collection; QGIS asks before it offers editing."""
    allowed = ["GET", "HEAD", "OPTIONS"]
    if may_edit(account, collection_for(account, name)):
        allowed.append("POST")
    return Response(status_code=204, headers={**PRIVATE, "Allow": ", ".join(allowed)})


@router.options("/items/{feature_id}", status_code=204)
def item_methods(account: Viewer, request: Request, name: CollectionName, feature_id: FeatureId) -> Response:
    """What this account may do with a feature. QGIS sends no If-Match: it is not offered what would fail when it saves."""
    allowed = ["GET", "HEAD", "OPTIONS"]
    without_tags = "QGIS" in request.headers.get("User-Agent", "")
    if may_edit(account, collection_for(account, name)) and not without_tags:
        allowed += ["PUT", "PATCH", "DELETE"]
    return Response(
        status_code=204,
        headers={
            **PRIVATE,
            "Allow": ", ".join(allowed),
            "Accept-Patch": MERGE_PATCH,
            "Vary": "Authorization, User-Agent",
        },
    )


@router.post(
    "/items",
    max_body_size=MAX_BYTES,
    status_code=201,
    response_model=FeatureOut,
    response_class=GeoJson,
    responses={405: {}, 415: {}},
    openapi_extra=BODY,
)
@audited("create_feature", "{collection.name}")
def create(
    account: Viewer, collection: Editable, connection: CountyConnection, request: Request, body: Body,
    content_crs: ContentCrs = None, reason: Reason = DEFAULT_REASON,
) -> Response:  # fmt: skip
    """A new address (``text``, ``division_code`` where the text names no village) or cell (``name``, ``parent``)."""
    draft = _draft(request, body, collection, content_crs, whole=True)
    feature = create_feature(connection, collection, draft, reason)
    return feature_answer(request, account, collection, feature, DEFAULT, 201)


@router.put(
    "/items/{feature_id}",
    max_body_size=MAX_BYTES,
    response_model=FeatureOut,
    response_class=GeoJson,
    responses=REFUSED,
    openapi_extra=BODY,
)
@audited("change_feature", "{collection.name}:{feature_id}")
def replace(
    account: Viewer, collection: Editable, connection: CountyConnection, request: Request, feature_id: FeatureId, body: Body,
    content_crs: ContentCrs = None, if_match: IfMatch = None, reason: Reason = DEFAULT_REASON,
) -> Response:  # fmt: skip
    """Another state of a feature, whole. Columns that the system keeps must be as they are, or left out."""
    draft = _draft(request, body, collection, content_crs, whole=True)
    feature = change_feature(connection, collection, feature_id, draft, if_match, reason, whole=True)
    return feature_answer(request, account, collection, feature, DEFAULT)


@router.patch(
    "/items/{feature_id}",
    max_body_size=MAX_BYTES,
    response_model=FeatureOut,
    response_class=GeoJson,
    responses=REFUSED,
    openapi_extra=PATCH_BODY,
)
@audited("change_feature", "{collection.name}:{feature_id}")
def update(
    account: Viewer, collection: Editable, connection: CountyConnection, request: Request, feature_id: FeatureId, body: Body,
    content_crs: ContentCrs = None, if_match: IfMatch = None, reason: Reason = DEFAULT_REASON,
) -> Response:  # fmt: skip
    """Some properties or the geometry of a feature (JSON merge patch, RFC 7396)."""
    draft = _draft(request, body, collection, content_crs, whole=False)
    feature = change_feature(connection, collection, feature_id, draft, if_match, reason, whole=False)
    return feature_answer(request, account, collection, feature, DEFAULT)


@router.delete("/items/{feature_id}", status_code=204, responses=REFUSED)
@audited("end_feature", "{collection.name}:{feature_id}")
def delete(
    account: Viewer, collection: Editable, connection: CountyConnection, request: Request, feature_id: FeatureId,
    if_match: IfMatch = None, reason: Reason = DEFAULT_REASON,
) -> Response:  # fmt: skip
    """An address is retired, a cell given up; their history stays. 409 when a second person must approve so many."""
    only_parameters(request, "reason")
    end_feature(connection, collection, feature_id, if_match, reason)
    return Response(status_code=204, headers=PRIVATE)


def _draft(request: Request, body: bytes, collection: Collection, content_crs: str | None, *, whole: bool) -> Draft:
    only_parameters(request, "crs", "reason")
    named = content_crs or request.query_params.get("crs")
    return read_draft(body, collection, find_crs(named, "Content-Crs"), whole=whole)
