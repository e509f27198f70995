"""Standard addresses (标准地址). Nothing doubtful is thrown away: it is published and waits in the review queue."""

from __future__ import annotations

from collections.abc import Mapping as Values
from collections.abc import Sequence

from psycopg import sql

from gazetteer.corrections.reviews import follow_addresses
from gazetteer.library.parents import link_parents
from gazetteer.library.vocabulary import AddressStatus
from gazetteer.library.writing import DERIVED, KEYS, LAST_NUMBERS, LEVELS, NAMED_BY_DIVISION, READ_LEVELS, read_text
from gazetteer.reading.divisions import DivisionIndex, division_index
from grid.assign import assign_cells
from importing.stage.gridding import assign_grid
from importing.stage.publishing import Placed, Table, compare_rows, publish_rows
from importing.stage.stage import Stage
from importing.stage.territory import check_offset_by_village, check_positions
from importing.targets.base import Target, Text
from importing.values.fields import Field, Kind, one_of
from importing.values.reasons import Problem
from importing.values.standardise import LOST_CHARACTERS


class AddressTarget(Target):
    """Rows become standard addresses, identified by their key in the source; the code given at first stays for life."""

    name = "address"
    fields = (
        Field("full_text", Kind.ADDRESS, required=True),
        Field(
            "code",
            Kind.CODE,
            pattern=r"\d{12}[0-9A-Z]{6,20}",
            expected=("12 位村代码加 6–20 位", "12-digit village code and 6–20 characters"),
        ),
        Field(
            "village_code",
            Kind.CODE,
            pattern=r"\d{6}(\d{3}(\d{3})?)?",
            expected=("6、9 或 12 位数字", "6, 9 or 12 digits"),
        ),
        *(Field(name, Kind.TEXT) for name in LEVELS),
        Field("status", Kind.TEXT, allowed=one_of(*AddressStatus)),
        Field("valid_from", Kind.DATE),
        Field("valid_to", Kind.DATE),
    )
    geometry = "point"
    snapshot_possible = True
    work_columns: Sequence[tuple[str, str]] = (
        ("division_code", 'text COLLATE "C"'),
        ("located_code", 'text COLLATE "C"'),
    )

    # the levels are one description with the text: they stay where it stays, and follow it where it changes
    kept_if = dict.fromkeys(LEVELS, "s.match_key = t.match_key")
    given = frozenset({"code"})

    def __init__(self) -> None:
        self._index = DivisionIndex.of(())
        self._parsed_levels: tuple[str, ...] = ()

    def stored(self) -> Table:
        """The target's own table."""
        return TABLE

    def begin(self, stage: Stage) -> None:
        """Read the names of the divisions; levels that the mapping does not fill are read from the text."""
        self._index = division_index(stage.connection)
        self._parsed_levels = tuple(name for name in READ_LEVELS if not stage.maps(name))
        self.derived_columns = [
            *((name, 'text COLLATE "C"') for name in KEYS),
            ("depth", "smallint"),
            ("lost", "boolean"),
            ("named_code", 'text COLLATE "C"'),
            ("unlisted", "text"),
            *((name, "text") for name in self._parsed_levels),
        ]
        if not stage.maps("code"):
            self.work_columns = (*type(self).work_columns, ("code", 'text COLLATE "C"'))
        self.work_columns = (
            *self.work_columns,
            *((name, "text") for name in NAMED_BY_DIVISION if not stage.maps(name)),
        )

    def derive(self, values: Values[str, Text], problems: list[Problem]) -> list[Text]:
        """Match keys, depth and levels of the text; problems when the text has nothing to match by."""
        text = values["full_text"]
        if text is None:
            return [None] * len(self.derived_columns)
        reading = read_text(text, self._index)
        keys = reading.keys
        if not keys.match_key:
            problems.append(
                Problem("bad_code", "full_text", {"value": text, "expected": "不是地址", "expected_en": "no address"})
            )
        return [
            keys.match_key,
            keys.local_key,
            keys.road_key,
            keys.number_key,
            str(keys.depth),
            "t" if LOST_CHARACTERS.search(text) else "f",
            reading.village,
            reading.unlisted,
            *(reading.levels[name] for name in self._parsed_levels),
        ]

    def compare(self, stage: Stage) -> None:
        """By source and key."""
        compare_rows(stage, TABLE)

    def resolve(self, stage: Stage) -> None:
        """Positions, the village of each, names of divisions, the grid, the code of new addresses."""
        check_positions(stage)
        _check_validity(stage)
        if not stage.maps("village_code"):
            stage.run('ALTER TABLE stage_row ADD COLUMN village_code text COLLATE "C"')
        stage.run(
            "UPDATE stage_row s SET village_code = named_code WHERE outcome <> 'unchanged' AND named_code IS NOT NULL "
            "AND NOT EXISTS (SELECT FROM division d WHERE d.code = s.village_code AND d.level = 'village')"
        )
        check_offset_by_village(stage, "village_code")
        _locate(stage)
        _set_division(stage)
        _name_divisions(stage)
        assign_grid(stage, division="division_code")
        if stage.maps("code"):
            _check_codes(stage)
        _give_codes(stage)

    def publish(self, stage: Stage) -> None:
        """Addresses, their dated links with cells, and the reviews of what is doubtful."""
        publish_rows(stage, TABLE)
        if stage.mapping.snapshot:
            _retire_absent(stage)
        ids = _touched(stage)
        link_parents(stage.connection, ids)
        _link_cells(stage, ids)
        _raise_reviews(stage)
        follow_addresses(stage.connection, ids)
        _count_reviews(stage)


