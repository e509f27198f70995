"""Whom an alert may be given to: the workers posted to its cell, the responsible one first, then who else sees the cell."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import Connection

from access.accounts.accounts import Account, list_accounts
from alerts.store import FIELD_ROLES, get_place
from database.connection.engine import current_day
from database.rights.scope import Role, Scope
from grid.postings import responsible_on

NO_ACCOUNT = "没有可用的登录账号"
NOT_COVERED = "账号的数据范围不含这个网格"


@dataclass(frozen=True, slots=True)
class Assignee:
    """Somebody whom an alert may be given to, or a worker of its cell who cannot be: hindrance says why, in Chinese.

    username, role: None without an account. posting: their duty in the alert's cell today, None without one.
    """

    username: str | None
    name: str
    role: str | None
    posting: str | None
    hindrance: str | None = None


def list_assignees(connection: Connection, alert_id: int, asker: Scope) -> list[Assignee]:
    """Who may be given an alert, in the order to offer them. Raises AlertNotFound.

    Every worker with a posting to the cell that is valid today comes first, the lead before the others, whether the alert can
    be given to them or not: hindrance says why not. Then the accounts whose scope covers the cell: all grid workers, and
    of the officials those inside the asker's own scope.
    """
    grid_code = get_place(connection, alert_id)
    accounts = {a.username: a for a in list_accounts(connection, grid_code[:6], FIELD_ROLES)}
    today = current_day(connection)
    found: dict[str, Assignee] = {}
    for worker in responsible_on(connection, grid_code, today):
        account = accounts.get(worker.username or "")
        hindrance = None if account and account.scope.covers(grid_code) else NOT_COVERED if account else NO_ACCOUNT
        one = replace(_assignee(account, worker.name, worker.duty), username=worker.username, hindrance=hindrance)
        found.setdefault(worker.username or f"#{worker.id}", one)
    for account in sorted(accounts.values(), key=lambda a: a.role is not Role.GRID_WORKER):  # who walks the cell first
        offered = account.role is Role.GRID_WORKER or all(asker.covers(prefix) for prefix in account.prefixes)
        if offered and account.scope.covers(grid_code):
            found.setdefault(account.username, _assignee(account, account.display_name, None))
    return list(found.values())


def _assignee(account: Account | None, name: str, duty: str | None) -> Assignee:
    if account is None:
        return Assignee(None, name, None, duty)
    return Assignee(account.username, account.display_name, account.role.value, duty)
