"""独居老人超期未走访 | Elderly person living alone, not visited

问题：{elderly_years} 岁及以上（按年计）独居老人超过 {visit_days} 天没有走访。
影响：独居老人生病、摔倒、断炊时身边没有人，走访一断，出了事没有人知道。
处理：派网格员上门，见到本人后记录走访，预警随之消除；已搬走、去世或与人同住的，更正登记。
English: A person of {elderly_years} or more (by the year of birth) who lives alone was not visited for more than {visit_days} days.

Elderly goes by the year of birth, for an alert that came on the birthday would tell the day. Alone: the only living current
member of the household. A visit counts when somebody was met. Who was never visited counts from the day their record was made.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, text

from alerts.detection.finding import Finding, Whole, within
from alerts.detection.rule import AnomalyRule
from alerts.detection.words import Fact, Words
from database.rules.parameters import parameter

MET = ("met", "help_needed")  # outcomes of a visit at which somebody was met


@dataclass(frozen=True, slots=True)
class Limits:
    """The parameters."""

    elderly_years: int = parameter(
        65, unit="岁", unit_en="years", meaning="从这个年龄起算老年人，按出生年份计",
        meaning_en="from this age on a person is elderly, by the year of birth",
        source="《国家基本公共卫生服务规范（第三版）》老年人健康管理的服务对象为 65 岁及以上",
        source_en="National Basic Public Health Services, 3rd edition: health care of the elderly begins at 65",
    )  # fmt: skip
    visit_days: int = parameter(
        30, unit="天", unit_en="days", meaning="两次走访之间最多隔多少天", meaning_en="days that may pass between two visits",
        source="独居老人每月至少走访一次的通行要求；各县要求不同，可改",
        source_en="the usual demand of one visit a month; counties differ",
    )  # fmt: skip


DEFAULTS = Limits()
FACTS = {
    "person_name": Fact("姓名", "name"),
    "age": Fact("年龄", "age"),
    "household_no": Fact("户号", "household number"),
    "address": Fact("住址", "address"),
    "last_visit_on": Fact("上次走访", "last visit"),
    "unvisited_days": Fact("未走访天数", "days without a visit"),
    "recorded_on": Fact("建档日期", "on record since", shown=False),
    "as_of": Fact("统计截至", "as of", shown=False),
    "visit_days": Fact("走访间隔要求（天）", "days allowed between visits", shown=False),
}
WORDS = {
    "zh": Words(
        "独居老人{% if person_name is defined %}{{ person_name }}（{{ age }} 岁）{% endif %}"
        "自 {{ last_visit_on or recorded_on }} 起未走访",
        "{% if person_name is defined %}{{ person_name }}，{{ age }} 岁，{% else %}一名老人（登记在本辖区以外）{% endif %}"
        "独自居住在{{ address or '（地址不详）' }}，"
        "{% if last_visit_on %}上次走访是 {{ last_visit_on }}，到 {{ as_of }} 已过 {{ unvisited_days }} 天"
        "{% else %}{{ recorded_on }} 建档，到 {{ as_of }} 的 {{ unvisited_days }} 天里没有走访记录{% endif %}"
        "（要求每 {{ visit_days }} 天至少一次）。",
    ),
    "en": Words(
        "{% if person_name is defined %}{{ person_name }} ({{ age }}){% else %}An elderly person{% endif %}"
        ", living alone, not visited since {{ last_visit_on or recorded_on }}",
        "{% if person_name is defined %}{{ person_name }}, {{ age }},{% else %}An elderly person (registered outside your area)"
        "{% endif %} lives alone at {{ address or 'an unknown address' }}. "
        "{% if last_visit_on %}The last visit was on {{ last_visit_on }}, {{ unvisited_days }} days before {{ as_of }}"
        "{% else %}On record since {{ recorded_on }}, without a visit in the {{ unvisited_days }} days until {{ as_of }}{% endif %}"
        " (at least one in {{ visit_days }} days is required).",
    ),
}


@dataclass(frozen=True, slots=True)
class LivesAlone:
    """A person alone in a household. last_visit: of somebody met there, or None. since: when the record was made.

    grid_code: of the household; person_grid: of the person's record, when that is kept elsewhere.
    """

    person_id: int
    person_name: str
    birth_date: date
    household_id: int
    household_no: str
    address: str
    last_visit: date | None
    since: date
    grid_code: str
    lon: float | None
    lat: float | None
    person_grid: str | None = None


def elderly_alone_unvisited(facts: LivesAlone, today: date, limits: Limits = DEFAULTS) -> Finding | None:
    """A finding when the person is elderly and the last visit, or the file, is older than the days allowed."""
    years = age(facts.birth_date, today)
    days = (today - (facts.last_visit or facts.since)).days
    if years < limits.elderly_years or days <= limits.visit_days:
        return None
    elsewhere = facts.person_grid is not None and not within(facts.person_grid, facts.grid_code)
    house: dict[str, Any] = {
        "household_no": facts.household_no,
        "address": facts.address,
        "last_visit_on": None if facts.last_visit is None else facts.last_visit.isoformat(),
        "unvisited_days": days,
        "recorded_on": facts.since.isoformat(),
        "as_of": today.isoformat(),
        "visit_days": limits.visit_days,
    }
    full_facts = {"person_name": facts.person_name, "age": years, **house}
    return Finding(
        subject_kind="person",
        subject_id=str(facts.person_id),
        anchor=f"{facts.household_id}:{facts.last_visit or 'never'}",
        grid_code=facts.grid_code,
        facts=house if elsewhere else full_facts,
        household_id=facts.household_id,
        lon=facts.lon,
        lat=facts.lat,
        whole=Whole(full_facts, (str(facts.person_grid),)) if elsewhere else None,
    )


def answered(outcome: str, visited_on: date, today: date, limits: Limits = DEFAULTS) -> bool:
    """Whether a visit ends the lapse: somebody was met, within the days allowed."""
    return outcome in MET and (today - visited_on).days <= limits.visit_days


def age(birth_date: date, today: date) -> int:
    """Years by the calendar: the year of the day less the year of birth, whatever the day of birth."""
    return today.year - birth_date.year


# Groups household_member once; visits by ix_visit_household, the making of the record by ix_change_record.
_COLLECT = """
WITH alone AS MATERIALIZED (
    SELECT m.household_id, min(m.person_id) AS person_id, min(m.person_id)::text AS record_key
    FROM household_member m JOIN person p ON p.id = m.person_id
    WHERE is_present_member(m.valid_from, m.valid_to, p.death_date, :today)
    GROUP BY m.household_id HAVING count(DISTINCT m.person_id) = 1
)
SELECT p.id, p.name, p.birth_date, p.grid_code AS person_grid, h.id AS household_id, h.household_no, coalesce(a.full_text, h.address_text, '') AS address,
       (SELECT max(v.visited_at)::date FROM visit v WHERE v.household_id = h.id
        AND v.outcome = ANY(:met) AND v.visited_at < CAST(:today AS date) + 1) AS last_visit,
       coalesce((SELECT min(c.at) FROM change c WHERE c.entity = 'person' AND c.entity_id = alone.record_key
                 AND c.operation = 'added'), p.updated_at)::date AS since,
       h.grid_code, st_x(h.geom) AS lon, st_y(h.geom) AS lat
FROM alone JOIN person p ON p.id = alone.person_id
JOIN household h ON h.id = alone.household_id
LEFT JOIN standard_address a ON a.id = h.address_id
WHERE p.birth_date <= :born_before AND h.kind <> 'collective'
"""


def find(connection: Connection, today: date, limits: Limits) -> Iterator[Finding]:
    """All findings as of ``today``."""
    born_before = date(today.year - limits.elderly_years, 12, 31)
    for r in connection.execute(text(_COLLECT), {"today": today, "born_before": born_before, "met": list(MET)}):
        finding = elderly_alone_unvisited(
            LivesAlone(
                person_id=r.id,
                person_name=r.name,
                birth_date=r.birth_date,
                household_id=r.household_id,
                household_no=r.household_no,
                address=r.address,
                last_visit=r.last_visit,
                since=r.since,
                grid_code=r.grid_code,
                lon=r.lon,
                lat=r.lat,
                person_grid=r.person_grid,
            ),
            today,
            limits,
        )
        if finding is not None:
            yield finding


RULE = AnomalyRule.of(
    __name__, __doc__, severity="high", facts=FACTS, words=WORDS, find=find, defaults=DEFAULTS, ended_by_visit=answered,
)  # fmt: skip
