"""Pages of features, one feature, and how many there are; inside the entered scope.

Order and position (keyset paging): grid code, then key. The index on the grid code reads on where the last page ended and
sorts within one code only, so that the thousandth page costs what the first does, whatever the scope: a town's rows lie
together. Boxes go through the functions `database/functions/layers/*_in_box.sql`, for under a policy ``&&`` may not use the spatial index.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Float,
    Select,
    and_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    text,
    true,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import NullType

from database.paging import CursorInvalid
from database.rights.scope import narrowed_to_scope, ranges_of_scope
from layers.features.collections import Collection
from layers.features.cql2 import shape_in_sql
from layers.features.crs import is_rectangle
from layers.features.errors import UnknownFeature
from layers.features.query import FeatureQuery, after, everything, touching

#: A box with more features than this is counted and paged where the policy does not hinder the index, or read in order.
MOST_IN_BOX = 20_000


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature. geometry: GeoJSON text or None. version: hash of the whole row, what ``If-Match`` compares; empty on pages."""

    id: int | str
    geometry: str | None
    properties: dict[str, Any]
    version: str


@dataclass(frozen=True, slots=True)
class FeaturePage:
    """One page. matched: all features that match, counted when the first page was read. next: cursor, None at the end."""

    features: list[Feature]
    matched: int
    next: str | None


def list_features(connection: Connection, query: FeatureQuery) -> FeaturePage:
    """One page of the features that match. Raises CursorInvalid for a cursor of another question."""
    order = _order(query)
    position, matched = _read_cursor(query, order) if query.cursor else (None, None)
    if query.box is not None and query.box.is_empty:
        return FeaturePage([], 0, None)
    conditions, keys = _conditions(query), _keys_in_box(connection, query)
    if keys == []:
        return FeaturePage([], 0, None)
    if keys is None and _is_broad_box(query):
        matched = _count_in_box(connection, query) if matched is None else matched
        keys = _page_in_box(connection, query, position)
    if keys is not None:
        key = query.collection.table.c[query.collection.key]
        conditions.append(key == func.any(bindparam(None, keys, ARRAY(BigInteger), unique=True)))
    ranges = ranges_of_scope(connection, query.collection.table.c.grid_code)
    if matched is None:
        matched = _count(connection, query, [*conditions, *([or_(*ranges)] if ranges else [])])
    page = _statement(query, order).where(*conditions)
    if position is not None:
        page = page.where(after(order, position))
    if not query.sort and keys is None and query.collection.indexed:
        rows = _read_in_order(connection, page, ranges, query.limit + 1, dense=query.plain)
    else:
        rows = connection.execute(page.where(or_(*ranges) if ranges else true()).limit(query.limit + 1)).all()
    features = [_feature(query, row) for row in rows[: query.limit]]
    following = None
    if len(rows) > query.limit:
        last = rows[query.limit - 1]
        following = _write_cursor(query, matched, [getattr(last, f"order_{n}") for n in range(len(order))])
    return FeaturePage(features, matched, following)


def _read_in_order(
    connection: Connection, page: Select[Any], ranges: list[ColumnElement[bool]], wanted: int, *, dense: bool
) -> Sequence[Any]:
    """So many rows by grid code: the prefixes of the scope follow each other, one range of the index after another.

    The planner takes the policy for far more selective than it is and would rather sort all that is left than read on in the
    index. It may not, except where a filter may leave few rows of many (not dense): then reading the table once can be best.
    """
    hints = ["enable_bitmapscan", *(["enable_seqscan", "enable_sort"] if dense else [])]
    for hint in hints:
        connection.execute(text(f"SET LOCAL {hint} = off"))
    rows: list[Any] = []
    for within in ranges or [true()]:
        rows += connection.execute(page.where(within).limit(wanted - len(rows))).all()
        if len(rows) == wanted:
            break
    for hint in hints:
        connection.execute(text(f"SET LOCAL {hint} = on"))
    return rows


def get_feature(connection: Connection, query: FeatureQuery, key: str) -> Feature:
    """One feature by its identifier. Served by the primary key. Raises UnknownFeature, also for what the scope hides."""
    collection = query.collection
    statement = _statement(query, []).where(collection.table.c[collection.key] == _key(collection, key))
    if collection.editable:
        statement = statement.add_columns(
            literal_column(f"md5({collection.table.name}::text)").label("feature_version")
        )
    row = connection.execute(statement).one_or_none()
    if row is None:
        raise UnknownFeature(f"{collection.name}/{key[:40]}")
    return _feature(query, row)


def lock_feature(connection: Connection, collection: Collection, key: str) -> Feature:
    """One feature, locked until the transaction ends, so that of two writers one waits and then sees what the other did."""
    column = collection.table.c[collection.key]
    connection.execute(select(column).where(column == _key(collection, key)).with_for_update()).one_or_none()
    return get_feature(connection, everything(collection), key)


def _key(collection: Collection, key: str) -> int | str:
    if collection.key_kind == "string":
        return key
    if not (key.isascii() and key.isdecimal()) or len(key) > 18:
        raise UnknownFeature(f"{collection.name}/{key[:40]}")
    return int(key)


def _order(query: FeatureQuery) -> list[tuple[ColumnElement[Any], bool]]:
    table = query.collection.table
    key = table.c[query.collection.key]
    if not query.sort:
        return [(table.c.grid_code, False), (key, False)] if table.c.grid_code.computed is None else [(key, False)]
    order = [(field.value, down) for field, down in query.sort]
    if order[0][0] is not key:
        order.append((key, order[0][1]))
    return order


