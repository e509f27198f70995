"""The tile function again: nothing is lost without a word.

Points belong to the one tile that holds them (half-open: column and row by whole numbers), carry no margin, and every feature
carries ``n``. Up to zoom 12 a point layer is counts (``tile_count``, 64 × 64 to a tile); above, it is rows, and counts made on the fly
where a tile holds more than 3,000. Outlines carry n = 1 in the one tile that holds the middle of their box and 0 in the
others, so that n adds up over the tiles of a zoom for them too. Who owns the function and how it takes the scope: 0002.

Revision ID: 0024
"""

from alembic import op

from database.row_security import APP_ROLE, TILE_ROLE

revision = "0024"
down_revision = "0023"

BUDGET = 3000
WORLD_M, HALF_M = "40075016.685578488", "20037508.342789244"

# The first two conditions follow from the others: they let a narrow scope use the index on grid_code instead.
SCOPE = (
    "t.grid_code >= lowest AND t.grid_code < beyond AND (whole OR left(t.grid_code, 9) = ANY (towns) "
    "OR left(t.grid_code, 12) = ANY (villages) OR left(t.grid_code, 15) = ANY (cells) OR t.grid_code = ANY (micro_cells))"
)
# layer → table, the rows it shows, attributes of a row as name → expression. Indexes: ix_*_tile.
POINTS = {
    "addresses": (
        "standard_address",
        "t.status = 'published'",
        {"text": "t.full_text", "depth": "t.depth", "status": "t.status"},
    ),
    # members: uq_household_member_household_id_person_id_valid_from
    "persons": (
        "household",
        "true",
        {
            "household_no": "t.household_no",
            "status": "(SELECT string_agg(s, ',') FROM jsonb_array_elements_text(t.status_codes) AS s)",
        },
    ),
    "events": (
        "event",
        "true",
        {
            "kind": "t.kind",
            "title": "t.title",
            "state": "t.state",
            "at": "to_char(t.occurred_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI')",
        },
    ),
    "objects": ("facility", "true", {"kind": "t.kind", "name": "t.name", "state": "t.state"}),
    "alerts": (
        "alert",
        "t.status <> 'closed'",
        {"rule": "t.rule", "title": "t.title", "severity": "t.severity", "status": "t.status"},
    ),
    "places": ("place", "true", {"kind": "t.kind", "name": "t.name", "occupancy": "t.occupancy"}),
}
MEMBERS = "(SELECT count(*) FROM household_member m WHERE m.household_id = {t}.id AND m.valid_to IS NULL)::int"
MIXED = {"places"}


def pixels(x_m: str, y_m: str) -> str:
    """Column and row of the 4096 × 4096 to a tile, counted from the world's corner; exact powers of two, so zooms agree."""
    return (
        f"floor(({x_m} + {HALF_M}) / {WORLD_M} * fine)::bigint AS px, "
        f"floor(({HALF_M} - {y_m}) / {WORLD_M} * fine)::bigint AS py"
    )


def middle(layer: str) -> tuple[str, str]:
    """Where a row of the layer stands: its point, or the middle of its box. The same as in the counts."""
    if layer in MIXED:
        return "(st_xmin(t.geom_3857) + st_xmax(t.geom_3857)) / 2", "(st_ymin(t.geom_3857) + st_ymax(t.geom_3857)) / 2"
    return "st_x(t.geom_3857)", "st_y(t.geom_3857)"


# OFFSET 0 in the statements below: the rows are found first, by place or by scope; the wish for an order shall not choose the
# index of the primary key instead, and what is computed once is not computed again.
def mvt(layer: str, select: str) -> str:
    """Statement that sets body."""
    return f"body := (SELECT coalesce(st_asmvt(q, '{layer}', 4096, 'geom'), '') FROM ({select}) q WHERE q.geom IS NOT NULL);"


def rows(layer: str) -> str:
    """Every row a feature with its attributes, n = 1; sorted, so that the same rows are the same bytes."""
    table, shown, attributes = POINTS[layer]
    if layer == "persons":
        attributes = attributes | {"members": MEMBERS.format(t="t")}
    listed = "".join(f", {expression} AS {name}" for name, expression in attributes.items())
    if layer in MIXED:  # an outline is drawn in every tile it reaches; it counts in one
        return mvt(layer, f"""
            SELECT p.id, p.kind, p.name, p.occupancy, (p.px >> 12 = x AND p.py >> 12 = y)::int AS n,
                   CASE WHEN p.px >> 12 = x AND p.py >> 12 = y
                        THEN coalesce(CASE WHEN NOT p.is_point THEN p.outline END, st_point(p.px & 4095, p.py & 4095))
                        WHEN NOT p.is_point THEN p.outline END AS geom
            FROM (SELECT t.id{listed}, {pixels(*middle(layer))}, st_geometrytype(t.geom_3857) = 'ST_Point' AS is_point,
                         st_asmvtgeom(t.geom_3857, box, 4096, 64, true) AS outline
                  FROM {table} t WHERE t.geom_3857 && reach AND {shown} AND {SCOPE} OFFSET 0) p ORDER BY p.id""")  # fmt: skip
    names = "".join(f", p.{name}" for name in attributes)
    return mvt(layer, f"""
        SELECT p.id{names}, 1 AS n, st_point(p.px & 4095, p.py & 4095) AS geom FROM (
            SELECT t.id{listed}, {pixels(*middle(layer))}
            FROM {table} t WHERE t.geom_3857 && near AND {shown} AND {SCOPE} OFFSET 0
        ) p WHERE p.px >> 12 = x AND p.py >> 12 = y ORDER BY p.id""")  # fmt: skip


