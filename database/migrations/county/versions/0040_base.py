"""The tables of a county, with their indexes, policies and grants: ``base/<room>.sql``. What came before is squashed into them.

Functions and triggers stand in ``database/functions``.

Revision ID: 0040
"""

from pathlib import Path

from alembic import op

revision = "0040"
down_revision = None

BASE = Path(__file__).parent.parent / "base"
#: From below: a table may refer to one of its own room or of a room before.
ROOMS = ("access", "gazetteer", "grid", "layers", "importing", "alerts")


def upgrade() -> None:
    schema: str = op.get_context().opts["version_table_schema"]
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(f"GRANT USAGE ON SCHEMA {schema} TO onemap_app, onemap_tiles, onemap_guard")
    driver.execute(
        "GRANT SELECT ON alembic_version TO onemap_app"
    )  # `/readyz` says whether the county fits the release
    for room in ROOMS:
        driver.execute(
            (BASE / f"{room}.sql").read_text("utf-8")
        )  # as it stands: no colon or percent sign is a parameter
