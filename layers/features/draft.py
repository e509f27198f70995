"""What a client writes, read and checked: a GeoJSON feature or a part of one, and the tag it saw."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import shapely
from shapely.geometry import shape
from sqlalchemy.exc import DBAPIError

from layers.features.collections import Collection
from layers.features.crs import FeatureCrs
from layers.features.errors import FeatureChanged, FeatureInvalid, OutsideScope, ParameterInvalid, PreconditionMissing
from layers.features.items import Feature, version_of

MAX_BYTES = 4_000_000
_NOT_PERMITTED = "42501"


@dataclass(frozen=True, slots=True)
class Draft:
    """A feature as written. drawn: whether it says anything of its geometry; shape: EPSG:4490, None for null."""

    drawn: bool
    shape: Any | None
    properties: Mapping[str, Any]


def read_draft(body: bytes, collection: Collection, crs: FeatureCrs, *, whole: bool) -> Draft:
    """The feature in a request's body. crs: of its coordinates. whole: a part (merge patch) is not enough.

    Raises FeatureInvalid, UnknownProperty, HiddenProperty.
    """
    if len(body) > MAX_BYTES:
        raise FeatureInvalid(f"超过 {MAX_BYTES} 字节 / too large")
    try:
        written = json.loads(body)
    except (ValueError, RecursionError):
        raise FeatureInvalid("不是有效的 JSON / not valid JSON") from None
    if not isinstance(written, dict) or written.get("type", "Feature") != "Feature":
        raise FeatureInvalid("应为一个 GeoJSON Feature / one GeoJSON feature is needed")
    properties = written.get("properties") or {}
    if not isinstance(properties, dict) or (whole and not {"geometry", "properties"} <= set(written)):
        raise FeatureInvalid("缺少 geometry 或 properties / geometry or properties is missing")
    for name in properties:
        collection.property_named(name)
    return Draft("geometry" in written, _shape(written.get("geometry"), collection, crs), properties)


def _shape(geometry: Any, collection: Collection, crs: FeatureCrs) -> Any | None:
    if geometry is None:
        return None
    allowed = {"point": ("Point",), "polygon": ("Polygon", "MultiPolygon")}[
        collection.geometry_kind
    ]  # what is editable
    try:
        drawn = shape(geometry)
        if drawn.geom_type not in allowed:
            raise FeatureInvalid(f"几何类型应为 {'、'.join(allowed)} / geometry: {', '.join(allowed)}")
        turned = crs.shape_of(drawn)
    except FeatureInvalid:
        raise
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, ParameterInvalid, shapely.errors.ShapelyError):
        raise FeatureInvalid("几何有误 / not a geometry") from None
    if turned.is_empty or not turned.is_valid:
        raise FeatureInvalid(f"几何无效：{shapely.is_valid_reason(turned)} / the geometry is not valid")
    return turned


def plain(value: Any) -> Any:
    """A property as it stands in JSON."""
    return value.isoformat() if isinstance(value, date | datetime) else value


def refuse_read_only(collection: Collection, draft: Draft, present: Feature | None, *also_given: str) -> None:
    """Raise FeatureInvalid where the draft sets what it may not: nothing is lost without a word.

    A value that is as it is, or null, passes: clients send back every column they know. also_given: allowed in this case.
    """
    for name, value in draft.properties.items():
        if name in also_given or name == "id" or collection.properties[name].writable or value is None:
            continue
        if present is None or plain(present.properties[name]) != value:
            raise FeatureInvalid(f"属性 {name} 由系统维护，不能设置 / is kept by the system", property=name)


def text_of(draft: Draft, name: str, least: int = 1, most: int = 200) -> str | None:
    """A text property, trimmed; None when the draft does not say. Raises FeatureInvalid for what is no such text."""
    value = draft.properties.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not least <= len(value.strip()) <= most or "\0" in value:
        raise FeatureInvalid(
            f"{name}：应为 {least}–{most} 个字的文本 / a text of {least} to {most} characters", property=name
        )
    return value.strip()


def check_tag(present: Feature, if_match: str | None) -> None:
    """Raise PreconditionMissing without a tag, FeatureChanged for one that is not of the present state (RFC 9110, 13.1.1)."""
    if if_match is None:
        raise PreconditionMissing
    tags = [tag.strip() for tag in if_match.split(",")]
    if "*" not in tags and f'"{version_of(present)}"' not in tags:
        raise FeatureChanged(str(present.id))


@contextmanager
def within_scope() -> Iterator[None]:
    """What row-level security refuses inside is said in words. Raises OutsideScope."""
    try:
        yield
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == _NOT_PERMITTED:
            raise OutsideScope from None
        raise
