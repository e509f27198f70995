"""If the water stands at H metres: which households, how many people, which of them need help. In the entered scope.

A bathtub: the ground at the door is compared with H. Whether water can get there, how fast, over which dyke, is not asked.
Everything counted is what row-level security shows of households, members and persons.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Connection, Row, text
from sqlalchemy.dialects import postgresql

from access.audit.record import record
from database.connection.records import records_of
from database.paging import Cursor, Page
from database.rights.scope import narrowed_to_scope
from database.tables.base import CountyBase
from layers.people.models import Household
from layers.people.vocabulary import PersonStatus
from layers.raster.models import AddressElevation

OLD_YEARS, CHILD_YEARS = 60, 7
#: status codes of a person, or of the household, that mean help is needed to leave
HELP_CODES = (
    PersonStatus.ELDERLY_ALONE,
    PersonStatus.DISABLED,
    PersonStatus.FIVE_GUARANTEES,
    PersonStatus.LEFT_BEHIND,
    PersonStatus.KEY_CARE,
)
NEEDS: dict[str, str] = {
    "old": f"{OLD_YEARS} 岁及以上", "alone": "老人独住", "child": f"{CHILD_YEARS} 岁以下儿童",
    **{str(code): code.zh for code in HELP_CODES},
}  # fmt: skip

# Households by ix_address_elevation_elevation_m and ix_household_address_id (a narrow scope: ix_household_grid_code); members by
# uq_household_member_household_id_person_id_valid_from; persons by their key. One row a member, or one for a household without
# any: nothing below joins what was joined already, for under a policy the planner guesses too few rows to hash it.
_WET = """
WITH wet AS MATERIALIZED (
    SELECT household.id, household.grid_code, elevation_m, raster_id, household.status_codes
    FROM household JOIN address_elevation ON address_elevation.address_id = household.address_id
    WHERE elevation_m < :level {narrowed} {page}
), member AS MATERIALIZED (
    SELECT w.id, w.grid_code, w.elevation_m, w.raster_id, w.status_codes AS household_codes, p.id AS person_id, p.status_codes,
           coalesce(extract(year FROM CURRENT_DATE) - extract(year FROM p.birth_date) >= :old, false) AS old,
           coalesce(extract(year FROM CURRENT_DATE) - extract(year FROM p.birth_date) < :child, false) AS child,
           min(p.id) OVER one = max(p.id) OVER one AS single
    FROM wet w LEFT JOIN (household_member m JOIN person p ON p.id = m.person_id)
        ON m.household_id = w.id AND is_present_member(m.valid_from, m.valid_to, p.death_date, CURRENT_DATE)
    WINDOW one AS (PARTITION BY w.id)
), need AS (
    SELECT *, old AND single OR coalesce(jsonb_exists(status_codes, 'elderly_alone'), false) AS alone,
           old OR child OR coalesce(jsonb_exists_any(status_codes, CAST(:codes AS text[])), false) AS help
    FROM member
)
"""
_COUNTS = """, counted AS MATERIALIZED (
    SELECT grid_code, grouping(grid_code) = 1 AS total, count(DISTINCT id) AS households_n,
           count(DISTINCT person_id) AS persons_n, count(DISTINCT person_id) FILTER (WHERE help) AS help_n,
           count(DISTINCT id) FILTER (WHERE help OR jsonb_exists_any(household_codes, CAST(:codes AS text[])))
               AS help_households_n,
           count(DISTINCT person_id) FILTER (WHERE old) AS old_n,
           count(DISTINCT person_id) FILTER (WHERE alone) AS alone_n,
           count(DISTINCT person_id) FILTER (WHERE jsonb_exists(status_codes, 'disabled')) AS disabled_n,
           count(DISTINCT person_id) FILTER (WHERE child) AS child_n,
           round(CAST(:level - min(elevation_m) AS numeric), 2)::float8 AS deepest_m,
           array_agg(DISTINCT raster_id) AS rasters
    FROM need GROUP BY GROUPING SETS ((grid_code), ())
)
SELECT n.*, n.grid_code AS code, (SELECT c.name FROM grid_cell c WHERE c.code = n.grid_code) AS cell_name,
       (SELECT d.name FROM division d WHERE d.code = n.grid_code) AS division_name
FROM counted n ORDER BY n.total, n.grid_code
"""
_UNKNOWN = """
SELECT count(*) FROM household LEFT JOIN address_elevation e ON e.address_id = household.address_id
WHERE e.elevation_m IS NULL {narrowed}
"""
_LIST = """, listed AS MATERIALIZED (
    SELECT id, elevation_m, household_codes, count(DISTINCT person_id) AS persons_n,
           count(DISTINCT person_id) FILTER (WHERE help) AS help_n, bool_or(old) AS old, bool_or(alone) AS alone,
           bool_or(child) AS child, coalesce(jsonb_agg(status_codes) FILTER (WHERE help), '[]') AS codes
    FROM need GROUP BY id, elevation_m, household_codes
)
SELECT l.*, h.household_no, h.head_name, coalesce(a.full_text, h.address_text) AS address, h.grid_code,
       coalesce(c.name, d.name) AS cell_name, st_x(h.geom) AS lon, st_y(h.geom) AS lat,
       round(CAST(:level - l.elevation_m AS numeric), 2)::float8 AS depth_m
