"""What is asked of a collection, checked: filters, box, time, order, properties."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, or_

from layers.catalogue.kind import Type
from layers.features.collections import Collection, Property
from layers.features.cql2 import LANGUAGES, literal, moment_of, read_filter
from layers.features.crs import DEFAULT, FeatureCrs, find_crs
from layers.features.errors import FilterInvalid, ParameterInvalid, UnknownParameter

DEFAULT_LIMIT = 1000
MAX_LIMIT = 10_000
#: No coordinate of any system is larger; a box may well be.
_FARTHEST = 1e9
PARAMETERS = (
    "limit", "bbox", "bbox-crs", "crs", "datetime", "filter", "filter-lang", "filter-crs", "sortby", "properties", "cursor", "f",
)  # fmt: skip
_WHOLE, _NUMBER = re.compile(r"-?[0-9]++"), re.compile(r"-?[0-9]++(?:\.[0-9]++)?")


@dataclass(frozen=True)
class FeatureQuery:
    """A checked question. near: areas (EPSG:4490) that every match touches. sort: (property, descending); empty for the usual order.

    shown: the properties that are answered. identity: tells one question from another, for cursors.
    """

    collection: Collection
    conditions: tuple[ColumnElement[bool], ...]
    near: tuple[Any, ...]
    box: Any | None
    sort: tuple[tuple[Property, bool], ...]
    shown: tuple[Property, ...]
    crs: FeatureCrs
    limit: int
    cursor: str | None
    identity: str

    @property
    def plain(self) -> bool:
        """True when nothing but a box is asked for."""
        return not self.conditions


def read_query(collection: Collection, given: Sequence[tuple[str, str]]) -> FeatureQuery:
    """The question that a request's parameters ask. given: name and value, as they came.

    A parameter named like a property asks for equality. Raises ParameterInvalid, UnknownParameter, FilterInvalid,
    HiddenProperty, UnknownProperty.
    """
    values = _once(given)
    plain = {name: value for name, value in values.items() if name not in PARAMETERS}
    conditions = [_equal(collection, name, value) for name, value in plain.items()]
    near: list[Any] = []
    language, filter_crs = _language(values), find_crs(values.get("filter-crs"), "filter-crs")
    if "filter" in values:
        found = read_filter(values["filter"], language, collection, filter_crs)
        conditions.append(found.condition)
        near += found.near
    if "datetime" in values:
        conditions += _during(collection, values["datetime"])
    box = _box(values)
    parameters = {
        name: value for name, value in values.items() if name not in ("cursor", "limit", "f", "crs", "properties")
    }
    identity = hashlib.sha256(json.dumps([collection.name, parameters], sort_keys=True).encode()).hexdigest()[:16]
    return FeatureQuery(
        collection,
        tuple(conditions),
        tuple(near if box is None else [box, *near]),
        box,
        _sort(collection, values.get("sortby")),
        _shown(collection, values.get("properties")),
        find_crs(values.get("crs")),
        _limit(values.get("limit")),
        values.get("cursor"),
        identity,
    )


def _once(given: Sequence[tuple[str, str]]) -> Mapping[str, str]:
    values: dict[str, str] = {}
    for name, value in given:
        if name in values:
            raise ParameterInvalid(f"{name} 给了两次 / is given twice", parameter=name)
        values[name] = value
    return values


def _equal(collection: Collection, name: str, value: str) -> ColumnElement[bool]:
    if name not in collection.properties and name != "id" and name not in collection.hidden:
        raise UnknownParameter(f"{name}；{', '.join(PARAMETERS)}", parameter=name)
    found = collection.property_named(name)
    if not found.queryable:
        raise FilterInvalid(f"属性 {name} 不能筛选 / cannot be filtered by", property=name)
    equal: ColumnElement[bool] = found.value == literal(_written(value, found.kind), found.kind)
    return equal


def _written(value: str, kind: Type) -> str | int | float:
    """The number that a text writes, where the property is one; else the text."""
    if len(value) < 100 and kind == "integer" and _WHOLE.fullmatch(value):
        return int(value)
    return float(value) if len(value) < 100 and kind == "number" and _NUMBER.fullmatch(value) else value


def _language(values: Mapping[str, str]) -> str:
    """The language of the filter, checked also where there is no filter."""
    language = values.get("filter-lang", LANGUAGES[0])
    if language not in LANGUAGES:
        raise ParameterInvalid(f"filter-lang={language[:40]}；{', '.join(LANGUAGES)}", parameter="filter-lang")
    return language


def _during(collection: Collection, written: str) -> list[ColumnElement[bool]]:
    """The instant or interval of ``datetime`` (RFC 3339, ``..`` open); nothing where the collection has no time."""
    try:
        start, _, end = written.partition("/")
        first = None if start in ("", "..") else moment_of(start)
        last = first if "/" not in written else None if end in ("", "..") else moment_of(end)
    except FilterInvalid as error:
        raise ParameterInvalid(f"datetime={written[:60]}：{error.detail}", parameter="datetime") from None
    if ("/" not in written and first is None) or (first and last and first > last):
        raise ParameterInvalid(f"datetime={written[:60]}", parameter="datetime")
    if collection.time is None:
        return []
    time = collection.properties[collection.time].value
    limits: list[ColumnElement[bool]] = []
    if first is not None:
        limits.append(time >= literal(first.isoformat(), "timestamp"))
    beyond = None if last is None else _end_of(end or start, last)
    if beyond is not None:
        limits.append(time < literal(beyond.isoformat(), "timestamp"))
    return limits


def _end_of(written: str, moment: datetime) -> datetime | None:
    """The first moment after what was written: a day, a second or less; None where the years end."""
    try:
        if len(written) <= 10:
            return moment + timedelta(days=1)
        return moment + (timedelta(microseconds=1) if "." in written else timedelta(seconds=1))
    except OverflowError:
        return None


def _box(values: Mapping[str, str]) -> Any | None:
    crs = find_crs(values.get("bbox-crs"), "bbox-crs")
    if "bbox" not in values:
        return None
    try:
        numbers = [float(part) for part in values["bbox"].split(",")]
    except ValueError:
        numbers = []
    if len(numbers) == 6:
        numbers = [numbers[n] for n in (0, 1, 3, 4)]  # heights are not asked for here
    if len(numbers) != 4 or not all(map(math.isfinite, numbers)):
        raise ParameterInvalid(f"bbox={values['bbox'][:100]}：应为四个数 / four numbers", parameter="bbox")
    a, b, c, d = (min(max(n, -_FARTHEST), _FARTHEST) for n in numbers)
    turned = crs.degrees and (b > d if crs.north_first else a > c)  # over the antimeridian
    if (a > c and not (turned and not crs.north_first)) or (b > d and not (turned and crs.north_first)):
        raise ParameterInvalid(
            f"bbox={values['bbox'][:100]}：最小值大于最大值 / minimum above maximum", parameter="bbox"
        )
    try:
        return crs.box((a, b, c, d))
    except ParameterInvalid as error:
        raise ParameterInvalid(f"bbox={values['bbox'][:100]}：{error.detail}", parameter="bbox") from None


def _sort(collection: Collection, written: str | None) -> tuple[tuple[Property, bool], ...]:
    if written is None:
        return ()
    sort = []
    for part in written.split(","):
        name = part.lstrip("+-").strip()
        found = collection.property_named(name)
        if name not in collection.sortable:
            raise ParameterInvalid(f"sortby={name}；{', '.join(sorted(collection.sortable))}", parameter="sortby")
        sort.append((found, part.startswith("-")))
    if len(sort) > 1:
        raise ParameterInvalid("只能按一个属性排序 / sort by one property", parameter="sortby")
    return tuple(sort)


def _shown(collection: Collection, written: str | None) -> tuple[Property, ...]:
    if not written:
        return tuple(collection.properties.values())
    return tuple(p for p in map(collection.property_named, written.split(",")) if p.name != "id")


def _limit(written: str | None) -> int:
    if written is None:
        return DEFAULT_LIMIT
    if not written.isdecimal() or not int(written[:9]) >= 1:
        raise ParameterInvalid(f"limit={written[:20]}：1–{MAX_LIMIT}", parameter="limit")
    return min(int(written[:9]), MAX_LIMIT)


def everything(collection: Collection, crs: FeatureCrs = DEFAULT, limit: int = 1) -> FeatureQuery:
    """All features of a collection; for one of them, and for counting."""
    return FeatureQuery(collection, (), (), None, (), tuple(collection.properties.values()), crs, limit, None, "")


def touching(areas: Sequence[Any]) -> tuple[float, float, float, float] | None:
    """The box that touches all of these areas: west, south, east, north; None when there are none to touch."""
    if not areas:
        return None
    if any(area.is_empty for area in areas):
        return (1.0, 1.0, 0.0, 0.0)  # nothing touches what is empty
    boxes = [area.bounds for area in areas]
    return (
        max(box[0] for box in boxes), max(box[1] for box in boxes), min(box[2] for box in boxes), min(box[3] for box in boxes),
    )  # fmt: skip


def after(columns: Sequence[tuple[ColumnElement[Any], bool]], values: Sequence[Any]) -> ColumnElement[bool]:
    """Rows that come after these values in this order. columns: (column, descending), at most two, none of them null."""
    (first, down), *rest = columns
    beyond: ColumnElement[bool] = first < values[0] if down else first > values[0]
    if not rest:
        return beyond
    # the range of the first column is said apart, so that an index on it alone serves the start
    start: ColumnElement[bool] = first <= values[0] if down else first >= values[0]
    return and_(start, or_(beyond, after(rest, values[1:])))
