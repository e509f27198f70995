"""Accounts, in schema ``platform``: who there is, as what, how far they see, and what they still owe before they may begin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, text

from access.accounts.passwords import check_rules, hash_password, remember_password
from access.accounts.permissions import ADMINISTRATORS
from database.connection.engine import platform_beside
from database.errors import Invalid, NotAllowed
from database.installation.settings import Settings
from database.rights.scope import Role, Scope


class AccountInvalid(Invalid):
    """账号信息无效 | The account is not valid"""


class NoRecordsForAdministrators(NotAllowed):
    """系统管理员和安全管理员不查看业务数据 | The system and the security administrator see no records"""


class Due(StrEnum):
    """What an account must do before anything else works."""

    PASSWORD = "password"  # noqa: S105 - the name of a duty
    SECOND_FACTOR = "second_factor"


@dataclass(frozen=True, slots=True)
class Account:
    """Someone who signed in. due: what they must do first; until then only their own password and second factor work."""

    username: str
    display_name: str
    role: Role
    county: str
    county_name: str
    synthetic: bool
    prefixes: tuple[str, ...]
    due: Due | None = None

    @property
    def scope(self) -> Scope:
        """The reach of this account inside its county. Raises NoRecordsForAdministrators for those who have none."""
        if self.role in ADMINISTRATORS:
            raise NoRecordsForAdministrators
        return Scope(self.county, self.username, self.role, self.prefixes)


ACCOUNT_COLUMNS = (
    "a.username, a.display_name, a.role, a.county, c.name AS county_name, c.synthetic, a.prefixes, a.password_hash, "
    "a.disabled, a.must_change_password, a.password_changed_at, EXISTS (SELECT FROM platform.second_factor f "
    "WHERE f.username = a.username AND f.confirmed_at IS NOT NULL) AS has_second_factor"
)
ACCOUNT_FROM = "platform.account a JOIN platform.county c ON c.code = a.county"
#: an account that may act: not disabled, and granted a role by the security administrator
ACTIVE = "NOT a.disabled AND a.role IS NOT NULL"


def account_of(row: Row[Any], settings: Settings | None = None) -> Account:
    """The account of a row of ACCOUNT_COLUMNS. settings: to say what is due; without them nothing is."""
    return Account(
        row.username,
        row.display_name,
        Role(row.role),
        row.county,
        row.county_name,
        row.synthetic,
        tuple(row.prefixes),
        None if settings is None else _due(row, settings),
    )


def _due(row: Row[Any], settings: Settings) -> Due | None:
    old = settings.password_max_days and row.password_changed_at < datetime.now(UTC) - timedelta(
        days=settings.password_max_days
    )
    if row.must_change_password or old:
        return Due.PASSWORD
    if row.role in settings.second_factor_roles and not row.has_second_factor:
        return Due.SECOND_FACTOR
    return None


def create_account(
    connection: Connection,
    *,
    username: str,
    display_name: str,
    password: str,
    role: Role,
    county: str,
    prefixes: Sequence[str],
    settings: Settings,
    must_change: bool = False,
) -> None:
    """Make an account, or give an existing one a new password, role and scope (its sessions and tokens end).

    must_change: the password must be changed at the first sign-in. The system and the security administrator get no prefix.
    Raises AccountInvalid for a system role or a change of county, PasswordWeak, InvalidScope for a bad prefix.
    """
    if role is Role.SYSTEM:
        raise AccountInvalid("system 不是账号角色 / system is not a role of accounts")
    check_rules(password, username, settings)
    reach = () if role in ADMINISTRATORS else tuple(prefixes)
    if role not in ADMINISTRATORS:
        Scope(county, username, role, reach)
    remember_password(connection, username, settings)
    stored = connection.execute(
        text(
            "INSERT INTO platform.account "
            "(username, display_name, password_hash, role, county, prefixes, must_change_password) "
            "VALUES (:username, :display_name, :password_hash, :role, :county, :prefixes, :must_change) "
            "ON CONFLICT (username) DO UPDATE SET display_name = excluded.display_name, "
            "password_hash = excluded.password_hash, role = excluded.role, prefixes = excluded.prefixes, "
            "must_change_password = excluded.must_change_password, password_changed_at = now() "
            "WHERE account.county = excluded.county"
        ),
        {
            "username": username,
            "display_name": display_name,
            "password_hash": hash_password(password),
            "role": role.value,
            "county": county,
            "prefixes": list(reach),
            "must_change": must_change,
        },
    )
    if stored.rowcount != 1:
        raise AccountInvalid(f"用户名 {username} 已属于其他县 / the name belongs to another county")
    connection.execute(
        text("DELETE FROM platform.sign_in_failure WHERE name_hash = sha256(convert_to(:u, 'UTF8'))"), {"u": username}
    )
    end_access(connection, username)


def end_access(connection: Connection, username: str) -> None:
    """End every session and token of an account."""
    connection.execute(text("DELETE FROM platform.session WHERE username = :u"), {"u": username})
    connection.execute(
        text("UPDATE platform.access_token SET revoked_at = now() WHERE username = :u AND revoked_at IS NULL"),
        {"u": username},
    )


def find_account(connection: Connection, username: str) -> Account | None:
    """An account by its name; None when there is none, it is disabled or has no role yet."""
    row = connection.execute(
        text(f"SELECT {ACCOUNT_COLUMNS} FROM {ACCOUNT_FROM} WHERE a.username = :username AND {ACTIVE}"),  # noqa: S608
        {"username": username},
    ).one_or_none()
    return None if row is None else account_of(row)


def list_accounts(connection: Connection, county: str, roles: Sequence[Role]) -> list[Account]:
    """The active accounts of a county with one of these roles, by name. connection: of the county, or of the platform."""
    with platform_beside(connection) as platform:
        rows = platform.execute(
            text(
                f"SELECT {ACCOUNT_COLUMNS} FROM {ACCOUNT_FROM} "  # noqa: S608
                f"WHERE a.county = :county AND a.role = ANY(:roles) AND {ACTIVE} ORDER BY a.display_name"
            ),
            {"county": county, "roles": [role.value for role in roles]},
        ).all()
    return [account_of(row) for row in rows]
