"""Personal access tokens for programs: shown once, kept as a hash, ended with the password or the role."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from access.accounts.accounts import ACCOUNT_COLUMNS, ACCOUNT_FROM, ACTIVE, Account, AccountInvalid, account_of
from access.accounts.permissions import ADMINISTRATORS
from access.sessions.sessions import hash_secret
from database.errors import Missing
from database.installation.settings import Settings

TOKEN_PREFIX = "om_"  # noqa: S105 - a label, so that leaked tokens can be searched for
MOST_TOKENS = 20


class TokenNotFound(Missing):
    """没有这个令牌 | There is no such token"""


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A valid token in the list of its owner; the token itself is not known here."""

    id: int
    name: str
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime


def create_token(connection: Connection, username: str, name: str, *, days: int = 180) -> str:
    """A personal access token; shown once, kept as a hash.

    Raises AccountInvalid when there is no such account, it administers accounts, or it holds as many as it may.
    """
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    made = connection.execute(
        text(
            "INSERT INTO platform.access_token (token_hash, username, name, expires_at) "  # noqa: S608
            "SELECT :hash, a.username, :name, now() + :life FROM platform.account a "
            f"WHERE a.username = :u AND {ACTIVE} AND a.role <> ALL(:administrators) AND (SELECT count(*) "
            "FROM platform.access_token t WHERE t.username = a.username AND t.revoked_at IS NULL "
            "AND t.expires_at > now()) < :most"
        ),
        {
            "hash": hash_secret(token),
            "u": username,
            "name": name,
            "life": timedelta(days=days),
            "administrators": [role.value for role in ADMINISTRATORS],
            "most": MOST_TOKENS,
        },
    )
    if made.rowcount != 1:
        raise AccountInvalid(
            f"账号 {username} 不存在、是管理员账号，或已有 {MOST_TOKENS} 个令牌 / "
            f"there is no account {username}, it administers accounts, or it holds {MOST_TOKENS} tokens"
        )
    return token


def find_token(connection: Connection, token: str, settings: Settings) -> Account | None:
    """The account of a valid token, or None. Served by the unique index on the hash."""
    row = connection.execute(
        text(
            f"SELECT {ACCOUNT_COLUMNS}, t.id AS token_id, "  # noqa: S608
            "t.last_used_at IS NULL OR t.last_used_at < now() - interval '1 hour' AS stale "
            f"FROM {ACCOUNT_FROM} JOIN platform.access_token t USING (username) "
            f"WHERE t.token_hash = :hash AND t.expires_at > now() AND t.revoked_at IS NULL AND {ACTIVE}"
        ),
        {"hash": hash_secret(token)},
    ).one_or_none()
    if row is None:
        return None
    if row.stale:
        connection.execute(
            text("UPDATE platform.access_token SET last_used_at = now() WHERE id = :id"), {"id": row.token_id}
        )
    return account_of(row, settings)


def list_tokens(connection: Connection, username: str) -> list[IssuedToken]:
    """The valid tokens of an account, the latest first."""
    rows = connection.execute(
        text(
            "SELECT id, name, created_at, last_used_at, expires_at FROM platform.access_token "
            "WHERE username = :u AND revoked_at IS NULL AND expires_at > now() ORDER BY id DESC"
        ),
        {"u": username},
    )
    return [IssuedToken(*row) for row in rows]


def revoke_token(connection: Connection, username: str, token_id: int) -> None:
    """End one token of an account. Raises TokenNotFound, also for the token of somebody else."""
    ended = connection.execute(
        text(
            "UPDATE platform.access_token SET revoked_at = now() "
            "WHERE username = :u AND id = :id AND revoked_at IS NULL"
        ),
        {"u": username, "id": token_id},
    )
    if ended.rowcount != 1:
        raise TokenNotFound


def revoke_tokens(connection: Connection, username: str) -> int:
    """End every token of an account; returns how many."""
    ended = connection.execute(
        text("UPDATE platform.access_token SET revoked_at = now() WHERE username = :u AND revoked_at IS NULL"),
        {"u": username},
    )
    return ended.rowcount
