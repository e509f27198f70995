"""Place names take part in imports: the hash of the imported row, the last change, and what a name and its kind may be.

Revision ID: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

KINDS = "'natural_village','road','compound','water','mountain','landmark','other'"


def upgrade() -> None:
    op.add_column(
        "place_name",
        sa.Column("row_hash", sa.LargeBinary(), comment="hash of the imported row; equal means unchanged"),
    )
    op.add_column(
        "place_name",
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.func.now(),
            nullable=False,
            comment="last change",
        ),
    )
    op.alter_column("place_name", "kind", comment="natural_village, road, compound, water, mountain, landmark, other")
    op.create_check_constraint("name", "place_name", "name = btrim(name) AND name <> ''")
    op.create_check_constraint("kind", "place_name", f"kind IN ({KINDS})")
