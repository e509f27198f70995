"""The audited tile function: the spatial index first, the scope second, and nothing but what a tile shows.

Under an ordinary policy the planner may not use GiST before the policy, because ``&&`` is not leakproof. This function
belongs to ``onemap_tiles``, a role nobody signs in as, whose policy shows every row but which may read only the columns
granted here. It takes the scope from the transaction, never from an argument, and applies it to every row. A tile is a small query among many: parallel workers and
compiled plans take longer to start than it does to run, so both are off.

Revision ID: 0002
"""

from alembic import op

from database.row_security import APP_ROLE, TILE_ROLE

revision = "0002"
down_revision = "0001"

# One SELECT a layer. {scope}: the scope filter for alias t. reach: the tile with a margin of 64/4096.
# Indexes: ix_*_tile, and ix_*_grid_code where the scope is narrower than the tile.
LAYERS = {
    "divisions": """
        SELECT t.code AS id, t.level, t.name,
               st_asmvtgeom(st_simplifypreservetopology(t.geom_3857, tolerance_m), box, 4096, 64, true) AS geom
        FROM division t WHERE t.geom_3857 && reach AND t.valid_to IS NULL AND {scope}
          AND t.level = ANY (CASE WHEN z < 9 THEN ARRAY['county', 'town'] ELSE ARRAY['county', 'town', 'village'] END)
    """,
    # alerts: ix_alert_not_closed alone, a range because an alert may carry a micro cell's code
    "cells": """
        SELECT t.code AS id, t.level, t.name, t.parent_code AS parent,
               (SELECT count(*) FROM alert a WHERE a.grid_code >= t.code AND a.grid_code < t.code || '~'
                AND a.status <> 'closed' AND a.status IN ('open', 'acknowledged', 'assigned'))::int AS alerts,
               st_asmvtgeom(st_simplifypreservetopology(t.geom_3857, tolerance_m), box, 4096, 64, true) AS geom
        FROM grid_cell t WHERE t.geom_3857 && reach AND t.valid_to IS NULL AND {scope}
          AND z >= 9 AND (z >= 13 OR t.level = 'cell')
    """,
    "addresses": """
        SELECT t.id, t.full_text AS text, t.depth, t.status, st_asmvtgeom(t.geom_3857, box, 4096, 64, true) AS geom
        FROM standard_address t WHERE z >= 13 AND t.geom_3857 && reach AND t.status = 'published' AND {scope}
    """,
    "places": """
        SELECT t.id, t.kind, t.name, t.occupancy, st_asmvtgeom(t.geom_3857, box, 4096, 64, true) AS geom
        FROM place t WHERE z >= 13 AND t.geom_3857 && reach AND {scope}
    """,
    # members: uq_household_member_household_id_person_id_valid_from
    "persons": """
        SELECT t.id, t.household_no,
               (SELECT count(*) FROM household_member m WHERE m.household_id = t.id AND m.valid_to IS NULL)::int AS members,
               (SELECT string_agg(s, ',') FROM jsonb_array_elements_text(t.status_codes) AS s) AS status,
               st_asmvtgeom(t.geom_3857, box, 4096, 64, true) AS geom
        FROM household t WHERE z >= 13 AND t.geom_3857 && reach AND {scope}
    """,
    "events": """
        SELECT t.id, t.kind, t.title, t.state, to_char(t.occurred_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI') AS at,
               st_asmvtgeom(t.geom_3857, box, 4096, 64, true) AS geom
        FROM event t WHERE z >= 13 AND t.geom_3857 && reach AND {scope}
    """,
    "objects": """
        SELECT t.id, t.kind, t.name, t.state, st_asmvtgeom(t.geom_3857, box, 4096, 64, true) AS geom
        FROM facility t WHERE z >= 13 AND t.geom_3857 && reach AND {scope}
    """,
    "alerts": """
        SELECT t.id, t.rule, t.title, t.severity, t.status, st_asmvtgeom(t.geom_3857, box, 4096, 64, true) AS geom
        FROM alert t WHERE t.geom_3857 && reach AND t.status <> 'closed' AND {scope}
    """,
}
# The first two conditions follow from the others: they let a narrow scope use the index on grid_code instead.
SCOPE = (
    "t.grid_code >= lowest AND t.grid_code < beyond AND (whole OR left(t.grid_code, 9) = ANY (towns) "
    "OR left(t.grid_code, 12) = ANY (villages) OR left(t.grid_code, 15) = ANY (cells) OR t.grid_code = ANY (micro_cells))"
)
COLUMNS = {
    "division": "code, level, name, valid_to, grid_code, geom_3857",
    "grid_cell": "code, level, name, parent_code, valid_to, grid_code, geom_3857",
    "standard_address": "id, full_text, depth, status, grid_code, geom_3857",
    "place": "id, kind, name, occupancy, grid_code, geom_3857",
    "household": "id, household_no, status_codes, grid_code, geom_3857",
    "household_member": "household_id, valid_to",
    "event": "id, kind, title, state, occurred_at, grid_code, geom_3857",
    "facility": "id, kind, name, state, grid_code, geom_3857",
    "alert": "id, rule, title, severity, status, grid_code, geom_3857",
}


