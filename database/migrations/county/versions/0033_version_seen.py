"""The application may read which revision a county is at, so that `/readyz` can say whether it fits this release.

Revision ID: 0033
"""

from alembic import op

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    op.execute("GRANT SELECT ON alembic_version TO onemap_app")
