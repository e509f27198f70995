"""事件激增 | Surge of events

问题：网格内某类事件最近 7 天的数量，高于该网格此前 {baseline_weeks} 周自身历史的均值加 {deviations} 倍标准差，且不少于 {minimum} 起。
影响：同一类事件突然增多，往往背后有一个共同的原因，越早去看越容易处理。
处理：到网格里看这几起事件是不是一回事；季节性或集中登记造成的，查否并写明。
English: In the last 7 days a kind of event was more frequent in a cell than the mean of its own {baseline_weeks} weeks before plus
{deviations} standard deviations, and happened at least {minimum} times.

EARS C2 on weekly counts (Hutwagner et al. 2003; as R ``surveillance`` does it): baseline weeks t-2 … t-9, one guard week
t-1 left out; bound = mean + 3·sd (sample). The sd is at least √mean (Poisson) and at least 1, and rare events never raise,
so that rare kinds and flat series stay quiet. A department table that does not reach back over the whole baseline has no
history to compare with: its events are left out.

A surge that goes on keeps its alert for the seven days counted; only then is it raised again.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from statistics import fmean, stdev

from sqlalchemy import Connection, text

from alerts.detection.finding import Finding
from alerts.detection.rule import AnomalyRule
from alerts.detection.words import Fact, Words
from database.rules.parameters import parameter

_EARS = "EARS C2，Hutwagner 等 2003，R surveillance 的默认做法"
_EARS_EN = "EARS C2, Hutwagner et al. 2003, as R surveillance does it"


@dataclass(frozen=True, slots=True)
class Limits:
    """The parameters."""

    baseline_weeks: int = parameter(
        8, unit="周", unit_en="weeks", meaning="与之前多少周比较", meaning_en="weeks of history to compare with",
        source="EARS C2 取 7 个时段；按周计时取 8 周，约两个月",
        source_en="EARS C2 takes 7 periods; of weeks 8, two months",
    )  # fmt: skip
    guard_weeks: int = parameter(
        1, unit="周", unit_en="weeks", meaning="最近 7 天与历史之间空开多少周，免得激增的开头算进历史",
        meaning_en="weeks left out between the last 7 days and the history, so that a surge's beginning is no history",
        source=_EARS, source_en=_EARS_EN,
    )  # fmt: skip
    minimum: int = parameter(
        5, unit="起", unit_en="events", meaning="7 天里少于这个数不报", meaning_en="fewer in 7 days raise nothing",
        source="稀少的事件一两起就超出上限，不值得跑一趟",
        source_en="of rare events one or two exceed any bound and are worth no walk",
    )  # fmt: skip
    deviations: float = parameter(
        3.0, unit="倍标准差", unit_en="standard deviations", meaning="超出均值多少倍标准差才报",
        meaning_en="how far above the mean a count must lie", source=_EARS, source_en=_EARS_EN,
    )  # fmt: skip

    @property
    def weeks(self) -> int:
        """All weeks that are read: the last 7 days, the guard, the history."""
        return 1 + self.guard_weeks + self.baseline_weeks


DEFAULTS = Limits()
FACTS = {
    "cell_name": Fact("网格", "cell"),
    "event_kind": Fact("事件类型", "kind of event"),
    "as_of": Fact("统计截至", "as of"),
    "last_7_days_n": Fact("近7天", "last 7 days"),
    "weekly_mean": Fact("历史周均", "weekly mean before"),
    "bound": Fact("上限", "bound"),
    "weekly_counts": Fact("逐周（由近及远）", "by week, latest first"),
    "baseline_weeks": Fact("历史周数", "weeks of history", shown=False),
    "deviations": Fact("标准差倍数", "standard deviations", shown=False),
}
WORDS = {
    "zh": Words(
        "{{ cell_name }}“{{ event_kind }}”事件激增：7 天 {{ last_7_days_n }} 起",
        "截至 {{ as_of }} 的 7 天里，{{ cell_name }}发生“{{ event_kind }}”{{ last_7_days_n }} 起；此前 {{ baseline_weeks }} 周"
        "平均每周 {{ '%.1f' | format(weekly_mean) }} 起，按该网格自身历史一周不应超过 {{ '%.1f' | format(bound) }} 起"
        "（均值加 {{ '%g' | format(deviations) }} 倍标准差）。",
    ),
    "en": Words(
        "Surge of “{{ event_kind }}” in {{ cell_name }}: {{ last_7_days_n }} in 7 days",
        "In the 7 days until {{ as_of }}, “{{ event_kind }}” happened {{ last_7_days_n }} times in {{ cell_name }}. In the "
        "{{ baseline_weeks }} weeks before it was {{ '%.1f' | format(weekly_mean) }} a week; by the cell's own history a week "
        "should not exceed {{ '%.1f' | format(bound) }} (mean plus {{ '%g' | format(deviations) }} standard deviations).",
    ),
}


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


def upper_bound(baseline: tuple[int, ...], deviations: float = DEFAULTS.deviations) -> float:
    """The count that the baseline still explains: mean + so many sd, sd at least √mean and 1."""
    mean = fmean(baseline)
    return mean + deviations * max(stdev(baseline), math.sqrt(mean), 1.0)


def event_surge(facts: WeeklyCounts, today: date, limits: Limits = DEFAULTS) -> Finding | None:
    """A finding when the last seven days lie above the bound of the cell's own baseline."""
    now, baseline = facts.counts[0], facts.counts[1 + limits.guard_weeks :]
    bound = upper_bound(baseline, limits.deviations)
    if now < limits.minimum or now <= bound:
        return None
    return Finding(
        subject_kind="cell",
        subject_id=facts.cell_code,
        anchor=f"{facts.kind}:{facts.raised_on or today}",
        grid_code=facts.cell_code,
        facts={
            "cell_name": facts.cell_name,
            "event_kind": facts.kind,
            "as_of": today.isoformat(),
            "last_7_days_n": now,
            "weekly_mean": round(fmean(baseline), 1),
            "bound": round(bound, 1),
            "weekly_counts": list(facts.counts),
            "baseline_weeks": limits.baseline_weeks,
            "deviations": limits.deviations,
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
       (SELECT max(a.facts ->> 'as_of') FROM alert a, span
        WHERE a.subject_kind = 'cell' AND a.subject_id = s.cell AND a.rule = 'event_surge'
          AND a.facts ->> 'event_kind' = s.kind
          AND a.facts ->> 'as_of' BETWEEN (span.today - 6)::text AND span.today::text) AS raised_on
FROM series s LEFT JOIN grid_cell c ON c.code = s.cell
"""


def find(connection: Connection, today: date, limits: Limits) -> Iterator[Finding]:
    """All findings as of ``today``."""
    values = {"today": today, "weeks": limits.weeks, "minimum": limits.minimum}
    for r in connection.execute(text(_COLLECT), values):
        by_week = dict(zip(r.weeks, r.counts, strict=True))
        counts = tuple(by_week.get(week, 0) for week in range(limits.weeks))
        raised_on = date.fromisoformat(r.raised_on) if r.raised_on else None
        finding = event_surge(WeeklyCounts(r.cell, r.name, r.kind, counts, r.lon, r.lat, raised_on), today, limits)
        if finding is not None:
            yield finding


RULE = AnomalyRule.of(
    __name__, __doc__, severity="medium", facts=FACTS, words=WORDS, find=find, defaults=DEFAULTS
)  # fmt: skip
