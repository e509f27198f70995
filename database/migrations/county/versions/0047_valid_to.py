"""One convention for ``valid_to``, in the words of the columns: the first day no longer valid, [valid_from, valid_to).

Three comments said "last day"; every reader took it for the first day no longer valid. No row changes. And the kinds of address events are told where they stand now.

Revision ID: 0047
"""

from alembic import op

revision = "0047"
down_revision = "0046"

TABLES = ("standard_address", "household_member", "person_place")


def upgrade() -> None:
    for table in TABLES:
        op.execute(f"COMMENT ON COLUMN {table}.valid_to IS 'first day no longer valid'")
    op.execute(
        "COMMENT ON COLUMN address_event.kind IS 'created, imported, renamed … ; see gazetteer/lifecycle/vocabulary.py'"
    )