def crowds(layer: str) -> str:
    """Rows counted on the fly by squares, row by row, 64 × 64 to a tile; a row alone keeps its id, and from zoom 15 on its attributes."""
    table, shown, attributes = POINTS[layer]
    listed = "".join(f", {expression} AS {name}" for name, expression in attributes.items())
    members = f", {MEMBERS.format(t='t')} AS members" if layer == "persons" else ""
    summed = ", sum(p.members)::int AS members" if members else ""
    return mvt(layer, f"""
        SELECT CASE WHEN g.n = 1 THEN g.one END AS id{listed}{", g.members" if members else ""}, g.n,
               st_point((g.square & 63) * 64 + 32, (g.square >> 6) * 64 + 32) AS geom
        FROM (SELECT ((p.py & 4032) | (p.px >> 6 & 63))::int AS square, count(*)::int AS n, min(p.id) AS one{summed}
              FROM (SELECT t.id, {pixels(*middle(layer))}{members}
                    FROM {table} t WHERE t.geom_3857 && near AND {shown} AND {SCOPE} OFFSET 0) p
              WHERE p.px >> 12 = x AND p.py >> 12 = y GROUP BY 1) g
        LEFT JOIN {table} t ON t.id = g.one AND g.n = 1 AND z >= 15 ORDER BY g.square""")  # fmt: skip


def axis(code: str) -> str:
    """Every second bit of a twelve-bit Morton number: 0 to 63."""
    return "(" + " | ".join(f"({code} >> {bit} & {1 << bit})::int" for bit in range(6)) + ")"


def counts(layer: str) -> str:
    """Precomputed counts, 64 × 64 to a tile. Index: ix_tile_count_cell."""
    members = ", nullif(g.members, 0)::int AS members" if layer == "persons" else ""
    return mvt(layer, f"""
        SELECT g.n::int AS n{members}, st_point({axis("g.local")} * 64 + 32, {axis("(g.local >> 1)")} * 64 + 32) AS geom
        FROM (SELECT t.cell - lowest_cell >> shift AS local, sum(t.n) AS n, sum(t.members) AS members FROM tile_count t
              WHERE t.layer = '{layer}' AND t.level = store AND t.cell >= lowest_cell AND t.cell < beyond_cell AND {SCOPE}
              GROUP BY 1 HAVING sum(t.n) > 0) g ORDER BY g.local""")  # fmt: skip


def outlines(layer: str, table: str, columns: str, shown: str) -> str:
    """Outlines: the generalised one, else the outline itself thinned here. Indexes: ix_*_tile, pk_tile_shape."""
    return mvt(layer, f"""
        SELECT p.id, {columns}, p.here::int AS n,
               coalesce(p.outline, CASE WHEN p.here THEN st_point(p.px & 4095, p.py & 4095) END) AS geom
        FROM (SELECT c.*, c.px >> 12 = x AND c.py >> 12 = y AS here FROM (
                SELECT t.code AS id, t.*, {pixels("(st_xmin(t.geom_3857) + st_xmax(t.geom_3857)) / 2",
                                                  "(st_ymin(t.geom_3857) + st_ymax(t.geom_3857)) / 2")},
                       st_asmvtgeom(coalesce(s.geom_3857, CASE WHEN z < 14 THEN st_simplifypreservetopology(t.geom_3857, tolerance_m)
                                             ELSE t.geom_3857 END), box, 4096, 64, true) AS outline
                FROM {table} t LEFT JOIN tile_shape s ON s.layer = '{layer}' AND s.code = t.code AND s.band = zoom_band
                WHERE t.geom_3857 && reach AND t.valid_to IS NULL AND {shown} AND {SCOPE} OFFSET 0) c) p ORDER BY p.id""")  # fmt: skip


