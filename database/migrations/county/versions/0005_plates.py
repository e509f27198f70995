"""Door plates, service points and place codes; what a scanned code shows to anybody; aliases follow their address.

Behind a code there is no scope: whoever stands at the door may scan it. So the two look-ups are functions that belong to
``onemap_tiles``, take a serial of nine random bytes and return nothing but public columns of the one address or place it
belongs to. A revoked serial, a retired or unpublished address and an unknown serial all return no row.

Revision ID: 0005
"""

import sqlalchemy as sa
from alembic import op

from database.row_security import APP_ROLE, TILE_ROLE, protect_table

revision = "0005"
down_revision = "0004"

TABLES = ("service_point", "plate_token", "place_code", "place_scan")
COLUMNS = {
    "standard_address": "code, division_code",
    "place": "address_id",
    "plate_token": "serial, status, address_id",
    "place_code": "serial, status, place_id",
    "place_scan": "place_id, hour, scans",
    "service_point": "division_code, name, phone, address_text, hours",
}
# Names of the divisions of d, and the service point of its village, else of its town. Served by the primary keys.
_WHERE = """
    LEFT JOIN division town ON town.code = left({code}, 9) AND town.level = 'town'
    LEFT JOIN division village ON village.code = {code} AND village.level = 'village'
    LEFT JOIN LATERAL (SELECT p.name, p.phone, p.address_text, p.hours FROM (VALUES (left({code}, 12)), (left({code}, 9))) AS d(code)
        JOIN service_point p ON p.division_code = d.code ORDER BY length(d.code) DESC LIMIT 1) s ON true
"""
_SERVICE = "town.name, village.name, s.name, s.phone, s.address_text, s.hours"
_SERVICE_COLUMNS = (
    "town text, village text, service_name text, service_phone text, service_address text, service_hours text"
)
# Served by uq_plate_token_serial, uq_place_code_serial and the primary keys.
FUNCTIONS = {
    "public_plate(bytea)": f"""
        CREATE FUNCTION {{schema}}.public_plate(wanted bytea)
        RETURNS TABLE (full_text text, code text, {_SERVICE_COLUMNS})
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = {{schema}}, pg_temp
        AS $$
            SELECT a.full_text, a.code, {_SERVICE}
            FROM plate_token t JOIN standard_address a ON a.id = t.address_id
            {_WHERE.format(code="a.division_code")}
            WHERE t.serial = wanted AND t.status = 'valid' AND a.status = 'published'
        $$
    """,
    "public_place(bytea, boolean)": f"""
        CREATE FUNCTION {{schema}}.public_place(wanted bytea, counted boolean)
        RETURNS TABLE (name text, kind text, full_text text, {_SERVICE_COLUMNS})
        LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = {{schema}}, pg_temp
        AS $$
            WITH scanned AS (
                SELECT p.id, p.name, p.kind, p.address_id, p.grid_code FROM place_code t JOIN place p ON p.id = t.place_id
                WHERE t.serial = wanted AND t.status = 'valid'
            ), noted AS (
                INSERT INTO place_scan (place_id, hour, scans, grid_code)
                SELECT id, date_trunc('hour', now()), 1, grid_code FROM scanned WHERE counted
                ON CONFLICT (place_id, hour) DO UPDATE SET scans = place_scan.scans + 1
            )
            SELECT p.name, p.kind, a.full_text, {_SERVICE}
            FROM scanned p LEFT JOIN standard_address a ON a.id = p.address_id AND a.status = 'published'
            {_WHERE.format(code="coalesce(a.division_code, left(p.grid_code, 12))")}
        $$
    """,
}
COMMENTS = {
    "public_plate(bytea)": "what a door plate shows to anybody who scans it; no row for what is not valid",
    "public_place(bytea, boolean)": "what a place code shows to anybody who scans it, counted by the hour",
}
# The rows of an address or a place are seen by whoever sees it, also after the grid was drawn anew.
FOLLOWERS = {
    "standard_address": ("address_id", ("address_alias", "address_review", "plate_token")),
    "place": ("place_id", ("place_code",)),
}