FROM listed l JOIN household h ON h.id = l.id LEFT JOIN standard_address a ON a.id = h.address_id
LEFT JOIN grid_cell c ON c.code = h.grid_code LEFT JOIN division d ON d.code = h.grid_code
ORDER BY l.elevation_m, l.id
"""


@dataclass(frozen=True, slots=True)
class FloodCounts:
    """Who is below the water. deepest_m: greatest depth at a door, metres."""

    households_n: int
    persons_n: int
    help_n: int
    help_households_n: int
    old_n: int
    alone_n: int
    disabled_n: int
    child_n: int
    deepest_m: float | None


@dataclass(frozen=True, slots=True)
class FloodedCell(FloodCounts):
    """The same for one cell, or for the village where a household belongs to no cell."""

    code: str
    name: str | None


@dataclass(frozen=True, slots=True)
class ElevationModel:
    """The model that elevations come from. replaced: no longer in the catalogue, a refresh is due."""

    name: str
    title: str
    resolution_m: float
    replaced: bool


@dataclass(frozen=True, slots=True)
class Flood:
    """What lies below a level. unknown_households_n: households without an elevation, of which nothing can be said."""

    level_m: float
    total: FloodCounts
    cells: list[FloodedCell]
    unknown_households_n: int
    models: list[ElevationModel]


@dataclass(frozen=True, slots=True)
class Need:
    """Why help is needed. label: in Chinese."""

    code: str
    label: str


@dataclass(frozen=True, slots=True)
class FloodedHousehold:
    """A household below the water. lon, lat in EPSG:4490; elevation_m of the ground, depth_m of the water, metres."""

    id: int
    household_no: str
    head_name: str | None
    address: str | None
    grid_code: str
    cell_name: str | None
    lon: float | None
    lat: float | None
    elevation_m: float
    depth_m: float
    persons_n: int
    help_n: int
    needs: list[Need]


_COUNTED = tuple(one.name for one in fields(FloodCounts))
_LISTED = tuple(one.name for one in fields(FloodedHousehold) if one.name != "needs")


def count_flooded(connection: Connection, level_m: float) -> Flood:
    """Households, persons and those who need help where the ground lies below ``level_m``, in all and by cell."""
    narrowed = _narrowed(connection, Household, AddressElevation)
    rows = connection.execute(text(_WET.format(narrowed=narrowed, page="") + _COUNTS), _values(level_m))
    *cells, total = rows.all()
    unknown = connection.scalar(text(_UNKNOWN.format(narrowed=_narrowed(connection, Household))))
    return Flood(
        level_m=level_m,
        total=FloodCounts(**_counts(total)),
        cells=[
            FloodedCell(code=cell.code, name=cell.cell_name or cell.division_name, **_counts(cell)) for cell in cells
        ],
        unknown_households_n=unknown or 0,
        models=_models(connection, total.rasters),
    )


def _counts(row: Row[Any]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _COUNTED}


_CURSOR = Cursor("flooded", float, int)


def list_flooded(
    connection: Connection, level_m: float, *, after: str | None = None, limit: int = 50
) -> Page[FloodedHousehold]:
    """The households whose ground lies below ``level_m``, the lowest first, with how many need help and why. Audited.

    No ID number and no phone is in the list. Raises CursorInvalid.
    """
    where = "AND (elevation_m, household.id) > (:after_m, :after_id) " if after else ""
    where += "ORDER BY elevation_m, household.id LIMIT :most"
    values = _values(level_m) | {"most": limit + 1}
    if after:
        values |= dict(zip(("after_m", "after_id"), _CURSOR.read(after), strict=True))
    rows = connection.execute(
        text(_WET.format(narrowed=_narrowed(connection, Household, AddressElevation), page=where) + _LIST), values
    )
    page = _CURSOR.page(
        [_household(row) for row in rows], limit, lambda household: (household.elevation_m, household.id)
    )
    record(connection, "list_flooded", target=f"level {level_m:g} m, {len(page.items)} households")
    return page


def _household(row: Row[Any]) -> FloodedHousehold:
    codes = {code for codes in row.codes for code in codes} | set(row.household_codes)
    reasons = [name for name in ("old", "alone", "child") if getattr(row, name)] + [c for c in HELP_CODES if c in codes]
    if "alone" in reasons and "elderly_alone" in reasons:
        reasons.remove("elderly_alone")
    return FloodedHousehold(
        **{name: getattr(row, name) for name in _LISTED}, needs=[Need(code, NEEDS[code]) for code in reasons]
    )


def _values(level_m: float) -> dict[str, Any]:
    return {"level": level_m, "old": OLD_YEARS, "child": CHILD_YEARS, "codes": list(HELP_CODES)}


def _narrowed(connection: Connection, *tables: type[CountyBase]) -> str:
    """The scope once more as conditions on these tables, for the indexes (see ``narrowed_to_scope``); digits, written out."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    conditions = [one for t in tables for one in narrowed_to_scope(connection, t.__table__.c.grid_code)]
    written = [one.compile(dialect=dialect, compile_kwargs={"literal_binds": True}) for one in conditions]
    return "".join(f"AND ({condition}) " for condition in written)


def _models(connection: Connection, numbers: list[int] | None) -> list[ElevationModel]:
    """The elevation models behind a result; by pk_raster."""
    rows = connection.execute(
        text(
            "SELECT name, title, resolution_m, removed_at IS NOT NULL AS replaced FROM raster "
            "WHERE id = ANY(:ids) ORDER BY id"
        ),
        {"ids": [n for n in numbers or [] if n is not None]},
    )
    return records_of(ElevationModel, rows)
