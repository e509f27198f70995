"""Reading the audit trail: in pages with filters, in sums, as an export that verifies elsewhere, and its head.

Two trails are read alike: the county's, under the reader's scope, and the platform's part about the same county.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Literal

from sqlalchemy import Connection, text

from access.audit.chain import COUNTY_COLUMNS, FORMAT, NOTHING_BEFORE, PLATFORM, PLATFORM_COLUMNS, Line
from database.connection.records import records_of
from database.errors import Invalid
from database.paging import Cursor, Page

Trail = Literal["county", "platform"]
_COLUMNS: dict[Trail, tuple[str, ...]] = {"county": COUNTY_COLUMNS, "platform": PLATFORM_COLUMNS}
_TABLE: dict[Trail, str] = {"county": "audit_event", "platform": "platform.audit_event"}
_HEAD: dict[Trail, str] = {"county": "audit_head", "platform": "platform.audit_head"}
#: The platform's rows about a county; names that no account has belong to the county when it is the only one here.
_ABOUT = "(e.county = :county OR e.county IS NULL AND (SELECT count(*) FROM platform.county) = 1)"
_BATCH = 2000
_CURSORS: dict[Trail, Cursor] = {"county": Cursor("audit", int), "platform": Cursor("platform_audit", int)}


class TrailFilterInvalid(Invalid):
    """这种导出不能带这些筛选条件 | This export takes no such filter"""


@dataclass(frozen=True, slots=True)
class TrailFilter:
    """What the auditor asks for. Days are inclusive, in the time zone of the server. target: exact, or its beginning with *."""

    actor: str | None = None
    action: str | None = None
    target: str | None = None
    address: str | None = None
    allowed: bool | None = None
    first_day: date | None = None
    last_day: date | None = None

    def __str__(self) -> str:
        """What was asked for, as the trail keeps it of the auditor's own look."""
        return " ".join(f"{f.name}={getattr(self, f.name)}" for f in fields(self) if getattr(self, f.name) is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A row of a trail. at: UTC with microseconds, as the chain writes it; target names records, never personal values.

    rows_n, times, grid_code: of a county's trail; county: of the platform's.
    """

    id: int
    at: str
    actor: str
    action: str
    target: str | None
    purpose: str | None
    allowed: bool
    address: str | None
    rows_n: int | None = None
    times: int = 1
    grid_code: str | None = None
    county: str | None = None


@dataclass(frozen=True, slots=True)
class Sum:
    """What one actor did of one kind on one day. times: how often; rows_n: records, unknown of the platform's trail."""

    day: date
    actor: str
    action: str
    times: int
    rows_n: int | None
    refused: int


@dataclass(frozen=True, slots=True)
class Head:
    """The last link of a chain. at: UTC, as the chain writes it; None while there is no row."""

    number: int
    hash: str
    at: str | None


def _conditions(trail: Trail, county: str, where: TrailFilter) -> tuple[str, dict[str, Any]]:
    conditions, values = ["true"], dict[str, Any]()
    if trail == "platform":
        conditions.append(_ABOUT)
        values["county"] = county
    for name in ("actor", "action", "address", "allowed"):
        given = getattr(where, name)
        if given is not None:
            conditions.append(f"e.{name} = :{name}")
            values[name] = given
    if where.target is not None:
        beginning = where.target.endswith("*")
        conditions.append("starts_with(e.target, :target)" if beginning else "e.target = :target")
        values["target"] = where.target.removesuffix("*")
    if where.first_day is not None:
        conditions.append("e.at >= CAST(:first_day AS date)")
        values["first_day"] = where.first_day
    if where.last_day is not None:
        conditions.append("e.at < CAST(:last_day AS date) + 1")
        values["last_day"] = where.last_day
    return " AND ".join(conditions), values


def list_trail(
    connection: Connection,
    trail: Trail,
    county: str,
    where: TrailFilter,
    *,
    after: str | None = None,
    limit: int = 100,
) -> Page[Entry]:
    """A page of the trail, newest first. after: the ``next`` of the page before. Raises CursorInvalid.

    Served by the primary key read backwards, and by ``ix_audit_event_actor``, ``_action``, ``_target``, ``_address``, ``_at``.
    """
    condition, values = _conditions(trail, county, where)
    rows = connection.execute(
        text(
            f"SELECT {_selected(trail)} FROM {_TABLE[trail]} e WHERE {condition} "  # noqa: S608 - constants
            "AND (CAST(:before AS bigint) IS NULL OR e.id < :before) ORDER BY e.id DESC LIMIT :limit"
        ),
        values | {"before": _CURSORS[trail].first(after), "limit": limit + 1},
    )
    return _CURSORS[trail].page(records_of(Entry, rows), limit, lambda entry: (entry.id,))


def summarise(connection: Connection, trail: Trail, county: str, where: TrailFilter, limit: int = 1000) -> list[Sum]:
    """By day, actor and action: how often, how many records, how many refusals; the latest days first."""
    condition, values = _conditions(trail, county, where)
    rows_n, times = ("sum(e.rows_n)", "sum(e.times)") if trail == "county" else ("NULL::bigint", "count(*)")
    rows = connection.execute(
        text(
            f"SELECT e.at::date AS day, e.actor, e.action, {times} AS times, {rows_n} AS rows_n, "  # noqa: S608 - constants
            f"count(*) FILTER (WHERE NOT e.allowed) AS refused FROM {_TABLE[trail]} e WHERE {condition} "
            "GROUP BY 1, 2, 3 ORDER BY 1 DESC, times DESC, 2, 3 LIMIT :limit"
        ),
        values | {"limit": limit},
    )
    return records_of(Sum, rows)


def read_head(connection: Connection, trail: Trail) -> Head:
    """The last link; number 0 while there is none."""
    found = connection.execute(
        text(f"SELECT number, hash, platform.audit_time(at) AS at FROM {_HEAD[trail]} WHERE id = 1")  # noqa: S608
    )
    return next(iter(records_of(Head, found)), Head(0, NOTHING_BEFORE, None))


def chain_rest(connection: Connection, trail: Trail) -> int:
    """Chain what transactions of one moment left unchained; how many rows. Other commits do it as well."""
    schema = "platform." if trail == "platform" else ""
    return int(connection.scalar(text(f"SELECT {schema}chain_audit()")) or 0)


def read_chain(
    connection: Connection, trail: Trail, *, first_day: date | None = None, last_day: date | None = None
) -> Iterator[Line]:
    """The rows in the order of the chain, as they are hashed, then those not chained. Served by ``uq_audit_event_number``.

    With days: from the first row of the first day to the last row of the last one, nothing left out between. The
    application's own view: the scope must be the whole county, or rows are missing.
    """
    bounds = connection.execute(
        text(
            f"SELECT min(number) FILTER (WHERE CAST(:first AS date) IS NULL OR at >= CAST(:first AS date)) AS first, "  # noqa: S608
            "max(number) FILTER (WHERE CAST(:last AS date) IS NULL OR at < CAST(:last AS date) + 1) AS last "
            f"FROM {_TABLE[trail]}"
        ),
        {"first": first_day, "last": last_day},
    ).one()
    number = (bounds.first or 1) - 1
    while bounds.first is not None and bounds.last is not None:
        rows = connection.execute(
            text(
                f"SELECT {_selected(trail)}, number, previous, hash FROM {_TABLE[trail]} e "  # noqa: S608 - constants
                "WHERE number > :number AND number <= :last ORDER BY number LIMIT :batch"
            ),
            {"number": number, "last": bounds.last, "batch": _BATCH},
        ).mappings()
        found = [dict(row) for row in rows]
        yield from found
        if len(found) < _BATCH:
            break
        number = found[-1]["number"]
    if last_day is None:
        unchained = text(
            f"SELECT {_selected(trail)}, number, previous, hash FROM {_TABLE[trail]} e WHERE number IS NULL ORDER BY id"  # noqa: S608
        )
        yield from (dict(row) for row in connection.execute(unchained).mappings())


def export_header(trail: Trail, county: str) -> dict[str, str]:
    """The first line of an export: what it is and whose."""
    return {"format": FORMAT, "chain": PLATFORM if trail == "platform" else county}


def _selected(trail: Trail) -> str:
    """The columns as the chain writes them; the moment as text, so that nothing is lost on the way."""
    return ", ".join("platform.audit_time(e.at) AS at" if c == "at" else f"e.{c}" for c in _COLUMNS[trail])
