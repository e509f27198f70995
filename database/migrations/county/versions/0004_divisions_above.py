"""Names of the divisions above a scope: a grid worker sees no division, yet an address begins with county and town.

The function belongs to ``onemap_tiles`` like the tile function, takes the scope from the transaction, and answers code,
level and names of the county, town and village that the scope's prefixes lie in: what their codes say already.

Revision ID: 0004
"""

from alembic import op

from database.row_security import APP_ROLE, TILE_ROLE

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    schema = op.get_context().opts["version_table_schema"]
    signature = f"{schema}.divisions_above_scope()"
    op.execute(f"GRANT SELECT (former_names) ON division TO {TILE_ROLE}")
    op.execute(
        f"""
        CREATE FUNCTION {signature} RETURNS TABLE (code text, level text, name text, former_names jsonb)
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = {schema}, pg_temp
        AS $$
            SELECT d.code, d.level, d.name, d.former_names FROM division d
            WHERE d.code = ANY (ARRAY(
                SELECT left(p, digits) FROM unnest(platform.scope_prefixes()) AS p, unnest(ARRAY[6, 9, 12]) AS digits
                WHERE length(p) > digits))
        $$
        """
    )
    op.execute(f"COMMENT ON FUNCTION {signature} IS 'names of the divisions that the entered scope lies in'")
    op.execute(f"GRANT CREATE ON SCHEMA {schema} TO {TILE_ROLE}")
    op.execute(f"ALTER FUNCTION {signature} OWNER TO {TILE_ROLE}")
    op.execute(f"REVOKE CREATE ON SCHEMA {schema} FROM {TILE_ROLE}")
    op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO {APP_ROLE}")
