"""A note that triggers read: what is being done, until the transaction ends or another note takes its place."""

from __future__ import annotations

from sqlalchemy import Connection, text


def leave_note(connection: Connection, about: str) -> None:
    """Tell the triggers of this transaction what is being done; an empty note says nothing. It grants no rights."""
    connection.execute(text("SELECT set_config('address.operation', :about, true)"), {"about": about})
