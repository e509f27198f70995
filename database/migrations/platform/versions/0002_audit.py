"""The audit trail of the platform: sign-ins, accounts, sessions, tokens.

Revision ID: 0002
"""

import sqlalchemy as sa
from alembic import op

from database.row_security import APP_ROLE

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "audit_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False, comment="surrogate key"),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False, comment="when"),
        sa.Column("actor", sa.Text(), nullable=False, comment="who, or the name that was tried"),
        sa.Column("action", sa.Text(), nullable=False, comment="sign_in, account_create, token_revoke …"),
        sa.Column("target", sa.Text(), nullable=True, comment="what, e.g. account:zhangsan"),
        sa.Column("purpose", sa.Text(), nullable=True, comment="stated purpose"),
        sa.Column(
            "allowed",
            sa.Boolean(),
            server_default=sa.text("true"),
            nullable=False,
            comment="false when it was refused",
        ),
        sa.Column(
            "county", sa.Text(), nullable=True, comment="county of the account concerned; none for unknown names"
        ),
        sa.Column("address", sa.Text(), nullable=True, comment="network address of the asker"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_event")),
        schema="platform",
        comment="audit trail of the platform (平台审计日志)",
    )
    op.create_index("ix_platform_audit_event_at", "audit_event", ["at"], unique=False, schema="platform")
    op.execute(f"GRANT SELECT, INSERT ON platform.audit_event TO {APP_ROLE}")