TABLE = Table(
    "standard_address",
    columns=("code", "full_text", *DERIVED, "division_code", "status", "valid_from", "valid_to"),
    visible=("code", "full_text", "division_code", "status", "valid_from", "valid_to"),
    placed=(Placed(("code", "full_text", "division_code")),),
    geometry="point",
)


def _check_validity(stage: Stage) -> None:
    if stage.maps("valid_from") and stage.maps("valid_to"):
        stage.reject(
            "impossible_date",
            "valid_to",
            "SELECT row_no, jsonb_build_object('value', valid_to, 'why', '早于启用日期', 'why_en', 'before the first day') "
            "FROM stage_row WHERE valid_to < valid_from",
        )


def _locate(stage: Stage) -> None:
    """The village that covers each point."""
    if not stage.geometry:
        return
    stage.run("DROP TABLE IF EXISTS pg_temp.village_area")
    stage.run(
        "CREATE TEMP TABLE village_area ON COMMIT DROP AS SELECT code, st_subdivide(geom, 128) AS geom FROM division "
        "WHERE level = 'village' AND geom IS NOT NULL AND valid_to IS NULL"
    )
    stage.run("CREATE INDEX ON village_area USING gist (geom)")
    stage.run("ANALYZE village_area")
    stage.run(
        "UPDATE stage_row s SET located_code = l.code FROM ("
        "SELECT s.row_no, min(v.code) AS code FROM stage_row s JOIN village_area v ON st_intersects(v.geom, s.geom) "
        "WHERE s.outcome <> 'unchanged' GROUP BY s.row_no) l WHERE l.row_no = s.row_no"
    )


def _set_division(stage: Stage) -> None:
    """The village the address names; else the one that covers it; else the lowest division known."""
    stage.run(
        "UPDATE stage_row s SET division_code = coalesce("
        "(SELECT d.code FROM division d WHERE d.code = s.village_code AND d.level = 'village'), s.located_code, "
        "(SELECT a.division_code FROM standard_address a WHERE a.id = s.entity_id AND s.village_code IS NULL), "
        "(SELECT d.code FROM division d WHERE d.code IN (left(s.village_code, 9), left(s.village_code, 6)) "
        "ORDER BY length(d.code) DESC LIMIT 1), %(county)s) WHERE s.outcome <> 'unchanged'"
    )


