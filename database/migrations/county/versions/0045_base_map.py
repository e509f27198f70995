"""The map under the map: a table of public features, and the two functions that make their tiles and the names over them.

``base_feature`` holds roads, waters, land use, buildings … of the whole county. It says nothing about anybody: whoever has entered
the county reads all of it, whatever their cell; who has not entered sees nothing. Written only by who sees the whole county, for
the grid code of every row is the county's. ``base_tile()`` asks the same: a scope of this county, however small.
``name_tile()`` gives names and house numbers at one point each, inside the scope, as ``tile_layer()`` does.

Revision ID: 0045
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry

from database.row_security import APP_ROLE, TILE_ROLE, protect_table

revision = "0045"
down_revision = "0040"

KINDS = (
    "land_use", "contours", "water", "waterways", "buildings", "railways", "roads", "points", "localities",
)  # fmt: skip
OF_THE_COUNTY = "grid_code = ANY (ARRAY(SELECT left(p, 6) FROM unnest(platform.scope_prefixes()) AS p))"
WORLD_M, HALF_M = "40075016.685578488", "20037508.342789244"
WORLD = 2**18 - 1
BUDGET = 4000

# The first two conditions follow from the others: they let a narrow scope use the index on grid_code instead.
SCOPE = (
    "t.grid_code >= lowest AND t.grid_code < beyond AND (whole OR left(t.grid_code, 9) = ANY (towns) "
    "OR left(t.grid_code, 12) = ANY (villages) OR left(t.grid_code, 15) = ANY (cells) OR t.grid_code = ANY (micro_cells))"
)
SETTINGS = """
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = {schema}, public, pg_temp
SET plan_cache_mode = force_custom_plan
SET max_parallel_workers_per_gather = 0
SET jit = off
SET enable_seqscan = off
"""


def base_tile(schema: str) -> str:
    """All source layers of the base map. Indexes: ix_base_feature_far to zoom 12, ix_base_feature_tile above."""
    columns = (
        "t.id, t.kind, t.class, t.name, t.number, round(t.height_m)::int AS height, t.min_zoom, t.geom_3857 AS shape"
    )
    return f"""
CREATE FUNCTION {schema}.base_tile(z int, x int, y int, OUT body bytea, OUT generalised boolean)
{SETTINGS.format(schema=schema)}
AS $$
#variable_conflict use_column
DECLARE
    box         geometry := st_tileenvelope(z, x, y);
    reach       geometry := st_tileenvelope(z, x, y, margin => 64.0 / 4096);
    pixel_m     float := {WORLD_M} / 512 / 2 ^ z;
    fine        float := 4096 * 2.0 ^ z;
