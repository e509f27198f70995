"""Looks at personal numbers: counted, limited by a moving window per account, refused without a purpose after some misses.

A mask is worth what it costs to try candidates against it. Whoever searches by a number therefore learns for nothing only what a
typing error costs; after that they state a purpose, and after that they wait, for hours or, slow and steady, for days. Hits and misses, and what was refused, stand in
the audit trail. Counts are rows of ``person_look``, so that they survive a restart and hold over all processes.
How many candidates a mask leaves, and how long they last: docs/masking.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

from sqlalchemy import Connection, text

from access.audit.record import record
from access.sign_in.limits import Limit, TooManyRequests
from database.errors import ConditionMissing
from database.installation.settings import Settings, get_settings
from database.rights.scope import home_prefix
from layers.people.vocabulary import LookKind

PURPOSE_MIN = 4


class PurposeNeeded(ConditionMissing):
    """多次按号码查找未找到，请写明用途后再查 | Several searches by number found nobody; state the purpose to go on"""


class LooksUsedUp(TooManyRequests):
    """查找或查看个人信息的次数已达上限，请稍后再试 | The limit of looks at personal data is reached; try again later"""


@dataclass(frozen=True, slots=True)
class LookLimits:
    """How many looks an account may take inside the window; see the settings of the same names."""

    window: timedelta
    misses_without_purpose: int
    misses: int
    misses_30_days: int
    most: dict[LookKind, int]
    per_minute: int

    @classmethod
    def of(cls, settings: Settings) -> LookLimits:
        """Those of an installation."""
        return cls(
            window=timedelta(hours=settings.look_window_hours),
            misses_without_purpose=settings.look_misses_without_purpose,
            misses=settings.look_misses,
            misses_30_days=settings.look_misses_30_days,
            most={
                LookKind.NUMBER: settings.look_numbers,
                LookKind.NAME: settings.look_names,
                LookKind.REVEAL: settings.look_reveals,
                LookKind.CHECK: settings.look_checks,
            },
            per_minute=settings.looks_per_minute,
        )


def purpose_given(purpose: str | None) -> bool:
    """True for a purpose of at least four characters."""
    return len((purpose or "").strip()) >= PURPOSE_MIN


def admit_look(
    connection: Connection,
    kind: LookKind,
    *,
    action: str,
    target: str,
    purpose: str | None = None,
    grid_code: str | None = None,
    limits: LookLimits | None = None,
) -> None:
    """Let an account look, or refuse and keep the refusal in the audit trail.

    Looks of one account wait for each other until the transaction ends, so that none is missed in the count. Raises
    PurposeNeeded, LooksUsedUp, TooManyRequests: the caller commits, that the refusal stays.
    """
    limits = limits or LookLimits.of(get_settings())
    try:
        actor = str(connection.scalar(text("SELECT current_setting('onemap.actor')")))
        _quick(f"{limits.per_minute}/minute").hit(f"{connection.scalar(text('SELECT current_schema()'))}/{actor}")
        connection.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended('looks of ' || :actor, 0))"), {"actor": actor}
        )
        _refuse_beyond(connection, kind, actor, purpose, limits)
    except (PurposeNeeded, TooManyRequests) as refusal:
        record(
            connection, action, target=f"{target}, refused: {refusal.code}", purpose=purpose, allowed=False,
            grid_code=grid_code,
        )  # fmt: skip
        raise


def count_look(connection: Connection, kind: LookKind, *, found: bool) -> None:
    """Count a look that was let through."""
    connection.execute(
        text(
            "INSERT INTO person_look (actor, kind, found, grid_code) "
            "VALUES (current_setting('onemap.actor'), :kind, :found, :grid_code)"
        ),
        {"kind": kind, "found": found, "grid_code": home_prefix(connection)},
    )


@lru_cache
def _quick(rate: str) -> Limit:
    return Limit("looks", rate)


# Served by ix_person_look_actor. The n-th latest look of a full window is the one that has to leave it.
_COUNTS = text("""
SELECT count(*) FILTER (WHERE recent) AS looks, count(*) FILTER (WHERE recent AND NOT found) AS misses,
       count(*) FILTER (WHERE NOT found) AS misses_30_days,
       extract(epoch FROM (array_agg(at ORDER BY at DESC))[:most] + :window - now()) AS until_looks,
       extract(epoch FROM (array_agg(at ORDER BY at DESC) FILTER (WHERE NOT found))[:misses] + :window - now()) AS until_misses,
       extract(epoch FROM (array_agg(at ORDER BY at DESC) FILTER (WHERE NOT found))[:misses_30_days] + interval '30 days' - now())
       AS until_misses_30_days
FROM (SELECT at, found, at > now() - CAST(:window AS interval) AS recent FROM person_look
      WHERE actor = :actor AND kind = :kind AND at > now() - greatest(interval '30 days', CAST(:window AS interval))) look
""")


def _refuse_beyond(connection: Connection, kind: LookKind, actor: str, purpose: str | None, limits: LookLimits) -> None:
    most = {"most": limits.most[kind], "misses": limits.misses, "misses_30_days": limits.misses_30_days}
    counts = connection.execute(_COUNTS, {"actor": actor, "kind": kind, "window": limits.window, **most}).one()
    if counts.looks >= limits.most[kind]:
        raise _used_up(counts.until_looks)
    if kind != "number":
        return
    if counts.misses_30_days >= limits.misses_30_days:
        raise _used_up(counts.until_misses_30_days)
    if counts.misses >= limits.misses:
        raise _used_up(counts.until_misses)
    if counts.misses >= limits.misses_without_purpose and not purpose_given(purpose):
        left = min(limits.misses - counts.misses, limits.misses_30_days - counts.misses_30_days)
        raise PurposeNeeded(
            f"还可以查找 {left} 次未找到的号码 / another {left} misses are possible",
            misses=counts.misses,
            misses_left=left,
        )


def _used_up(seconds: float | None) -> LooksUsedUp:
    wait = max(1, math.ceil(seconds or 1))
    return LooksUsedUp(f"请在 {math.ceil(wait / 60)} 分钟后再试 / try again in {wait} s", retry_after_s=wait)
