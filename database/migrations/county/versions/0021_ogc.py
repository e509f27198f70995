"""Boxes of features through the spatial index, and vector tiles cut in the CGCS2000 grid.

Both functions belong to ``onemap_tiles`` like the tile function (0002), and for its reason: ``&&`` is not leakproof, so under a
policy it may not use GiST. They take the scope from the transaction and apply it to every row. ``features_in_box`` gives
keys only, the rows are then read through row-level security; ``tile_layer_4490`` gives what ``tile_layer`` gives, cut in degrees.

Revision ID: 0021
"""

from alembic import op

from database.row_security import APP_ROLE, TILE_ROLE

revision = "0021"
down_revision = "0020"

# The first two conditions follow from the others: they let a narrow scope use the index on grid_code instead.
SCOPE = (
    "t.grid_code >= lowest AND t.grid_code < beyond AND (whole OR left(t.grid_code, 9) = ANY (towns) "
    "OR left(t.grid_code, 12) = ANY (villages) OR left(t.grid_code, 15) = ANY (cells) OR t.grid_code = ANY (micro_cells))"
)
PREFIXES = """
    prefixes    text[] := platform.scope_prefixes();
    whole       boolean := coalesce('{county}' = ANY (prefixes), false);
    towns       text[] := ARRAY(SELECT p FROM unnest(prefixes) AS p WHERE length(p) = 9);
    villages    text[] := ARRAY(SELECT p FROM unnest(prefixes) AS p WHERE length(p) = 12);
    cells       text[] := ARRAY(SELECT p FROM unnest(prefixes) AS p WHERE length(p) = 15);
    micro_cells text[] := ARRAY(SELECT p FROM unnest(prefixes) AS p WHERE length(p) = 17);
    lowest      text := (SELECT min(p COLLATE "C") FROM unnest(prefixes) AS p);
    beyond      text := (SELECT max(p COLLATE "C") || '~' FROM unnest(prefixes) AS p);
"""
# collection → table and which of its rows are features. Indexes: ix_*_tile, and ix_*_grid_code for a narrow scope.
IN_BOX = {
    "addresses": ("standard_address", "t.status = 'published'"),
    "places": ("place", "true"),
    "persons": ("household", "true"),
    "events": ("event", "true"),
    "objects": ("facility", "true"),
    "alerts": ("alert", "t.status <> 'closed'"),
}
# One SELECT a layer; reach is the tile with a margin, in Web Mercator, where the index is. z counts as in Web Mercator.
LAYERS = {
    "divisions": """
        SELECT t.code AS id, t.level, t.name,
               st_asmvtgeom(st_simplifypreservetopology(t.geom, tolerance), box, 4096, 64, true) AS geom
        FROM division t WHERE t.geom_3857 && reach AND t.valid_to IS NULL AND {scope}
          AND t.level = ANY (CASE WHEN z < 9 THEN ARRAY['county', 'town'] ELSE ARRAY['county', 'town', 'village'] END)
    """,
    # alerts: ix_alert_not_closed alone, a range because an alert may carry a micro cell's code
    "cells": """
        SELECT t.code AS id, t.level, t.name, t.parent_code AS parent,
               (SELECT count(*) FROM alert a WHERE a.grid_code >= t.code AND a.grid_code < t.code || '~'
                AND a.status <> 'closed' AND a.status IN ('open', 'acknowledged', 'assigned'))::int AS alerts,
               st_asmvtgeom(st_simplifypreservetopology(t.geom, tolerance), box, 4096, 64, true) AS geom
        FROM grid_cell t WHERE t.geom_3857 && reach AND t.valid_to IS NULL AND {scope}
          AND z >= 9 AND (z >= 13 OR t.level = 'cell')
    """,
    "addresses": """
        SELECT t.id, t.full_text AS text, t.depth, t.status, st_asmvtgeom(t.geom, box, 4096, 64, true) AS geom
        FROM standard_address t WHERE z >= 13 AND t.geom_3857 && reach AND t.status = 'published' AND {scope}
    """,
    "places": """
        SELECT t.id, t.kind, t.name, t.occupancy, st_asmvtgeom(t.geom, box, 4096, 64, true) AS geom
        FROM place t WHERE z >= 13 AND t.geom_3857 && reach AND {scope}
    """,
    # members: uq_household_member_household_id_person_id_valid_from
    "persons": """
        SELECT t.id, t.household_no,
               (SELECT count(*) FROM household_member m WHERE m.household_id = t.id AND m.valid_to IS NULL)::int AS members,
               (SELECT string_agg(s, ',') FROM jsonb_array_elements_text(t.status_codes) AS s) AS status,
               st_asmvtgeom(t.geom, box, 4096, 64, true) AS geom
        FROM household t WHERE z >= 13 AND t.geom_3857 && reach AND {scope}
    """,
    "events": """
        SELECT t.id, t.kind, t.title, t.state, to_char(t.occurred_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI') AS at,
               st_asmvtgeom(t.geom, box, 4096, 64, true) AS geom
        FROM event t WHERE z >= 13 AND t.geom_3857 && reach AND {scope}
    """,
    "objects": """
        SELECT t.id, t.kind, t.name, t.state, st_asmvtgeom(t.geom, box, 4096, 64, true) AS geom
        FROM facility t WHERE z >= 13 AND t.geom_3857 && reach AND {scope}
    """,
    "alerts": """
        SELECT t.id, t.rule, t.title, t.severity, t.status, st_asmvtgeom(t.geom, box, 4096, 64, true) AS geom
        FROM alert t WHERE t.geom_3857 && reach AND t.status <> 'closed' AND {scope}
    """,
}
AREAS = {"places"}
# CASE: the planner, which knows nothing of st_x, takes plain comparisons for one row in 40,000, and this for every second
POINT_IN_BOX = (
    "CASE WHEN st_x(t.geom) BETWEEN west AND east AND st_y(t.geom) BETWEEN south AND north THEN true ELSE false END"
)
# the world that Web Mercator knows, whatever is asked for
REACH = """st_expand(st_transform(st_makeenvelope(
        greatest(least(west, 180), -180), greatest(least(south, 85), -85),
        greatest(least(east, 180), -180), greatest(least(north, 85), -85), 4326), 3857), 0.01)"""
