"""CQL2 (OGC 21-065) read by the ``cql2`` library, checked against a collection, and made into a SQLAlchemy condition.

Every value of a client becomes a bound parameter; names only ever choose among the declared properties. Supported: Basic
CQL2, the advanced comparison operators (LIKE, BETWEEN, IN), CASEI, comparisons of two properties, and the spatial functions.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any

import cql2
import shapely
from shapely.geometry import shape
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    DateTime,
    Double,
    Numeric,
    and_,
    bindparam,
    false,
    func,
    not_,
    or_,
    true,
    type_coerce,
)
from sqlalchemy.types import NullType

from database.clock import CHINA
from layers.catalogue.kind import Type as Kind
from layers.features.collections import Collection
from layers.features.cql2_text import measure, without_ilike
from layers.features.crs import FeatureCrs
from layers.features.errors import FilterInvalid

LANGUAGES = ("cql2-text", "cql2-json", "cql-text")  # cql-text: what GDAL calls it; what it writes is CQL2
MAX_CHARACTERS = 20_000
MAX_NODES = 500
#: The library's parser calls itself for each level and ends the process when the stack does: refuse before.
MAX_DEPTH = 40
_DAY = re.compile(r"(\d{4})[-/](\d\d)[-/](\d\d)T?", re.ASCII)
_MOMENT = re.compile(
    r"(\d{4})[-/](\d\d)[-/](\d\d)(?:[Tt ](?:(\d\d):(\d\d)(?::(\d\d)(\.\d{1,9})?)?([Zz]|[+-]\d\d(?::?\d\d)?)?)?)?",
    re.ASCII,
)
_LAST_SECOND = datetime(9999, 12, 31, 23, 59, 59)

_COMPARISONS: dict[str, Any] = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
}
_SPATIAL = {
    "s_intersects": "st_intersects",
    "s_disjoint": "st_disjoint",
    "s_contains": "st_contains",
    "s_within": "st_within",
    "s_touches": "st_touches",
    "s_crosses": "st_crosses",
    "s_overlaps": "st_overlaps",
    "s_equals": "st_equals",
}


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter as SQL. near: areas (EPSG:4490) that every match must touch, for the spatial index."""

    condition: ColumnElement[bool]
    near: tuple[Any, ...] = ()


def read_filter(text: str, language: str, collection: Collection, crs: FeatureCrs) -> Filter:
    """The condition that a filter states. crs: of its geometries.

    Raises FilterInvalid (also for what is not supported, too long or too deep), HiddenProperty, UnknownProperty.
    """
    if language not in LANGUAGES:
        raise FilterInvalid(f"filter-lang={language}；{', '.join(LANGUAGES)}")
    if len(text) > MAX_CHARACTERS:
        raise FilterInvalid(f"筛选条件超过 {MAX_CHARACTERS} 个字符 / the filter is too long")
    if language == "cql-text":
        text = without_ilike(text)
    node = _parse_json(text) if language == "cql2-json" else _parse_text(text)
    if sum(1 for _ in _nodes(node)) > MAX_NODES:
        raise FilterInvalid(f"筛选条件超过 {MAX_NODES} 项 / the filter has too many parts")
    translator = _Translator(collection, crs)
    return Filter(translator.condition(node), tuple(translator.near(node)))


def shape_in_sql(area: Any) -> ColumnElement[Any]:
    """A shapely geometry in EPSG:4490 as a bound parameter."""
    return func.st_geomfromwkb(bindparam(None, shapely.to_wkb(area), unique=True), 4490, type_=NullType())


def _parse_text(text: str) -> Any:
    size = measure(text)
    if size.depth > MAX_DEPTH:
        raise FilterInvalid("筛选条件嵌套过深 / the filter is nested too deeply")
    if size.joints > MAX_NODES:
        raise FilterInvalid(f"筛选条件超过 {MAX_NODES} 项 / the filter has too many parts")
    try:
        return cql2.parse_text(text).to_json()
    except (cql2.ParseError, cql2.ValidationError, ValueError) as error:
        raise FilterInvalid(str(error)[:500]) from None


def _parse_json(text: str) -> Any:
    try:
        node = json.loads(text)
    except (ValueError, RecursionError):
        raise FilterInvalid("不是有效的 JSON / not valid JSON") from None
    if _json_depth(node) > MAX_DEPTH:
        raise FilterInvalid("筛选条件嵌套过深 / the filter is nested too deeply")
    return node


def _json_depth(node: Any) -> int:
    level, depth = [node], 0
    while level:
        depth += 1
        level = [child for one in level for child in _children(one)]
    return depth


