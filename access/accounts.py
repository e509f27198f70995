"""Accounts, browser sessions and access tokens, in schema ``platform``.

Passwords are argon2id hashes; of cookies and tokens only a SHA-256 is kept (they are 256 random bits). A wrong
password and an unknown name take the same time and give the same answer.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any

from pwdlib import PasswordHash
from sqlalchemy import Connection, Row, text

from database.errors import OnemapError
from database.scope import Role, Scope
from database.settings import Settings

TOKEN_PREFIX = "om_"  # noqa: S105 - a label, so that leaked tokens can be searched for


class SignInFailed(OnemapError):
    """用户名或密码不正确 | Wrong user name or password"""


class AccountLocked(OnemapError):
    """账号已锁定，请稍后再试 | The account is locked; try again later"""


class AccountInvalid(OnemapError):
    """账号信息无效 | The account is not valid"""


@dataclass(frozen=True, slots=True)
class Account:
    """Someone who signed in."""

    username: str
    display_name: str
    role: Role
    county: str
    county_name: str
    synthetic: bool
    prefixes: tuple[str, ...]

    @property
    def scope(self) -> Scope:
        """The reach of this account inside its county."""
        return Scope(self.county, self.username, self.role, self.prefixes)


@lru_cache(maxsize=1)
def _hasher() -> PasswordHash:
    return PasswordHash.recommended()


@lru_cache(maxsize=1)
def _decoy_hash() -> str:
    return _hasher().hash(secrets.token_urlsafe(16))


_ACCOUNT_COLUMNS = (
    "a.username, a.display_name, a.role, a.county, c.name AS county_name, c.synthetic, a.prefixes, "
    "a.password_hash, a.disabled, a.locked_until IS NOT NULL AND a.locked_until > now() AS locked"
)
_ACCOUNT_FROM = "platform.account a JOIN platform.county c ON c.code = a.county"


def _account(row: Row[Any]) -> Account:
    return Account(
        row.username,
        row.display_name,
        Role(row.role),
        row.county,
        row.county_name,
        row.synthetic,
        tuple(row.prefixes),
    )


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
) -> None:
    """Make an account, or give an existing one a new password, role and scope (its sessions and tokens end).

    Raises AccountInvalid for a short password, a system role or a change of county; InvalidScope for a bad prefix.
    """
    if role is Role.SYSTEM:
        raise AccountInvalid("system 不是账号角色 / system is not a role of accounts")
    if len(password) < settings.password_min_length:
        raise AccountInvalid(
            f"密码至少 {settings.password_min_length} 位 / "
            f"a password has at least {settings.password_min_length} characters"
        )
    Scope(county, username, role, tuple(prefixes))
    stored = connection.execute(
        text(
            "INSERT INTO platform.account (username, display_name, password_hash, role, county, prefixes) "
            "VALUES (:username, :display_name, :password_hash, :role, :county, :prefixes) "
            "ON CONFLICT (username) DO UPDATE SET display_name = excluded.display_name, "
            "password_hash = excluded.password_hash, role = excluded.role, prefixes = excluded.prefixes, "
            "failed_attempts = 0, locked_until = NULL WHERE account.county = excluded.county"
        ),
        {
            "username": username,
            "display_name": display_name,
            "password_hash": _hasher().hash(password),
            "role": role.value,
            "county": county,
            "prefixes": list(prefixes),
        },
    )
    if stored.rowcount != 1:
        raise AccountInvalid(f"用户名 {username} 已属于其他县 / the name belongs to another county")
    connection.execute(text("DELETE FROM platform.session WHERE username = :u"), {"u": username})
    connection.execute(
        text("UPDATE platform.access_token SET revoked_at = now() WHERE username = :u AND revoked_at IS NULL"),
        {"u": username},
    )


def check_password(connection: Connection, username: str, password: str, settings: Settings) -> Account:
    """The account, when the password is right. Counts failures; the caller must COMMIT even when this raises.

    Raises SignInFailed (also for unknown and disabled accounts) or AccountLocked.
    """
    row = connection.execute(
        text(f"SELECT {_ACCOUNT_COLUMNS} FROM {_ACCOUNT_FROM} WHERE a.username = :u FOR UPDATE OF a"),  # noqa: S608
        {"u": username},
    ).one_or_none()
    right = _hasher().verify(password, row.password_hash if row else _decoy_hash())
    if row is None or row.disabled:
        raise SignInFailed
    if row.locked:
        raise AccountLocked
    if not right:
        connection.execute(
            text(
                "UPDATE platform.account SET failed_attempts = failed_attempts + 1, locked_until = "
                "CASE WHEN failed_attempts + 1 >= :limit THEN now() + :pause ELSE NULL END WHERE username = :u"
            ),
            {
                "u": username,
                "limit": settings.lockout_attempts,
                "pause": timedelta(minutes=settings.lockout_minutes),
            },
        )
        raise SignInFailed
    connection.execute(
        text("UPDATE platform.account SET failed_attempts = 0, locked_until = NULL WHERE username = :u"),
        {"u": username},
    )
    return _account(row)


def open_session(connection: Connection, account: Account, settings: Settings) -> str:
    """Start a browser session; returns the cookie's value. The oldest sessions over the limit end."""
    cookie = secrets.token_urlsafe(32)
    connection.execute(
        text(
            "DELETE FROM platform.session WHERE expires_at < now() OR token_hash IN ("
            " SELECT token_hash FROM platform.session WHERE username = :u ORDER BY last_seen_at DESC OFFSET :keep)"
        ),
        {"u": account.username, "keep": settings.session_limit - 1},
    )
    connection.execute(
        text("INSERT INTO platform.session (token_hash, username, expires_at) VALUES (:hash, :u, now() + :life)"),
        {"hash": _hash(cookie), "u": account.username, "life": timedelta(hours=settings.session_hours)},
    )
    return cookie


