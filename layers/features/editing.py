"""Creating, changing and ending features: addresses through the operations of their lifecycle, cells through ``grid/``.

Every change locks the feature first and compares the tag the client saw with what is there: of two writers exactly one wins.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import Any

import shapely
from pydantic import ValidationError
from sqlalchemy import Connection, text

from database.connection.engine import current_day
from database.geodesy.crs import diagnose_outside
from gazetteer.reading.divisions import division_index
from gazetteer.reading.keys import DEPTHS
from gazetteer.reading.parse import parse
from grid.address_changes import operate
from grid.cell_changes import CellState, cell_state, change_cell, create_cell, retire_cell, village_of
from grid.extent import county_bounds
from layers.features.collections import Collection
from layers.features.draft import Draft, check_tag, refuse_read_only, text_of, within_scope
from layers.features.errors import FeatureInvalid
from layers.features.items import Feature, get_feature, lock_feature
from layers.features.query import everything

DEFAULT_REASON = "通过 OGC API 编辑 / edited through the OGC API"


@dataclass(frozen=True, slots=True)
class Editor:
    """How the features of one collection are changed. Each function takes the feature as it is and the draft."""

    create: Callable[[Connection, Collection, Draft, str], str]
    change: Callable[[Connection, Feature, Draft, str], None]
    end: Callable[[Connection, Feature, str], None]


def create_feature(connection: Connection, collection: Collection, draft: Draft, reason: str) -> Feature:
    """A new feature, as it is then. Raises FeatureInvalid, OutsideScope, and what the operation raises."""
    with within_scope():
        key = EDITORS[collection.name].create(connection, collection, draft, reason)
        return get_feature(connection, everything(collection), key)


def change_feature(
    connection: Connection,
    collection: Collection,
    key: str,
    draft: Draft,
    if_match: str | None,
    reason: str,
    *,
    whole: bool,
) -> Feature:
    """A feature replaced (whole) or changed in part; as it is then.

    Raises UnknownFeature, PreconditionMissing, FeatureChanged, FeatureInvalid, OutsideScope, and what the operation raises.
    """
    present = lock_feature(connection, collection, key)
    check_tag(present, if_match)
    refuse_read_only(collection, draft, present)
    for one in collection.properties.values():
        given = draft.properties.get(one.name)
        if one.writable and given is None and (whole or one.name in draft.properties):
            raise FeatureInvalid(f"缺少属性 {one.name} / the property is missing", property=one.name)
    if draft.drawn and draft.shape is None and present.geometry is not None:
        raise FeatureInvalid("不能去掉已有的几何 / the geometry cannot be taken away")
    with within_scope():
        EDITORS[collection.name].change(connection, present, draft, reason)
        return get_feature(connection, everything(collection), key)


def end_feature(connection: Connection, collection: Collection, key: str, if_match: str | None, reason: str) -> None:
    """A feature ended: an address is demolished, a cell given up; nothing is deleted. Raises as ``change_feature``."""
    present = lock_feature(connection, collection, key)
    check_tag(present, if_match)
    with within_scope():
        EDITORS[collection.name].end(connection, present, reason)


# --- addresses -----------------------------------------------------------------------------------------------


def _create_address(connection: Connection, collection: Collection, draft: Draft, reason: str) -> str:
    refuse_read_only(collection, draft, None, "division_code")
    full_text = text_of(draft, "text", 3)
    if full_text is None:
        raise FeatureInvalid("缺少属性 text / the property is missing", property="text")
    new: dict[str, Any] = {"full_text": full_text}
    if draft.shape is not None:
        _refuse_outside(connection, draft.shape)
        new |= {"lon": draft.shape.x, "lat": draft.shape.y}
    arguments = {"new": [new], "division_code": text_of(draft, "division_code", 12, 12), "status": "published"}
    uids = _operate(connection, "create", arguments, reason)
    return str(connection.scalar(text("SELECT id FROM standard_address WHERE uid = :uid"), {"uid": uids[0]}))


def _change_address(connection: Connection, present: Feature, draft: Draft, reason: str) -> None:
    uid = _uid(connection, present)
    full_text = text_of(draft, "text", 3)
    if full_text is not None and full_text != present.properties["text"]:
        number = _only_number_differs(connection, present.properties["text"], full_text)
        if number is None:
            _operate(connection, "rename", {"uid": uid, "full_text": full_text}, reason)
        else:
            _operate(connection, "renumber", {"numbers": {uid: number}}, reason)
    if draft.shape is not None and not _same_place(present, draft.shape):
        _refuse_outside(connection, draft.shape)
        _operate(connection, "move", {"uid": uid, "lon": draft.shape.x, "lat": draft.shape.y}, reason)


def _end_address(connection: Connection, present: Feature, reason: str) -> None:
    _operate(connection, "demolish", {"uids": [_uid(connection, present)]}, reason)


def _operate(connection: Connection, name: str, arguments: dict[str, Any], reason: str) -> list[Any]:
    today = current_day(connection)
    try:
        _operation, uids = operate(connection, name, arguments, reason=reason, effective_on=today)
    except ValidationError as error:
        wrong = "；".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False))
        raise FeatureInvalid(wrong) from None
    return uids


def _uid(connection: Connection, present: Feature) -> str:
    return str(connection.scalar(text("SELECT uid FROM standard_address WHERE id = :id"), {"id": present.id}))


def _only_number_differs(connection: Connection, old: str, new: str) -> str | None:
    """The new door number, when the texts differ in nothing else."""
    index = division_index(connection)
    before, after = parse(old, index), parse(new, index)
    differing = [name for name in DEPTHS if getattr(before, name) != getattr(after, name)]
    number = after.number_plate
    if differing != ["number_plate"] or not number or not before.number_plate:
        return None
    head, _found, tail = old.rpartition(before.number_plate)
    return number if head + number + tail == new else None


def _same_place(present: Feature, point: Any) -> bool:
    if present.geometry is None:
        return False
    lon, lat = json.loads(present.geometry)["coordinates"]
    return bool(abs(lon - point.x) < 1e-9 and abs(lat - point.y) < 1e-9)


def _refuse_outside(connection: Connection, point: Any) -> None:
    """A point must lie in a village or cell of the scope; the likely mistake is named."""
    inside = connection.scalar(
        text(
            "SELECT EXISTS (SELECT FROM division WHERE valid_to IS NULL AND st_covers(geom, st_setsrid(st_point(:x, :y), 4490))) "
            "OR EXISTS (SELECT FROM grid_cell WHERE valid_to IS NULL AND st_covers(geom, st_setsrid(st_point(:x, :y), 4490)))"
        ),
        {"x": point.x, "y": point.y},
    )
    if not inside:
        bounds = county_bounds(connection)
        cause = diagnose_outside(point.x, point.y, (bounds[0], bounds[1], bounds[2], bounds[3])) if bounds else None
        raise FeatureInvalid(
            cause.text if cause else "坐标不在您的数据范围内 / outside your scope", lon=point.x, lat=point.y
        )


# --- cells ---------------------------------------------------------------------------------------------------


def _create_cell(connection: Connection, collection: Collection, draft: Draft, reason: str) -> str:
    refuse_read_only(collection, draft, None, "parent")
    name = text_of(draft, "name", most=100)
    if name is None or draft.shape is None:
        raise FeatureInvalid("网格需要 name 和边界 / a cell needs a name and an outline")
    outline = shapely.to_wkb(draft.shape)
    parent = text_of(draft, "parent", 12, 15) or village_of(connection, outline)
    if parent is None:
        raise FeatureInvalid("边界不在您范围内的任何村社区 / the outline lies in no village of your scope")
    code = create_cell(connection, parent, name, outline)
    _note(connection, "added", None, cell_state(connection, code), reason)
    return code


def _change_cell(connection: Connection, present: Feature, draft: Draft, reason: str) -> None:
    code = str(present.id)
    before = cell_state(connection, code)
    outline = None if draft.shape is None else shapely.to_wkb(draft.shape)
    change_cell(connection, code, name=text_of(draft, "name", most=100) or present.properties["name"], outline=outline)
    _note(connection, "changed", before, cell_state(connection, code), reason)


def _end_cell(connection: Connection, present: Feature, reason: str) -> None:
    before = cell_state(connection, str(present.id))
    retire_cell(connection, str(present.id))
    _note(connection, "removed", before, None, reason)


def _note(
    connection: Connection, operation: str, before: CellState | None, after: CellState | None, reason: str
) -> None:
    """The change (异动) of a cell, as an import would leave it."""
    state = after or before
    assert state is not None
    altered = [f.name for f in fields(state) if before and after and getattr(before, f.name) != getattr(after, f.name)]
    if operation == "changed" and not altered:
        return

    def packed(one: CellState | None) -> str | None:
        return None if one is None else json.dumps(asdict(one) | {"reason": reason}, ensure_ascii=False, default=str)

    connection.execute(
        text(
            "INSERT INTO change (entity, entity_id, operation, fields, before, after, actor, grid_code) VALUES ('grid_cell', "
            ":code, :operation, CAST(:fields AS jsonb), CAST(:before AS jsonb), CAST(:after AS jsonb), "
            "current_setting('onemap.actor'), :code)"
        ),
        {
            "code": state.code,
            "operation": operation,
            "fields": json.dumps(altered),
            "before": packed(before),
            "after": packed(after),
        },
    )


EDITORS: dict[str, Editor] = {
    "addresses": Editor(_create_address, _change_address, _end_address),
    "cells": Editor(_create_cell, _change_cell, _end_cell),
}
