"""Grid cells (网格) and micro cells (微网格)."""

from __future__ import annotations

from psycopg import sql
from sqlalchemy import text

from grid.assign import assign_cells
from importing.stage.publishing import Table, publish_rows
from importing.stage.stage import Stage
from importing.stage.territory import TOLERANCE_M, check_offset_by_village, check_positions
from importing.targets.base import Target
from importing.values.fields import Field, Kind

#: Two cells overlap when they share more than this: less is the survey's inaccuracy.
OVERLAP_M2 = 50.0
OVERLAP_SHARE = 0.005


class CellTarget(Target):
    """Rows become cells. Micro cells name their cell by ``parent_key``, its key in the source.

    A cell without ``code`` is numbered: village code (named, or the village that holds most of it) and three digits,
    a micro cell its cell's code and two digits, west to east, then north to south (DB6101/T 3185-2024). A code once
    given stays with the key.
    """

    name = "cell"
    fields = (
        Field(
            "code",
            Kind.CODE,
            pattern=r"\d{15}(\d{2})?",
            expected=("网格 15 位、微网格 17 位数字", "15 digits for a cell, 17 for a micro cell"),
        ),
        Field("name", Kind.NAME),
        Field("village_code", Kind.CODE, pattern=r"\d{12}", expected=("12 位村代码", "12-digit village code")),
        Field("parent_key", Kind.CODE),
        Field("households_n", Kind.INTEGER),
        Field("population_n", Kind.INTEGER),
        Field("valid_from", Kind.DATE),
    )
    geometry = "multipolygon"
    geometry_required = True

    def stored(self) -> Table:
        """The target's own table."""
        return TABLE

    def begin(self, stage: Stage) -> None:
        """Columns for what is found: code, level, the unit above, the name."""
        self.work_columns = [("level", "text"), ("parent_code", 'text COLLATE "C"')]
        for name in ("code", "name", "village_code"):
            if not stage.maps(name):
                self.work_columns.append((name, 'text COLLATE "C"' if name != "name" else "text"))

    def compare(self, stage: Stage) -> None:
        """By code where the file has codes, else by level and key."""
        level = "micro_cell" if stage.maps("parent_key") else "cell"
        if stage.maps("code"):
            stage.run("UPDATE stage_row SET level = CASE length(code) WHEN 17 THEN 'micro_cell' ELSE 'cell' END")
        else:
            stage.run("UPDATE stage_row SET level = %(level)s", level=level)
        stage.run(
            "UPDATE stage_row s SET code = c.code, name = coalesce(s.name, c.name), "
            "outcome = CASE WHEN c.row_hash = s.row_hash AND c.source_key = s.source_key "
            "THEN 'unchanged' ELSE 'changed' END FROM grid_cell c WHERE {same}",
            same=sql.SQL("c.code = s.code")
            if stage.maps("code")
            else sql.SQL("c.source_key = s.source_key AND c.level = s.level"),
        )

    def resolve(self, stage: Stage) -> None:
        """Inside the county, below an existing unit, numbered, not overlapping."""
        check_positions(stage)
        if stage.maps("code"):
            _reject_same_codes(stage)
            _parents_by_code(stage)
        elif stage.maps("parent_key"):
            _parents_by_key(stage)
        else:
            _villages(stage)
        if stage.maps("village_code"):
            check_offset_by_village(stage, "village_code")
        _reject_overlaps(stage)
        if not stage.maps("code"):
            _number(stage)
        stage.run(
            "UPDATE stage_row s SET name = coalesce((SELECT d.name FROM division d WHERE d.code = left(s.code, 12)), '') "
            "|| substr(s.code, 13, 3) || '网格' || CASE WHEN length(s.code) = 17 THEN '-' || right(s.code, 2) ELSE '' END "
            "WHERE s.name IS NULL AND s.outcome <> 'unchanged'"
        )

    def publish(self, stage: Stage) -> None:
        """Insert and update; addresses follow the new drawing through their dated links."""
        publish_rows(stage, TABLE)
        drawn = stage.value("SELECT count(*) FROM stage_row WHERE outcome IN ('added', 'changed')")
        if drawn and stage.connection.scalar(text("SELECT EXISTS (SELECT FROM standard_address)")):
            assign_cells(stage.connection)


