"""The grid code of each row (归格): by its position, else by its address, else by the division it names, else the county."""

from __future__ import annotations

from psycopg import sql

from grid.assign import find_cells_of_points
from importing.stage.stage import Stage
from importing.vocabulary import ImportStage

#: An outline belongs to the smallest unit that holds at least this share of it, measured by so many points inside it.
HOLDS_SHARE = 0.9
SAMPLE_POINTS = 20


def assign_grid(stage: Stage, *, address: str | None = None, division: str | None = None) -> None:
    """Set grid_code of every row that is not unchanged.

    address: column with a matched address id; division: column with a division code. A row that nothing locates
    carries the county's code, so that only those who see the whole county see it.
    """
    stage.report(ImportStage.ASSIGN, 0)
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
    """A point belongs to its cell; an outline to the smallest unit that holds nearly all of it."""
    stage.run("DROP TABLE IF EXISTS pg_temp.stage_point, pg_temp.stage_sample")
    stage.run(
        "CREATE TEMP TABLE stage_sample (id bigint GENERATED ALWAYS AS IDENTITY, row_no integer, geom geometry) ON COMMIT DROP"
    )
    stage.run(
        "INSERT INTO stage_sample (row_no, geom) SELECT row_no, geom FROM stage_row "
        "WHERE st_dimension(geom) = 0 AND outcome <> 'unchanged'"
    )
    outlines = stage.run(
        "INSERT INTO stage_sample (row_no, geom) SELECT row_no, (st_dump(CASE st_dimension(geom) "
        "WHEN 2 THEN st_collect(st_pointonsurface(geom), st_generatepoints(geom, %(points)s, 1)) "
        "ELSE st_points(geom) END)).geom FROM stage_row WHERE st_dimension(geom) > 0 AND outcome <> 'unchanged'",
        points=SAMPLE_POINTS,
    )
    stage.run("ANALYZE stage_sample")
    find_cells_of_points(stage.connection, "stage_sample")
    stage.run(
        "UPDATE stage_row s SET grid_code = p.cell_code FROM stage_sample q JOIN point_cell p USING (id) "
        "WHERE q.row_no = s.row_no AND st_dimension(s.geom) = 0"
    )
    if outlines:
        _smallest_holding(stage)


def _smallest_holding(stage: Stage) -> None:
    """Of each outline, the deepest of micro cell, cell, village, town that holds its share of the sample points."""
    stage.run(
        """
        UPDATE stage_row s SET grid_code = held.code FROM (
            SELECT DISTINCT ON (row_no) row_no, code FROM (
                SELECT q.row_no, left(p.cell_code, l.digits) AS code, count(*) AS n, max(total.n) AS total_n
                FROM stage_sample q
                JOIN (SELECT row_no, count(*) AS n FROM stage_sample GROUP BY row_no) total USING (row_no)
                JOIN point_cell p USING (id)
                JOIN (VALUES (17), (15), (12), (9)) AS l(digits) ON length(p.cell_code) >= l.digits
                GROUP BY 1, 2) shares
            WHERE n >= %(share)s * total_n
            ORDER BY row_no, length(code) DESC, n DESC, code) held
        WHERE held.row_no = s.row_no AND st_dimension(s.geom) > 0
        """,
        share=HOLDS_SHARE,
    )
