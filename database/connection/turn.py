"""Imports of a county take turns: one lock, held to the end of the transaction."""

from __future__ import annotations

from sqlalchemy import Connection, text

#: Imports of one county wait for each other.
LOCK_CLASS = 0x1A9


def wait_for_turn(connection: Connection, county: str) -> None:
    """Until no import of the county runs; others wait for the end of this transaction."""
    connection.execute(
        text("SELECT pg_advisory_xact_lock(:class, :county)"), {"class": LOCK_CLASS, "county": int(county)}
    )
