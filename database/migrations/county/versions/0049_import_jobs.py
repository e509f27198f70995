"""Imports run in the background (导入任务): how far they are, who ended them, and the file that came from the web.

Revision ID: 0049
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from database.rights.row_security import protect_table

revision = "0049"
down_revision = "0048"

GRAMMAR = "grid_code ~ '^[0-9]{6}([0-9]{3}([0-9]{3}([0-9]{3}([0-9]{2})?)?)?)?$'"
STATES = "waiting, staged, checked, published, failed, cancelled"
STAGES = "read, compare, match, assign, check, publish, done"


def _codes(codes: str) -> str:
    return ",".join(f"'{code}'" for code in codes.split(", "))


def upgrade() -> None:
    for column in (
        sa.Column("error_code", sa.Text(), comment="the same for programs, as in a problem document"),
        sa.Column("stage", sa.Text(), comment=f"what it is doing: {STAGES}"),
        sa.Column(
            "rows_done", sa.Integer(), nullable=False, server_default=sa.text("0"), comment="rows that this stage has done"
        ),
        sa.Column("rows_total", sa.Integer(), comment="rows of the file, once it was read"),
        sa.Column("progressed_at", sa.DateTime(timezone=True), comment="last sign of life"),
        sa.Column("cancelled_by", sa.Text(), comment="who asked that it ends"),
        sa.Column("request", JSONB(), comment="of a file from the web: what was asked for, and with which rights"),
        sa.Column(
            "starts", sa.SmallInteger(), nullable=False, server_default=sa.text("0"),
            comment="how often the background job was begun",
        ),
    ):  # fmt: skip
        op.add_column("import_batch", column)
    op.alter_column("import_batch", "state", existing_type=sa.Text(), existing_nullable=False, comment=STATES)
    op.drop_constraint(op.f("ck_import_batch_state"), "import_batch", type_="check")
    for name, rule in (
        ("state", f"state IN ({_codes(STATES)})"),
        ("stage", f"stage IN ({_codes(STAGES)})"),
        ("cancelled_by", "state <> 'cancelled' OR cancelled_by IS NOT NULL"),
    ):
        op.create_check_constraint(op.f(f"ck_import_batch_{name}"), "import_batch", rule)
    op.create_table(
        "import_piece",
        sa.Column("batch_id", sa.BigInteger(), nullable=False, comment="import"),
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False, comment="order of the pieces"),
        sa.Column(
            "sealed", sa.LargeBinary(), nullable=False, comment="encrypted bytes: the file may hold ID numbers"
        ),
        sa.Column(
            "grid_code", sa.Text(collation="C"), nullable=False,
            comment="grid code (网格编码): the permission of the row; row-level security compares its prefix",
        ),
        sa.CheckConstraint(GRAMMAR, name=op.f("ck_import_piece_grid_code_grammar")),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["import_batch.id"], ondelete="CASCADE", name=op.f("fk_import_piece_batch_id")
        ),
        sa.PrimaryKeyConstraint("batch_id", "number", name=op.f("pk_import_piece")),
        comment="pieces of files to import (待导入文件)",
    )  # fmt: skip
    op.create_index(op.f("ix_import_piece_grid_code"), "import_piece", ["grid_code"])
    for statement in protect_table("import_piece"):
        op.execute(statement)
