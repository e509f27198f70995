"""Outlines kept for tiles stand on tile coordinates now: those of before are thrown away, the minute job draws them anew.

Revision ID: 0050
"""

from alembic import op

revision = "0050"
down_revision = "0049"


def upgrade() -> None:
    op.execute("DELETE FROM tile_shape")
