"""The chain of a county's audit trail; the asker's address, how many records, how often; indexes for the auditor.

Rows of before are chained in the order of their numbers. See docs/decisions/0025-the-audit-chain.md.

Revision ID: 0027
"""

import sqlalchemy as sa
from alembic import op

from database.audit_functions import chain_functions
from database.row_security import APP_ROLE, GUARD_ROLE, protect_table

revision = "0027"
down_revision = "0026"

GRID_CODE = "grid_code ~ '^[0-9]{6}([0-9]{3}([0-9]{3}([0-9]{3}([0-9]{2})?)?)?)?$'"
COLUMNS = (
    "id", "at", "actor", "action", "target", "purpose", "allowed", "rows_n", "times", "grid_code", "address",
)  # fmt: skip


def upgrade() -> None:
    schema = op.get_context().opts["version_table_schema"]
    _columns()
    _head()
    op.execute(f"REVOKE INSERT ON audit_event FROM {APP_ROLE}")
    op.execute(
        "GRANT INSERT (actor, action, target, purpose, allowed, rows_n, times, grid_code, address) "
        f"ON audit_event TO {APP_ROLE}"
    )
    op.execute(f"GRANT SELECT, UPDATE (number, previous, hash) ON audit_event TO {GUARD_ROLE}")
    op.execute(f"CREATE POLICY guard ON audit_event TO {GUARD_ROLE} USING (true) WITH CHECK (true)")
    county = schema.removeprefix("c")
    for statement in chain_functions(schema, county, COLUMNS, f"grid_code = '{county}'"):
        op.execute(statement)


def _columns() -> None:
    for column in (
        sa.Column("rows_n", sa.Integer(), comment="records shown or written, where that is a number"),
        sa.Column(
            "times",
            sa.Integer(),
            server_default=sa.text("1"),
            nullable=False,
            comment="identical refusals within a minute that this row stands for",
        ),
        sa.Column("address", sa.Text(), comment="network address of the asker; none in commands and jobs"),
        sa.Column("number", sa.BigInteger(), comment="place in the chain"),
        sa.Column("previous", sa.Text(), comment="hash of the row before"),
        sa.Column("hash", sa.Text(), comment="SHA-256 over the row and the hash before"),
    ):
        op.add_column("audit_event", column)
    op.create_index("uq_audit_event_number", "audit_event", ["number"], unique=True)
    op.create_index("ix_audit_event_unchained", "audit_event", ["id"], postgresql_where=sa.text("number IS NULL"))
    op.create_index("ix_audit_event_refused", "audit_event", ["id"], postgresql_where=sa.text("NOT allowed"))
    for name in ("actor", "action", "target", "address"):
        op.create_index(f"ix_audit_event_{name}", "audit_event", [name, "id"])


def _head() -> None:
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False, comment="always 1"),
        sa.Column("number", sa.BigInteger(), nullable=False, comment="last number of the chain"),
        sa.Column("hash", sa.Text(), nullable=False, comment="its hash"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="when it was chained"),
        sa.Column(
            "grid_code",
            sa.Text(collation="C"),
            nullable=False,
            comment="grid code (网格编码): the permission of the row; row-level security compares its prefix",
        ),
        sa.CheckConstraint(GRID_CODE, name=op.f("ck_audit_head_grid_code_grammar")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_head")),
        comment="head of the chain of the audit trail (审计链头)",
    )
    op.create_index(op.f("ix_audit_head_grid_code"), "audit_head", ["grid_code"])
    for statement in protect_table("audit_head"):
        op.execute(statement)
    op.execute(f"REVOKE INSERT, UPDATE, DELETE ON audit_head FROM {APP_ROLE}")
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON audit_head TO {GUARD_ROLE}")
    op.execute(f"CREATE POLICY guard ON audit_head TO {GUARD_ROLE} USING (true) WITH CHECK (true)")
