"""事件激增: far more events of a kind in a cell in the last seven days than its own history explains.

EARS C2 on weekly counts (Hutwagner et al. 2003; as R ``surveillance`` does it): baseline weeks t-2 … t-9, one guard week
t-1 left out; bound = mean + 3·sd (sample). The sd is at least √mean (Poisson) and at least 1, and fewer than ``MINIMUM``
events never raise, so that rare kinds and flat series stay quiet. A department table that does not reach back over the
whole baseline has no history to compare with: its events are left out.

A surge that goes on keeps its alert for the seven days counted; only then is it raised again.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from statistics import fmean, stdev

from sqlalchemy import Connection, text

from alerts.detection.facts import AlertFact
from alerts.detection.finding import Finding, Rule
from database.vocabulary import Severity

BASELINE_WEEKS = 8
GUARD_WEEKS = 1
MINIMUM = 5
DEVIATIONS = 3.0
_WEEKS = 1 + GUARD_WEEKS + BASELINE_WEEKS


@dataclass(frozen=True, slots=True)
class WeeklyCounts:
    """Events of a kind in a cell by week, the last seven days first, then back in time (10 weeks).

    raised_on: the day within the last seven on which this surge was already raised, or None.
    """

    cell_code: str
    cell_name: str
    kind: str
    counts: tuple[int, ...]
    lon: float | None
    lat: float | None
    raised_on: date | None = None


def upper_bound(baseline: tuple[int, ...]) -> float:
    """The count that the baseline still explains: mean + 3·sd, sd at least √mean and 1."""
    mean = fmean(baseline)
    return mean + DEVIATIONS * max(stdev(baseline), math.sqrt(mean), 1.0)


def event_surge(facts: WeeklyCounts, today: date) -> Finding | None:
    """A finding when the last seven days lie above the bound of the cell's own baseline."""
    now, baseline = facts.counts[0], facts.counts[1 + GUARD_WEEKS :]
    bound = upper_bound(baseline)
    if now < MINIMUM or now <= bound:
        return None
    usual = fmean(baseline)
    return Finding(
        subject_kind="cell",
        subject_id=facts.cell_code,
        anchor=f"{facts.kind}:{facts.raised_on or today}",
        title=f"{facts.cell_name}“{facts.kind}”事件激增：7 天 {now} 起",
        reason=f"截至 {today:%Y-%m-%d} 的 7 天里，{facts.cell_name}发生“{facts.kind}”{now} 起；此前 {BASELINE_WEEKS} 周"
        f"平均每周 {usual:.1f} 起，按该网格自身历史一周不应超过 {bound:.1f} 起（均值加 3 倍标准差）。",
        grid_code=facts.cell_code,
        facts={
            AlertFact.CELL_NAME: facts.cell_name,
            AlertFact.EVENT_KIND: facts.kind,
            AlertFact.COUNTED_UNTIL: today.isoformat(),
            AlertFact.LAST_WEEK_N: now,
            AlertFact.WEEKLY_MEAN: round(usual, 1),
            AlertFact.WEEKLY_BOUND: round(bound, 1),
            AlertFact.WEEKS_N: list(facts.counts),
        },
        lon=facts.lon,
        lat=facts.lat,
    )


# Reads the events once: ten weeks of them, and the first day of each table. Earlier alerts by ix_alert_subject.
_COLLECT = """
WITH span AS (
    SELECT CAST(:today AS date) AS today, CAST(:today AS date) - 7 * CAST(:weeks AS int) + 1 AS first_day
), reaching AS (
    SELECT source FROM event GROUP BY source HAVING min(occurred_at) < (SELECT first_day FROM span)
), weekly AS (
    SELECT left(e.grid_code, 15) AS cell, e.kind, (span.today - e.occurred_at::date) / 7 AS week, count(*) AS n,
           avg(st_x(e.geom)) AS lon, avg(st_y(e.geom)) AS lat
    FROM event e, span
    WHERE length(e.grid_code) >= 15 AND e.occurred_at >= span.first_day AND e.occurred_at < span.today + 1
      AND e.source IN (SELECT source FROM reaching)
    GROUP BY 1, 2, 3
), series AS (
    SELECT cell, kind, array_agg(week) AS weeks, array_agg(n) AS counts,
           min(lon) FILTER (WHERE week = 0) AS lon, min(lat) FILTER (WHERE week = 0) AS lat
    FROM weekly GROUP BY cell, kind HAVING max(n) FILTER (WHERE week = 0) >= :minimum
)
SELECT s.*, coalesce(c.name, s.cell) AS name,
       (SELECT max(a.facts ->> 'counted_until') FROM alert a, span
        WHERE a.subject_kind = 'cell' AND a.subject_id = s.cell AND a.rule = 'event_surge'
          AND a.facts ->> 'event_kind' = s.kind
          AND a.facts ->> 'counted_until' BETWEEN (span.today - 6)::text AND span.today::text) AS raised_on
FROM series s LEFT JOIN grid_cell c ON c.code = s.cell
"""


def find(connection: Connection, today: date) -> Iterator[Finding]:
    """All findings as of ``today``."""
    values = {"today": today, "weeks": _WEEKS, "minimum": MINIMUM}
    for r in connection.execute(text(_COLLECT), values):
        by_week = dict(zip(r.weeks, r.counts, strict=True))
        counts = tuple(by_week.get(week, 0) for week in range(_WEEKS))
        raised_on = date.fromisoformat(r.raised_on) if r.raised_on else None
        finding = event_surge(WeeklyCounts(r.cell, r.name, r.kind, counts, r.lon, r.lat, raised_on), today)
        if finding is not None:
            yield finding


RULE = Rule(
    "event_surge", "事件激增", Severity.MEDIUM,
    "网格内某类事件最近 7 天的数量，高于该网格此前 8 周自身历史的均值加 3 倍标准差，且不少于 5 起。", find,
)  # fmt: skip