TABLES = ("division", "grid_cell", "standard_address", "place", "household", "event", "facility", "alert")
SETTINGS = """LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = {schema}, public, pg_temp
SET plan_cache_mode = force_custom_plan
SET max_parallel_workers_per_gather = 0
SET jit = off"""


def in_box_sql(schema: str) -> str:
    """Keys of the features in a box, NULL for more than ``most``; empty for an unknown collection and without a scope.

    Up to 20 prefixes are asked for one by one, so that each may take the index that suits it.
    """
    branches = "\n".join(
        f"WHEN '{name}' THEN found := found || ARRAY(SELECT t.id FROM {table} t "
        f"WHERE t.geom_3857 && reach AND {shown} AND {SCOPE} LIMIT most + 1 - cardinality(found));"
        for name, (table, shown) in IN_BOX.items()
    )
    return f"""
CREATE FUNCTION {schema}.features_in_box(collection text, west float8, south float8, east float8, north float8, most int)
RETURNS bigint[]
{SETTINGS.format(schema=schema)}
AS $$
DECLARE {PREFIXES.format(county=schema.removeprefix("c"))}
    reach       geometry := {REACH};
    found       bigint[] := '{{}}';
    outermost   text[] := ARRAY(SELECT DISTINCT p COLLATE "C" FROM unnest(prefixes) AS p
        WHERE NOT EXISTS (SELECT FROM unnest(prefixes) AS o WHERE p <> o AND starts_with(p, o)));
    one         text;
BEGIN
    IF cardinality(outermost) > 20 THEN
        outermost := ARRAY[NULL];
    END IF;
    FOREACH one IN ARRAY outermost LOOP
        IF one IS NOT NULL THEN
            lowest := one;
            beyond := one || '~';
        END IF;
        CASE collection
{branches}
        ELSE RETURN found;
        END CASE;
        IF cardinality(found) > most THEN
            RETURN NULL;
        END IF;
    END LOOP;
    RETURN found;
END $$
"""


