"""An alert ends by itself when what it says no longer holds; lists go by severity, then by the day an alert was first raised.

``ceased_at`` says since when the condition is gone. The fingerprint of a finding is unique among the alerts whose condition
holds: what comes back after an end is another alert. An ended alert leaves the tiles, their counts and what waits in a cell:
wherever a function left out the closed ones, it now leaves out the cleared ones too.

Revision ID: 0034
"""

import re

import sqlalchemy as sa
from alembic import op
from sqlalchemy import text

revision = "0034"
down_revision = "0033"

NOT_ENDED = "status NOT IN ('cleared', 'closed')"
# every function that leaves out closed alerts: the tiles, their counts, the boxes of what changed
OF_CLOSED = """
SELECT p.oid::regprocedure::text AS name, pg_get_functiondef(p.oid) AS definition FROM pg_proc p
WHERE p.pronamespace = CAST(:schema AS regnamespace) AND p.prokind = 'f' AND p.prosrc LIKE '%.status <> ''closed''%'
"""


def upgrade() -> None:
    schema: str = op.get_context().opts["version_table_schema"]
    op.drop_constraint(op.f("ck_alert_status"), "alert")
    op.create_check_constraint(
        op.f("ck_alert_status"),
        "alert",
        "status IN ('acknowledged', 'assigned', 'cleared', 'closed', 'confirmed', 'open', 'refuted')",
    )
    op.add_column(
        "alert",
        sa.Column(
            "ceased_at",
            sa.DateTime(timezone=True),
            comment="since when what the rule found no longer holds; empty while it does",
        ),
    )
    op.add_column(
        "alert",
        sa.Column(
            "severity_rank",
            sa.SmallInteger(),
            sa.Computed("CASE severity WHEN 'high' THEN 3 WHEN 'medium' THEN 2 ELSE 1 END", persisted=True),
            nullable=False,
            comment="3 high, 2 medium, 1 low: the order of lists",
        ),
    )
    op.alter_column(
        "alert_step",
        "action",
        comment="raise, clear, cease, recur, acknowledge, assign, verify, settle, close, reopen",
        existing_comment="raise, acknowledge, assign, verify, close, reopen",
        existing_nullable=False,
    )
    _indexes()
    connection = op.get_bind()
    driver = connection.connection.driver_connection
    assert driver is not None
    for function in connection.execute(text(OF_CLOSED), {"schema": schema}).all():
        driver.execute(re.sub(r"(\w+\.)status <> 'closed'", rf"\1{NOT_ENDED}", function.definition))


def _indexes() -> None:
    op.drop_constraint(op.f("uq_alert_fingerprint"), "alert")
    op.create_index(
        "uq_alert_fingerprint", "alert", ["fingerprint"], unique=True, postgresql_where=text("ceased_at IS NULL")
    )
    op.create_index("ix_alert_ceased", "alert", ["fingerprint"], postgresql_where=text("ceased_at IS NOT NULL"))
    for name in ("ix_alert_tile", "ix_alert_not_closed", "ix_alert_list"):
        op.drop_index(name, "alert")
    op.create_index("ix_alert_tile", "alert", ["geom_3857"], postgresql_using="gist", postgresql_where=text(NOT_ENDED))
    op.create_index(
        "ix_alert_not_ended",
        "alert",
        ["grid_code"],
        postgresql_include=["status"],
        postgresql_where=text(NOT_ENDED),
    )
    op.create_index("ix_alert_list", "alert", ["severity_rank", "first_raised_at", "id"])
    op.create_index("ix_alert_first_raised", "alert", ["first_raised_at", "id"])
    op.create_index("ix_alert_assignee", "alert", ["assignee"], postgresql_where=text("assignee IS NOT NULL"))
