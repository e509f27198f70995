"""Corrections that teach: the queue, the batches and their log, the rules; the rules reach as far down as the work does.

Revision ID: 0008
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from database.row_security import APP_ROLE, TILE_ROLE, protect_table

revision = "0008"
down_revision = "0007"

TABLES = ("correction_batch", "address_rule", "correction", "correction_log")
APPEND_ONLY = {"correction_log"}


def upgrade() -> None:
    op.create_table(
        "address_rule",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False, comment="surrogate key"),
        sa.Column("division_code", sa.Text(collation="C"), nullable=False, comment="town or village it holds in"),
        sa.Column("written", sa.Text(collation="C"), nullable=False, comment="road as written, normalised"),
        sa.Column("standard", sa.Text(collation="C"), nullable=False, comment="road as in the library, normalised"),
        sa.Column("created_by", sa.Text(), nullable=False, comment="who said so"),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False, comment="when"
        ),
        sa.Column(
            "grid_code",
            sa.Text(collation="C"),
            nullable=False,
            comment="grid code (网格编码): the permission of the row; row-level security compares its prefix",
        ),
        sa.CheckConstraint(
            "division_code ~ '^[0-9]{9}([0-9]{3})?$'", name=op.f("ck_address_rule_division_code_grammar")
        ),
        sa.CheckConstraint(
            "grid_code ~ '^[0-9]{6}([0-9]{3}([0-9]{3}([0-9]{3}([0-9]{2})?)?)?)?$'",
            name=op.f("ck_address_rule_grid_code_grammar"),
        ),
        sa.CheckConstraint("grid_code = division_code", name=op.f("ck_address_rule_grid_code_is_division")),
        sa.CheckConstraint("written <> standard", name=op.f("ck_address_rule_changes_something")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address_rule")),
        sa.UniqueConstraint("division_code", "written", name=op.f("uq_address_rule_division_code_written")),
        comment="rules learnt from decisions (地名纠正规则)",
    )
    op.create_index(op.f("ix_address_rule_grid_code"), "address_rule", ["grid_code"], unique=False)
    op.create_table(
        "correction_batch",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False, comment="surrogate key"),
        sa.Column("kind", sa.Text(), nullable=False, comment="decide: one row; alike: all alike"),
        sa.Column("action", sa.Text(), nullable=False, comment="alias, rule, accept, reject or dismiss"),
        sa.Column("summary", sa.Text(), nullable=False, comment="what was decided, in Chinese"),
        sa.Column("decided_n", sa.Integer(), server_default=sa.text("0"), nullable=False, comment="rows decided"),
        sa.Column(
            "logged_n",
            sa.Integer(),
            server_default=sa.text("0"),
            nullable=False,
            comment="rows in its log; an undo must see them all",
        ),
        sa.Column("note", sa.Text(), nullable=True, comment="the decision in words"),
        sa.Column("actor", sa.Text(), nullable=False, comment="who decided"),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False, comment="when"
        ),
        sa.Column("undone_by", sa.Text(), nullable=True, comment="who took it back"),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True, comment="when"),
        sa.Column(
            "grid_code",
            sa.Text(collation="C"),
            nullable=False,
            comment="grid code (网格编码): the permission of the row; row-level security compares its prefix",
        ),
        sa.CheckConstraint(
            "grid_code ~ '^[0-9]{6}([0-9]{3}([0-9]{3}([0-9]{3}([0-9]{2})?)?)?)?$'",
            name=op.f("ck_correction_batch_grid_code_grammar"),
        ),
        sa.CheckConstraint("kind IN ('decide','alike')", name=op.f("ck_correction_batch_kind")),
        sa.CheckConstraint("(undone_at IS NULL) = (undone_by IS NULL)", name=op.f("ck_correction_batch_undone")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_correction_batch")),
        comment="batches of corrections (纠正批次)",
    )
    op.create_index(op.f("ix_correction_batch_grid_code"), "correction_batch", ["grid_code"], unique=False)
    op.create_table(
        "correction_log",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False, comment="surrogate key"),
        sa.Column("batch_id", sa.BigInteger(), nullable=False, comment="batch"),
        sa.Column("table_name", sa.Text(), nullable=False, comment="table of the row"),
        sa.Column("row_id", sa.BigInteger(), nullable=False, comment="its key"),
        sa.Column(
            "before",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            nullable=True,
            comment="null: the batch made it",
        ),
        sa.Column(
            "after",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            nullable=True,
            comment="null: the batch removed it",
        ),
        sa.Column(
            "grid_code",
            sa.Text(collation="C"),
            nullable=False,
            comment="grid code (网格编码): the permission of the row; row-level security compares its prefix",
        ),
        sa.CheckConstraint(
            "grid_code ~ '^[0-9]{6}([0-9]{3}([0-9]{3}([0-9]{3}([0-9]{2})?)?)?)?$'",
            name=op.f("ck_correction_log_grid_code_grammar"),
        ),
        sa.CheckConstraint("before IS NOT NULL OR after IS NOT NULL", name=op.f("ck_correction_log_something")),
        sa.ForeignKeyConstraint(["batch_id"], ["correction_batch.id"], name=op.f("fk_correction_log_batch_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_correction_log")),
        comment="what batches changed (纠正日志)",
    )
    op.create_index("ix_correction_log_batch", "correction_log", ["batch_id", "table_name"], unique=False)
    op.create_index(op.f("ix_correction_log_grid_code"), "correction_log", ["grid_code"], unique=False)
    op.create_table(
        "correction",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False, comment="surrogate key"),
        sa.Column("kind", sa.Text(), nullable=False, comment="match: a text without a certain match; review"),
        sa.Column("review_id", sa.BigInteger(), nullable=True, comment="the review, when it is one"),
        sa.Column("address_text", sa.Text(), nullable=False, comment="as written"),
        sa.Column(
            "match_key", sa.Text(collation="C"), nullable=False, comment="normalised text; equal means the same text"
        ),
        sa.Column(
            "division_code",
            sa.Text(collation="C"),
            nullable=True,
            comment="division the text names, when it names one only",
        ),
        sa.Column("road_key", sa.Text(collation="C"), nullable=True, comment="normalised road of the text"),
        sa.Column(
            "occurrences", sa.Integer(), server_default=sa.text("1"), nullable=False, comment="records with this text"
        ),
        sa.Column("status", sa.Text(), server_default=sa.text("'open'"), nullable=False, comment="open, decided"),
        sa.Column("outcome", sa.Text(), nullable=True, comment="what it became"),
        sa.Column("address_id", sa.BigInteger(), nullable=True, comment="address in question, or the one decided on"),
        sa.Column("batch_id", sa.BigInteger(), nullable=True, comment="batch that decided it"),
        sa.Column("decided_by", sa.Text(), nullable=True, comment="who decided"),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True, comment="when"),
        sa.Column("leased_by", sa.Text(), nullable=True, comment="who has it on the screen"),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True, comment="until when nobody else gets it"),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="when it joined the queue",
        ),
        sa.Column(
            "grid_code",
            sa.Text(collation="C"),
            nullable=False,
            comment="grid code (网格编码): the permission of the row; row-level security compares its prefix",
        ),
        sa.CheckConstraint("(kind = 'review') = (review_id IS NOT NULL)", name=op.f("ck_correction_review")),
        sa.CheckConstraint("(status = 'decided') = (outcome IS NOT NULL)", name=op.f("ck_correction_decided")),
        sa.CheckConstraint(
            "grid_code ~ '^[0-9]{6}([0-9]{3}([0-9]{3}([0-9]{3}([0-9]{2})?)?)?)?$'",
            name=op.f("ck_correction_grid_code_grammar"),
        ),
        sa.CheckConstraint("kind IN ('match','review')", name=op.f("ck_correction_kind")),
        sa.CheckConstraint(
            "outcome IS NULL OR outcome IN ('alias','rule','by_rule','accepted','rejected','dismissed')",
            name=op.f("ck_correction_outcome"),
        ),
        sa.CheckConstraint("status IN ('open','decided')", name=op.f("ck_correction_status")),
        sa.CheckConstraint("(leased_by IS NULL) = (leased_until IS NULL)", name=op.f("ck_correction_lease")),
        sa.ForeignKeyConstraint(["address_id"], ["standard_address.id"], name=op.f("fk_correction_address_id")),
        sa.ForeignKeyConstraint(["batch_id"], ["correction_batch.id"], name=op.f("fk_correction_batch_id")),
        sa.ForeignKeyConstraint(["review_id"], ["address_review.id"], name=op.f("fk_correction_review_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_correction")),
        sa.UniqueConstraint("review_id", name=op.f("uq_correction_review_id")),
        comment="queue of uncertain texts and addresses (待纠正)",
    )
    op.create_index(op.f("ix_correction_address_id"), "correction", ["address_id"], unique=False)
    op.create_index(op.f("ix_correction_grid_code"), "correction", ["grid_code"], unique=False)
    op.create_index(
        "ix_correction_leased",
        "correction",
        ["leased_by"],
        unique=False,
        postgresql_where=sa.text("leased_by IS NOT NULL"),
    )
    op.create_index(
        "ix_correction_open", "correction", ["id"], unique=False, postgresql_where=sa.text("status = 'open'")
    )
    op.create_index("ix_correction_road", "correction", ["division_code", "road_key"], unique=False)
    op.create_index(
        "uq_correction_match",
        "correction",
        ["match_key", "grid_code"],
        unique=True,
        postgresql_where=sa.text("kind = 'match'"),
    )
    for table in TABLES:
        for statement in protect_table(table, append_only=table in APPEND_ONLY):
            op.execute(statement)
    schema = op.get_context().opts["version_table_schema"]
    rules_in_reach(schema)
    follow_the_review(schema)


def rules_in_reach(schema: str) -> None:
    """A grid worker sees no row of the village above the cell, yet the texts of the cell follow the village's rules.

    The function belongs to ``onemap_tiles`` like the tile function and takes the scope from the transaction. It answers
    names of roads and the divisions they hold in, no more.
    """
    signature = f"{schema}.address_rules_in_reach()"
    op.execute(f"GRANT SELECT (division_code, written, standard) ON address_rule TO {TILE_ROLE}")
    op.execute(
        f"""
        CREATE FUNCTION {signature} RETURNS TABLE (division_code text, written text, standard text)
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = {schema}, pg_temp
        AS $$
            SELECT r.division_code, r.written, r.standard FROM address_rule r
            WHERE EXISTS (SELECT FROM unnest(platform.scope_prefixes()) AS p
                          WHERE starts_with(r.division_code, p) OR starts_with(p, r.division_code))
        $$
        """
    )
    op.execute(f"COMMENT ON FUNCTION {signature} IS 'rules of the divisions inside and above the entered scope'")
    op.execute(f"GRANT CREATE ON SCHEMA {schema} TO {TILE_ROLE}")
    op.execute(f"ALTER FUNCTION {signature} OWNER TO {TILE_ROLE}")
    op.execute(f"REVOKE CREATE ON SCHEMA {schema} FROM {TILE_ROLE}")
    op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO {APP_ROLE}")


def follow_the_review(schema: str) -> None:
    """A correction of a review is seen by whoever sees the review, also after the grid was drawn anew."""
    op.execute(
        f"""
        CREATE FUNCTION {schema}.address_review_grid_code_moved() RETURNS trigger
        LANGUAGE plpgsql SET search_path = {schema}, pg_temp
        AS $$ BEGIN
            UPDATE correction SET grid_code = NEW.grid_code WHERE review_id = NEW.id AND grid_code <> NEW.grid_code;
            RETURN NULL;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER grid_code_moved AFTER UPDATE OF grid_code ON address_review FOR EACH ROW "
        "WHEN (OLD.grid_code IS DISTINCT FROM NEW.grid_code) "
        f"EXECUTE FUNCTION {schema}.address_review_grid_code_moved()"
    )