TABLE = Table(
    "grid_cell",
    columns=("code", "level", "parent_code", "name", "households_n", "population_n", "source_key", "valid_from"),
    visible=("code", "name", "parent_code", "households_n", "population_n", "valid_from"),
    id_column="code",
    key="code",
    stage_key="code",
    sourced=False,
    stamped=False,
    gridded=False,
    geometry="outline",
)


def _reject_same_codes(stage: Stage) -> None:
    stage.reject(
        "duplicate_code",
        "code",
        "SELECT s.row_no, jsonb_build_object('value', s.code) FROM stage_row s JOIN "
        "(SELECT code FROM stage_row GROUP BY code HAVING count(*) > 1) twice USING (code)",
    )


def _parents_by_code(stage: Stage) -> None:
    stage.run(
        "UPDATE stage_row SET parent_code = CASE length(code) WHEN 17 THEN left(code, 15) ELSE left(code, 12) END"
    )
    stage.reject(
        "unknown_parent",
        "code",
        "SELECT s.row_no, jsonb_build_object('value', s.parent_code) FROM stage_row s "
        "WHERE NOT EXISTS (SELECT FROM division d WHERE d.code = s.parent_code) "
        "AND NOT EXISTS (SELECT FROM grid_cell c WHERE c.code = s.parent_code) "
        "AND NOT EXISTS (SELECT FROM stage_row o WHERE o.code = s.parent_code)",
    )


def _parents_by_key(stage: Stage) -> None:
    stage.run(
        "UPDATE stage_row s SET parent_code = c.code FROM grid_cell c "
        "WHERE c.level = 'cell' AND c.source_key = s.parent_key AND c.valid_to IS NULL AND s.outcome <> 'unchanged'"
    )
    # a cell already numbered keeps its code, and with it the unit above
    stage.run("UPDATE stage_row s SET parent_code = left(s.code, 15) WHERE s.code IS NOT NULL")
    stage.reject(
        "unknown_parent",
        "parent_key",
        "SELECT row_no, jsonb_build_object('value', parent_key) FROM stage_row "
        "WHERE parent_code IS NULL AND outcome <> 'unchanged'",
    )


def _villages(stage: Stage) -> None:
    """The village of each cell: the one it names, or the one that holds most of its area."""
    if not stage.maps("village_code"):
        stage.run("DROP TABLE IF EXISTS pg_temp.village_area")
        stage.run(
            "CREATE TEMP TABLE village_area ON COMMIT DROP AS SELECT code, st_subdivide(geom, 64) AS geom FROM division "
            "WHERE level = 'village' AND geom IS NOT NULL AND valid_to IS NULL"
        )
        stage.run("CREATE INDEX ON village_area USING gist (geom)")
        stage.run("ANALYZE village_area")
        stage.run(
            """
            UPDATE stage_row s SET village_code = most.code FROM (
                SELECT DISTINCT ON (row_no) row_no, code FROM (
                    SELECT s.row_no, v.code, sum(st_area(st_intersection(v.geom, s.geom))) AS area
                    FROM stage_row s JOIN village_area v ON st_intersects(v.geom, s.geom)
                    WHERE s.outcome <> 'unchanged' GROUP BY 1, 2) shares
                ORDER BY row_no, area DESC, code) most
            WHERE most.row_no = s.row_no
            """
        )
        stage.run(
            # sand bars and reefs just off every village: the nearest
            "UPDATE stage_row s SET village_code = (SELECT d.code FROM division d WHERE d.level = 'village' "
            "AND d.valid_to IS NULL AND st_dwithin(d.geom::geography, s.geom::geography, %(reach_m)s) "
            "ORDER BY st_distance(d.geom::geography, s.geom::geography), d.code LIMIT 1) "
            "WHERE s.village_code IS NULL AND s.outcome <> 'unchanged'",
            reach_m=TOLERANCE_M,
        )
    stage.run(
        "UPDATE stage_row s SET parent_code = coalesce(left(s.code, 12), d.code) FROM division d "
        "WHERE d.code = s.village_code AND d.level = 'village' AND s.outcome <> 'unchanged'"
    )
    stage.reject(
        "unknown_parent",
        "village_code",
        "SELECT row_no, jsonb_build_object('value', village_code) FROM stage_row "
        "WHERE parent_code IS NULL AND outcome <> 'unchanged'",
    )