def _statement(query: FeatureQuery, order: list[tuple[ColumnElement[Any], bool]]) -> Select[Any]:
    table = query.collection.table
    geometry = query.crs.in_sql(table.c.geom)
    columns: list[ColumnElement[Any]] = [
        table.c[query.collection.key].label("feature_key"),
        func.st_asgeojson(func.st_forcepolygonccw(geometry), query.crs.digits, 0).label("feature_geometry"),
    ]
    columns += [p.value.label(f"property_{n}") for n, p in enumerate(query.shown)]
    columns += [column.label(f"order_{n}") for n, (column, _down) in enumerate(order)]
    statement = select(*columns).select_from(table).where(*query.collection.shown)
    return statement.order_by(*(column.desc() if down else column for column, down in order))


def _feature(query: FeatureQuery, row: Any) -> Feature:
    properties = {p.name: getattr(row, f"property_{n}") for n, p in enumerate(query.shown)}
    return Feature(row.feature_key, row.feature_geometry, properties, getattr(row, "feature_version", ""))


# --- which rows ----------------------------------------------------------------------------------------------


def _conditions(query: FeatureQuery) -> list[ColumnElement[bool]]:
    """What the rows must satisfy beside the policy."""
    conditions = [*query.conditions]
    if query.box is not None:
        geometry = type_coerce(query.collection.table.c.geom, NullType())
        if query.collection.geometry_kind == "point" and is_rectangle(query.box):
            # a quarter of the time of st_intersects, which counts when a box holds a whole county
            west, south, east, north = (bindparam(None, n, Float, unique=True) for n in query.box.bounds)
            conditions += [func.st_x(geometry).between(west, east), func.st_y(geometry).between(south, north)]
        else:
            conditions.append(func.st_intersects(geometry, shape_in_sql(query.box)))
    return conditions


def _keys_in_box(connection: Connection, query: FeatureQuery) -> list[int] | None:
    """Keys of the features in scope whose box meets what all matches must touch, through the spatial index.

    None where nothing narrows, for too many, and for collections that are small.
    """
    bounds = touching(query.near)
    if bounds is None or not query.collection.indexed:
        return None
    west, south, east, north = bounds
    if west > east or south > north:
        return []  # nothing touches both of two areas apart
    found: list[int] | None = connection.scalar(
        text("SELECT features_in_box(:name, :west, :south, :east, :north, :most)"),
        {
            "name": query.collection.name,
            "west": west,
            "south": south,
            "east": east,
            "north": north,
            "most": MOST_IN_BOX,
        },
    )
    return found


def _is_broad_box(query: FeatureQuery) -> bool:
    """True for a box along the axes and nothing else, in the usual order: the database has functions for that."""
    return (
        query.box is not None
        and query.plain
        and not query.sort
        and query.collection.indexed
        and is_rectangle(query.box)
    )


def _bounds_of(query: FeatureQuery) -> dict[str, Any]:
    bounds = zip(("west", "south", "east", "north"), query.box.bounds, strict=True) if query.box is not None else ()
    return {"name": query.collection.name, **dict(bounds)}


def _count_in_box(connection: Connection, query: FeatureQuery) -> int:
    return int(
        connection.scalar(text("SELECT count_in_box(:name, :west, :south, :east, :north)"), _bounds_of(query)) or 0
    )


def _page_in_box(connection: Connection, query: FeatureQuery, position: list[Any] | None) -> list[int]:
    code, key = position or (None, None)
    keys: list[int] | None = connection.scalar(
        text("SELECT page_in_box(:name, :west, :south, :east, :north, :code, :key, :most)"),
        {**_bounds_of(query), "code": code, "key": key, "most": query.limit + 1},
    )
    return keys or []


def _count(connection: Connection, query: FeatureQuery, conditions: list[ColumnElement[bool]]) -> int:
    statement = (
        select(func.count()).select_from(query.collection.table).where(*query.collection.shown, and_(True, *conditions))
    )
    return int(connection.scalar(statement) or 0)


# --- the cursor ----------------------------------------------------------------------------------------------


def _write_cursor(query: FeatureQuery, matched: int, values: list[Any]) -> str:
    plain = [value.isoformat() if isinstance(value, date | datetime) else value for value in values]
    packed = json.dumps([query.identity, matched, plain], ensure_ascii=False, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def _read_cursor(query: FeatureQuery, order: list[tuple[ColumnElement[Any], bool]]) -> tuple[list[Any], int]:
    written = query.cursor or ""
    try:
        identity, matched, plain = json.loads(base64.urlsafe_b64decode(written + "=" * (-len(written) % 4)))
        values = [_of_type(column, value) for (column, _down), value in zip(order, plain, strict=True)]
    except (binascii.Error, ValueError, TypeError, RecursionError):
        raise CursorInvalid from None
    if identity != query.identity or type(matched) is not int or matched < 0:
        raise CursorInvalid
    return values, matched


def _of_type(column: ColumnElement[Any], value: Any) -> Any:
    wanted = column.type.python_type
    if wanted is datetime:
        return datetime.fromisoformat(value)
    if type(value) is not wanted:
        raise ValueError(value)
    return value


def version_of(feature: Feature) -> str:
    """The entity tag of a feature: what it is, in whatever CRS or format it is asked for."""
    return hashlib.sha256(f"{feature.id} {feature.version}".encode()).hexdigest()[:32]


def time_span(connection: Connection, collection: Collection) -> list[str | None]:
    """First and last moment of a collection in scope, ISO 8601; None where it has no time or no features."""
    if collection.time is None:
        return [None, None]
    time = collection.properties[collection.time].value
    conditions = [*collection.shown, *narrowed_to_scope(connection, collection.table.c.grid_code)]
    row = connection.execute(select(func.min(time), func.max(time)).where(*conditions)).one()
    return [None if moment is None else moment.isoformat() for moment in row]
