"""Plans of the statement triggers that do not depend on the first statement a session ran.

PL/pgSQL keeps the plan of a session's first call, made for the row count of that call's transition tables. After an update of no
row, the join of old and new rows was a nested loop for ever: 6,039 rows took 20.2 s instead of 0.9 s, and a county's addresses
did not end. Where both tables are joined, nested loops are off (and with them JIT, which the penalty would set off); the
members of households are joined to their households through the primary key in one step.

Revision ID: 0025
"""

from alembic import op
from sqlalchemy import text

revision = "0025"
down_revision = "0024"

LEVELS = (14, 15, 16, 17, 18)
WORLD = 2**18 - 1


def _tile(value: str) -> str:
    """Column (or row, of the negated ordinate) at zoom 18 of a Web-Mercator coordinate in metres."""
    exact = f"floor(({value} + 20037508.342789244) / 40075016.685578488 * 262144)::int"
    return f"least({WORLD}, greatest(0, {exact}))"


MIDDLE = (
    f"{_tile('(st_xmin(r.geom_3857) + st_xmax(r.geom_3857)) / 2')} AS col, "
    f"{_tile('-(st_ymin(r.geom_3857) + st_ymax(r.geom_3857)) / 2')} AS row"
)
BOX = (
    f"{_tile('st_xmin(r.geom_3857)')} AS col_from, {_tile('-st_ymax(r.geom_3857)')} AS row_from, "
    f"{_tile('st_xmax(r.geom_3857)')} AS col_to, {_tile('-st_ymin(r.geom_3857)')} AS row_to"
)
STATES = {
    "insert": "SELECT 1 AS sign, n.* FROM new_rows n",
    "delete": "SELECT -1 AS sign, o.* FROM old_rows o",
    "update": "SELECT 1 AS sign, n.* FROM new_rows n UNION ALL SELECT -1, o.* FROM old_rows o",
}
JOINING = """
SELECT DISTINCT t.tgfoid::regprocedure::text FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE c.relnamespace = CAST(:schema AS regnamespace) AND t.tgoldtable IS NOT NULL AND t.tgnewtable IS NOT NULL
  AND c.relname <> 'household_member'
"""


def upgrade() -> None:
    schema: str = op.get_context().opts["version_table_schema"]
    connection = op.get_bind()
    for function in connection.scalars(text(JOINING), {"schema": schema}).all():
        op.execute(f"ALTER FUNCTION {function} SET enable_nestloop = off")
        op.execute(f"ALTER FUNCTION {function} SET jit = off")
    driver = connection.connection.driver_connection
    assert driver is not None
    for verb, states in STATES.items():
        driver.execute(_members(schema, verb, states))


def _members(schema: str, verb: str, states: str) -> str:
    """As 0022 made it; the household is found by its key for each member, whatever the session planned for."""
    return f"""
        CREATE OR REPLACE FUNCTION {schema}.tile_household_member_{verb}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = {schema}, public, pg_temp SET jit = off
        AS $$
        BEGIN
            WITH net AS MATERIALIZED (
                SELECT c.household_id, sum(c.sign) AS n FROM ({states}) c WHERE c.valid_to IS NULL
                GROUP BY c.household_id HAVING sum(c.sign) <> 0
            ), home AS MATERIALIZED (
                SELECT net.n, h.grid_code, h.geom_3857 FROM net JOIN household h ON h.id = net.household_id
                ORDER BY h.id FOR SHARE OF h
            ), placed AS MATERIALIZED (
                SELECT 0 AS sign, r.n AS members, r.grid_code, {MIDDLE}, {BOX} FROM home r WHERE r.geom_3857 IS NOT NULL
            ), summed AS MATERIALIZED (
                SELECT tile_cell(p.col, p.row) AS cell, p.grid_code, sum(p.members) AS members FROM placed p
                GROUP BY p.col, p.row, p.grid_code
            ), counted AS (
                INSERT INTO tile_count (layer, level, cell, grid_code, n, members)
                SELECT 'persons', l.level, s.cell >> 2 * (18 - l.level), s.grid_code, 0, sum(s.members)
                FROM summed s CROSS JOIN unnest(ARRAY{list(LEVELS)}) AS l(level)
                GROUP BY l.level, s.cell >> 2 * (18 - l.level), s.grid_code HAVING sum(s.members) <> 0
            )
            INSERT INTO tile_change (layer, col_from, row_from, col_to, row_to, grid_code)
            SELECT 'persons', min(p.col_from), min(p.row_from), max(p.col_to), max(p.row_to), p.grid_code FROM placed p
            GROUP BY p.col_from >> 6, p.row_from >> 6, p.grid_code;
            IF FOUND THEN
                PERFORM pg_notify('onemap_tile', '{schema.removeprefix("c")}');
                IF (pg_current_xact_id()::text)::bigint % 32 = 0 THEN PERFORM settle_tile_counts(); END IF;
            END IF;
            RETURN NULL;
        END $$
    """
