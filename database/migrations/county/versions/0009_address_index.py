"""The index of addresses in memory: which addresses changed, a bell for the listeners, the nearest address to a point.

Statement triggers write the numbers of changed addresses into ``address_touch``, one row for each grid code, and ring
``NOTIFY onemap_address`` with the county's code. The rows are the truth, the bell only wakes (see
docs/decisions/0009-the-address-index.md). ``nearest_addresses`` belongs to ``onemap_tiles`` like the tile function and
applies the entered scope itself, for a policy would keep ``&&`` from the spatial index. It orders by Web-Mercator distance,
which near a point is proportional to metres (the projection is conformal), so ``ix_standard_address_tile`` serves it.

Revision ID: 0009
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

from database.row_security import APP_ROLE, TILE_ROLE, protect_table

revision = "0009"
down_revision = "0008"

#: What the index reads of an address; a change of anything else touches nothing.
_INDEXED = [
    "status",
    "full_text",
    "match_key",
    "local_key",
    "road_key",
    "division_code",
    "village_group",
    "city",
    "depth",
]
_KEPT = "1 day"


def upgrade() -> None:
    schema = op.get_context().opts["version_table_schema"]
    op.create_table(
        "address_touch",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False, comment="surrogate key"),
        sa.Column(
            "xid",
            sa.BigInteger(),
            server_default=sa.text("(pg_current_xact_id()::text)::bigint"),
            nullable=False,
            comment="transaction that changed them; compared with the snapshot of a reader",
        ),
        sa.Column(
            "address_ids",
            postgresql.ARRAY(sa.BigInteger()),
            nullable=False,
            comment="the addresses, or those whose aliases were changed",
        ),
        sa.Column(
            "touched_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False, comment="when"
        ),
        sa.Column(
            "grid_code",
            Text(collation="C"),
            nullable=False,
            comment="grid code (网格编码): the permission of the row; row-level security compares its prefix",
        ),
        sa.CheckConstraint(
            "grid_code ~ '^[0-9]{6}([0-9]{3}([0-9]{3}([0-9]{3}([0-9]{2})?)?)?)?$'",
            name=op.f("ck_address_touch_grid_code_grammar"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address_touch")),
        comment="changed addresses, for the indexes in memory (地址索引更新)",
    )
    op.create_index(op.f("ix_address_touch_grid_code"), "address_touch", ["grid_code"])
    op.create_index("ix_address_touch_xid", "address_touch", ["xid"])
    op.create_index("ix_address_touch_touched_at", "address_touch", ["touched_at"])
    for statement in protect_table("address_touch"):
        op.execute(statement)
    _watch(schema, "standard_address", "id", "n.status = 'published'", _INDEXED)
    _watch(schema, "address_alias", "address_id", "true", ["address_id", "match_key"])
    _nearest(schema)


def _watch(schema: str, table: str, key: str, counts: str, columns: list[str]) -> None:
    """Functions and triggers that note what INSERT, UPDATE and DELETE change."""
    differs = f"({', '.join('n.' + c for c in columns)}) IS DISTINCT FROM ({', '.join('o.' + c for c in columns)})"
    changed = {
        "insert": f"SELECT n.{key} AS id, n.grid_code FROM new_rows n WHERE {counts}",
        "update": f"SELECT n.{key} AS id, n.grid_code FROM new_rows n JOIN old_rows o ON o.id = n.id WHERE {differs}",
        "delete": f"SELECT o.{key} AS id, o.grid_code FROM old_rows o",
    }
    tables = {
        "insert": "NEW TABLE AS new_rows",
        "update": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
        "delete": "OLD TABLE AS old_rows",
    }
    for verb, rows in changed.items():
        function = f"{schema}.touch_{table}_{verb}"
        op.execute(
            f"""
            CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql SET search_path = {schema}, pg_temp
            AS $$
            BEGIN
                INSERT INTO address_touch (address_ids, grid_code)
                SELECT array_agg(DISTINCT c.id), c.grid_code FROM ({rows}) c GROUP BY c.grid_code;
                IF FOUND THEN
                    DELETE FROM address_touch WHERE touched_at < now() - interval '{_KEPT}';
                    PERFORM pg_notify('onemap_address', '{schema.removeprefix("c")}');
                END IF;
                RETURN NULL;
            END $$
            """
        )
        op.execute(
            f"COMMENT ON FUNCTION {function}() IS 'notes the addresses that a statement changed, for the indexes'"
        )
        op.execute(
            f"CREATE TRIGGER touch_{verb} AFTER {verb.upper()} ON {table} REFERENCING {tables[verb]} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
        )


def _nearest(schema: str) -> None:
    signature = f"{schema}.nearest_addresses(double precision, double precision, double precision, integer)"
    op.execute(f"GRANT SELECT (id, code, status, grid_code, geom, geom_3857) ON standard_address TO {TILE_ROLE}")
    op.execute(
        f"""
        CREATE FUNCTION {schema}.nearest_addresses(lon double precision, lat double precision,
                                                   max_m double precision, most integer)
        RETURNS TABLE (id bigint, distance_m double precision)
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = {schema}, public, pg_temp
        AS $$
            WITH here AS (
                SELECT p AS point, st_transform(st_setsrid(p, 4326), 3857) AS mercator, max_m / cos(radians(lat)) * 1.01 AS reach
                FROM st_setsrid(st_point(lon, lat), 4490) AS p
            ), near AS (
                SELECT s.id, s.code, s.geom_3857 <-> here.mercator AS order_m,
                       st_distance(s.geom::geography, here.point::geography) AS distance_m
                FROM here, standard_address s
                WHERE s.status = 'published' AND s.geom_3857 && st_expand(here.mercator, here.reach)
                  AND s.grid_code ^@ ANY ((SELECT platform.scope_prefixes())::text[])
                ORDER BY order_m, s.code LIMIT most
            )
            SELECT near.id, near.distance_m FROM near WHERE near.distance_m <= max_m ORDER BY near.order_m, near.code
        $$
        """
    )
    op.execute(
        f"COMMENT ON FUNCTION {signature} IS 'published addresses of the entered scope nearest to a point, metres'"
    )
    op.execute(f"GRANT CREATE ON SCHEMA {schema} TO {TILE_ROLE}")
    op.execute(f"ALTER FUNCTION {signature} OWNER TO {TILE_ROLE}")
    op.execute(f"REVOKE CREATE ON SCHEMA {schema} FROM {TILE_ROLE}")
    op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO {APP_ROLE}")
