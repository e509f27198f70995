"""The tables of the platform, with their indexes and grants: ``base/<room>.sql``; the job queue. What came before is squashed into them.

Functions and triggers stand in ``database/functions``.

Revision ID: 0004
"""

from pathlib import Path

from alembic import op
from procrastinate.schema import SchemaManager

from database.rights.row_security import APP_ROLE, GUARD_ROLE, TILE_ROLE

revision = "0004"
down_revision = None

BASE = Path(__file__).parent.parent / "base"
ROOMS = ("database", "access")


def upgrade() -> None:
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(
        f"""
        DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{GUARD_ROLE}') THEN
            RAISE EXCEPTION '缺少角色 {GUARD_ROLE}：请先运行 onemap database init / the role {GUARD_ROLE} is missing: run onemap database init first';
        END IF; END $$
        """
    )
    driver.execute(f"GRANT USAGE ON SCHEMA platform TO {APP_ROLE}, {TILE_ROLE}, {GUARD_ROLE}")
    # as the pinned release of procrastinate makes them, for the application role to use
    driver.execute(SchemaManager.get_schema())
    driver.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA platform TO {APP_ROLE}")
    driver.execute(f"REVOKE INSERT, UPDATE, DELETE ON platform.alembic_version FROM {APP_ROLE}")
    for room in ROOMS:
        driver.execute((BASE / f"{room}.sql").read_text("utf-8"))
    driver.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA platform TO {APP_ROLE}")
