"""Quality of addresses: runs of the rules, their findings, the fixes applied and what they changed.

Revision ID: 0007
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from database.row_security import protect_table

revision = "0007"
down_revision = "0006"

TABLES = ("quality_run", "address_finding", "quality_fix", "quality_fix_row")


def upgrade() -> None:
    op.create_table(
        "quality_fix",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False, comment="surrogate key"),
        sa.Column("rule", sa.Text(), nullable=False, comment="name of the rule"),
        sa.Column("actor", sa.Text(), nullable=False, comment="who applied it"),
        sa.Column("reason", sa.Text(), nullable=False, comment="why"),
        sa.Column("addresses_n", sa.Integer(), nullable=False, comment="addresses changed"),
        sa.Column(
            "applied_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False, comment="when"
        ),
        sa.Column("reverted_by", sa.Text(), nullable=True, comment="who took it back"),
        sa.Column("reverted_at", sa.DateTime(timezone=True), nullable=True, comment="when it was taken back"),
        sa.Column(
            "grid_code",
            sa.Text(collation="C"),
            nullable=False,
            comment="grid code (网格编码): the permission of the row; row-level security compares its prefix",
        ),
        sa.CheckConstraint(
            "grid_code ~ '^[0-9]{6}([0-9]{3}([0-9]{3}([0-9]{3}([0-9]{2})?)?)?)?$'",
            name=op.f("ck_quality_fix_grid_code_grammar"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quality_fix")),
        comment="applied quality fixes (地址批量修复)",
    )
    op.create_index(op.f("ix_quality_fix_grid_code"), "quality_fix", ["grid_code"], unique=False)
    op.create_table(
        "quality_run",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False, comment="surrogate key"),
        sa.Column("actor", sa.Text(), nullable=False, comment="who ran it"),
        sa.Column("addresses_n", sa.Integer(), nullable=False, comment="addresses it looked at"),
        sa.Column("rules", JSONB(), server_default=sa.text("'{}'"), nullable=False, comment="rule → found_n, seconds"),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="when it began",
        ),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True, comment="when it ended; null: broken off"),
        sa.Column(
            "grid_code",
            sa.Text(collation="C"),
            nullable=False,
            comment="grid code (网格编码): the permission of the row; row-level security compares its prefix",
        ),
        sa.CheckConstraint(
            "grid_code ~ '^[0-9]{6}([0-9]{3}([0-9]{3}([0-9]{3}([0-9]{2})?)?)?)?$'",
            name=op.f("ck_quality_run_grid_code_grammar"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quality_run")),
        comment="runs of the address quality rules (地址质量检查)",
    )
    op.create_index(op.f("ix_quality_run_grid_code"), "quality_run", ["grid_code"], unique=False)
    op.create_table(
        "address_finding",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False, comment="surrogate key"),
        sa.Column("rule", sa.Text(collation="C"), nullable=False, comment="name of the rule"),
        sa.Column("severity", sa.Text(), nullable=False, comment="high, medium, low"),
        sa.Column("address_id", sa.BigInteger(), nullable=False, comment="the address"),
        sa.Column(
            "division_code", sa.Text(collation="C"), nullable=False, comment="village of the address when it was found"
        ),
        sa.Column("facts", JSONB(), server_default=sa.text("'{}'"), nullable=False, comment="what the rule saw"),
        sa.Column(
            "state",
            sa.Text(),
            server_default=sa.text("'open'"),
            nullable=False,
            comment="open; fixed: a later run did not find it; ignored: a person said that it is right as it is",
        ),
        sa.Column("ignored_reason", sa.Text(), nullable=True, comment="why it is ignored"),
        sa.Column("ignored_by", sa.Text(), nullable=True, comment="who said so"),
        sa.Column("run_id", sa.BigInteger(), nullable=False, comment="last run that found it"),
        sa.Column(
            "first_seen_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="first found",
        ),
        sa.Column(
            "last_seen_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="last found",
        ),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True, comment="first run that no longer found it"),
        sa.Column(
            "grid_code",
            sa.Text(collation="C"),
            nullable=False,
            comment="grid code (网格编码): the permission of the row; row-level security compares its prefix",
        ),
        sa.CheckConstraint(
            "(state = 'ignored') = (ignored_reason IS NOT NULL)", name=op.f("ck_address_finding_ignored_with_reason")
        ),
        sa.CheckConstraint(
            "grid_code ~ '^[0-9]{6}([0-9]{3}([0-9]{3}([0-9]{3}([0-9]{2})?)?)?)?$'",
            name=op.f("ck_address_finding_grid_code_grammar"),
        ),
        sa.CheckConstraint("severity IN ('high','medium','low')", name=op.f("ck_address_finding_severity")),
        sa.CheckConstraint("state IN ('open','fixed','ignored')", name=op.f("ck_address_finding_state")),
        sa.ForeignKeyConstraint(["address_id"], ["standard_address.id"], name=op.f("fk_address_finding_address_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address_finding")),
        sa.UniqueConstraint("rule", "address_id", name=op.f("uq_address_finding_rule_address_id")),
        comment="findings of the address quality rules (地址质量问题)",
    )
    op.create_index("ix_address_finding_address_id", "address_finding", ["address_id"], unique=False)
    op.create_index(op.f("ix_address_finding_grid_code"), "address_finding", ["grid_code"], unique=False)
    op.create_index(
        "ix_address_finding_open",
        "address_finding",
        ["rule", "division_code", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index("ix_address_finding_village", "address_finding", ["division_code", "rule", "id"], unique=False)
    op.create_table(
        "quality_fix_row",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False, comment="surrogate key"),
        sa.Column("fix_id", sa.BigInteger(), nullable=False, comment="the fix"),
        sa.Column("address_id", sa.BigInteger(), nullable=False, comment="the address"),
        sa.Column("before", JSONB(), nullable=False, comment="columns before"),
        sa.Column("after", JSONB(), nullable=False, comment="columns after"),
        sa.Column(
            "grid_code",
            sa.Text(collation="C"),
            nullable=False,
            comment="grid code (网格编码): the permission of the row; row-level security compares its prefix",
        ),
        sa.CheckConstraint(
            "grid_code ~ '^[0-9]{6}([0-9]{3}([0-9]{3}([0-9]{3}([0-9]{2})?)?)?)?$'",
            name=op.f("ck_quality_fix_row_grid_code_grammar"),
        ),
        sa.ForeignKeyConstraint(["address_id"], ["standard_address.id"], name=op.f("fk_quality_fix_row_address_id")),
        sa.ForeignKeyConstraint(["fix_id"], ["quality_fix.id"], name=op.f("fk_quality_fix_row_fix_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quality_fix_row")),
        sa.UniqueConstraint("fix_id", "address_id", name=op.f("uq_quality_fix_row_fix_id_address_id")),
        comment="addresses of quality fixes, before and after (批量修复明细)",
    )
    op.create_index(op.f("ix_quality_fix_row_grid_code"), "quality_fix_row", ["grid_code"], unique=False)
    for table in TABLES:
        for statement in protect_table(table):
            op.execute(statement)
