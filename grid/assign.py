"""Which cell is responsible for a point, and the dated link from address to cell.

``&&`` is not leakproof, so under row-level security it may not use the spatial index. The cells in scope are
therefore copied once per transaction into a temporary table (a few thousand rows, read through the policy like
everything else) with a GiST index of its own, and all points are joined with that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from database.errors import Malformed, Missing
from database.geodesy.crs import metres_per_degree
from grid.vocabulary import AssignmentReason

MAX_GAP_M = 30.0


class NoCellNearby(Missing):
    """附近没有网格 | No grid cell nearby"""


class InvalidGeometry(Malformed):
    """坐标无效 | The coordinates are not valid"""


@dataclass(frozen=True, slots=True)
class Assignment:
    """The cell responsible for a point and why. distance_m: metres to the cell, 0 inside."""

    cell_code: str
    reason: AssignmentReason
    distance_m: float


_SPATIAL_COPY = (
    "DROP TABLE IF EXISTS pg_temp.cell_in_scope, pg_temp.village_in_scope",
    # finest cells only: a cell that is divided into micro cells gives way to them
    "CREATE TEMP TABLE cell_in_scope ON COMMIT DROP AS SELECT code, geom FROM grid_cell c WHERE valid_to IS NULL "
    "AND NOT EXISTS (SELECT FROM grid_cell m WHERE m.parent_code = c.code AND m.valid_to IS NULL)",
    "CREATE TEMP TABLE village_in_scope ON COMMIT DROP AS SELECT code, geom FROM division "
    "WHERE valid_to IS NULL AND level = 'village' AND geom IS NOT NULL",
    "CREATE INDEX ON pg_temp.cell_in_scope USING gist (geom)",
    "CREATE INDEX ON pg_temp.village_in_scope USING gist (geom)",
    "ANALYZE pg_temp.cell_in_scope",
    "ANALYZE pg_temp.village_in_scope",
)

# Served by the GiST indexes of the two temporary tables. reach_lon and reach_lat: max_gap_m in degrees.
_INSIDE = """
CREATE TEMP TABLE point_cell ON COMMIT DROP AS
SELECT p.id, min(c.code) AS cell_code, CASE WHEN count(*) > 1 THEN 'tie' ELSE 'inside' END AS reason,
       0::float AS distance_m