def _reject_overlaps(stage: Stage) -> None:
    """Cells of one level must not overlap, neither in the file nor with cells that stay."""
    stage.run("DROP TABLE IF EXISTS pg_temp.cell_area")
    stage.run(
        """
        CREATE TEMP TABLE cell_area ON COMMIT DROP AS
        SELECT row_no, level, coalesce(code, source_key) AS label, outcome <> 'unchanged' AS drawn, geom FROM stage_row
        UNION ALL
        SELECT NULL, c.level, c.code, false, c.geom FROM grid_cell c WHERE c.valid_to IS NULL
          AND NOT EXISTS (SELECT FROM stage_row s WHERE s.code = c.code)
          AND c.level = ANY (ARRAY(SELECT DISTINCT level FROM stage_row))
        """
    )
    stage.run("CREATE INDEX ON cell_area USING gist (geom)")
    stage.run("ANALYZE cell_area")
    stage.reject(
        "overlapping_polygon",
        None,
        """
        SELECT a.row_no, jsonb_build_object('others', left(string_agg(b.label, '、' ORDER BY b.label), 200),
                                            'area_m2', round(sum(o.area_m2)))
        FROM cell_area a
        JOIN cell_area b ON a.geom && b.geom AND a.level = b.level AND a.row_no IS DISTINCT FROM b.row_no
         AND st_relate(a.geom, b.geom, '2********')
        CROSS JOIN LATERAL (
            SELECT st_area(st_intersection(a.geom, b.geom)::geography)::numeric AS area_m2) o
        WHERE a.drawn AND o.area_m2 > %(area_m2)s
          AND o.area_m2 > %(share)s * least(st_area(a.geom::geography), st_area(b.geom::geography))
        GROUP BY a.row_no
        """,
        area_m2=OVERLAP_M2,
        share=OVERLAP_SHARE,
    )


def _number(stage: Stage) -> None:
    """The next numbers below each unit; more than its digits can count are sent back."""
    stage.run(
        """
        WITH taken AS (
            SELECT parent_code, max(substr(code, length(parent_code) + 1)::int) AS n FROM grid_cell GROUP BY 1
        ), fresh AS (
            SELECT row_no, parent_code, row_number() OVER (PARTITION BY parent_code ORDER BY
                   round(st_x(st_centroid(geom))::numeric, 4), st_y(st_centroid(geom)) DESC, source_key) AS n
            FROM stage_row WHERE outcome = 'added'
        )
        UPDATE stage_row s SET code = f.parent_code || lpad(seq.n::text, seq.digits, '0')
        FROM fresh f LEFT JOIN taken t ON t.parent_code = f.parent_code
        CROSS JOIN LATERAL (SELECT f.n + coalesce(t.n, 0) AS n,
                                   CASE length(f.parent_code) WHEN 12 THEN 3 ELSE 2 END AS digits) seq
        WHERE f.row_no = s.row_no AND seq.n < 10 ^ seq.digits
        """
    )
    stage.reject(
        "too_many_cells",
        None,
        "SELECT row_no, jsonb_build_object('parent', parent_code, 'limit', "
        "CASE length(parent_code) WHEN 12 THEN 999 ELSE 99 END) FROM stage_row WHERE code IS NULL",
    )
