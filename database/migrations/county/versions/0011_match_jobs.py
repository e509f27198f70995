"""Files matched in the background: the job and the sealed pieces of its file and its result, seen by their owner alone.

Revision ID: 0011
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from database.row_security import APP_ROLE, protect_table

revision = "0011"
down_revision = "0010"

OWNER = "created_by = (SELECT current_setting('onemap.actor', true))"
#: what sweeps old jobs away acts for nobody in particular
OWNER_OR_SYSTEM = f"{OWNER} OR (SELECT current_setting('onemap.role', true)) = 'system'"


def _grid_code() -> sa.Column[str]:
    return sa.Column(
        "grid_code",
        sa.Text(collation="C"),
        nullable=False,
        comment="grid code (网格编码): the permission of the row; row-level security compares its prefix",
    )


def _grid_code_check(table: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(
        "grid_code ~ '^[0-9]{6}([0-9]{3}([0-9]{3}([0-9]{3}([0-9]{2})?)?)?)?$'",
        name=op.f(f"ck_{table}_grid_code_grammar"),
    )


def upgrade() -> None:
    op.create_table(
        "match_job",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False, comment="surrogate key"),
        sa.Column("file_name", sa.Text(), nullable=False, comment="name of the file that was sent"),
        sa.Column("column_name", sa.Text(), nullable=False, comment="column of the address text"),
        sa.Column("sheet", sa.Text(), comment="sheet of a workbook; none: the first"),
        sa.Column("encoding", sa.Text(), comment="encoding that was declared; none: found out"),
        sa.Column("result_format", sa.Text(), nullable=False, comment="csv or xlsx"),
        sa.Column("state", sa.Text(), server_default=sa.text("'waiting'"), nullable=False, comment="see the check"),
        sa.Column("rows_n", sa.Integer(), server_default=sa.text("0"), nullable=False, comment="rows done"),
        sa.Column(
            "classes",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="rows by class: A, B, C, 多个, 无, 空, 坏行",
        ),
        sa.Column("error", sa.Text(), comment="why it failed"),
        sa.Column("created_by", sa.Text(), nullable=False, comment="whose file it is"),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.func.now(),
            nullable=False,
            comment="when it was handed in",
        ),
        sa.Column("progressed_at", sa.DateTime(timezone=True), comment="last sign of life"),
        sa.Column("finished_at", sa.DateTime(timezone=True), comment="when it ended"),
        _grid_code(),
        sa.CheckConstraint("state IN ('waiting','running','done','failed')", name=op.f("ck_match_job_state")),
        sa.CheckConstraint("result_format IN ('csv','xlsx')", name=op.f("ck_match_job_result_format")),
        sa.CheckConstraint(
            "(state IN ('done','failed')) = (finished_at IS NOT NULL) AND (state = 'failed') = (error IS NOT NULL)",
            name=op.f("ck_match_job_end"),
        ),
        _grid_code_check("match_job"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_match_job")),
        comment="files matched in the background (地址匹配任务)",
    )
    op.create_index("ix_match_job_created_by", "match_job", ["created_by", "id"])
    op.create_index(op.f("ix_match_job_grid_code"), "match_job", ["grid_code"])
    op.create_table(
        "match_job_piece",
        sa.Column("job_id", sa.BigInteger(), nullable=False, comment="the job"),
        sa.Column("kind", sa.Text(), nullable=False, comment="file: as it was sent; result: as it will be fetched"),
        sa.Column("number", sa.Integer(), nullable=False, comment="order of the pieces"),
        sa.Column("sealed", sa.LargeBinary(), nullable=False, comment="encrypted bytes: the file may hold ID numbers"),
        sa.Column("created_by", sa.Text(), nullable=False, comment="whose file it is"),
        _grid_code(),
        sa.CheckConstraint("kind IN ('file','result')", name=op.f("ck_match_job_piece_kind")),
        _grid_code_check("match_job_piece"),
        sa.ForeignKeyConstraint(
            ["job_id"], ["match_job.id"], name=op.f("fk_match_job_piece_job_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", "kind", "number", name=op.f("pk_match_job_piece")),
        comment="pieces of files to match and of results (地址匹配文件)",
    )
    op.create_index(op.f("ix_match_job_piece_grid_code"), "match_job_piece", ["grid_code"])
    for table in ("match_job", "match_job_piece"):
        for statement in protect_table(table):
            op.execute(statement)
        op.execute(f"CREATE POLICY owner ON {table} AS RESTRICTIVE TO {APP_ROLE} USING ({OWNER_OR_SYSTEM})")