def _children(node: Any) -> list[Any]:
    return list(node.values()) if isinstance(node, dict) else node if isinstance(node, list) else []


def _nodes(node: Any) -> Iterator[Any]:
    """Every part of a filter; a geometry counts once."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        yield one
        if not (isinstance(one, dict) and ("coordinates" in one or "geometries" in one)):
            waiting += _children(one)


class _Translator:
    """Makes a condition of the nodes of CQL2 JSON; each step checks what it is given."""

    def __init__(self, collection: Collection, crs: FeatureCrs) -> None:
        self.collection, self.crs = collection, crs

    def condition(self, node: Any) -> ColumnElement[bool]:
        if isinstance(node, bool):
            return true() if node else false()
        op, args = self._operation(node)
        if op in ("and", "or"):
            parts = [self.condition(arg) for arg in args]
            return and_(*parts) if op == "and" else or_(*parts)
        if op == "not":
            return not_(self.condition(self._only(args, 1, op)[0]))
        if op in _SPATIAL:
            return self._spatial(op, self._only(args, 2, op))
        if op == "isNull":
            return self._value(self._only(args, 1, op)[0])[0].is_(None)
        if op in ("between", "in", "like"):
            return self._advanced(op, args)
        if op in _COMPARISONS:
            left, right = self._pair(*self._only(args, 2, op))
            return _COMPARISONS[op](left, right)  # type: ignore[no-any-return]
        raise FilterInvalid(f"不支持的运算 / not supported: {op}", operator=op)

    def near(self, node: Any) -> Iterator[Any]:
        """Areas that a match must touch: what stands in the outermost AND."""
        if not isinstance(node, dict):
            return
        if node.get("op") == "and":
            for arg in node["args"]:
                yield from self.near(arg)
        elif node.get("op") in _SPATIAL and node["op"] != "s_disjoint":
            yield from (self._area(arg) for arg in node["args"] if not self._is_property(arg))

    def _advanced(self, op: str, args: list[Any]) -> ColumnElement[bool]:
        if op == "between":
            value, low, high = self._only(args, 3, op)
            first, lower = self._pair(value, low)
            second, upper = self._pair(value, high)
            return and_(first >= lower, second <= upper)
        value, choices = self._only(args, 2, op)
        if op == "like":
            left, right = self._pair(value, choices)
            if self._kind(value) != "string":
                raise FilterInvalid("LIKE 只能用于文本 / LIKE is for text")
            return left.like(right)
        if not isinstance(choices, list) or not choices:
            raise FilterInvalid("IN 需要一个列表 / IN needs a list")
        pairs = [self._pair(value, choice) for choice in choices]
        return pairs[0][0].in_([right for _left, right in pairs])

    def _pair(self, left: Any, right: Any) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
        """Two operands of one kind; a literal takes the kind of the other."""
        kind = self._kind(left) or self._kind(right)
        return self._value(left, kind)[0], self._value(right, kind)[0]

    def _kind(self, node: Any) -> Kind | None:
        if self._is_property(node):
            return self.collection.property_named(node["property"]).kind
        if isinstance(node, dict) and node.get("op") == "casei":
            return "string"
        return None

    def _value(self, node: Any, kind: Kind | None = None) -> tuple[ColumnElement[Any], Kind | None]:
        if self._is_property(node):
            found = self.collection.property_named(node["property"])
            if not found.queryable:
                raise FilterInvalid(f"属性 {found.name} 不能筛选 / cannot be filtered by", property=found.name)
            if kind not in (None, found.kind):
                raise FilterInvalid(f"{found.name}：{found.kind} ≠ {kind}")
            return found.value, found.kind
        if isinstance(node, dict) and node.get("op") == "casei":
            inner = self._value(self._only(node.get("args"), 1, "casei")[0], "string")[0]
            return func.lower(inner), "string"
        return literal(node, kind), kind

    def _spatial(self, op: str, args: list[Any]) -> ColumnElement[bool]:
        sides = [
            type_coerce(self.collection.table.c.geom, NullType())
            if self._is_property(arg)
            else shape_in_sql(self._area(arg))
            for arg in args
        ]
        for arg in args:
            if self._is_property(arg) and arg["property"] != "geometry":
                self.collection.property_named(arg["property"])
                raise FilterInvalid(f"{arg['property']} 不是几何 / is no geometry")
        return getattr(func, _SPATIAL[op])(*sides)  # type: ignore[no-any-return]

    def _area(self, node: Any) -> Any:
        try:
            if isinstance(node, dict) and "bbox" in node:
                a, b, c, d = (float(n) for n in node["bbox"])
                return self.crs.box((a, b, c, d))
            area = shape(node)
            if area.is_empty or not area.is_valid:
                raise FilterInvalid("筛选条件里的几何无效 / the geometry of the filter is not valid")
        except FilterInvalid:
            raise
        except (ValueError, TypeError, KeyError, AttributeError, IndexError, shapely.errors.ShapelyError) as error:
            raise FilterInvalid(f"几何有误 / not a geometry: {str(error)[:100]}") from None
        return self.crs.query_shape(area)

    @staticmethod
    def _is_property(node: Any) -> bool:
        return isinstance(node, dict) and isinstance(node.get("property"), str)

    @staticmethod
    def _operation(node: Any) -> tuple[str, list[Any]]:
        if (
            isinstance(node, dict)
            and isinstance(node.get("op"), str)
            and isinstance(node.get("args"), list)
            and node["args"]
        ):
            return node["op"], node["args"]
        raise FilterInvalid(f"不是条件 / not a condition: {json.dumps(node, ensure_ascii=False)[:100]}")

    @staticmethod
    def _only(args: Any, n: int, op: str) -> list[Any]:
        if not isinstance(args, list) or len(args) != n:
            raise FilterInvalid(f"{op} 需要 {n} 个参数 / takes {n} arguments")
        return args


def literal(node: Any, kind: Kind | None) -> ColumnElement[Any]:
    """A value of a client as a bound parameter of the kind it is compared with. Raises FilterInvalid."""
    if isinstance(node, dict):
        node = node.get("timestamp", node.get("date"))
    if isinstance(node, bool) or not isinstance(node, str | int | float):
        raise FilterInvalid("这里需要文本、数字或时间 / a text, number or time is needed here")
    if kind is None:
        kind = "string" if isinstance(node, str) else "integer"
    if kind in ("integer", "number"):
        if isinstance(node, str):
            raise FilterInvalid(f"“{node[:50]}”不是数字 / is not a number")
        return _number(node)
    if not isinstance(node, str):
        raise FilterInvalid(f"{node} 不是文本或时间 / is no text or time")
    if kind == "string":
        if "\0" in node or (node.endswith("\\") and (len(node) - len(node.rstrip("\\"))) % 2):
            raise FilterInvalid("文本里有不能比较的字符 / the text holds what cannot be compared")
        return bindparam(None, node, unique=True)
    return (
        bindparam(None, day_of(node), Date(), unique=True)
        if kind == "date"
        else bindparam(None, moment_of(node), DateTime(timezone=True), unique=True)
    )


def _number(node: int | float) -> ColumnElement[Any]:
    """A number of any size: beyond 64 bits it is compared as numeric, and an infinite one as such."""
    if isinstance(node, float) and math.isnan(node):
        raise FilterInvalid("NaN 不是数字 / is not a number")
    if isinstance(node, float) and not node.is_integer():  # infinity too
        return bindparam(None, node, Double(), unique=True)
    whole = int(node)
    return bindparam(None, whole, BigInteger() if -(2**63) <= whole < 2**63 else Numeric(), unique=True)


def day_of(written: str) -> date:
    """A day; of a moment its day where it was written. Raises FilterInvalid."""
    found = _DAY.fullmatch(written)
    try:
        if found is None:
            return moment_of(written).date()
        return date(*map(int, found.groups()))
    except (FilterInvalid, ValueError):
        raise FilterInvalid(f"“{written[:50]}”不是日期 / is not a date") from None


def moment_of(written: str) -> datetime:
    """A moment (RFC 3339); local time where no zone is given, midnight for a day. A leap second is the moment after it.

    GDAL writes a day as ``2026-10-01T`` and separates with slashes. Raises FilterInvalid.
    """
    found = _MOMENT.fullmatch(written)
    try:
        if found is None:
            raise ValueError
        year, month, day, hour, minute, second, part, zone = found.groups()
        leap = second == "60"
        text = f"{year}-{month}-{day}T{hour or '00'}:{minute or '00'}:{'59' if leap else second or '00'}"
        moment = datetime.fromisoformat(f"{text}{part or ''}{(zone or '').upper()}")
    except ValueError:
        raise FilterInvalid(f"“{written[:50]}”不是时间 / is not a time") from None
    if not moment.tzinfo:
        # the zone of China by its present offset: before 1901 the tables know a mean local time of odd seconds
        moment = moment.replace(tzinfo=CHINA if moment.year > 1901 else timezone(timedelta(hours=8)))
    if leap:
        moment = moment + timedelta(seconds=1) if moment.replace(tzinfo=None) < _LAST_SECOND else moment
    return moment
