"""What a command that works on the database opens. With this module come the tables and kinds of record of every floor."""

from __future__ import annotations

from database.connection.engine import Database
from database.embedded import ensure_database
from database.installation.settings import get_settings
from mapserver.server import metadata

__all__ = ["metadata", "open_database"]


def open_database(*, pool_size: int = 2) -> Database:
    """The database as the application's role; the embedded one is started when there is no other."""
    return Database(ensure_database(get_settings()).app, pool_size=pool_size)
