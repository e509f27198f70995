"""The chain of the platform's audit trail, and the one way in which every trail of the server is hashed.

A row is chained when its transaction commits, by a deferred trigger: the head is locked for the length of a commit, not of a
request. The application may add rows; number, previous hash and hash are written by ``onemap_guard``, whom nobody signs in
as. See docs/decisions/0025-the-audit-chain.md.

Revision ID: 0003
"""

import sqlalchemy as sa
from alembic import op

from database.audit_functions import chain_functions
from database.row_security import APP_ROLE, GUARD_ROLE

revision = "0003"
down_revision = "0002"

COLUMNS = ("id", "at", "actor", "action", "target", "purpose", "allowed", "county", "address")


def upgrade() -> None:
    op.execute(
        f"""
        DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{GUARD_ROLE}') THEN
            RAISE EXCEPTION '缺少角色 {GUARD_ROLE}：请先运行 onemap database init / the role {GUARD_ROLE} is missing: run onemap database init first';
        END IF; END $$
        """
    )
    op.add_column("audit_event", sa.Column("number", sa.BigInteger(), comment="place in the chain"), schema="platform")
    for name, comment in (("previous", "hash of the row before"), ("hash", "SHA-256 over the row and the hash before")):
        op.add_column("audit_event", sa.Column(name, sa.Text(), comment=comment), schema="platform")
    for name, columns, unique, where in (
        ("uq_platform_audit_event_number", ["number"], True, None),
        ("ix_platform_audit_event_unchained", ["id"], False, sa.text("number IS NULL")),
        ("ix_platform_audit_event_county", ["county", "id"], False, None),
        ("ix_platform_audit_event_actor", ["actor", "id"], False, None),
    ):
        op.create_index(name, "audit_event", columns, unique=unique, schema="platform", postgresql_where=where)
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False, comment="always 1"),
        sa.Column("number", sa.BigInteger(), nullable=False, comment="last number of the chain"),
        sa.Column("hash", sa.Text(), nullable=False, comment="its hash"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="when it was chained"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_head")),
        schema="platform",
        comment="head of the chain of the platform's audit trail (审计链头)",
    )
    op.execute(f"GRANT SELECT ON platform.audit_head TO {APP_ROLE}")
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON platform.audit_head TO {GUARD_ROLE}")
    op.execute(f"GRANT SELECT, UPDATE (number, previous, hash) ON platform.audit_event TO {GUARD_ROLE}")
    op.execute(f"REVOKE INSERT ON platform.audit_event FROM {APP_ROLE}")
    op.execute(
        f"GRANT INSERT (actor, action, target, purpose, allowed, county, address) ON platform.audit_event TO {APP_ROLE}"
    )
    op.execute(
        """
        CREATE FUNCTION platform.audit_hash(VARIADIC fields text[]) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
        SET search_path = pg_catalog
        AS $$
            SELECT encode(sha256(convert_to(string_agg(
                CASE WHEN f IS NULL THEN '-,' ELSE octet_length(f) || ':' || f || ',' END, '' ORDER BY n), 'UTF8')), 'hex')
            FROM unnest(fields) WITH ORDINALITY AS t(f, n)
        $$
        """
    )
    op.execute(
        "COMMENT ON FUNCTION platform.audit_hash IS 'SHA-256 over length-prefixed fields, NULL distinct from empty'"
    )
    op.execute(
        """
        CREATE FUNCTION platform.audit_time(moment timestamptz) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
        SET search_path = pg_catalog
        AS $$ SELECT to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') $$
        """
    )
    op.execute("COMMENT ON FUNCTION platform.audit_time IS 'a moment as the chain writes it: UTC, microseconds'")
    op.execute(f"GRANT USAGE ON SCHEMA platform TO {GUARD_ROLE}")
    for statement in chain_functions("platform", "platform", COLUMNS):
        op.execute(statement)
