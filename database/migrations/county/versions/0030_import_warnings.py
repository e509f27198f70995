"""What an import takes and a person should still look at; a review that its address has outgrown is closed.

Revision ID: 0030
"""

import sqlalchemy as sa
from alembic import op

from database.row_security import protect_table

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    op.create_table(
        "import_warning",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False, comment="surrogate key"),
        sa.Column("batch_id", sa.BigInteger(), nullable=False, comment="import"),
        sa.Column("row_no", sa.Integer(), nullable=False, comment="row in the file, as in import_reject"),
        sa.Column("warning_code", sa.Text(), nullable=False, comment="what, for programs"),
        sa.Column("column_name", sa.Text(), comment="column in question, as the file names it"),
        sa.Column("warning", sa.Text(), nullable=False, comment="what, and what to do, Chinese and English"),
        sa.Column(
            "grid_code",
            sa.Text(collation="C"),
            nullable=False,
            comment="grid code (网格编码): the permission of the row; row-level security compares its prefix",
        ),
        sa.CheckConstraint(
            "grid_code ~ '^[0-9]{6}([0-9]{3}([0-9]{3}([0-9]{3}([0-9]{2})?)?)?)?$'",
            name=op.f("ck_import_warning_grid_code_grammar"),
        ),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["import_batch.id"], name=op.f("fk_import_warning_batch_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_warning")),
        comment="warnings of imports (导入提醒)",
    )
    op.create_index("ix_import_warning_batch", "import_warning", ["batch_id", "warning_code", "row_no"])
    op.create_index(op.f("ix_import_warning_grid_code"), "import_warning", ["grid_code"])
    for statement in protect_table("import_warning"):
        op.execute(statement)
    op.drop_constraint(op.f("ck_address_review_status"), "address_review")
    op.create_check_constraint(
        op.f("ck_address_review_status"), "address_review", "status IN ('open','accepted','rejected','closed')"
    )
    op.alter_column(
        "import_reject",
        "row_no",
        comment="row in the file, as a spreadsheet numbers it",
        existing_comment="row in the file, the first data row is 1",
        existing_type=sa.Integer(),
        existing_nullable=False,
    )
    op.alter_column(
        "address_review",
        "status",
        comment="open, accepted, rejected; closed: the address was mended",
        existing_comment="open, accepted, rejected",
        existing_type=sa.Text(),
        existing_nullable=False,
        existing_server_default=sa.text("'open'"),
    )
