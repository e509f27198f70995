"""A county can live on another server: ``county.server`` names it.

Revision ID: 0005
"""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute(
        """
        ALTER TABLE platform.county ADD COLUMN server text,
            ADD CONSTRAINT ck_county_server_says_no_secret CHECK (server ~ '^postgresql://[^@]+$' AND server !~* 'password=')
        """
    )
    op.execute(
        "COMMENT ON COLUMN platform.county.server IS 'address of the server its data live on, without user and password; null: this one'"
    )