# alerts: ix_alert_not_closed alone, a range because an alert may carry a micro cell's code
WAITING = (
    "(SELECT count(*) FROM alert a WHERE a.grid_code >= p.id AND a.grid_code < p.id || '~' "
    "AND a.status <> 'closed' AND a.status IN ('open', 'acknowledged', 'assigned'))::int AS alerts"
)
AREAS = {
    "divisions": outlines(
        "divisions", "(SELECT code, level, name, grid_code, geom_3857, valid_to FROM division)", "p.level, p.name",
        "t.level = ANY (CASE WHEN z < 9 THEN ARRAY['county', 'town'] ELSE ARRAY['county', 'town', 'village'] END)",
    ),
    "cells": outlines(
        "cells", "(SELECT code, level, name, parent_code, grid_code, geom_3857, valid_to FROM grid_cell)",
        f"p.level, CASE WHEN z >= 12 THEN p.name END AS name, CASE WHEN z >= 12 THEN p.parent_code END AS parent, {WAITING}",
        "z >= 9 AND (z >= 13 OR t.level = 'cell')",
    ),
}  # fmt: skip


def branch(layer: str) -> str:
    """What the function does for one layer."""
    if layer in AREAS:
        return f"WHEN '{layer}' THEN {AREAS[layer]}"
    may_be_rows = "true" if layer == "alerts" else "z > 12"  # open alerts are few: rows, while they are
    return f"""
    WHEN '{layer}' THEN
        generalised := NOT ({may_be_rows}) OR budget < (
            SELECT coalesce(sum(t.n), 0) FROM tile_count t WHERE t.layer = '{layer}' AND t.level = store
            AND t.cell >= lowest_cell AND t.cell < beyond_cell AND {SCOPE});
        IF NOT generalised THEN {rows(layer)}
        ELSIF z > 12 THEN {crowds(layer)}
        ELSE {counts(layer)}
        END IF;"""


def function_sql(schema: str) -> str:
    """The whole function. Empty for an unknown layer and without a scope."""
    branches = "\n".join(branch(layer) for layer in (*AREAS, *POINTS))
    return f"""
CREATE FUNCTION {schema}.tile_layer(layer text, z int, x int, y int, OUT body bytea, OUT generalised boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = {schema}, public, pg_temp
SET plan_cache_mode = force_custom_plan
SET max_parallel_workers_per_gather = 0
SET jit = off
SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    prefixes    text[] := platform.scope_prefixes();
    whole       boolean;  -- the range from lowest to beyond says it all: the county, or any single prefix
    towns       text[];
    villages    text[];
    cells       text[];
    micro_cells text[];
    lowest      text;
    beyond      text;  -- prefixes may nest
    box         geometry := st_tileenvelope(z, x, y);
    reach       geometry := st_tileenvelope(z, x, y, margin => 64.0 / 4096);
    near        geometry := st_tileenvelope(z, x, y, margin => 0.5 / 4096);
    tolerance_m float := {WORLD_M} / 1024 / 2 ^ z;  -- half a screen pixel
    zoom_band   smallint := CASE WHEN z < 14 THEN greatest(7, z + 1 - z % 2) END;
    fine        float := 4096 * 2.0 ^ z;
    budget      int := {BUDGET};
    store       smallint := least(greatest(z + 6, 14), 18);
    lowest_cell bigint := tile_cell(x, y) << 2 * (store - z);
    beyond_cell bigint := tile_cell(x, y) + 1 << 2 * (store - z);
    shift       int := 2 * (store - least(store, z + 6));
BEGIN
    body := '';
    generalised := false;
    SELECT count(*) = 1 OR coalesce(bool_or(p = '{schema.removeprefix("c")}'), false),
           array_agg(p) FILTER (WHERE length(p) = 9), array_agg(p) FILTER (WHERE length(p) = 12),
           array_agg(p) FILTER (WHERE length(p) = 15), array_agg(p) FILTER (WHERE length(p) = 17),
           min(p COLLATE "C"), max((p || '~') COLLATE "C")
    INTO whole, towns, villages, cells, micro_cells, lowest, beyond FROM unnest(prefixes) AS p;
    IF whole AND (z > 12 AND length(lowest) = 9 OR z > 14 AND length(lowest) = 12) THEN
        -- the tile is the smaller: by place alone, the prefix checked row by row and not by a second index
        whole := false;
        lowest := '';
        beyond := '~';
    END IF;
    CASE layer
{branches}
    ELSE NULL;
    END CASE;
    generalised := generalised AND body <> '';
END $$
"""


def upgrade() -> None:
    schema: str = op.get_context().opts["version_table_schema"]
    signature = f"{schema}.tile_layer(text, int, int, int)"
    op.execute(f"DROP FUNCTION {signature}")
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(function_sql(schema))  # as it stands: no colon or percent sign is a parameter
    op.execute(
        f"COMMENT ON FUNCTION {signature} IS 'one layer of a tile, as far as the entered scope reaches; whether it is counts'"
    )
    op.execute(f"GRANT CREATE ON SCHEMA {schema} TO {TILE_ROLE}")
    op.execute(f"ALTER FUNCTION {signature} OWNER TO {TILE_ROLE}")
    op.execute(f"REVOKE CREATE ON SCHEMA {schema} FROM {TILE_ROLE}")
    op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO {APP_ROLE}")
