"""Browser sessions: a random cookie of which only the hash is kept, an idle end, an absolute end, a limit in number."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from access.accounts.accounts import ACCOUNT_COLUMNS, ACCOUNT_FROM, ACTIVE, Account, account_of
from database.errors import Missing
from database.installation.settings import Settings


class SessionNotFound(Missing):
    """没有这个会话 | There is no such session"""


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A live session in the list of its owner. current: the one that asks."""

    id: int
    created_at: datetime
    last_seen_at: datetime
    address: str | None
    agent: str | None
    current: bool


def open_session(
    connection: Connection,
    account: Account,
    settings: Settings,
    *,
    address: str | None = None,
    agent: str | None = None,
) -> str:
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
        text(
            "INSERT INTO platform.session (token_hash, username, expires_at, address, agent) "
            "VALUES (:hash, :u, now() + :life, :address, :agent)"
        ),
        {
            "hash": hash_secret(cookie),
            "u": account.username,
            "life": timedelta(hours=settings.session_hours),
            "address": address,
            "agent": short_agent(agent),
        },
    )
    return cookie


def find_session(connection: Connection, cookie: str, settings: Settings, *, counts: bool = True) -> Account | None:
    """The account of a live session, or None when it ended, idled too long or never was. Served by the primary key.

    counts: whether this request keeps the session from idling; a look by a running event stream does not.
    """
    row = connection.execute(
        text(
            f"SELECT {ACCOUNT_COLUMNS}, s.last_seen_at < now() - interval '1 minute' AS stale "  # noqa: S608
            f"FROM {ACCOUNT_FROM} JOIN platform.session s USING (username) "
            f"WHERE s.token_hash = :hash AND s.expires_at > now() AND s.last_seen_at > now() - :idle AND {ACTIVE}"
        ),
        {"hash": hash_secret(cookie), "idle": timedelta(minutes=settings.session_idle_minutes)},
    ).one_or_none()
    if row is None:
        return None
    if row.stale and counts:
        connection.execute(
            text("UPDATE platform.session SET last_seen_at = now() WHERE token_hash = :hash"),
            {"hash": hash_secret(cookie)},
        )
    return account_of(row, settings)


def close_session(connection: Connection, cookie: str) -> None:
    """End a browser session."""
    connection.execute(text("DELETE FROM platform.session WHERE token_hash = :hash"), {"hash": hash_secret(cookie)})


def list_sessions(connection: Connection, username: str, settings: Settings, cookie: str | None) -> list[OpenSession]:
    """The live sessions of an account, the latest first."""
    rows = connection.execute(
        text(
            "SELECT id, created_at, last_seen_at, address, agent, token_hash = :hash AS current FROM platform.session "
            "WHERE username = :u AND expires_at > now() AND last_seen_at > now() - :idle ORDER BY last_seen_at DESC, id DESC"
        ),
        {
            "u": username,
            "hash": hash_secret(cookie or ""),
            "idle": timedelta(minutes=settings.session_idle_minutes),
        },
    )
    return [OpenSession(*row) for row in rows]


def end_session(connection: Connection, username: str, session_id: int) -> None:
    """End one session of an account. Raises SessionNotFound, also for the session of somebody else."""
    ended = connection.execute(
        text("DELETE FROM platform.session WHERE username = :u AND id = :id"), {"u": username, "id": session_id}
    )
    if ended.rowcount != 1:
        raise SessionNotFound


def end_sessions(connection: Connection, username: str, *, keep: str | None = None) -> int:
    """End the sessions of an account, all but the one with the cookie ``keep``; returns how many."""
    ended = connection.execute(
        text("DELETE FROM platform.session WHERE username = :u AND token_hash <> :keep"),
        {"u": username, "keep": hash_secret(keep or "")},
    )
    return ended.rowcount


def end_every_session(connection: Connection) -> int:
    """Everybody signs in again; returns how many sessions ended."""
    return connection.execute(text("DELETE FROM platform.session")).rowcount


def hash_secret(secret: str) -> bytes:
    """SHA-256: enough for 256 random bits. A secret that is no text of UTF-8 hashes to something nobody has."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()


_BROWSERS = (
    ("Edge", r"Edg(?:e|A|iOS)?/(\d+)"),
    ("Firefox", r"(?:Firefox|FxiOS)/(\d+)"),
    ("微信", r"MicroMessenger/(\d+)"),
    ("钉钉", r"DingTalk/(\d+)"),
    ("Chrome", r"(?:Chrome|CriOS)/(\d+)"),
    ("Safari", r"Version/(\d+).*Safari"),
)
_SYSTEMS = (
    ("HarmonyOS", "HarmonyOS|OpenHarmony"),
    ("Android", "Android"),
    ("iOS", "iPhone|iPad"),
    ("Windows", "Windows"),
    ("macOS", "Mac OS X"),
    ("Linux", "Linux"),
)


def short_agent(agent: str | None) -> str | None:
    """``Chrome 128 · Windows`` of a User-Agent header; the beginning of it for what is no browser."""
    if not agent:
        return None
    agent = agent[:400]
    browser = next((f"{name} {found[1]}" for name, pattern in _BROWSERS if (found := re.search(pattern, agent))), None)
    system = next((name for name, pattern in _SYSTEMS if re.search(pattern, agent)), None)
    short = " · ".join(part for part in (browser, system) if part) or agent[:60]
    return "".join(c for c in short if c.isprintable())
