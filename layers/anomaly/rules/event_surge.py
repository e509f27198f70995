"""事件激增: far more events of a kind in a cell in the last seven days than its own history explains.

EARS C2 on weekly counts (Hutwagner et al. 2003; as R ``surveillance`` does it): baseline weeks t-2 … t-9, one guard week
t-1 left out; bound = mean + 3·sd. The sd is at least √mean (Poisson) and at least 1, and fewer than ``MINIMUM`` events
never raise, so that rare kinds and flat series stay quiet.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from statistics import fmean, pstdev

from sqlalchemy import Connection, text

from layers.anomaly.finding import Finding, Rule

BASELINE_WEEKS = 8
GUARD_WEEKS = 1
MINIMUM = 5
DEVIATIONS = 3.0
_WEEKS = 1 + GUARD_WEEKS + BASELINE_WEEKS


@dataclass(frozen=True, slots=True)
class WeeklyCounts:
    """Events of a kind in a cell by week, the last seven days first, then back in time (10 weeks)."""

    cell_code: str
    cell_name: str
    kind: str
    counts: tuple[int, ...]
    lon: float | None
    lat: float | None


def upper_bound(baseline: tuple[int, ...]) -> float:
    """The count that the baseline still explains: mean + 3·sd, sd at least √mean and 1."""
    mean = fmean(baseline)
    return mean + DEVIATIONS * max(pstdev(baseline), math.sqrt(mean), 1.0)


def event_surge(facts: WeeklyCounts, today: date) -> Finding | None:
    """A finding when the last seven days lie above the bound of the cell's own baseline."""
    now, baseline = facts.counts[0], facts.counts[1 + GUARD_WEEKS :]
    bound = upper_bound(baseline)
    if now < MINIMUM or now <= bound:
        return None
    usual = fmean(baseline)
    year, week, _ = today.isocalendar()
    return Finding(
        subject_kind="cell",
        subject_id=facts.cell_code,
        anchor=f"{facts.kind}:{year}-W{week:02d}",
        title=f"{facts.cell_name}“{facts.kind}”事件激增：7 天 {now} 起",
        reason=f"{facts.cell_name}近 7 天发生“{facts.kind}”{now} 起，此前 {BASELINE_WEEKS} 周平均每周 {usual:.1f} 起，"
        f"按自身历史一周不应超过 {bound:.1f} 起。",
        grid_code=facts.cell_code,
        facts={
            "网格": facts.cell_name,
            "事件类型": facts.kind,
            "近7天": now,
            "历史周均": round(usual, 1),
            "上限": round(bound, 1),
            "逐周（由近及远）": list(facts.counts),
        },
        lon=facts.lon,
        lat=facts.lat,
    )


# Served by ix_event_grid_time for one cell; a scan of the whole county reads ten weeks of events once.
_COLLECT = """
WITH recent AS (
    SELECT left(e.grid_code, 15) AS cell, e.kind, (CAST(:today AS date) - e.occurred_at::date) / 7 AS week, e.geom
    FROM event e
    WHERE length(e.grid_code) >= 15 AND e.occurred_at >= CAST(:today AS date) - 7 * CAST(:weeks AS int) + 1
      AND e.occurred_at < CAST(:today AS date) + 1
)
SELECT r.cell, coalesce(c.name, r.cell) AS name, r.kind,
       ARRAY(SELECT count(*) FILTER (WHERE s.week = w.week)::int FROM generate_series(0, CAST(:weeks AS int) - 1) AS w(week)
             LEFT JOIN recent s ON s.cell = r.cell AND s.kind = r.kind AND s.week = w.week
             GROUP BY w.week ORDER BY w.week) AS counts,
       avg(st_x(r.geom)) AS lon, avg(st_y(r.geom)) AS lat
FROM recent r LEFT JOIN grid_cell c ON c.code = r.cell
WHERE r.week = 0
GROUP BY r.cell, c.name, r.kind HAVING count(*) >= :minimum
"""


def find(connection: Connection, today: date) -> Iterator[Finding]:
    """All findings as of ``today``."""
    values = {"today": today, "weeks": _WEEKS, "minimum": MINIMUM}
    for r in connection.execute(text(_COLLECT), values):
        finding = event_surge(WeeklyCounts(r.cell, r.name, r.kind, tuple(r.counts), r.lon, r.lat), today)
        if finding is not None:
            yield finding


RULE = Rule("event_surge", "事件激增", "medium", "网格内某类事件 7 天的数量远高于该网格自身的历史。", find)
