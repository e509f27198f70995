"""Wrong sign-ins, counted by name and lane. A lane is a network address, or a browser that signed in for this name before.

Whoever guesses waits longer and longer on their own lane; nobody can lock the account for its owner on another. Many lanes
failing for one name only make strangers wait from their first failure on. Unknown names are counted like known ones.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address, ip_network

from sqlalchemy import Connection, text

from database.errors import TooMany
from database.installation.settings import Settings

#: Failures of other lanes within an hour, each counted up to its own limit, after which strangers wait at once.
SUSPICIOUS = 20
FIRST_WAIT_S = 30
LONGEST_STRANGER_WAIT_S = 60

NAME_HASH = "sha256(convert_to(:name, 'UTF8'))"
#: seconds that a lane still has to wait; :free tries come without a wait
WAIT_S = (
    "greatest(0, extract(epoch FROM last_at - clock_timestamp()) + CASE WHEN in_a_row < :free THEN 0 "
    f"ELSE least({FIRST_WAIT_S} * 2 ^ least(in_a_row - :free, 20), :longest) END)"
)


class SignInPaused(TooMany):
    """登录失败次数过多，请稍后再试 | Too many failed sign-ins; try again later

    ``facts["retry_after_s"]``: whole seconds to wait.
    """

    @classmethod
    def after(cls, seconds: float) -> SignInPaused:
        """The error with the time to wait."""
        whole = max(1, math.ceil(seconds))
        return cls(f"请在 {whole} 秒后再试 / try again in {whole} s", retry_after_s=whole)


def network_of(address: str) -> str:
    """The address itself; of IPv6 the /64, for whoever has one has all of them."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    return str(ip_network((parsed, 64), strict=False)) if parsed.version == 6 else str(parsed)


@dataclass(frozen=True, slots=True)
class Lane:
    """From where a name is tried. device: set when this browser signed in for this name before."""

    address: str
    device: str | None = None

    @property
    def key(self) -> str:
        """What the failures are counted under."""
        return f"device:{self.device}" if self.device else network_of(self.address)


@dataclass(frozen=True, slots=True)
class Try:
    """A try that is counted as a failure until it succeeds. before: when the lane had failed last."""

    name: str
    lane: Lane
    before: datetime | None
    at: datetime


@dataclass(frozen=True, slots=True)
class FailureReport:
    """What happened at the door since the last sign-in."""

    failures: int
    last_at: datetime
    addresses: list[str]


def count_try(connection: Connection, name: str, lane: Lane, settings: Settings, *, known: bool) -> Try:
    """Count a try before its password is looked at, so that many at once cannot outrun the count. Raises SignInPaused."""
    free = settings.lockout_attempts
    longest = settings.lockout_minutes * 60
    if lane.device is None and _is_suspicious(connection, name, lane, free):
        free, longest = 1, LONGEST_STRANGER_WAIT_S
    here = {"name": name, "lane": lane.key, "free": free, "longest": longest}
    row = connection.execute(
        text(
            f"SELECT last_at, {WAIT_S} AS wait_s FROM platform.sign_in_failure "  # noqa: S608
            f"WHERE name_hash = {NAME_HASH} AND lane = :lane FOR UPDATE"
        ),
        here,
    ).one_or_none()
    if row is not None and row.wait_s > 0:
        raise SignInPaused.after(row.wait_s)
    counted = connection.execute(
        text(
            "INSERT INTO platform.sign_in_failure (name_hash, lane, address, known, in_a_row, unreported, last_at) "  # noqa: S608
            f"VALUES ({NAME_HASH}, :lane, :address, :known, 1, 1, clock_timestamp()) "
            "ON CONFLICT (name_hash, lane) DO UPDATE SET address = excluded.address, known = excluded.known, "
            "in_a_row = CASE WHEN sign_in_failure.last_at < now() - interval '1 day' THEN 1 "
            "ELSE sign_in_failure.in_a_row + 1 END, unreported = sign_in_failure.unreported + 1, "
            "last_at = excluded.last_at RETURNING in_a_row, last_at"
        ),
        here | {"address": lane.address, "known": known},
    ).one()
    if row is None and counted.in_a_row > free:  # others on this lane were first, all at once
        raise SignInPaused.after(FIRST_WAIT_S)
    return Try(name, lane, row.last_at if row else None, counted.last_at)


def take_back(connection: Connection, attempt: Try) -> None:
    """The try was no failure: count it out again."""
    connection.execute(
        text(
            "UPDATE platform.sign_in_failure SET in_a_row = greatest(in_a_row - 1, 0), "  # noqa: S608
            "unreported = greatest(unreported - 1, 0), "
            "last_at = CASE WHEN last_at = :at THEN coalesce(:before, last_at) ELSE last_at END "
            f"WHERE name_hash = {NAME_HASH} AND lane = :lane"
        ),
        {"name": attempt.name, "lane": attempt.lane.key, "at": attempt.at, "before": attempt.before},
    )


def succeed(connection: Connection, attempt: Try) -> FailureReport | None:
    """The try was right: its lane is free again. Returns the failures since the last success, for the owner to read."""
    take_back(connection, attempt)
    name = {"name": attempt.name}
    rows = connection.execute(
        text(
            "SELECT address, unreported, last_at FROM platform.sign_in_failure "  # noqa: S608
            f"WHERE name_hash = {NAME_HASH} AND unreported > 0 ORDER BY last_at DESC"
        ),
        name,
    ).all()
    connection.execute(
        text(f"UPDATE platform.sign_in_failure SET unreported = 0 WHERE name_hash = {NAME_HASH} AND unreported > 0"),  # noqa: S608
        name,
    )
    connection.execute(
        text(f"UPDATE platform.sign_in_failure SET in_a_row = 0 WHERE name_hash = {NAME_HASH} AND lane = :lane"),  # noqa: S608
        name | {"lane": attempt.lane.key},
    )
    if not rows:
        return None
    addresses = list(dict.fromkeys(row.address for row in rows))[:5]
    return FailureReport(sum(row.unreported for row in rows), rows[0].last_at, addresses)


def forgive(connection: Connection, name: str) -> int:
    """Forget the failures of a name on every lane; returns how many lanes had some."""
    gone = connection.execute(
        text(f"DELETE FROM platform.sign_in_failure WHERE name_hash = {NAME_HASH}"),  # noqa: S608
        {"name": name},
    )
    return gone.rowcount


def sweep(connection: Connection) -> None:
    """Forget old failures: of unknown names after a day, of accounts after 90. Served by the index on last_at."""
    connection.execute(
        text(
            "DELETE FROM platform.sign_in_failure WHERE last_at < now() - interval '1 day' "
            "AND (NOT known OR last_at < now() - interval '90 days')"
        )
    )


def _is_suspicious(connection: Connection, name: str, lane: Lane, free: int) -> bool:
    others = connection.scalar(
        text(
            "SELECT coalesce(sum(least(in_a_row, :free)), 0) FROM platform.sign_in_failure "  # noqa: S608
            f"WHERE name_hash = {NAME_HASH} AND lane <> :lane AND last_at > now() - interval '1 hour'"
        ),
        {"name": name, "lane": lane.key, "free": free},
    )
    return int(others or 0) >= SUSPICIOUS