def in_order_sql(schema: str) -> str:
    """Exact counts, and keys in the order of pages, for one box and nothing else; the planner, unhindered, chooses the index.

    A page begins after (after_code, after_id); both are NULL for the first.
    """
    counts, pages = [], []
    for name, (table, shown) in IN_BOX.items():
        exact = "st_intersects(t.geom, shape)" if name in AREAS else POINT_IN_BOX
        rows = f"FROM {table} t WHERE t.geom_3857 && reach AND {shown} AND {exact} AND {SCOPE}"
        counts.append(f"WHEN '{name}' THEN RETURN (SELECT count(*) {rows});")
        pages.append(
            f"WHEN '{name}' THEN RETURN ARRAY(SELECT t.id {rows} AND t.grid_code >= after_code "
            f"AND (t.grid_code > after_code OR t.id > after_id) ORDER BY t.grid_code, t.id LIMIT most);"
        )
    head = "collection text, west float8, south float8, east float8, north float8"
    declared = f"""AS $$
DECLARE {PREFIXES.format(county=schema.removeprefix("c"))}
    shape       geometry := st_makeenvelope(west, south, east, north, 4490);
    reach       geometry := {REACH};
BEGIN"""
    settings = SETTINGS.format(schema=schema)
    return f"""
CREATE FUNCTION {schema}.count_in_box({head}) RETURNS bigint
{settings.replace("max_parallel_workers_per_gather = 0", "max_parallel_workers_per_gather = 2")}
{declared}
    CASE collection
{chr(10).join(counts)}
    ELSE RETURN 0;
    END CASE;
END $$;
CREATE FUNCTION {schema}.page_in_box({head}, after_code text, after_id bigint, most int) RETURNS bigint[]
{settings}
{declared}
    after_code := greatest(after_code COLLATE "C", lowest);
    after_id := coalesce(after_id, -1);
    CASE collection
{chr(10).join(pages)}
    ELSE RETURN '{{}}';
    END CASE;
END $$;
"""


def tile_sql(schema: str) -> str:
    """A layer of a tile of the CGCS2000 grid: at zoom z, 2^z columns of 360/2^z degrees from -180, rows from 90 down."""
    branches = "\n".join(
        f"WHEN '{layer}' THEN RETURN (SELECT coalesce(st_asmvt(q, '{layer}', 4096, 'geom'), '') FROM ("
        f"{select.format(scope=SCOPE)}) q WHERE q.geom IS NOT NULL);"
        for layer, select in LAYERS.items()
    )
    return f"""
CREATE FUNCTION {schema}.tile_layer_4490(layer text, z int, x int, y int) RETURNS bytea
{SETTINGS.format(schema=schema)}
AS $$
#variable_conflict use_column
DECLARE {PREFIXES.format(county=schema.removeprefix("c"))}
    size        float8 := 360.0 / 2 ^ z;
    box         geometry := st_makeenvelope(-180 + x * size, 90 - (y + 1) * size, -180 + (x + 1) * size, 90 - y * size, 4490);
    margin      float8 := size * 64 / 4096;
    reach       geometry := st_transform(st_makeenvelope(
        greatest(-180 + x * size - margin, -180), greatest(90 - (y + 1) * size - margin, -85),
        least(-180 + (x + 1) * size + margin, 180), least(90 - y * size + margin, 85), 4326), 3857);
    tolerance   float8 := size / 4096;
BEGIN
    CASE layer
{branches}
    ELSE RETURN '';
    END CASE;
END $$
"""


def upgrade() -> None:
    schema = op.get_context().opts["version_table_schema"]
    for table in TABLES:
        op.execute(f"GRANT SELECT (geom) ON {table} TO {TILE_ROLE}")
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    functions = {
        f"{schema}.features_in_box(text, float8, float8, float8, float8, int)": (
            in_box_sql(schema),
            "keys of the features of the entered scope in a box (degrees), NULL for too many",
        ),
        f"{schema}.count_in_box(text, float8, float8, float8, float8)": (
            in_order_sql(schema),
            "how many features of the entered scope a box (degrees) holds",
        ),
        f"{schema}.page_in_box(text, float8, float8, float8, float8, text, bigint, int)": (
            "",
            "keys of features of the entered scope in a box (degrees), in the order of pages",
        ),
        f"{schema}.tile_layer_4490(text, int, int, int)": (
            tile_sql(schema),
            "one layer of a tile of the CGCS2000 grid, as far as the entered scope reaches",
        ),
    }
    op.execute(f"GRANT CREATE ON SCHEMA {schema} TO {TILE_ROLE}")
    for signature, (sql, comment) in functions.items():
        if sql:
            driver.execute(sql)  # as it stands: no colon or percent sign is a parameter
        op.execute(f"COMMENT ON FUNCTION {signature} IS '{comment}'")
        op.execute(f"ALTER FUNCTION {signature} OWNER TO {TILE_ROLE}")
        op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO {APP_ROLE}")
    op.execute(f"REVOKE CREATE ON SCHEMA {schema} FROM {TILE_ROLE}")
