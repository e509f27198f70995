"""A visit whose phone had a wrong clock keeps the time that clock showed, as text: no year is out of its range.

Revision ID: 0035
"""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    op.add_column(
        "visit",
        sa.Column(
            "phone_time",
            sa.Text(),
            comment="what the phone's clock said, as it came, where it could not be right; else empty",
        ),
    )
    op.alter_column(
        "visit",
        "visited_at",
        comment="when, by the phone's clock; when the server got it, where that clock was wrong",
        existing_comment="when, by the phone's clock",
        existing_nullable=False,
    )