def _name_divisions(stage: Stage) -> None:
    """Names of county, town and village that the file does not give, from the division of each row."""
    digits = NAMED_BY_DIVISION
    absent = [name for name in digits if not stage.maps(name)]
    if not absent:
        return
    stage.run(
        "WITH named AS MATERIALIZED (SELECT division_code, {names} FROM (SELECT DISTINCT division_code FROM stage_row) c) "
        "UPDATE stage_row s SET {assignments} FROM named n "
        "WHERE n.division_code = s.division_code AND s.outcome <> 'unchanged'",
        names=sql.SQL(", ").join(
            sql.SQL(
                "(SELECT d.name FROM division d WHERE d.code = left(c.division_code, {0}) AND length(d.code) = {0}) AS {1}"
            ).format(sql.Literal(digits[name]), sql.Identifier(name))
            for name in absent
        ),
        assignments=sql.SQL(", ").join(sql.SQL("{0} = n.{0}").format(sql.Identifier(name)) for name in absent),
    )


def _check_codes(stage: Stage) -> None:
    """A code belongs to one address. Two plain joins: an OR of them would compare every row with every other."""
    stage.reject(
        "duplicate_code",
        "code",
        "SELECT s.row_no, jsonb_build_object('value', s.code) FROM stage_row s WHERE s.code IN "
        "(SELECT code FROM stage_row GROUP BY code HAVING count(*) > 1) "
        "UNION SELECT s.row_no, jsonb_build_object('value', s.code) FROM stage_row s JOIN standard_address a "
        "ON a.code = s.code AND (a.source, a.source_key) IS DISTINCT FROM (%(source)s, s.source_key)",
    )


def _give_codes(stage: Stage) -> None:
    """Village code and the next eight digits of that village; a code once given is never given again."""
    stage.run(
        """
        UPDATE stage_row s SET code = a.code FROM standard_address a
        WHERE a.id = s.entity_id AND s.outcome = 'changed' AND s.code IS NULL
        """
    )
    stage.run(
        """
        WITH taken AS (
            {taken}
            UNION ALL
            SELECT left(code, 12), max(substr(code, 13)::bigint) FROM stage_row WHERE code ~ '^[0-9]{{20}}$' GROUP BY 1
        ), highest AS (
            SELECT village, max(n) AS n FROM taken GROUP BY village
        ), fresh AS (
            SELECT row_no, rpad(division_code, 12, '0') AS village,
                   row_number() OVER (PARTITION BY rpad(division_code, 12, '0') ORDER BY row_no) AS n
            FROM stage_row WHERE outcome = 'added' AND code IS NULL
        )
        UPDATE stage_row s SET code = f.village || lpad((f.n + coalesce(t.n, 0))::text, 8, '0')
        FROM fresh f LEFT JOIN highest t ON t.village = f.village WHERE f.row_no = s.row_no
        """,
        taken=sql.SQL(
            LAST_NUMBERS.format(
                villages="SELECT DISTINCT rpad(division_code, 12, '0') FROM stage_row WHERE outcome = 'added'"
            )
        ),
    )


def _retire_absent(stage: Stage) -> None:
    """A complete file: what it lacks is retired today, never deleted."""
    stage.counts["removed"] = stage.run_in_sets(
        """
        WITH gone AS (
            UPDATE standard_address a SET status = 'retired', valid_to = %(today)s, updated_at = now()
            WHERE a.source = %(source)s AND a.status <> 'retired'
              AND NOT EXISTS (SELECT FROM stage_row s WHERE s.source_key = a.source_key)
              AND NOT EXISTS (SELECT FROM stage_reject)
            RETURNING a.id, a.code, a.full_text, a.grid_code
        )
        INSERT INTO change (batch_id, entity, entity_id, operation, before, actor, grid_code)
        SELECT %(batch)s, 'standard_address', id::text, 'removed',
               jsonb_build_object('code', code, 'full_text', full_text), %(actor)s, grid_code FROM gone
        """
    )


def _touched(stage: Stage) -> list[int]:
    return [
        row[0]
        for row in stage.rows(
            "SELECT a.id FROM standard_address a JOIN stage_row s ON a.source = %(source)s AND a.source_key = s.source_key "
            "WHERE s.outcome IN ('added', 'changed')"
        )
    ]


def _link_cells(stage: Stage, ids: list[int]) -> None:
    """Dated links from the new and moved addresses to their cells."""
    if not ids or not stage.geometry:
        return
    # Planned while there are no links yet, the search for present links would read the growing table once per address;
    # the partial index uq_address_cell_current keeps it to one probe.
    stage.run("SET LOCAL enable_seqscan = off")
    assign_cells(stage.connection, ids=ids)
    stage.run("SET LOCAL enable_seqscan = on")


