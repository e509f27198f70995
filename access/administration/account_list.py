"""The accounts of a county as their administrators see them: what each may do, and what happens at its door."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from access.sign_in.failures import WAIT_S
from database.installation.settings import Settings


@dataclass(frozen=True, slots=True)
class ListedAccount:
    """One account. failures: wrong sign-ins since its last right one; paused_lanes: addresses that have to wait now."""

    username: str
    display_name: str
    role: str | None
    county: str
    prefixes: list[str]
    disabled: bool
    created_at: datetime
    signed_in_at: datetime | None
    must_change_password: bool
    has_second_factor: bool
    sessions: int
    tokens: int
    failures: int
    last_failure_at: datetime | None
    failure_addresses: list[str]
    paused_lanes: int


def list_all_accounts(connection: Connection, county: str | None, settings: Settings) -> list[ListedAccount]:
    """Every account of a county, or of all counties, by name."""
    rows = connection.execute(
        text(
            "SELECT a.username, a.display_name, a.role, a.county, a.prefixes, a.disabled, a.created_at, a.signed_in_at, "  # noqa: S608
            "a.must_change_password, EXISTS (SELECT FROM platform.second_factor s WHERE s.username = a.username "
            "AND s.confirmed_at IS NOT NULL), "
            "(SELECT count(*) FROM platform.session s WHERE s.username = a.username AND s.expires_at > now() "
            "AND s.last_seen_at > now() - make_interval(mins => :idle)), "
            "(SELECT count(*) FROM platform.access_token t WHERE t.username = a.username "
            "AND t.revoked_at IS NULL AND t.expires_at > now()), "
            "f.failures, f.last_at, f.addresses, f.paused FROM platform.account a LEFT JOIN LATERAL ("
            " SELECT coalesce(sum(unreported), 0) AS failures, max(last_at) AS last_at, "
            " coalesce((array_agg(DISTINCT address) FILTER (WHERE unreported > 0))[1:5], '{}') AS addresses, "
            f" count(*) FILTER (WHERE {WAIT_S} > 0) AS paused FROM platform.sign_in_failure "
            " WHERE name_hash = sha256(convert_to(a.username, 'UTF8'))) f ON true "
            "WHERE CAST(:county AS text) IS NULL OR a.county = :county ORDER BY a.county, a.username"
        ),
        {
            "county": county,
            "idle": settings.session_idle_minutes,
            "free": settings.lockout_attempts,
            "longest": settings.lockout_minutes * 60,
        },
    )
    return [ListedAccount(*row) for row in rows]
