"""The live addresses with their present link to a cell, joined once a run: ``pg_temp.quality_cell_link``."""

from __future__ import annotations

from sqlalchemy import Connection, text


def prepare(connection: Connection) -> None:
    """Make the temporary table, after ``pg_temp.quality_address``; without a link, cell_code is NULL."""
    connection.execute(text("DROP TABLE IF EXISTS pg_temp.quality_cell_link"))
    connection.execute(
        text(
            "CREATE TEMP TABLE quality_cell_link ON COMMIT DROP AS "
            "SELECT a.id AS address_id, a.grid_code, a.geom IS NOT NULL AS has_point, l.cell_code, l.reason, l.distance_m "
            "FROM pg_temp.quality_address a "
            "LEFT JOIN (SELECT address_id, cell_code, reason, distance_m FROM address_cell WHERE valid_to IS NULL) l "
            "ON l.address_id = a.id WHERE a.live"
        )
    )
    connection.execute(text("ANALYZE pg_temp.quality_cell_link"))
