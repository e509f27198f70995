"""Whom an alert may be given to: the workers posted to its cell, the responsible one first, then who else sees the cell."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from access.accounts.accounts import Account, list_accounts
from alerts.store import FIELD_ROLES, get_place
from database.connection.engine import current_day
from database.rights.scope import Role, Scope
from grid.postings import responsible_on

NO_ACCOUNT = "没有可用的登录账号"
NOT_COVERED = "账号的数据范围不含这个网格"


def list_assignees(connection: Connection, alert_id: int, asker: Scope) -> list[dict[str, Any]]:
    """Who may be given an alert, in the order to offer them: username, name, role, posting, hindrance. Raises AlertNotFound.

    Every worker with a posting to the cell that is valid today comes first, the lead before the others, whether the alert can
    be given to them or not: hindrance says why not. Then the accounts whose scope covers the cell: all grid workers, and
    of the officials those inside the asker's own scope.
    """
    grid_code = get_place(connection, alert_id)
    accounts = {a.username: a for a in list_accounts(connection, grid_code[:6], FIELD_ROLES)}
    today = current_day(connection)
    found: dict[str, dict[str, Any]] = {}
    for worker in responsible_on(connection, grid_code, today):
        account = accounts.get(worker["username"] or "")
        one = _row(account, worker["name"], worker["duty"])
        one["username"] = worker["username"]
        one["hindrance"] = (
            None if account and account.scope.covers(grid_code) else NOT_COVERED if account else NO_ACCOUNT
        )
        found.setdefault(worker["username"] or f"#{worker['id']}", one)
    for account in sorted(accounts.values(), key=lambda a: a.role is not Role.GRID_WORKER):  # who walks the cell first
        offered = account.role is Role.GRID_WORKER or all(asker.covers(prefix) for prefix in account.prefixes)
        if offered and account.scope.covers(grid_code):
            found.setdefault(account.username, _row(account, account.display_name, None))
    return list(found.values())


def _row(account: Account | None, name: str, duty: str | None) -> dict[str, Any]:
    return {
        "username": account.username if account else None,
        "name": account.display_name if account else name,
        "role": account.role.value if account else None,
        "posting": duty,
        "hindrance": None,
    }
