"""独居老人超期未走访: an elderly person living alone without a visit for 30 days.

Elderly: 65 or older by the year of birth, for an alert that came on the birthday would tell the day. Alone: the only living current member of the household. A visit counts when
somebody was met. Who was never visited counts from the day their record was made.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from alerts.detection.facts import AlertFact
from alerts.detection.finding import ELSEWHERE, Finding, Rule, Whole, within
from database.vocabulary import Severity

ELDERLY_YEARS = 65
VISIT_DAYS = 30
MET = ("met", "help_needed")  # outcomes of a visit at which somebody was met


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


def elderly_alone_unvisited(facts: LivesAlone, today: date) -> Finding | None:
    """A finding when the person is at least 65 and the last visit, or the file, is more than 30 days old."""
    years = age(facts.birth_date, today)
    days = (today - (facts.last_visit or facts.since)).days
    if years < ELDERLY_YEARS or days <= VISIT_DAYS:
        return None
    last = (
        f"上次走访是 {facts.last_visit:%Y-%m-%d}，到 {today:%Y-%m-%d} 已过 {days} 天"
        if facts.last_visit
        else f"{facts.since:%Y-%m-%d} 建档，到 {today:%Y-%m-%d} 的 {days} 天里没有走访记录"
    )
    elsewhere = facts.person_grid is not None and not within(facts.person_grid, facts.grid_code)
    since = f"自 {facts.last_visit or facts.since:%Y-%m-%d} 起未走访"
    lives = f"独自居住在{facts.address or '（地址不详）'}，{last}（要求每 {VISIT_DAYS} 天至少一次）。"
    house = {
        AlertFact.HOUSEHOLD_NO: facts.household_no,
        AlertFact.HOME_ADDRESS: facts.address,
        AlertFact.LAST_VISIT_ON: None if facts.last_visit is None else facts.last_visit.isoformat(),
        AlertFact.DAYS_WITHOUT_VISIT: days,
    }
    reason, told = (
        f"{facts.person_name}，{years} 岁，{lives}",
        {AlertFact.PERSON_NAME: facts.person_name, AlertFact.AGE: years, **house},
    )
    return Finding(
        subject_kind="person",
        subject_id=str(facts.person_id),
        anchor=f"{facts.household_id}:{facts.last_visit or 'never'}",
        title=f"独居老人{since}" if elsewhere else f"独居老人{facts.person_name}（{years} 岁）{since}",
        reason=f"一名老人（登记在{ELSEWHERE}）{lives}" if elsewhere else reason,
        grid_code=facts.grid_code,
        facts=house if elsewhere else told,
        household_id=facts.household_id,
        lon=facts.lon,
        lat=facts.lat,
        whole=Whole(reason, told, (str(facts.person_grid),)) if elsewhere else None,
    )


def answered(outcome: str, visited_on: date, today: date) -> bool:
    """Whether a visit ends the lapse: somebody was met, within the last 30 days."""
    return outcome in MET and (today - visited_on).days <= VISIT_DAYS


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


def find(connection: Connection, today: date) -> Iterator[Finding]:
    """All findings as of ``today``."""
    born_before = date(today.year - ELDERLY_YEARS, 12, 31)
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
        )
        if finding is not None:
            yield finding


RULE = Rule(
    "elderly_alone_unvisited", "独居老人超期未走访", Severity.HIGH,
    f"{ELDERLY_YEARS} 岁及以上（按年计）独居老人超过 {VISIT_DAYS} 天没有走访。", find,
    ended_by_visit=answered,
)  # fmt: skip
