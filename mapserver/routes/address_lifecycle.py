"""The life of addresses: change feed, history, as of a day, change sets, taking back."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import JSONResponse

from access.accounts import permissions
from access.accounts.accounts import Account
from database.connection.engine import current_day
from database.geodesy.geojson import Feature, FeatureCollection, Geometry
from gazetteer.library.addresses import AddressNotFound
from gazetteer.lifecycle.arguments import ARGUMENTS
from gazetteer.lifecycle.change_sets import Preview, get_set, list_sets, prepare, preview, step
from gazetteer.lifecycle.feed import FEED, address_as_of, history, list_events
from gazetteer.lifecycle.logged import LoggedState
from gazetteer.lifecycle.operation import Operation
from gazetteer.lifecycle.operations import OPERATIONS
from gazetteer.lifecycle.vocabulary import AddressEventKind
from grid.address_changes import publish_change_set, take_back
from mapserver.door.audited import audited
from mapserver.door.deps import CountyConnection, RecordId, refuse_unless, requires
from mapserver.door.route import DoorRoute
from mapserver.schemas.address_lifecycle import (
    AddressOnDay,
    ChangeSetDetail,
    ChangeSetIn,
    ChangeSetOut,
    EventOut,
    FeedOut,
    OperationSchema,
    PreviewOut,
    RollbackIn,
    RollbackOut,
    StepIn,
)
from mapserver.schemas.dates import Day
from mapserver.schemas.page import After, PageOut
from mapserver.schemas.record import shown

router = APIRouter(prefix="/api/{county}", tags=["address lifecycle"], route_class=DoorRoute)

#: Largest body of a change set: a thousand changes, some with a geometry.
CHANGES_BYTES = 4_000_000

Reader = Annotated[Account, Depends(requires(permissions.CHANGES_VIEW))]
Editor = Annotated[Account, Depends(requires(permissions.ADDRESSES_EDIT))]
Uid = Annotated[uuid.UUID, Path(examples=["191a7dde-6710-4a79-bcca-077358a35b02"])]


class GeoJsonResponse(JSONResponse):
    """GeoJSON (RFC 7946)."""

    media_type = "application/geo+json"


def _drafts(account: Account) -> bool:
    return permissions.ADDRESSES_EDIT in permissions.permissions_of(account.role)


@router.get("/addresses/changes")
@audited("read_address_changes", "after:{after}", rows=lambda page: page.items)
def changes(
    account: Reader,
    connection: CountyConnection,
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
) -> FeedOut:
    """The numbered change feed. A replica that applies every page ends identical to the library of its scope: write
    ``after``, or drop the address where it is empty. Numbers appear in order and none is ever skipped.
    """
    page = list_events(connection, after=FEED.first(after) or 0, limit=limit)
    return FeedOut(items=[shown(EventOut, event) for event in page.events], next=FEED.write(page.next), more=page.more)


@router.get("/addresses/{uid}/history")
@audited("view_address_history", "address:{uid}", rows=lambda page: page.items)
def address_history(account: Reader, connection: CountyConnection, uid: Uid) -> PageOut[EventOut]:
    """Everything that happened to one address, named by its lifelong identity; drafts only for those who prepare them."""
    events = history(connection, uid, drafts=_drafts(account))
    if not events:
        raise AddressNotFound(str(uid))
    return PageOut[EventOut].whole(shown(EventOut, event) for event in events)


@router.get("/addresses/{uid}/as-of")
@audited("view_address_history", "address:{uid} on:{on}")
def on_day(account: Reader, connection: CountyConnection, uid: Uid, on: Annotated[Day, Query()]) -> AddressOnDay:
    """One address as it was on a day; ``successors`` in its later states say what it became."""
    state = address_as_of(connection, uid, on)
    if state is None or (state["status"] in ("draft", "reviewed") and not _drafts(account)):
        raise AddressNotFound(f"{uid} {on}")
    return AddressOnDay(uid=str(uid), on=on, state=state)


@router.get("/address-operations")
def operations(account: Editor) -> PageOut[OperationSchema]:
    """What a change set may do, with a JSON Schema of the arguments of each operation."""
    return PageOut[OperationSchema].whole(
        OperationSchema(
            name=name,
            kind=OPERATIONS[name][0],
            title=AddressEventKind(OPERATIONS[name][0]).zh,
            arguments=a.model_json_schema(),
        )
        for name, a in ARGUMENTS.items()
    )


@router.post("/address-change-sets", status_code=201, max_body_size=CHANGES_BYTES)
@audited("prepare_change_set")
def prepare_set(account: Editor, connection: CountyConnection, body: ChangeSetIn) -> ChangeSetDetail:
    """Prepare a change set. It is tried at once, so that what cannot work is refused with its place; nothing holds yet."""
    set_id = prepare(
        connection,
        title=body.title,
        reason=body.reason,
        effective_on=body.effective_on,
        items=body.items,
        actor=account.username,
    )
    return shown(ChangeSetDetail, get_set(connection, set_id))


@router.get("/address-change-sets")
def sets(
    account: Editor,
    connection: CountyConnection,
    state: Annotated[str | None, Query(pattern="^[a-z]+$", examples=["submitted"])] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> PageOut[ChangeSetOut]:
    """The change sets in scope, newest first."""
    found = list_sets(connection, state=state, limit=limit)
    return PageOut[ChangeSetOut].whole(shown(ChangeSetOut, one) for one in found)


@router.get("/address-change-sets/{set_id}")
def one_set(account: Editor, connection: CountyConnection, set_id: RecordId) -> ChangeSetDetail:
    """One change set with its operations."""
    return shown(ChangeSetDetail, get_set(connection, set_id))


@router.get("/address-change-sets/{set_id}/preview")
def preview_set(account: Editor, connection: CountyConnection, set_id: RecordId) -> PreviewOut:
    """What publishing would do now: by village, and every address before and after."""
    effect = preview(connection, set_id)
    return shown(PreviewOut, effect, changes=effect.events)


@router.get(
    "/address-change-sets/{set_id}/preview.geojson",
    response_class=GeoJsonResponse,
    responses={200: {"content": {"application/geo+json": {"example": {"type": "FeatureCollection", "features": []}}}}},
)
def preview_map(account: Editor, connection: CountyConnection, set_id: RecordId) -> GeoJsonResponse:
    """The same for a map: a point for each address before and after, EPSG:4490, ``role`` added, changed, retired or former."""
    return GeoJsonResponse(_features(preview(connection, set_id)))


@router.post("/address-change-sets/{set_id}/steps")
@audited("change_set_step", "change_set:{set_id} {body.action}")
def take_step(account: Editor, connection: CountyConnection, set_id: RecordId, body: StepIn) -> ChangeSetDetail:
    """Submit, approve, reject, withdraw or publish a set. Approving is for another person than the author.

    Publishing is all or nothing: 409 when addresses have changed since, or when so many are retired that somebody else
    must approve first.
    """
    if body.action in ("approve", "reject"):
        refuse_unless(account, permissions.ADDRESSES_APPROVE)
    if body.action == "publish":
        publish_change_set(connection, set_id)
    else:
        step(connection, set_id, body.action, actor=account.username, note=body.note)
    return shown(ChangeSetDetail, get_set(connection, set_id))


@router.post("/address-operations/{operation_id}/rollback")
@audited("roll_back", "operation:{operation_id}", rows=lambda done: done.uids)
def rollback(account: Editor, connection: CountyConnection, operation_id: Uid, body: RollbackIn) -> RollbackOut:
    """Take a published operation back: every address it touched is as before. 409 when something happened to one since."""
    today = current_day(connection)
    operation = Operation("restored", body.reason, today, reverts=operation_id)
    uids = take_back(connection, operation)
    return RollbackOut(operation_id=str(operation.id), uids=[str(uid) for uid in uids])


def _features(effect: Preview) -> FeatureCollection:
    features = []
    for event in effect.events:
        before, after = event.before, event.after
        role = "added" if before is None else "retired" if after["status"] == "retired" else "changed"
        features.append(_feature(after, role, event.uid))
        if before and (before.get("lon"), before.get("lat")) != (after.get("lon"), after.get("lat")):
            features.append(_feature(before, "former", event.uid))
    return {"type": "FeatureCollection", "features": [f for f in features if f["geometry"] is not None]}


def _feature(state: LoggedState, role: str, uid: str) -> Feature:
    point: Geometry | None = {"type": "Point", "coordinates": [state["lon"], state["lat"]]} if "lon" in state else None
    properties = {"uid": uid, "role": role, "text": state["full_text"], "status": state["status"]}
    return {"type": "Feature", "geometry": point, "properties": properties}