def _raise_reviews(stage: Stage) -> None:
    """What a person must look at: lost characters, a point in another village, unknown villages, equal texts."""
    stage.run(
        """
        INSERT INTO address_review (address_id, reason_code, reason, facts, batch_id, grid_code)
        SELECT a.id, r.code, r.reason, r.facts, %(batch)s, a.grid_code
        FROM stage_row s
        JOIN standard_address a ON a.source = %(source)s AND a.source_key = s.source_key
        LEFT JOIN division named ON named.code = s.village_code
        LEFT JOIN division located ON located.code = s.located_code
        CROSS JOIN LATERAL (VALUES
            ('unencodable', s.lost, '地址里有无法编码而丢失的字：' || s.full_text, '{{}}'::jsonb),
            ('village_mismatch', named.level = 'village' AND s.located_code <> s.village_code,
             '地址写的是' || named.name || '，坐标落在' || located.name,
             jsonb_build_object('named', s.village_code, 'located', s.located_code)),
            ('unknown_village', length(s.village_code) = 12 AND right(s.village_code, 3) <> '000' AND named.code IS NULL,
             '没有代码为 ' || s.village_code || ' 的村' || coalesce('，坐标落在' || located.name, ''),
             jsonb_build_object('named', s.village_code, 'located', s.located_code)),
            ('village_unlisted', s.unlisted IS NOT NULL AND named.level IS DISTINCT FROM 'village'
                 AND NOT EXISTS (SELECT FROM place_name p WHERE p.name = s.unlisted AND p.kind = 'natural_village'),
             '地址写的是“' || s.unlisted || '”，库中没有这个村' || coalesce('，按坐标归到' || located.name, ''),
             jsonb_build_object('name', s.unlisted, 'located', s.located_code)),
            ('no_village', right(rpad(s.division_code, 12, '0'), 3) = '000',
             '既没有写明村，坐标也不在任何村内', '{{}}'::jsonb)
        ) AS r(code, applies, reason, facts)
        WHERE s.outcome IN ('added', 'changed') AND r.applies
        ON CONFLICT (address_id, reason_code) {again}
        """,
        again=AGAIN,
    )
    stage.run(
        """
        INSERT INTO address_review (address_id, reason_code, reason, facts, batch_id, grid_code)
        SELECT a.id, 'duplicate_text', '有 ' || d.n || ' 个地址写法相同：' || a.full_text,
               jsonb_build_object('codes', d.codes), %(batch)s, a.grid_code
        FROM (SELECT match_key, count(*) AS n, jsonb_agg(code ORDER BY code) AS codes FROM standard_address
              WHERE status <> 'retired' GROUP BY match_key HAVING count(*) > 1) d
        JOIN standard_address a ON a.match_key = d.match_key AND a.status <> 'retired'
        WHERE EXISTS (SELECT FROM stage_row s WHERE s.match_key = d.match_key AND s.outcome IN ('added', 'changed'))
        ON CONFLICT (address_id, reason_code) {again}
        """,
        again=AGAIN,
    )


#: A doubt that was there already: it says what is so now, and waits again when the facts differ from those decided upon.
AGAIN = sql.SQL(
    "DO UPDATE SET reason = excluded.reason, facts = excluded.facts, batch_id = excluded.batch_id, status = 'open', "
    "note = NULL, decided_by = NULL, decided_at = NULL WHERE address_review.status = 'closed' "
    "OR address_review.facts <> excluded.facts OR (address_review.status = 'open' AND address_review.reason <> excluded.reason)"
)


def _count_reviews(stage: Stage) -> None:
    """The reviews that this import raised, or brought up to date."""
    stage.reviews = dict(
        stage.rows(
            "SELECT reason_code, count(*)::int FROM address_review WHERE batch_id = %(batch)s AND status = 'open' "
            "GROUP BY 1 ORDER BY 1"
        )
    )
    stage.counts["review"] = sum(stage.reviews.values())
