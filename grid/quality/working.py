"""The present links from address to cell, copied once a run into ``pg_temp.quality_cell_link``."""

from __future__ import annotations

from sqlalchemy import Connection, text


def prepare(connection: Connection) -> None:
    """Make the temporary table; it ends with the transaction. Served by ``uq_address_cell_current``."""
    connection.execute(text("DROP TABLE IF EXISTS pg_temp.quality_cell_link"))
    connection.execute(
        text(
            "CREATE TEMP TABLE quality_cell_link ON COMMIT DROP AS "
            "SELECT address_id, cell_code, reason, distance_m FROM address_cell WHERE valid_to IS NULL"
        )
    )
    connection.execute(text("ANALYZE pg_temp.quality_cell_link"))