def find_session(connection: Connection, cookie: str, settings: Settings) -> Account | None:
    """The account of a live session, or None when it ended, idled too long or never was. Served by the primary key."""
    row = connection.execute(
        text(
            f"SELECT {_ACCOUNT_COLUMNS}, s.last_seen_at < now() - interval '1 minute' AS stale "  # noqa: S608
            f"FROM {_ACCOUNT_FROM} JOIN platform.session s USING (username) "
            "WHERE s.token_hash = :hash AND s.expires_at > now() AND s.last_seen_at > now() - :idle AND NOT a.disabled"
        ),
        {"hash": _hash(cookie), "idle": timedelta(minutes=settings.session_idle_minutes)},
    ).one_or_none()
    if row is None:
        return None
    if row.stale:
        connection.execute(
            text("UPDATE platform.session SET last_seen_at = now() WHERE token_hash = :hash"),
            {"hash": _hash(cookie)},
        )
    return _account(row)


def close_session(connection: Connection, cookie: str) -> None:
    """End a browser session."""
    connection.execute(text("DELETE FROM platform.session WHERE token_hash = :hash"), {"hash": _hash(cookie)})


def create_token(connection: Connection, username: str, name: str, *, days: int = 180) -> str:
    """A personal access token; shown once, kept as a hash. Raises AccountInvalid when there is no such account."""
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    made = connection.execute(
        text(
            "INSERT INTO platform.access_token (token_hash, username, name, expires_at) "
            "SELECT :hash, username, :name, now() + :life FROM platform.account WHERE username = :u AND NOT disabled"
        ),
        {"hash": _hash(token), "u": username, "name": name, "life": timedelta(days=days)},
    )
    if made.rowcount != 1:
        raise AccountInvalid(f"没有账号 {username} / no account {username}")
    return token


def find_token(connection: Connection, token: str) -> Account | None:
    """The account of a valid token, or None. Served by the unique index on the hash."""
    row = connection.execute(
        text(
            f"SELECT {_ACCOUNT_COLUMNS}, t.id AS token_id, "  # noqa: S608
            "t.last_used_at IS NULL OR t.last_used_at < now() - interval '1 hour' AS stale "
            f"FROM {_ACCOUNT_FROM} JOIN platform.access_token t USING (username) "
            "WHERE t.token_hash = :hash AND t.expires_at > now() AND t.revoked_at IS NULL AND NOT a.disabled"
        ),
        {"hash": _hash(token)},
    ).one_or_none()
    if row is None:
        return None
    if row.stale:
        connection.execute(
            text("UPDATE platform.access_token SET last_used_at = now() WHERE id = :id"), {"id": row.token_id}
        )
    return _account(row)


def find_account(connection: Connection, username: str) -> Account | None:
    """An account by its name; None when there is none or it is disabled."""
    row = connection.execute(
        text(f"SELECT {_ACCOUNT_COLUMNS} FROM {_ACCOUNT_FROM} WHERE a.username = :username AND NOT a.disabled"),  # noqa: S608
        {"username": username},
    ).one_or_none()
    return None if row is None else _account(row)


def list_accounts(connection: Connection, county: str, roles: Sequence[Role]) -> list[Account]:
    """The enabled accounts of a county with one of these roles, by name."""
    rows = connection.execute(
        text(
            f"SELECT {_ACCOUNT_COLUMNS} FROM {_ACCOUNT_FROM} "  # noqa: S608
            "WHERE a.county = :county AND a.role = ANY(:roles) AND NOT a.disabled ORDER BY a.display_name"
        ),
        {"county": county, "roles": [role.value for role in roles]},
    )
    return [_account(row) for row in rows]


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
