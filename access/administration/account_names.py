"""What the records of a county say of accounts: the name behind a user name, and since when an account is there.

Accounts stand in schema ``platform`` of the home server, the county may live on another one; so SQL of a county names no account, and
asks here. ``connection``: of the county.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, text

from database.connection.engine import platform_beside


def display_names(connection: Connection, usernames: Iterable[str | None]) -> dict[str, str]:
    """User name → name as shown, of those that are there. Served by ``pk_account``."""
    names = sorted({username for username in usernames if username})
    if not names:
        return {}
    with platform_beside(connection) as platform:
        rows = platform.execute(
            text("SELECT username, display_name FROM platform.account WHERE username = ANY(:usernames)"),
            {"usernames": names},
        ).all()
    return {row.username: row.display_name for row in rows}


def account_since(connection: Connection, username: str) -> datetime | None:
    """When the account was made; None when there is none. Served by ``pk_account``."""
    with platform_beside(connection) as platform:
        since: datetime | None = platform.scalar(
            text("SELECT created_at FROM platform.account WHERE username = :username"), {"username": username}
        )
    return since
