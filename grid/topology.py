"""Faults in the drawing of the grid: overlaps, gaps, cells outside their village."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, text

FaultKind = Literal["overlap", "gap", "outside_parent"]


@dataclass(frozen=True, slots=True)
class TopologyFault:
    """One fault. codes: the cells (overlap), the parent (gap), cell and parent (outside_parent). lon, lat inside it."""

    kind: FaultKind
    codes: tuple[str, ...]
    area_m2: float
    lon: float
    lat: float

    @property
    def text_zh(self) -> str:
        """The fault in words."""
        area = f"{self.area_m2:,.0f} 平方米"
        if self.kind == "overlap":
            return f"网格 {self.codes[0]} 与 {self.codes[1]} 重叠 {area}"
        if self.kind == "gap":
            return f"{self.codes[0]} 内有 {area} 没有划入任何网格"
        return f"网格 {self.codes[0]} 有 {area} 超出所属的 {self.codes[1]}"


# Temporary copies carry the spatial index that row-level security keeps from `&&` (see grid/assign.py).
_COPY = (
    "DROP TABLE IF EXISTS pg_temp.unit",
    "CREATE TEMP TABLE unit ON COMMIT DROP AS "
    "SELECT code, parent_code, length(code) AS digits, geom FROM grid_cell WHERE valid_to IS NULL "
    "UNION ALL SELECT code, parent_code, length(code), geom FROM division "
    "WHERE valid_to IS NULL AND level = 'village' AND geom IS NOT NULL",
    "CREATE INDEX ON pg_temp.unit USING gist (geom)",
    "CREATE INDEX ON pg_temp.unit (code)",
    "ANALYZE pg_temp.unit",
)
_OVERLAPS = """
SELECT 'overlap' AS kind, ARRAY[a.code, b.code] AS codes, st_intersection(a.geom, b.geom) AS geom
FROM pg_temp.unit a JOIN pg_temp.unit b
  ON a.geom && b.geom AND a.code < b.code AND a.digits = b.digits AND a.digits > 12
WHERE st_relate(a.geom, b.geom, '2********')
"""
_GAPS = """
SELECT 'gap' AS kind, ARRAY[p.code] AS codes, st_difference(p.geom, c.geom) AS geom
FROM pg_temp.unit p
JOIN (SELECT parent_code, st_union(geom) AS geom FROM pg_temp.unit WHERE digits > 12 GROUP BY parent_code) c
  ON c.parent_code = p.code
"""
_OUTSIDE = """
SELECT 'outside_parent' AS kind, ARRAY[c.code, p.code] AS codes, st_difference(c.geom, p.geom) AS geom
FROM pg_temp.unit c JOIN pg_temp.unit p ON p.code = c.parent_code
WHERE c.digits > 12 AND NOT st_coveredby(c.geom, p.geom)
"""


def check_cells(connection: Connection, *, min_area_m2: float = 10.0) -> list[TopologyFault]:
    """The faults of the present grid in scope, largest first; slivers below ``min_area_m2`` square metres are left out."""
    for statement in _COPY:
        connection.execute(text(statement))
    rows = connection.execute(
        text(
            f"SELECT kind, codes, area_m2, st_x(at) AS lon, st_y(at) AS lat FROM ("  # noqa: S608 - constants only
            f"SELECT kind, codes, st_area(geom::geography) AS area_m2, st_pointonsurface(geom) AS at "
            f"FROM ({_OVERLAPS} UNION ALL {_GAPS} UNION ALL {_OUTSIDE}) f WHERE NOT st_isempty(geom)) g "
            "WHERE area_m2 >= :min_area_m2 ORDER BY area_m2 DESC, codes"
        ),
        {"min_area_m2": min_area_m2},
    )
    return [TopologyFault(r.kind, tuple(r.codes), r.area_m2, r.lon, r.lat) for r in rows]