def upgrade() -> None:
    op.create_table(
        "service_point",
        sa.Column("division_code", sa.Text(collation="C"), nullable=False, comment="town or village it serves"),
        sa.Column("name", sa.Text(), nullable=False, comment="name, e.g. 千秋社区便民服务站"),
        sa.Column("phone", sa.Text(), nullable=True, comment="office telephone, public"),
        sa.Column("address_text", sa.Text(), nullable=True, comment="where it is"),
        sa.Column("hours", sa.Text(), nullable=True, comment="opening hours, in words"),
        sa.Column("updated_by", sa.Text(), nullable=False, comment="who wrote it"),
        sa.Column(
            "updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False, comment="when"
        ),
        sa.Column(
            "grid_code",
            sa.Text(collation="C"),
            nullable=False,
            comment="grid code (网格编码): the permission of the row; row-level security compares its prefix",
        ),
        sa.CheckConstraint(
            "division_code ~ '^[0-9]{9}([0-9]{3})?$'", name=op.f("ck_service_point_division_code_grammar")
        ),
        sa.CheckConstraint(
            "grid_code ~ '^[0-9]{6}([0-9]{3}([0-9]{3}([0-9]{3}([0-9]{2})?)?)?)?$'",
            name=op.f("ck_service_point_grid_code_grammar"),
        ),
        sa.CheckConstraint("grid_code = division_code", name=op.f("ck_service_point_grid_code_is_division")),
        sa.PrimaryKeyConstraint("division_code", name=op.f("pk_service_point")),
        comment="public service points of towns and villages (便民服务点)",
    )
    op.create_index(op.f("ix_service_point_grid_code"), "service_point", ["grid_code"], unique=False)
    op.create_table(
        "plate_token",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False, comment="surrogate key"),
        sa.Column("address_id", sa.BigInteger(), nullable=False, comment="whose plate"),
        sa.Column("serial", sa.LargeBinary(), nullable=False, comment="nine random bytes inside the token"),
        sa.Column("version", sa.SmallInteger(), nullable=False, comment="1 for the first plate of the address"),
        sa.Column("status", sa.Text(), server_default=sa.text("'valid'"), nullable=False, comment="valid or revoked"),
        sa.Column("issued_by", sa.Text(), nullable=False, comment="who issued it"),
        sa.Column(
            "issued_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False, comment="when"
        ),
        sa.Column("revoked_by", sa.Text(), nullable=True, comment="who revoked it"),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True, comment="when"),
        sa.Column("reason", sa.Text(), nullable=True, comment="why it was revoked"),
        sa.Column(
            "grid_code",
            sa.Text(collation="C"),
            nullable=False,
            comment="grid code (网格编码): the permission of the row; row-level security compares its prefix",
        ),
        sa.CheckConstraint(
            "(status = 'revoked') = (revoked_at IS NOT NULL) AND (revoked_at IS NULL) = (revoked_by IS NULL) AND (revoked_at IS NULL) = (reason IS NULL)",
            name=op.f("ck_plate_token_revocation"),
        ),
        sa.CheckConstraint(
            "grid_code ~ '^[0-9]{6}([0-9]{3}([0-9]{3}([0-9]{3}([0-9]{2})?)?)?)?$'",
            name=op.f("ck_plate_token_grid_code_grammar"),
        ),
        sa.CheckConstraint("status IN ('valid','revoked')", name=op.f("ck_plate_token_status")),
        sa.CheckConstraint("octet_length(serial) = 9", name=op.f("ck_plate_token_serial")),
        sa.CheckConstraint("version > 0", name=op.f("ck_plate_token_version")),
        sa.ForeignKeyConstraint(["address_id"], ["standard_address.id"], name=op.f("fk_plate_token_address_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plate_token")),
        sa.UniqueConstraint("address_id", "version", name=op.f("uq_plate_token_address_id_version")),
        sa.UniqueConstraint("serial", name=op.f("uq_plate_token_serial")),
        comment="tokens on door plates (门牌二维码)",
    )
    op.create_index(op.f("ix_plate_token_grid_code"), "plate_token", ["grid_code"], unique=False)
    op.create_index(
        "uq_plate_token_valid", "plate_token", ["address_id"], unique=True, postgresql_where=sa.text("status = 'valid'")
    )
    op.create_table(
        "place_code",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False, comment="surrogate key"),
        sa.Column("place_id", sa.BigInteger(), nullable=False, comment="whose code"),
        sa.Column("serial", sa.LargeBinary(), nullable=False, comment="nine random bytes inside the token"),
        sa.Column("version", sa.SmallInteger(), nullable=False, comment="1 for the first code of the place"),
        sa.Column("status", sa.Text(), server_default=sa.text("'valid'"), nullable=False, comment="valid or revoked"),
        sa.Column("issued_by", sa.Text(), nullable=False, comment="who issued it"),
        sa.Column(
            "issued_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False, comment="when"
        ),
        sa.Column("revoked_by", sa.Text(), nullable=True, comment="who revoked it"),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True, comment="when"),
        sa.Column("reason", sa.Text(), nullable=True, comment="why it was revoked"),
        sa.Column(
            "grid_code",
            sa.Text(collation="C"),
            nullable=False,
            comment="grid code (网格编码): the permission of the row; row-level security compares its prefix",
        ),
        sa.CheckConstraint(
            "(status = 'revoked') = (revoked_at IS NOT NULL) AND (revoked_at IS NULL) = (revoked_by IS NULL) AND (revoked_at IS NULL) = (reason IS NULL)",
            name=op.f("ck_place_code_revocation"),
        ),
        sa.CheckConstraint(
            "grid_code ~ '^[0-9]{6}([0-9]{3}([0-9]{3}([0-9]{3}([0-9]{2})?)?)?)?$'",
            name=op.f("ck_place_code_grid_code_grammar"),
        ),
        sa.CheckConstraint("status IN ('valid','revoked')", name=op.f("ck_place_code_status")),
        sa.CheckConstraint("octet_length(serial) = 9", name=op.f("ck_place_code_serial")),
        sa.CheckConstraint("version > 0", name=op.f("ck_place_code_version")),
        sa.ForeignKeyConstraint(["place_id"], ["place.id"], name=op.f("fk_place_code_place_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_place_code")),
        sa.UniqueConstraint("place_id", "version", name=op.f("uq_place_code_place_id_version")),
        sa.UniqueConstraint("serial", name=op.f("uq_place_code_serial")),
        comment="place codes (场所码)",
    )
    op.create_index(op.f("ix_place_code_grid_code"), "place_code", ["grid_code"], unique=False)
    op.create_index(
        "uq_place_code_valid", "place_code", ["place_id"], unique=True, postgresql_where=sa.text("status = 'valid'")
    )
    op.create_table(
        "place_scan",
        sa.Column("place_id", sa.BigInteger(), nullable=False, comment="the place"),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False, comment="beginning of the hour"),
        sa.Column("scans", sa.Integer(), nullable=False, comment="scans in that hour"),
        sa.Column(
            "grid_code",
            sa.Text(collation="C"),
            nullable=False,
            comment="grid code (网格编码): the permission of the row; row-level security compares its prefix",
        ),
        sa.CheckConstraint(
            "grid_code ~ '^[0-9]{6}([0-9]{3}([0-9]{3}([0-9]{3}([0-9]{2})?)?)?)?$'",
            name=op.f("ck_place_scan_grid_code_grammar"),
        ),
        sa.CheckConstraint("scans > 0", name=op.f("ck_place_scan_scans")),
        sa.ForeignKeyConstraint(["place_id"], ["place.id"], name=op.f("fk_place_scan_place_id")),
        sa.PrimaryKeyConstraint("place_id", "hour", name=op.f("pk_place_scan")),
        comment="scans of place codes by the hour (扫码次数); no person",
    )
    op.create_index(op.f("ix_place_scan_grid_code"), "place_scan", ["grid_code"], unique=False)
    schema = op.get_context().opts["version_table_schema"]
    for table in TABLES:
        for statement in protect_table(table):
            op.execute(statement)
    open_to_the_public(schema)
    follow_the_grid(schema)


