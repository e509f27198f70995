"""Counts for low zooms and a record of where tiles changed, kept by statement triggers on every table a tile shows.

``tile_count`` is a sum of deltas: a writer only ever adds rows, so writers never wait for each other and cannot lock each other
out; ``settle_tile_counts`` adds up what piled up, a little every 32nd transaction. ``tile_change`` holds boxes of
tile numbers and ``NOTIFY onemap_tile`` rings; the rows are the truth, compared with the reader's snapshot, the bell only
wakes. The functions belong to ``onemap_tiles``, so that whoever changes a row, by whatever statement, keeps both tables right.

Revision ID: 0022
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from database.row_security import APP_ROLE, TILE_ROLE, protect_table

revision = "0022"
down_revision = "0021"

LEVELS = (14, 15, 16, 17, 18)
MOST_SETTLED = 2000  # cells added up at a time: some 20 ms
# layer → table, the rows it shows (alias r), the columns whose change changes a tile
POINTS = {
    "addresses": ("standard_address", "r.status = 'published'", "status full_text depth"),
    "places": ("place", "true", "kind name occupancy"),
    "persons": ("household", "true", "household_no status_codes"),
    "events": ("event", "true", "kind title state occurred_at"),
    "objects": ("facility", "true", "kind name state"),
    "alerts": ("alert", "r.status <> 'closed'", "rule title severity status"),
}
AREAS = {
    "divisions": ("division", "code", "code level name valid_to"),
    "cells": ("grid_cell", "code", "code level name parent_code valid_to"),
}
MEMBERS = "(SELECT count(*) FROM household_member m WHERE m.household_id = r.id AND m.valid_to IS NULL)"
WORLD = 2**18 - 1


def _tile(value: str) -> str:
    """Column (or row, of the negated ordinate) at zoom 18 of a Web-Mercator coordinate in metres."""
    exact = f"floor(({value} + 20037508.342789244) / 40075016.685578488 * 262144)::int"
    return f"least({WORLD}, greatest(0, {exact}))"


# a row of a point layer stands where the middle of its box is; for a point that is the point
MIDDLE = (
    f"{_tile('(st_xmin(r.geom_3857) + st_xmax(r.geom_3857)) / 2')} AS col, "
    f"{_tile('-(st_ymin(r.geom_3857) + st_ymax(r.geom_3857)) / 2')} AS row"
)
BOX = (
    f"{_tile('st_xmin(r.geom_3857)')} AS col_from, {_tile('-st_ymax(r.geom_3857)')} AS row_from, "
    f"{_tile('st_xmax(r.geom_3857)')} AS col_to, {_tile('-st_ymin(r.geom_3857)')} AS row_to"
)
CHANGES = "INSERT INTO tile_change (layer, col_from, row_from, col_to, row_to, grid_code)"
TRANSITIONS = {
    "insert": "NEW TABLE AS new_rows",
    "update": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "delete": "OLD TABLE AS old_rows",
}


def changed(verb: str, key: str, columns: str) -> str:
    """Old states (sign -1) and new states (1) of the rows that a statement really changed."""
    if verb == "insert":
        return "SELECT 1 AS sign, n.* FROM new_rows n"
    if verb == "delete":
        return "SELECT -1 AS sign, o.* FROM old_rows o"
    watched = [*columns.split(), "grid_code", "geom_3857"]
    differs = f"({', '.join('n.' + c for c in watched)}) IS DISTINCT FROM ({', '.join('o.' + c for c in watched)})"
    both = f"JOIN new_rows n ON n.{key} = o.{key} WHERE {differs}"
    # a row whose key changed is one that went and one that came
    return (
        f"SELECT -1 AS sign, o.* FROM old_rows o {both} UNION ALL "
        f"SELECT 1, n.* FROM old_rows o {both} UNION ALL "
        f"SELECT -1, o.* FROM old_rows o WHERE NOT EXISTS (SELECT FROM new_rows n WHERE n.{key} = o.{key}) UNION ALL "
        f"SELECT 1, n.* FROM new_rows n WHERE NOT EXISTS (SELECT FROM old_rows o WHERE o.{key} = n.{key})"
    )


def counted(layer: str, source: str) -> str:
    """INSERT of the deltas of every level. source: a relation of sign, members, col, row, grid_code."""
    return f"""
        INSERT INTO tile_count (layer, level, cell, grid_code, n, members)
        SELECT '{layer}', l.level, b.cell >> 2 * (18 - l.level), b.grid_code, sum(b.n), sum(b.members)
        FROM (SELECT tile_cell(p.col, p.row) AS cell, p.grid_code, sum(p.sign) AS n, sum(p.sign * p.members) AS members
              FROM {source} p GROUP BY p.col, p.row, p.grid_code
              HAVING sum(p.sign) <> 0 OR sum(p.sign * p.members) <> 0) b
        CROSS JOIN unnest(ARRAY{list(LEVELS)}) AS l(level)
        GROUP BY l.level, b.cell >> 2 * (18 - l.level), b.grid_code HAVING sum(b.n) <> 0 OR sum(b.members) <> 0
    """


def boxes(layer: str, source: str) -> str:
    """SELECT of the boxes to tell: one a grid code and tile of zoom 12. source: a relation with the columns of BOX."""
    return (
        f"SELECT '{layer}', min(p.col_from), min(p.row_from), max(p.col_to), max(p.row_to), p.grid_code FROM {source} p "
        "GROUP BY p.col_from >> 6, p.row_from >> 6, p.grid_code"
    )


def point_body(layer: str, verb: str) -> str:
    """What the trigger of a point layer does."""
    _, shown, columns = POINTS[layer]
    members = MEMBERS if layer == "persons" else "0"
    statement = f"""
        WITH changed AS MATERIALIZED ({changed(verb, "id", columns)}),
        placed AS MATERIALIZED (
            SELECT r.sign, r.grid_code, {members} AS members, {MIDDLE}, {BOX}
            FROM changed r WHERE r.geom_3857 IS NOT NULL AND {shown}
        ), counted AS ({counted(layer, "placed")})
    """
    if layer == "alerts":  # cells show how many alerts wait in them, also those without a point
        statement += f"""
        , around AS MATERIALIZED (
            SELECT r.grid_code, {BOX} FROM grid_cell r WHERE r.valid_to IS NULL AND r.code IN (
                SELECT left(c.grid_code, 15) FROM changed c UNION SELECT c.grid_code FROM changed c)
        )
        {CHANGES} {boxes("alerts", "placed")} UNION ALL {boxes("cells", "around")}
        """
    else:
        statement += f"{CHANGES} {boxes(layer, 'placed')}"
    return statement


def area_body(layer: str, verb: str) -> str:
    """What the trigger of a layer of outlines does: the generalised outline is made again, the old one shall not be shown."""
    _, key, columns = AREAS[layer]
    return f"""
        WITH changed AS MATERIALIZED ({changed(verb, key, columns)}),
        placed AS MATERIALIZED (SELECT r.grid_code, {BOX} FROM changed r WHERE r.geom_3857 IS NOT NULL)
        {CHANGES} {boxes(layer, "placed")}
    """


def member_body(verb: str) -> str:
    """Members of households. The household is locked (FOR SHARE), so that it does not move meanwhile without them."""
    states = {
        "insert": "SELECT 1 AS sign, n.* FROM new_rows n",
        "delete": "SELECT -1 AS sign, o.* FROM old_rows o",
        "update": "SELECT 1 AS sign, n.* FROM new_rows n UNION ALL SELECT -1, o.* FROM old_rows o",
    }[verb]
    return f"""
        WITH net AS MATERIALIZED (
            SELECT c.household_id, sum(c.sign) AS n FROM ({states}) c WHERE c.valid_to IS NULL
            GROUP BY c.household_id HAVING sum(c.sign) <> 0
        ), home AS MATERIALIZED (
            SELECT h.id, h.grid_code, h.geom_3857 FROM household h
            WHERE h.id IN (SELECT household_id FROM net) ORDER BY h.id FOR SHARE
        ), placed AS MATERIALIZED (
            SELECT 0 AS sign, net.n AS members, r.grid_code, {MIDDLE}, {BOX}
            FROM net JOIN home r ON r.id = net.household_id WHERE r.geom_3857 IS NOT NULL
        ), summed AS MATERIALIZED (
            SELECT tile_cell(p.col, p.row) AS cell, p.grid_code, sum(p.members) AS members FROM placed p
            GROUP BY p.col, p.row, p.grid_code
        ), counted AS (
            INSERT INTO tile_count (layer, level, cell, grid_code, n, members)
            SELECT 'persons', l.level, s.cell >> 2 * (18 - l.level), s.grid_code, 0, sum(s.members)
            FROM summed s CROSS JOIN unnest(ARRAY{list(LEVELS)}) AS l(level)
            GROUP BY l.level, s.cell >> 2 * (18 - l.level), s.grid_code HAVING sum(s.members) <> 0
        )
        {CHANGES} {boxes("persons", "placed")}
    """


def _function(schema: str, name: str, body: str, comment: str) -> None:
    """A trigger function of onemap_tiles."""
    run(
        f"""
        CREATE FUNCTION {schema}.{name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = {schema}, public, pg_temp SET jit = off
        AS $$
        BEGIN
            {body}
            IF FOUND THEN
                PERFORM pg_notify('onemap_tile', '{schema.removeprefix("c")}');
                IF (pg_current_xact_id()::text)::bigint % 32 = 0 THEN PERFORM settle_tile_counts(); END IF;
            END IF;
            RETURN NULL;
        END $$
        """
    )
    op.execute(f"COMMENT ON FUNCTION {schema}.{name}() IS '{comment}'")
    own(schema, f"{name}()")


def run(sql: str) -> None:
    """A statement as it stands: no colon or percent sign in it is a parameter."""
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(sql)


def own(schema: str, signature: str, *, callable_by_app: bool = False) -> None:
    """Give a function to onemap_tiles and close it to everybody else."""
    op.execute(f"GRANT CREATE ON SCHEMA {schema} TO {TILE_ROLE}")
    op.execute(f"ALTER FUNCTION {schema}.{signature} OWNER TO {TILE_ROLE}")
    op.execute(f"REVOKE CREATE ON SCHEMA {schema} FROM {TILE_ROLE}")
    op.execute(f"REVOKE ALL ON FUNCTION {schema}.{signature} FROM PUBLIC")
    if callable_by_app:
        op.execute(f"GRANT EXECUTE ON FUNCTION {schema}.{signature} TO {APP_ROLE}")


def _watch(schema: str, layer: str, table: str, bodies: dict[str, str]) -> None:
    for verb, body in bodies.items():
        name = f"tile_{table}_{verb}"
        _function(schema, name, body + ";", f"keeps counts and changes of the layer {layer}")
        op.execute(
            f"CREATE TRIGGER tile_{verb} AFTER {verb.upper()} ON {table} REFERENCING {TRANSITIONS[verb]} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {schema}.{name}()"
        )
    emptied = (
        f"DELETE FROM tile_count WHERE layer = '{layer}'; {CHANGES} "
        f"VALUES ('{layer}', 0, 0, {WORLD}, {WORLD}, '{schema.removeprefix('c')}');"
    )
    _function(schema, f"tile_{table}_truncate", emptied, f"empties the counts of the layer {layer}")
    op.execute(
        f"CREATE TRIGGER tile_truncate AFTER TRUNCATE ON {table} FOR EACH STATEMENT "
        f"EXECUTE FUNCTION {schema}.tile_{table}_truncate()"
    )


def upgrade() -> None:
    schema: str = op.get_context().opts["version_table_schema"]
    _tables()
    _cell_function(schema)
    _upkeep(schema)
    for layer, (table, _, _) in POINTS.items():
        _watch(schema, layer, table, {verb: point_body(layer, verb) for verb in TRANSITIONS})
    for layer, (table, _, _) in AREAS.items():
        _watch(schema, layer, table, {verb: area_body(layer, verb) for verb in TRANSITIONS})
    _watch(schema, "persons", "household_member", {verb: member_body(verb) for verb in TRANSITIONS})
    op.execute(f"SELECT {schema}.repair_tile_counts()")


def _column(name: str, kind: Any, comment: str, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, comment=comment, **options)


def _tables() -> None:
    grammar = "grid_code ~ '^[0-9]{6}([0-9]{3}([0-9]{3}([0-9]{3}([0-9]{2})?)?)?)?$'"
    permission = "grid code (网格编码): the permission of the row; row-level security compares its prefix"
    code = sa.Text(collation="C")
    op.create_table(
        "tile_count",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False, comment="surrogate key"),
        _column("layer", code, "tile layer"),
        _column("level", sa.SmallInteger(), "zoom of the cell, 14 to 18"),
        _column("cell", sa.BigInteger(), "Morton number of the tile at that zoom"),
        _column("n", sa.Integer(), "rows that came less rows that went"),
        _column(
            "members",
            sa.Integer(),
            "of households: members that came less those that went",
            server_default=sa.text("0"),
        ),
        _column("settled", sa.Boolean(), "the sum of earlier rows, not a single change", server_default=sa.false()),
        _column("grid_code", code, permission),
        sa.CheckConstraint("level BETWEEN 14 AND 18", name=op.f("ck_tile_count_level")),
        sa.CheckConstraint(grammar, name=op.f("ck_tile_count_grid_code_grammar")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tile_count")),
        comment="rows of a layer in a cell, by grid code; several rows of one cell add up (瓦片计数)",
    )
    key = ["layer", "level", "cell", "grid_code"]
    op.create_index("ix_tile_count_cell", "tile_count", key, postgresql_include=["n", "members"])
    op.create_index("ix_tile_count_loose", "tile_count", key, postgresql_where=sa.text("NOT settled"))
    side = {"col": "tile column at zoom 18", "row": "tile row at zoom 18"}
    end = {"col_from": "westernmost", "row_from": "northernmost", "col_to": "easternmost", "row_to": "southernmost"}
    xid = sa.text("(pg_current_xact_id()::text)::bigint")
    op.create_table(
        "tile_change",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False, comment="surrogate key"),
        _column("xid", sa.BigInteger(), "transaction that changed it; compared with the snapshot of a reader",
                server_default=xid),
        _column("layer", code, "tile layer"),
        *(_column(name, sa.Integer(), f"{word} {side[name[:3]]}") for name, word in end.items()),
        _column("changed_at", sa.DateTime(timezone=True), "when", server_default=sa.text("now()")),
        _column("grid_code", code, permission),
        sa.CheckConstraint("col_from <= col_to AND row_from <= row_to", name=op.f("ck_tile_change_box")),
        sa.CheckConstraint(grammar, name=op.f("ck_tile_change_grid_code_grammar")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tile_change")),
        comment="where tiles changed, kept for a day (瓦片变更)",
    )  # fmt: skip
    for column in ("grid_code", "xid", "changed_at"):
        op.create_index(f"ix_tile_change_{column}", "tile_change", [column])
    for table in ("tile_count", "tile_change"):
        for statement in protect_table(table):
            op.execute(statement)
        op.execute(f"REVOKE INSERT, UPDATE, DELETE ON {table} FROM {APP_ROLE}")
        op.execute(f"CREATE POLICY upkeep ON {table} TO {TILE_ROLE} USING (true) WITH CHECK (true)")
        op.execute(f"GRANT SELECT, INSERT, DELETE ON {table} TO {TILE_ROLE}")
    # FOR SHARE asks for the right to update: of a column that nobody can set, under a policy that lets nothing through
    op.execute(f"GRANT UPDATE (id) ON household TO {TILE_ROLE}")
    op.execute(f"CREATE POLICY tiles_lock ON household FOR UPDATE TO {TILE_ROLE} USING (true) WITH CHECK (false)")


def _upkeep(schema: str) -> None:
    """What is wrong with the counts, putting it right, adding up. Each is one statement: one snapshot, exact beside writers."""
    truth = " UNION ALL ".join(
        f"SELECT '{layer}' AS layer, tile_cell(p.col, p.row) AS cell, p.grid_code, count(*) AS n, sum(p.members) AS members "
        f"FROM (SELECT r.grid_code, {MEMBERS if layer == 'persons' else '0'} AS members, {MIDDLE} FROM {table} r "
        f"WHERE r.geom_3857 IS NOT NULL AND {shown}) p GROUP BY p.col, p.row, p.grid_code"
        for layer, (table, shown, _) in POINTS.items()
    )
    run(
        f"""
        CREATE FUNCTION {schema}.tile_count_differences()
        RETURNS TABLE (layer text, level smallint, cell bigint, grid_code text, n bigint, members bigint)
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = {schema}, public, pg_temp
        AS $$
            SELECT d.layer, d.level, d.cell, d.grid_code, sum(d.n)::bigint, sum(d.members)::bigint
            FROM (SELECT t.layer, l.level::smallint AS level, t.cell >> 2 * (18 - l.level) AS cell, t.grid_code, t.n, t.members
                  FROM ({truth}) t CROSS JOIN unnest(ARRAY{list(LEVELS)}) AS l(level)
                  UNION ALL SELECT c.layer, c.level, c.cell, c.grid_code, -c.n, -c.members FROM tile_count c) d
            GROUP BY d.layer, d.level, d.cell, d.grid_code HAVING sum(d.n) <> 0 OR sum(d.members) <> 0
        $$;
        CREATE FUNCTION {schema}.repair_tile_counts() RETURNS bigint
        LANGUAGE sql SECURITY DEFINER SET search_path = {schema}, public, pg_temp
        AS $$
            WITH mended AS (
                INSERT INTO tile_count (layer, level, cell, grid_code, n, members)
                SELECT d.layer, d.level, d.cell, d.grid_code, d.n, d.members FROM tile_count_differences() d RETURNING layer
            ), told AS (
                {CHANGES} SELECT DISTINCT m.layer, 0, 0, {WORLD}, {WORLD}, '{schema.removeprefix("c")}' FROM mended m
            )
            SELECT count(*) FROM mended
        $$;
        CREATE FUNCTION {schema}.settle_tile_counts() RETURNS bigint
        LANGUAGE sql SECURITY DEFINER SET search_path = {schema}, public, pg_temp
        AS $$
            WITH alone AS MATERIALIZED (SELECT pg_try_advisory_xact_lock('tile_count'::regclass::oid::int, 1) AS mine),
            loose AS MATERIALIZED (
                SELECT DISTINCT t.layer, t.level, t.cell, t.grid_code FROM tile_count t, alone
                WHERE alone.mine AND NOT t.settled LIMIT {MOST_SETTLED}
            ), gone AS (
                DELETE FROM tile_count t USING loose l
                WHERE t.layer = l.layer AND t.level = l.level AND t.cell = l.cell AND t.grid_code = l.grid_code
                RETURNING t.*
            ), kept AS (
                INSERT INTO tile_count (layer, level, cell, grid_code, n, members, settled)
                SELECT g.layer, g.level, g.cell, g.grid_code, sum(g.n), sum(g.members), true FROM gone g
                GROUP BY g.layer, g.level, g.cell, g.grid_code HAVING sum(g.n) <> 0 OR sum(g.members) <> 0
            ), forgotten AS (DELETE FROM tile_change WHERE changed_at < now() - interval '1 day')
            SELECT count(*) FROM gone
        $$;
        COMMENT ON FUNCTION {schema}.tile_count_differences() IS 'cells whose count is not what their rows say; none when all is well';
        COMMENT ON FUNCTION {schema}.repair_tile_counts() IS 'puts the counts right beside running writers; how many were wrong';
        COMMENT ON FUNCTION {schema}.settle_tile_counts() IS 'adds up counts that piled up; how many rows were added up'
        """
    )
    for name in ("tile_count_differences()", "repair_tile_counts()", "settle_tile_counts()"):
        own(schema, name, callable_by_app=True)


def _cell_function(schema: str) -> None:
    spread = "".join(
        f"{v} := ({v} | ({v} << {n})) & {mask};"
        for v in ("c", "r")
        for n, mask in ((16, 0x0000FFFF0000FFFF), (8, 0x00FF00FF00FF00FF), (4, 0x0F0F0F0F0F0F0F0F),
                        (2, 0x3333333333333333), (1, 0x5555555555555555))
    )  # fmt: skip
    op.execute(
        f"CREATE FUNCTION {schema}.tile_cell(tile_col int, tile_row int) RETURNS bigint LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE "
        f"AS $$ DECLARE c bigint = tile_col; r bigint = tile_row; BEGIN {spread} RETURN c | (r << 1); END $$"
    )
    op.execute(
        f"COMMENT ON FUNCTION {schema}.tile_cell(int, int) IS 'Morton number of a tile: bits of column and row interleaved'"
    )