BEGIN
    body := '';
    generalised := false;
    IF z NOT BETWEEN 5 AND 16 OR NOT EXISTS (SELECT FROM unnest(platform.scope_prefixes()) AS p WHERE left(p, 6) = '{schema.removeprefix("c")}') THEN
        RETURN;
    END IF;
    WITH found AS (
        SELECT {columns} FROM base_feature t
        WHERE z <= 12 AND t.min_zoom <= 12 AND t.min_zoom <= z AND t.geom_3857 && reach
        UNION ALL
        SELECT {columns} FROM base_feature t WHERE z > 12 AND t.min_zoom <= z AND t.geom_3857 && reach
    ), ranked AS MATERIALIZED (
        SELECT f.*, f.area > 0 AS is_area,
               row_number() OVER (PARTITION BY f.kind ORDER BY f.min_zoom, f.area DESC, f.id) AS place
        FROM (SELECT f.*, st_area(f.shape) AS area FROM found f) f
    ), kept AS MATERIALIZED (
        SELECT * FROM ranked WHERE place <= {BUDGET}
    ), features AS (  -- the pieces of one road are one line, so that its name is written along all of it
        SELECT k.kind, k.class, k.name, k.number, k.height, NULL::text AS "of", NULL::int AS rank, min(k.place) AS place,
               st_linemerge(st_collectionhomogenize(st_collect(k.shape))) AS shape
        FROM kept k WHERE st_dimension(k.shape) = 1 GROUP BY 1, 2, 3, 4, 5
        UNION ALL
        SELECT k.kind, k.class, CASE WHEN NOT k.is_area THEN k.name END, k.number, k.height, NULL, NULL, k.place, k.shape
        FROM kept k WHERE st_dimension(k.shape) <> 1
        UNION ALL  -- a named area has its name at one point, in one tile
        SELECT 'labels', p.class, p.name, NULL, NULL, p.kind, p.rank, p.place, p.at
        FROM (SELECT k.*, st_pointonsurface(k.shape) AS at, floor(ln(k.area) / ln(2))::int AS rank FROM kept k
              WHERE k.is_area AND k.name IS NOT NULL AND sqrt(k.area) >= pixel_m * CASE WHEN z < 16 THEN 24 ELSE 6 END) p
        WHERE floor((st_x(p.at) + {HALF_M}) / {WORLD_M} * 2.0 ^ z) = x AND floor(({HALF_M} - st_y(p.at)) / {WORLD_M} * 2.0 ^ z) = y
    ), layers AS (
        SELECT f.kind, st_asmvt(q, f.kind, 4096, 'geom' ORDER BY f.place, f.name) AS layer
        FROM features f CROSS JOIN LATERAL (
            SELECT f.class, f.name, f.number, f.height, f."of", f.rank,
                   st_asmvtgeom(CASE WHEN z < 14 THEN st_simplify(f.shape, pixel_m / 2, true) ELSE f.shape END, box, 4096, 64, true) AS geom
        ) q WHERE q.geom IS NOT NULL GROUP BY f.kind
    )
    SELECT coalesce(string_agg(l.layer, '' ORDER BY l.kind), ''), EXISTS (SELECT FROM ranked WHERE place > {BUDGET})
    INTO body, generalised FROM layers l;
END $$
"""


def name_tile(schema: str) -> str:
    """Names of divisions and cells and numbers of doors, inside the scope, each at one point of one tile.

    Indexes: ix_division_tile, ix_grid_cell_tile, ix_standard_address_tile.
    """
    here = f"floor((st_x(p.at) + {HALF_M}) / {WORLD_M} * 2.0 ^ z) = x AND floor(({HALF_M} - st_y(p.at)) / {WORLD_M} * 2.0 ^ z) = y"
    middle = "CASE WHEN st_covers(t.geom_3857, st_centroid(t.geom_3857)) THEN st_centroid(t.geom_3857) ELSE st_pointonsurface(t.geom_3857) END"
    shown = "t.geom_3857 && box AND t.valid_to IS NULL"

    def mvt(layer: str, select: str) -> str:
        return f"body := body || (SELECT coalesce(st_asmvt(q, '{layer}', 4096, 'geom'), '') FROM ({select}) q WHERE q.geom IS NOT NULL);"

    divisions = mvt("division_names", f"""
        SELECT p.level, p.name, st_asmvtgeom(p.at, box, 4096, 0, false) AS geom
        FROM (SELECT t.code, t.level, t.name, {middle} AS at FROM division t
              WHERE {shown} AND t.level = ANY (CASE WHEN z < 7 THEN ARRAY['county'] WHEN z < 10 THEN ARRAY['county', 'town']
                                               ELSE ARRAY['county', 'town', 'village'] END) AND {SCOPE} OFFSET 0) p
        WHERE {here} ORDER BY p.code""")  # fmt: skip
    cells = mvt("cell_names", f"""
        SELECT p.name, st_asmvtgeom(p.at, box, 4096, 0, false) AS geom
        FROM (SELECT t.code, t.name, {middle} AS at FROM grid_cell t
              WHERE {shown} AND t.level = 'cell' AND {SCOPE} OFFSET 0) p
        WHERE {here} ORDER BY p.code""")  # fmt: skip
    numbers = mvt("house_numbers", f"""
        SELECT p.number, st_asmvtgeom(p.at, box, 4096, 0, false) AS geom
        FROM (SELECT min(t.id) AS id, regexp_replace(t.number_plate, '号$', '') AS number, t.geom_3857 AS at FROM standard_address t
              WHERE t.geom_3857 && box AND t.status = 'published' AND t.number_plate IS NOT NULL
                AND t.building IS NULL AND t.entrance IS NULL AND t.floor IS NULL AND t.room IS NULL AND {SCOPE}
              GROUP BY 2, 3) p
        WHERE {here} ORDER BY p.id""")  # fmt: skip
    return f"""
