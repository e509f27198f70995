"""Drawing the grid by hand: a new cell, another outline or name, a cell given up; the addresses follow.

A cell is never deleted: it ends (``valid_to``), its code is not given again, and the dated links of its addresses keep their
answer. Writers of one village wait for each other, so that two outlines that overlap are never both accepted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from database.errors import Invalid
from grid.assign import assign_cells
from grid.cells import CellNotFound
from grid.vocabulary import CellFault

#: What the survey may be out by: an overlap, or a part outside the unit above, up to so many square metres is a sliver.
SLIVER_M2 = 10.0
#: More addresses than any cell holds; a box with more is refused.
_MOST_ADDRESSES = 500_000


class CellInvalid(Invalid):
    """网格不符合划分规则 | The cell breaks a rule of the grid"""


@dataclass(frozen=True, slots=True)
class CellState:
    """A present cell as its changes (异动) show it. geom: GeoJSON, EPSG:4490."""

    code: str
    level: str
    parent_code: str
    name: str
    households_n: int | None
    population_n: int | None
    valid_from: date
    geom: dict[str, object]


_STATE = text(
    "SELECT code, level, parent_code, name, households_n, population_n, valid_from, st_asgeojson(geom, 9)::jsonb AS geom "
    "FROM grid_cell WHERE code = :code AND valid_to IS NULL"
)
_FAULTS = text("""
WITH drawn AS (SELECT st_geomfromwkb(:outline, 4490) AS geom),
parent AS (
    SELECT geom FROM division WHERE code = :parent AND valid_to IS NULL AND level = 'village'
    UNION ALL SELECT geom FROM grid_cell WHERE code = :parent AND valid_to IS NULL AND level = 'cell'
)
SELECT 'outside' AS fault, CAST(:parent AS text) AS code, st_area(st_difference(d.geom, p.geom)::geography) AS area_m2
FROM drawn d, parent p WHERE p.geom IS NOT NULL AND NOT st_coveredby(d.geom, p.geom)
UNION ALL
SELECT 'overlap', c.code, st_area(st_intersection(d.geom, c.geom)::geography) FROM drawn d, grid_cell c
WHERE c.valid_to IS NULL AND c.level = :level AND c.code <> :code AND st_relate(d.geom, c.geom, '2********')
ORDER BY 3 DESC
""")
# A code once given is never given again: ended cells count.
_NEXT = text(
    "SELECT coalesce(max(substr(code, length(parent_code) + 1)::int), 0) + 1 FROM grid_cell WHERE parent_code = :parent"
)


def cell_state(connection: Connection, code: str) -> CellState:
    """A present cell as its changes show it. Raises CellNotFound."""
    row = connection.execute(_STATE, {"code": code}).one_or_none()
    if row is None:
        raise CellNotFound(code)
    return CellState(**row._mapping)


def create_cell(connection: Connection, parent_code: str, name: str, outline: bytes) -> str:
    """A new cell of a village, or micro cell of a cell; returns its code. outline: WKB, EPSG:4490, polygon or several.

    Raises CellInvalid: unknown unit above, overlap, parts outside the unit above, no number left.
    """
    _wait_for_others(connection, parent_code)
    level, digits, most = ("cell", 3, 999) if len(parent_code) == 12 else ("micro_cell", 2, 99)
    if len(parent_code) not in (12, 15) or not _exists(connection, parent_code):
        raise CellInvalid(f"{parent_code}：不是现有的村社区或网格 / no present village or cell")
    _refuse_faults(connection, "", level, parent_code, outline)
    number = int(connection.scalar(_NEXT, {"parent": parent_code}) or 1)
    if number > most:
        raise CellInvalid(f"{parent_code} 的网格编号已用完 / no number is left")
    code = f"{parent_code}{number:0{digits}d}"
    connection.execute(
        text(
            "INSERT INTO grid_cell (code, level, parent_code, name, geom) "
            "VALUES (:code, :level, :parent, :name, st_multi(st_geomfromwkb(:outline, 4490)))"
        ),
        {"code": code, "level": level, "parent": parent_code, "name": name, "outline": outline},
    )
    _follow(connection, code)
    return code


def change_cell(connection: Connection, code: str, *, name: str, outline: bytes | None) -> None:
    """Another name, and another outline (WKB, EPSG:4490) where one is given. Raises CellNotFound, CellInvalid."""
    before = cell_state(connection, code)
    if outline is None:
        connection.execute(text("UPDATE grid_cell SET name = :name WHERE code = :code"), {"name": name, "code": code})
        return
    _wait_for_others(connection, before.parent_code)
    _refuse_faults(connection, code, before.level, before.parent_code, outline)
    touched = _addresses(connection, code)
    connection.execute(
        text("UPDATE grid_cell SET name = :name, geom = st_multi(st_geomfromwkb(:outline, 4490)) WHERE code = :code"),
        {"name": name, "outline": outline, "code": code},
    )
    _follow(connection, code, touched)


def retire_cell(connection: Connection, code: str) -> None:
    """A cell given up from today on; its postings end with it. Raises CellNotFound; CellInvalid while it has micro cells."""
    before = cell_state(connection, code)
    _wait_for_others(connection, before.parent_code)
    if connection.scalar(
        text("SELECT EXISTS (SELECT FROM grid_cell WHERE parent_code = :c AND valid_to IS NULL)"), {"c": code}
    ):
        raise CellInvalid(f"{code}：请先停用其中的微网格 / retire its micro cells first")
    touched = _addresses(connection, code)
    ended = "valid_to = greatest(CURRENT_DATE, valid_from + 1)"
    connection.execute(text(f"UPDATE grid_cell SET {ended} WHERE code = :code"), {"code": code})  # noqa: S608 - constant
    connection.execute(
        text(f"UPDATE posting SET {ended} WHERE cell_code = :code AND valid_to IS NULL"),  # noqa: S608 - constant
        {"code": code},
    )
    if touched:
        assign_cells(connection, ids=touched)


def village_of(connection: Connection, outline: bytes) -> str | None:
    """The village in scope that holds a point inside the outline (WKB, EPSG:4490); None when there is none."""
    code: str | None = connection.scalar(
        text(
            "SELECT code FROM division WHERE level = 'village' AND valid_to IS NULL "
            "AND st_covers(geom, st_pointonsurface(st_geomfromwkb(:outline, 4490))) ORDER BY code LIMIT 1"
        ),
        {"outline": outline},
    )
    return code


def _wait_for_others(connection: Connection, parent_code: str) -> None:
    connection.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('grid of ' || :village, 0))"), {"village": parent_code[:12]}
    )


def _exists(connection: Connection, code: str) -> bool:
    return bool(
        connection.scalar(
            text(
                "SELECT EXISTS (SELECT FROM division WHERE code = :code AND level = 'village' AND valid_to IS NULL) "
                "OR EXISTS (SELECT FROM grid_cell WHERE code = :code AND level = 'cell' AND valid_to IS NULL)"
            ),
            {"code": code},
        )
    )


def _refuse_faults(connection: Connection, code: str, level: str, parent: str, outline: bytes) -> None:
    values = {"outline": outline, "code": code, "level": level, "parent": parent}
    faults = [row for row in connection.execute(_FAULTS, values) if row.area_m2 > SLIVER_M2]
    if faults:
        raise CellInvalid(
            "；".join(f"{CellFault(f.fault).zh} {f.code}，{f.area_m2:,.0f} 平方米" for f in faults[:5]),
            faults=[{"fault": f.fault, "code": f.code, "area_m2": round(f.area_m2, 1)} for f in faults[:20]],
        )


def _addresses(connection: Connection, code: str) -> list[int]:
    """Addresses the cell is responsible for now. Served by ``ix_address_cell_cell_code``."""
    linked = text("SELECT address_id FROM address_cell WHERE cell_code = :code AND valid_to IS NULL")
    return list(connection.scalars(linked, {"code": code}))


def _follow(connection: Connection, code: str, touched: list[int] | None = None) -> None:
    """Link the addresses that were in the cell, and those that lie in its outline now, anew. Served by ``ix_standard_address_tile``."""
    inside = connection.scalar(
        text(
            "SELECT addresses_in_box(st_xmin(geom), st_ymin(geom), st_xmax(geom), st_ymax(geom), :most) "
            "FROM grid_cell WHERE code = :code"
        ),
        {"code": code, "most": _MOST_ADDRESSES},
    )
    if inside is None:
        raise CellInvalid(f"{code}：范围内地址过多 / too many addresses inside")
    ids = sorted({*inside, *(touched or ())})
    if ids:
        assign_cells(connection, ids=ids)