def open_to_the_public(schema: str) -> None:
    """The two look-ups, and the only columns they may touch."""
    for table, columns in COLUMNS.items():
        op.execute(f"GRANT SELECT ({columns}) ON {table} TO {TILE_ROLE}")
    op.execute(f"GRANT INSERT (place_id, hour, scans, grid_code), UPDATE (scans) ON place_scan TO {TILE_ROLE}")
    op.execute(f"CREATE POLICY scanned ON place_scan FOR INSERT TO {TILE_ROLE} WITH CHECK (true)")
    op.execute(f"CREATE POLICY counted ON place_scan FOR UPDATE TO {TILE_ROLE} USING (true) WITH CHECK (true)")
    op.execute(f"GRANT CREATE ON SCHEMA {schema} TO {TILE_ROLE}")
    for signature, statement in FUNCTIONS.items():
        op.execute(statement.format(schema=schema))
        op.execute(f"COMMENT ON FUNCTION {schema}.{signature} IS '{COMMENTS[signature]}'")
        op.execute(f"ALTER FUNCTION {schema}.{signature} OWNER TO {TILE_ROLE}")
        op.execute(f"REVOKE ALL ON FUNCTION {schema}.{signature} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {schema}.{signature} TO {APP_ROLE}")
    op.execute(f"REVOKE CREATE ON SCHEMA {schema} FROM {TILE_ROLE}")


def follow_the_grid(schema: str) -> None:
    """Triggers that hand a new grid code on. They run as whoever moved the row, under the same policies."""
    for table, (key, followers) in FOLLOWERS.items():
        updates = "\n".join(
            f"UPDATE {name} SET grid_code = NEW.grid_code WHERE {key} = NEW.id AND grid_code <> NEW.grid_code;"
            for name in followers
        )
        op.execute(
            f"""
            CREATE FUNCTION {schema}.{table}_grid_code_moved() RETURNS trigger
            LANGUAGE plpgsql SET search_path = {schema}, pg_temp
            AS $$ BEGIN {updates} RETURN NULL; END $$
            """
        )
        op.execute(
            f"CREATE TRIGGER grid_code_moved AFTER UPDATE OF grid_code ON {table} FOR EACH ROW "
            f"WHEN (OLD.grid_code IS DISTINCT FROM NEW.grid_code) EXECUTE FUNCTION {schema}.{table}_grid_code_moved()"
        )
