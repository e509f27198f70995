"""The counts behind low zooms: whether they are right, putting them right, adding up what piled up.

Triggers keep them (``database/functions``). They can only be wrong when triggers were switched off: a load with
``session_replication_role = replica``, a restore that disabled them.
"""

from __future__ import annotations

from sqlalchemy import Connection, text


def count_differences(connection: Connection) -> dict[str, int]:
    """Layer → cells whose count is not what the rows say, of the whole county; empty when all is well. Reads every row."""
    rows = connection.execute(text("SELECT layer, count(*) AS n FROM tile_count_differences() GROUP BY layer"))
    return {row.layer: row.n for row in rows}


def repair_counts(connection: Connection) -> int:
    """Put every count right, beside running writers; returns how many cells were wrong."""
    return int(connection.execute(text("SELECT repair_tile_counts()")).scalar_one())


def settle_counts(connection: Connection) -> int:
    """Add up counts that piled up, at most 2,000 cells; returns how many rows were added up. The triggers do it now and then."""
    return int(connection.execute(text("SELECT settle_tile_counts()")).scalar_one())