CREATE FUNCTION {schema}.name_tile(z int, x int, y int, OUT body bytea, OUT generalised boolean)
{SETTINGS.format(schema=schema)}
AS $$
#variable_conflict use_column
DECLARE
    prefixes    text[] := platform.scope_prefixes();
    whole       boolean;
    towns       text[];
    villages    text[];
    cells       text[];
    micro_cells text[];
    lowest      text;
    beyond      text;
    box         geometry := st_tileenvelope(z, x, y);
BEGIN
    body := '';
    generalised := false;
    SELECT coalesce(bool_or(p = '{schema.removeprefix("c")}'), false),
           array_agg(p) FILTER (WHERE length(p) = 9), array_agg(p) FILTER (WHERE length(p) = 12),
           array_agg(p) FILTER (WHERE length(p) = 15), array_agg(p) FILTER (WHERE length(p) = 17),
           min(p COLLATE "C"), max((p || '~') COLLATE "C")
    INTO whole, towns, villages, cells, micro_cells, lowest, beyond FROM unnest(prefixes) AS p;
    {divisions}
    IF z >= 13 THEN
        {cells}
    END IF;
    IF z >= 16 THEN
        {numbers}
    END IF;
END $$
"""


def tile_number(value: str) -> str:
    """Column (or row, of the negated ordinate) at zoom 18 of a Web-Mercator coordinate in metres."""
    exact = f"floor(({value} + {HALF_M}) / {WORLD_M} * 262144)::int"
    return f"least({WORLD}, greatest(0, {exact}))"


CHANGES = "INSERT INTO tile_change (layer, col_from, row_from, col_to, row_to, grid_code)"
TRANSITIONS = {
    "insert": ("NEW TABLE AS new_rows", "SELECT geom_3857, grid_code FROM new_rows"),
    "update": (
        "OLD TABLE AS old_rows NEW TABLE AS new_rows",
        "SELECT geom_3857, grid_code FROM old_rows UNION ALL SELECT geom_3857, grid_code FROM new_rows",
    ),
    "delete": ("OLD TABLE AS old_rows", "SELECT geom_3857, grid_code FROM old_rows"),
}


def boxes(rows: str) -> str:
    """INSERT of what changed: one box for each tile of zoom 12."""
    west, north = tile_number("st_xmin(r.geom_3857)"), tile_number("-st_ymax(r.geom_3857)")
    east, south = tile_number("st_xmax(r.geom_3857)"), tile_number("-st_ymin(r.geom_3857)")
    return (
        f"{CHANGES} SELECT 'base', min(p.col_from), min(p.row_from), max(p.col_to), max(p.row_to), p.grid_code FROM "
        f"(SELECT {west} AS col_from, {north} AS row_from, {east} AS col_to, {south} AS row_to, r.grid_code FROM ({rows}) r) p "
        "GROUP BY p.col_from >> 6, p.row_from >> 6, p.grid_code;"
    )


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


def upgrade() -> None:
    schema: str = op.get_context().opts["version_table_schema"]
    _table()
    for statement in protect_table("base_feature"):
        op.execute(statement)
    op.execute(f"CREATE POLICY public_base ON base_feature FOR SELECT TO {APP_ROLE} USING ({OF_THE_COUNTY})")
    op.execute(f"GRANT SELECT ON base_feature TO {TILE_ROLE}")
    op.execute(f"GRANT SELECT (number_plate, building, entrance, floor, room) ON standard_address TO {TILE_ROLE}")
    _watch(schema)
    for name, text in (("base_tile", base_tile(schema)), ("name_tile", name_tile(schema))):
        run(text)
        own(schema, f"{name}(int, int, int)", callable_by_app=True)
    op.execute(
        f"COMMENT ON FUNCTION {schema}.base_tile(int, int, int) IS 'the base map in one tile, for everybody of the county'"
    )
    op.execute(
        f"COMMENT ON FUNCTION {schema}.name_tile(int, int, int) IS 'names and house numbers in one tile, inside the scope'"
    )


def _watch(schema: str) -> None:
    """What changed in the base map is told in tile_change, in the same transaction."""
    bodies = {verb: boxes(rows) for verb, (_, rows) in TRANSITIONS.items()}
    bodies["truncate"] = f"{CHANGES} VALUES ('base', 0, 0, {WORLD}, {WORLD}, '{schema.removeprefix('c')}');"
    for verb, body in bodies.items():
        name = f"tile_base_feature_{verb}"
        run(
            f"""
            CREATE FUNCTION {schema}.{name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
            SET search_path = {schema}, public, pg_temp SET jit = off SET enable_nestloop = off
            AS $$
            BEGIN
                {body}
                IF FOUND THEN
                    PERFORM pg_notify('onemap_tile', '{schema.removeprefix("c")}');
                END IF;
                RETURN NULL;
            END $$
            """
        )
        op.execute(f"COMMENT ON FUNCTION {schema}.{name}() IS 'tells which tiles of the base map changed'")
        own(schema, f"{name}()")
        referencing = f"REFERENCING {TRANSITIONS[verb][0]} " if verb in TRANSITIONS else ""
        op.execute(
            f"CREATE TRIGGER tile_{verb} AFTER {verb.upper()} ON base_feature {referencing}"
            f"FOR EACH STATEMENT EXECUTE FUNCTION {schema}.{name}()"
        )


def _column(name: str, kind: Any, comment: str, *, nullable: bool = False, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=nullable, comment=comment, **options)


def _table() -> None:
    grammar = "grid_code ~ '^[0-9]{6}([0-9]{3}([0-9]{3}([0-9]{3}([0-9]{2})?)?)?)?$'"
    permission = "grid code (网格编码): the permission of the row; row-level security compares its prefix"
    kinds = ",".join(f"'{kind}'" for kind in KINDS)
    op.create_table(
        "base_feature",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False, comment="surrogate key"),
        _column("kind", sa.Text(), "source layer: roads, water, buildings …"),
        _column("class", sa.Text(), "class within the kind"),
        _column("name", sa.Text(), "name as shown", nullable=True),
        _column("number", sa.Text(), "number of a road: G25, S304", nullable=True),
        _column("height_m", sa.Float(53), "of a building above the ground, of a contour above the sea", nullable=True),
        _column("min_zoom", sa.SmallInteger(), "lowest zoom that shows it"),
        _column("source", sa.Text(), "department table it came from (mapping name)"),
        _column("source_key", sa.Text(), "key in that table"),
        _column("row_hash", sa.LargeBinary(), "hash of the imported row; equal means unchanged", nullable=True),
        _column("updated_at", sa.DateTime(timezone=True), "last change", server_default=sa.func.now()),
        _column("grid_code", sa.Text(collation="C"), permission),
        _column("geom", Geometry("GEOMETRY", srid=4490, spatial_index=False), "where; EPSG:4490, lon lat"),
        sa.Column(
            "geom_3857",
            Geometry("GEOMETRY", srid=3857, spatial_index=False),
            sa.Computed("st_transform(st_setsrid(geom, 4326), 3857)", persisted=True),
            comment="generated Web-Mercator copy for tiles; EPSG:3857, metres",
        ),
        sa.CheckConstraint(f"kind IN ({kinds})", name=op.f("ck_base_feature_kind")),
        sa.CheckConstraint("min_zoom BETWEEN 0 AND 18", name=op.f("ck_base_feature_min_zoom")),
        sa.CheckConstraint("length(grid_code) = 6", name=op.f("ck_base_feature_county_wide")),
        sa.CheckConstraint(grammar, name=op.f("ck_base_feature_grid_code_grammar")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_base_feature")),
        sa.UniqueConstraint("source", "source_key", name=op.f("uq_base_feature_source_source_key")),
        comment="features of the base map (底图要素)",
    )
    op.create_index("ix_base_feature_tile", "base_feature", ["geom_3857"], postgresql_using="gist")
    op.create_index(
        "ix_base_feature_far",
        "base_feature",
        ["geom_3857"],
        postgresql_using="gist",
        postgresql_where=sa.text("min_zoom <= 12"),
    )