FROM pg_temp.{points} p JOIN pg_temp.cell_in_scope c ON st_covers(c.geom, p.geom)
GROUP BY p.id
"""
_NEAREST = """
INSERT INTO pg_temp.point_cell
SELECT p.id, near.code, 'nearest', near.distance_m
FROM pg_temp.{points} p
CROSS JOIN LATERAL (
    SELECT c.code, st_distance(c.geom::geography, p.geom::geography) AS distance_m
    FROM pg_temp.cell_in_scope c
    WHERE c.geom && st_expand(p.geom, :reach_lon, :reach_lat)
    ORDER BY distance_m, c.code LIMIT 1
) near
WHERE near.distance_m <= :max_gap_m AND NOT EXISTS (SELECT FROM pg_temp.point_cell done WHERE done.id = p.id)
"""
_VILLAGE = """
INSERT INTO pg_temp.point_cell
SELECT p.id, min(v.code), 'village', 0
FROM pg_temp.{points} p JOIN pg_temp.village_in_scope v ON st_covers(v.geom, p.geom)
WHERE NOT EXISTS (SELECT FROM pg_temp.point_cell done WHERE done.id = p.id)
GROUP BY p.id
"""


def find_cells_of_points(connection: Connection, points: str, *, max_gap_m: float = MAX_GAP_M) -> None:
    """Fill ``pg_temp.point_cell (id, cell_code, reason, distance_m)`` for the points of a temporary table.

    points: name of a temporary table with ``id`` and ``geom`` (point, EPSG:4490). Order of preference: the cell that
    covers the point (the lowest code on a shared boundary: 'tie'), the nearest within max_gap_m metres, the village
    that covers it. A point with none of these gets no row. The table lives until the end of the transaction.
    """
    if not points.isidentifier():
        raise ValueError(points)
    for statement in _SPATIAL_COPY:
        connection.execute(text(statement))
    connection.execute(text("DROP TABLE IF EXISTS pg_temp.point_cell"))
    middle = connection.scalar(text("SELECT avg((st_ymin(geom) + st_ymax(geom)) / 2) FROM pg_temp.cell_in_scope"))
    lon_m, lat_m = metres_per_degree(float(middle or 30.0))
    reach = {"max_gap_m": max_gap_m, "reach_lon": max_gap_m * 1.1 / lon_m, "reach_lat": max_gap_m * 1.1 / lat_m}
    connection.execute(text(_INSIDE.format(points=points)))
    connection.execute(text("CREATE INDEX ON pg_temp.point_cell (id)"))
    connection.execute(text("ANALYZE pg_temp.point_cell"))
    connection.execute(text(_NEAREST.format(points=points)), reach)
    connection.execute(text(_VILLAGE.format(points=points)))


def assign_cell(connection: Connection, lon: float, lat: float, *, max_gap_m: float = MAX_GAP_M) -> Assignment:
    """Choose the grid cell responsible for a point.

    lon, lat in EPSG:4490 (degrees). max_gap_m: metres a point may lie outside every cell (survey slivers).
    Returns the cell and why: inside, nearest or tie (lowest code wins); village when only a village covers the point.
    Raises NoCellNearby; coordinates that are no lon, lat raise InvalidGeometry.
    """
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise InvalidGeometry(f"lon={lon} lat={lat}")
    connection.execute(text("DROP TABLE IF EXISTS pg_temp.asked_point"))
    connection.execute(
        text(
            "CREATE TEMP TABLE asked_point ON COMMIT DROP AS "
            "SELECT 1 AS id, st_setsrid(st_point(CAST(:lon AS float), CAST(:lat AS float)), 4490) AS geom"
        ),
        {"lon": lon, "lat": lat},
    )
    find_cells_of_points(connection, "asked_point", max_gap_m=max_gap_m)
    row = connection.execute(text("SELECT cell_code, reason, distance_m FROM pg_temp.point_cell")).one_or_none()
    if row is None:
        raise NoCellNearby(f"lon={lon} lat={lat}")
    return Assignment(row.cell_code, row.reason, row.distance_m)


_ADDRESS_POINTS = """
CREATE TEMP TABLE address_point ON COMMIT DROP AS
SELECT id, geom FROM standard_address
WHERE geom IS NOT NULL AND status <> 'retired' AND (CAST(:ids AS bigint[]) IS NULL OR id = ANY(:ids))
"""
# an address without a point, or far from every cell, stays with the division it names
_CLOSE_OLD = """
UPDATE address_cell l SET valid_to = :today FROM pg_temp.point_cell p
WHERE l.address_id = p.id AND l.valid_to IS NULL AND l.cell_code <> p.cell_code
"""
# an anti-join would read the table it fills, page by page, while the planner still thinks it empty
_OPEN_NEW = """
INSERT INTO address_cell (address_id, cell_code, reason, distance_m, valid_from, grid_code)
SELECT p.id, p.cell_code, p.reason, p.distance_m, :today, p.cell_code FROM pg_temp.point_cell p
ON CONFLICT (address_id) WHERE valid_to IS NULL DO NOTHING
"""
_PROJECT = """
UPDATE standard_address a SET grid_code = p.cell_code FROM pg_temp.point_cell p
WHERE a.id = p.id AND a.grid_code <> p.cell_code
"""


def assign_cells(
    connection: Connection, *, ids: Sequence[int] | None = None, max_gap_m: float = MAX_GAP_M
) -> dict[str, int]:
    """Link addresses with the cells that are responsible for them from today on; returns how many by reason.

    ids: these addresses only; default all in scope. A link that still holds stays as it is; one that does not is
    closed today and a new one opened, so "who was responsible on 1 March" keeps its answer. The address itself is
    not rewritten: only ``grid_code``, the projection that row-level security reads, follows the link.
    """
    today = connection.scalar(text("SELECT CURRENT_DATE"))
    connection.execute(text("DROP TABLE IF EXISTS pg_temp.address_point"))
    connection.execute(text(_ADDRESS_POINTS), {"ids": list(ids) if ids is not None else None})
    find_cells_of_points(connection, "address_point", max_gap_m=max_gap_m)
    connection.execute(text(_CLOSE_OLD), {"today": today})
    connection.execute(text(_OPEN_NEW), {"today": today})
    connection.execute(text(_PROJECT))
    rows = connection.execute(text("SELECT reason, count(*) FROM pg_temp.point_cell GROUP BY reason"))
    counts = {str(reason): int(n) for reason, n in rows}
    points = connection.scalar(text("SELECT count(*) FROM pg_temp.address_point"))
    counts["none"] = int(points or 0) - sum(counts.values())
    return counts
