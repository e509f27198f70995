"""The grid code of each row (归格): by its position, else by its address, else by the division it names, else the county."""

from __future__ import annotations

from psycopg import sql

from grid.assign import find_cells_of_points
from layers.importing.stage import Stage

#: An outline belongs to the smallest unit that holds at least this share of it.
HOLDS_SHARE = 0.9


def assign_grid(stage: Stage, *, address: str | None = None, division: str | None = None) -> None:
    """Set grid_code of every row that is not unchanged.

    address: column with a matched address id; division: column with a division code. A row that nothing locates
    carries the county's code, so that only those who see the whole county see it.
    """
    if stage.geometry:
        _by_position(stage)
    if address is not None:
        stage.run(
            "UPDATE stage_row s SET grid_code = a.grid_code FROM standard_address a "
            "WHERE a.id = s.{column} AND s.grid_code IS NULL AND s.outcome <> 'unchanged'",
            column=sql.Identifier(address),
        )
    if division is not None:
        stage.run(
            "UPDATE stage_row s SET grid_code = d.code FROM division d "
            "WHERE d.code = s.{column} AND s.grid_code IS NULL AND s.outcome <> 'unchanged'",
            column=sql.Identifier(division),
        )
    stage.run("UPDATE stage_row SET grid_code = %(county)s WHERE grid_code IS NULL AND outcome <> 'unchanged'")


def _by_position(stage: Stage) -> None:
    stage.run("DROP TABLE IF EXISTS pg_temp.stage_point")
    stage.run(
        "CREATE TEMP TABLE stage_point ON COMMIT DROP AS SELECT row_no AS id, "
        "CASE WHEN st_dimension(geom) = 0 THEN geom ELSE st_pointonsurface(geom) END AS geom "
        "FROM stage_row WHERE geom IS NOT NULL AND outcome <> 'unchanged'"
    )
    stage.run("ANALYZE stage_point")
    find_cells_of_points(stage.connection, "stage_point")
    stage.run("UPDATE stage_row s SET grid_code = p.cell_code FROM point_cell p WHERE p.id = s.row_no")
    _widen_outlines(stage)


def _widen_outlines(stage: Stage) -> None:
    """An outline that reaches over the border of its cell belongs to the village, town or county that holds it."""
    stage.run(
        """
        UPDATE stage_row s SET grid_code = coalesce((
            SELECT u.code FROM (
                SELECT code, geom FROM grid_cell WHERE code IN (s.grid_code, left(s.grid_code, 15))
                UNION ALL
                SELECT code, geom FROM division WHERE code IN (left(s.grid_code, 12), left(s.grid_code, 9))
            ) u
            WHERE st_covers(u.geom, s.geom)
               OR st_area(st_intersection(u.geom, s.geom)) >= %(share)s * st_area(s.geom)
            ORDER BY length(u.code) DESC LIMIT 1), %(county)s)
        WHERE st_dimension(s.geom) > 0 AND s.grid_code IS NOT NULL AND s.outcome <> 'unchanged'
        """,
        share=HOLDS_SHARE,
    )
