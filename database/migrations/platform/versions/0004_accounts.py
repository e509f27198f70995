"""Accounts: three separated administrators, failed sign-ins by lane, password rules, second factors.

Revision ID: 0004
"""

import sqlalchemy as sa
from alembic import op

from database.row_security import APP_ROLE

revision = "0004"
down_revision = "0003"

ROLE = (
    "role IN ('grid_worker','village_officer','town_official','gis_staff','county_admin',"
    "'system_admin','security_admin','auditor')"
)
HAS_PREFIX = "(role IS NULL OR role IN ('system_admin','security_admin')) = (cardinality(prefixes) = 0)"


def upgrade() -> None:
    change_account()
    op.add_column(
        "session",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=False),
            nullable=False,
            comment="its name in lists; opens nothing",
        ),
        schema="platform",
    )
    op.create_unique_constraint(op.f("uq_session_id"), "session", ["id"], schema="platform")
    op.add_column(
        "session",
        sa.Column("address", sa.Text(), nullable=True, comment="network address of the sign-in"),
        schema="platform",
    )
    op.add_column(
        "session", sa.Column("agent", sa.Text(), nullable=True, comment="browser and system, short"), schema="platform"
    )
    create_failures()
    create_passwords()
    create_second_factors()
    for table in ("sign_in_failure", "password_history", "second_factor", "recovery_code"):
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON platform.{table} TO {APP_ROLE}")
    op.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA platform TO {APP_ROLE}")


def change_account() -> None:
    """Role may wait for its grant; failures move to a table of their own, where they lock nobody out."""
    for name in ("ck_account_role", "ck_account_has_prefix"):
        op.drop_constraint(op.f(name), "account", schema="platform")
    op.alter_column(
        "account",
        "role",
        nullable=True,
        comment="what the account may do; none until it is granted",
        existing_comment="what the account may do",
        schema="platform",
    )
    op.create_check_constraint(op.f("ck_account_role"), "account", ROLE, schema="platform")
    op.create_check_constraint(op.f("ck_account_has_prefix"), "account", HAS_PREFIX, schema="platform")
    op.drop_column("account", "failed_attempts", schema="platform")
    op.drop_column("account", "locked_until", schema="platform")
    op.add_column(
        "account",
        sa.Column(
            "password_changed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="when the password was set",
        ),
        schema="platform",
    )
    op.add_column(
        "account",
        sa.Column(
            "must_change_password",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="nothing else works before the password is changed",
        ),
        schema="platform",
    )
    op.add_column(
        "account",
        sa.Column("signed_in_at", sa.DateTime(timezone=True), nullable=True, comment="last sign-in"),
        schema="platform",
    )


def create_failures() -> None:
    """Wrong sign-ins by name and lane."""
    op.create_table(
        "sign_in_failure",
        sa.Column(
            "name_hash",
            sa.LargeBinary(),
            nullable=False,
            comment="SHA-256 of the name tried; people type passwords there",
        ),
        sa.Column("lane", sa.Text(), nullable=False, comment="address, or device: and its number"),
        sa.Column("address", sa.Text(), nullable=False, comment="network address of the last try"),
        sa.Column("known", sa.Boolean(), nullable=False, comment="there is an account of this name"),
        sa.Column("in_a_row", sa.Integer(), nullable=False, comment="failures since the last success or free day"),
        sa.Column(
            "unreported",
            sa.Integer(),
            nullable=False,
            comment="failures the owner has not been told of; told at the next sign-in",
        ),
        sa.Column(
            "last_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="last failure",
        ),
        sa.PrimaryKeyConstraint("name_hash", "lane", name=op.f("pk_sign_in_failure")),
        schema="platform",
        comment="failed sign-ins by name and lane (登录失败)",
    )
    op.create_index("ix_sign_in_failure_last_at", "sign_in_failure", ["last_at"], unique=False, schema="platform")


def create_passwords() -> None:
    """Earlier passwords."""
    op.create_table(
        "password_history",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False, comment="surrogate key"),
        sa.Column("username", sa.Text(), nullable=False, comment="whose"),
        sa.Column("password_hash", sa.Text(), nullable=False, comment="argon2id"),
        sa.Column(
            "replaced_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="when it was replaced",
        ),
        sa.ForeignKeyConstraint(
            ["username"], ["platform.account.username"], name=op.f("fk_password_history_username"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_password_history")),
        schema="platform",
        comment="earlier passwords (历史密码)",
    )
    op.create_index(op.f("ix_password_history_username"), "password_history", ["username"], schema="platform")


def create_second_factors() -> None:
    """Authenticator secrets and recovery codes."""
    op.create_table(
        "second_factor",
        sa.Column("username", sa.Text(), nullable=False, comment="whose"),
        sa.Column("secret_cipher", sa.LargeBinary(), nullable=False, comment="sealed Base32 secret"),
        sa.Column(
            "last_step",
            sa.BigInteger(),
            server_default=sa.text("0"),
            nullable=False,
            comment="last accepted time step; no code works twice",
        ),
        sa.Column(
            "confirmed_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when a first code was right; none while it is being set up",
        ),
        sa.ForeignKeyConstraint(
            ["username"], ["platform.account.username"], name=op.f("fk_second_factor_username"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("username", name=op.f("pk_second_factor")),
        schema="platform",
        comment="second factors (双因素)",
    )
    op.create_table(
        "recovery_code",
        sa.Column("code_hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of the code"),
        sa.Column("username", sa.Text(), nullable=False, comment="whose"),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True, comment="when it was used"),
        sa.ForeignKeyConstraint(
            ["username"], ["platform.account.username"], name=op.f("fk_recovery_code_username"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_recovery_code")),
        schema="platform",
        comment="recovery codes (恢复码)",
    )
    op.create_index(op.f("ix_recovery_code_username"), "recovery_code", ["username"], schema="platform")