def function_sql(schema: str) -> str:
    """The whole function. Empty for an unknown layer and without a scope."""
    branches = "\n".join(
        f"WHEN '{layer}' THEN RETURN (SELECT coalesce(st_asmvt(q, '{layer}', 4096, 'geom'), '') FROM ("
        f"{select.format(scope=SCOPE)}) q WHERE q.geom IS NOT NULL);"
        for layer, select in LAYERS.items()
    )
    return f"""
CREATE FUNCTION {schema}.tile_layer(layer text, z int, x int, y int) RETURNS bytea
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = {schema}, public, pg_temp
SET plan_cache_mode = force_custom_plan
SET max_parallel_workers_per_gather = 0
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    prefixes    text[] := platform.scope_prefixes();
    whole       boolean := coalesce('{schema.removeprefix("c")}' = ANY (prefixes), false);
    towns       text[] := ARRAY(SELECT p FROM unnest(prefixes) AS p WHERE length(p) = 9);
    villages    text[] := ARRAY(SELECT p FROM unnest(prefixes) AS p WHERE length(p) = 12);
    cells       text[] := ARRAY(SELECT p FROM unnest(prefixes) AS p WHERE length(p) = 15);
    micro_cells text[] := ARRAY(SELECT p FROM unnest(prefixes) AS p WHERE length(p) = 17);
    lowest      text := (SELECT min(p COLLATE "C") FROM unnest(prefixes) AS p);
    beyond      text := (SELECT max(p COLLATE "C") || '~' FROM unnest(prefixes) AS p);
    box         geometry := st_tileenvelope(z, x, y);
    reach       geometry := st_tileenvelope(z, x, y, margin => 64.0 / 4096);
    tolerance_m float := 40075016.68 / 4096 / 2 ^ z;
BEGIN
    CASE layer
{branches}
    ELSE RETURN '';
    END CASE;
END $$
"""


def upgrade() -> None:
    schema = op.get_context().opts["version_table_schema"]
    signature = f"{schema}.tile_layer(text, int, int, int)"
    for table, columns in COLUMNS.items():
        op.execute(f"GRANT SELECT ({columns}) ON {table} TO {TILE_ROLE}")
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(function_sql(schema))  # as it stands: no colon or percent sign is a parameter
    op.execute(f"COMMENT ON FUNCTION {signature} IS 'one layer of a vector tile, as far as the entered scope reaches'")
    op.execute(f"GRANT CREATE ON SCHEMA {schema} TO {TILE_ROLE}")
    op.execute(f"ALTER FUNCTION {signature} OWNER TO {TILE_ROLE}")
    op.execute(f"REVOKE CREATE ON SCHEMA {schema} FROM {TILE_ROLE}")
    op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO {APP_ROLE}")
