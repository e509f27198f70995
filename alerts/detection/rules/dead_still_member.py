"""已故人员仍在户 | Registered dead, still a member

问题：登记为已故的人，死亡登记的期限过后仍是某户的现有成员。
影响：户内人口算多，按人头发的待遇可能还在发，走访会去找已经不在的人。
处理：核实后终止其户成员关系，并告知发放待遇的部门；本人健在的，更正人员登记里的死亡日期。
English: A person registered as dead is still a current member of a household after the time for registering a death has passed.

Goes by whole calendar months, for an alert that came a fixed number of days after a death would tell its day. Told at the
household; a person whose record is kept elsewhere is named only to who sees both.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from alerts.detection.finding import Finding, Whole, within
from alerts.detection.rule import AnomalyRule
from alerts.detection.words import Fact, Words
from database.rules.parameters import parameter


@dataclass(frozen=True, slots=True)
class Limits:
    """The parameters."""

    grace_months: int = parameter(
        1, unit="个月", unit_en="months", meaning="死亡的当月过后，再等几个整月才报",
        meaning_en="whole months to wait after the month of the death",
        source="《户口登记条例》第八条：城市在葬前、农村在一个月以内申报死亡登记",
        source_en="Regulations on Household Registration, article 8: a death is registered before the burial or within a month",
    )  # fmt: skip


DEFAULTS = Limits()
FACTS = {
    "person_name": Fact("姓名", "name"),
    "household_no": Fact("户号", "household number"),
    "address": Fact("住址", "address"),
    "grace_months": Fact("等待整月数", "months waited", shown=False),
}
WORDS = {
    "zh": Words(
        "{% if person_name is defined %}{{ person_name }}登记为已故，仍在户{% else %}一名登记为已故的人仍在户{% endif %}",
        "{% if person_name is defined %}{{ person_name }}{% else %}一名成员（登记在本辖区以外）{% endif %}登记为已故，"
        "至今已过 {{ grace_months }} 个整月以上，仍是户 {{ household_no }}（{{ address or '地址不详' }}）的现有成员。"
        "请核实后终止成员关系；本人健在的，更正死亡日期。",
    ),
    "en": Words(
        "{% if person_name is defined %}{{ person_name }}, registered dead,{% else %}A person registered dead{% endif %}"
        " is still a member of a household",
        "{% if person_name is defined %}{{ person_name }}{% else %}A member (registered outside your area){% endif %} is "
        "registered dead and, more than {{ grace_months }} whole months later, still a current member of household "
        "{{ household_no }} ({{ address or 'address unknown' }}). End the membership, or correct the date of death.",
    ),
}


@dataclass(frozen=True, slots=True)
class DeadMember:
    """A person with a date of death and a household of which they are a current member.

    grid_code, lon, lat: of the household; person_grid: of the person's record.
    """

    person_id: int
    person_name: str
    death_date: date
    household_id: int
    household_no: str
    address: str
    person_grid: str
    grid_code: str
    lon: float | None = None
    lat: float | None = None


def dead_still_member(facts: DeadMember, today: date, limits: Limits = DEFAULTS) -> Finding | None:
    """A finding when the month of the death and the months to wait are over."""
    if facts.death_date >= died_before(today, limits):
        return None
    house = {
        "household_no": facts.household_no,
        "address": facts.address,
        "grace_months": limits.grace_months,
    }
    full_facts = {"person_name": facts.person_name, **house}
    elsewhere = not within(facts.person_grid, facts.grid_code)
    return Finding(
        subject_kind="person",
        subject_id=str(facts.person_id),
        anchor=str(facts.household_id),
        grid_code=facts.grid_code,
        facts=house if elsewhere else full_facts,
        household_id=facts.household_id,
        lon=facts.lon,
        lat=facts.lat,
        records=(("person", facts.person_id),),
        whole=Whole(full_facts, (facts.person_grid,)) if elsewhere else None,
    )


def died_before(today: date, limits: Limits = DEFAULTS) -> date:
    """The first day of a month: who died before it has been dead for the months to wait, whatever the day."""
    months = today.year * 12 + today.month - 1 - limits.grace_months
    return date(months // 12, months % 12 + 1, 1)


# Reads person once; memberships by ix_household_member_person, households and addresses by primary key.
_COLLECT = """
SELECT DISTINCT ON (p.id, h.id) p.id, p.name, p.death_date, p.grid_code AS person_grid, h.id AS household_id, h.household_no,
       coalesce(a.full_text, h.address_text, '') AS address, h.grid_code, st_x(h.geom) AS lon, st_y(h.geom) AS lat
FROM person p
JOIN household_member m ON m.person_id = p.id AND is_current(m.valid_from, m.valid_to, :today)
JOIN household h ON h.id = m.household_id
LEFT JOIN standard_address a ON a.id = h.address_id
WHERE p.death_date < :died_before
ORDER BY p.id, h.id
"""


def find(connection: Connection, today: date, limits: Limits) -> Iterator[Finding]:
    """All findings as of ``today``."""
    for r in connection.execute(text(_COLLECT), {"today": today, "died_before": died_before(today, limits)}):
        facts = DeadMember(
            person_id=r.id,
            person_name=r.name,
            death_date=r.death_date,
            household_id=r.household_id,
            household_no=r.household_no,
            address=r.address,
            person_grid=r.person_grid,
            grid_code=r.grid_code,
            lon=r.lon,
            lat=r.lat,
        )
        finding = dead_still_member(facts, today, limits)
        if finding is not None:
            yield finding


RULE = AnomalyRule.of(
    __name__, __doc__, severity="medium", facts=FACTS, words=WORDS, find=find, defaults=DEFAULTS,
    watches={"person": ("death_date",)},
)  # fmt: skip
