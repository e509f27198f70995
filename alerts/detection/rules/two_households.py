"""一人两户 | One person in two households

问题：同一人同时是两个或以上户的现有成员。
影响：人口数算重，待遇可能重复发放，走访不知道找哪一户。
处理：核实本人实际属于哪一户，把另一户的成员关系终止；两户都不是的，都终止并登记到真正的户。
English: One person is a current member of two or more households.

Usually a registration that was not closed after a move or a marriage; sometimes a benefit drawn twice. Households in
different cells make one alert for each cell, in words that name its own household only: each side checks its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, text

from alerts.detection.finding import Finding, Whole, within
from alerts.detection.rule import AnomalyRule
from alerts.detection.words import ELSEWHERE_WORDS, Fact, Words

FACTS = {
    "person_name": Fact("姓名", "name"),
    "household_nos": Fact("户号", "household numbers"),
    "addresses": Fact("地址", "addresses"),
    "households_elsewhere_n": Fact(*ELSEWHERE_WORDS, form=("{} 户", "{} households")),
}
_ELSEWHERE_N = "{% set elsewhere = households_elsewhere_n | default(0) %}"
WORDS = {
    "zh": Words(
        _ELSEWHERE_N + "{{ person_name }}同时登记在 {{ household_nos | length + elsewhere }} 户",
        _ELSEWHERE_N + "{{ person_name }}同时是 {{ household_nos | length + elsewhere }} 个户的现有成员："
        "{% for no in household_nos %}{{ no }}（{{ addresses[loop.index0] or '地址不详' }}）"
        "{% if not loop.last or elsewhere %}；{% endif %}{% endfor %}"
        "{% if elsewhere == 1 %}另一户在本辖区以外{% elif elsewhere %}另外 {{ elsewhere }} 户在本辖区以外{% endif %}"
        "。请核实应保留哪一户。",
    ),
    "en": Words(
        _ELSEWHERE_N + "{{ person_name }} is in {{ household_nos | length + elsewhere }} households at once",
        _ELSEWHERE_N + "{{ person_name }} is a current member of {{ household_nos | length + elsewhere }} households: "
        "{% for no in household_nos %}{{ no }} ({{ addresses[loop.index0] or 'address unknown' }})"
        "{% if not loop.last or elsewhere %}; {% endif %}{% endfor %}"
        "{% if elsewhere == 1 %}another outside your area{% elif elsewhere %}{{ elsewhere }} others outside your area{% endif %}"
        ". Check which one is right.",
    ),
}


@dataclass(frozen=True, slots=True)
class CurrentHousehold:
    """A household a person is a current member of. lon, lat in EPSG:4490, of its door."""

    id: int
    no: str
    address: str
    grid_code: str
    membership_id: int
    lon: float | None = None
    lat: float | None = None


@dataclass(frozen=True, slots=True)
class Membership:
    """A person and their current households, in order of number."""

    person_id: int
    person_name: str
    households: tuple[CurrentHousehold, ...]


def two_households(facts: Membership) -> Iterator[Finding]:
    """Findings when there are at least two current households: one for each cell that holds one of them."""
    households, name = facts.households, facts.person_name
    if len(households) < 2:
        return
    for n, code in enumerate(dict.fromkeys(h.grid_code for h in households)):
        own = [h for h in households if within(h.grid_code, code)]
        others = [h for h in households if h not in own]
        first = next(h for h in own if h.grid_code == code)
        yield Finding(
            subject_kind="person",
            subject_id=str(facts.person_id),
            anchor=",".join(h.no for h in households),
            grid_code=code,
            facts=_facts(name, own) | ({"households_elsewhere_n": len(others)} if others else {}),
            household_id=first.id,
            lon=first.lon,
            lat=first.lat,
            records=tuple(("household_member", h.membership_id) for h in households),
            side=first.no if n else "",
            whole=Whole(_facts(name, households), tuple(h.grid_code for h in others)) if others else None,
        )


def _facts(name: str, households: Sequence[CurrentHousehold]) -> dict[str, Any]:
    return {
        "person_name": name,
        "household_nos": [h.no for h in households],
        "addresses": [h.address for h in households],
    }


# Grouping reads household_member once; then ix_household_member_person, and households by primary key.
_COLLECT = """
WITH twice AS (
    SELECT person_id FROM household_member WHERE is_current(valid_from, valid_to, :today)
    GROUP BY person_id HAVING count(DISTINCT household_id) > 1
)
SELECT p.id, p.name, jsonb_agg(jsonb_build_object('id', h.id, 'no', h.household_no,
       'address', coalesce(a.full_text, h.address_text, ''), 'grid_code', h.grid_code, 'membership_id', m.id,
       'lon', st_x(h.geom), 'lat', st_y(h.geom)) ORDER BY h.household_no) AS households
FROM twice JOIN person p ON p.id = twice.person_id
JOIN LATERAL (
    SELECT max(m.id) AS id, m.household_id FROM household_member m
    WHERE m.person_id = p.id AND is_current(m.valid_from, m.valid_to, :today)
    GROUP BY m.household_id
) m ON true
JOIN household h ON h.id = m.household_id
LEFT JOIN standard_address a ON a.id = h.address_id
WHERE p.death_date IS NULL
GROUP BY p.id, p.name
"""


def find(connection: Connection, today: date, _: None) -> Iterator[Finding]:
    """All findings as of ``today``."""
    for r in connection.execute(text(_COLLECT), {"today": today}):
        households = tuple(CurrentHousehold(**household) for household in r.households)
        yield from two_households(Membership(r.id, r.name, households))


RULE = AnomalyRule.of(
    __name__, __doc__, severity="high", facts=FACTS, words=WORDS, find=find, watches={"household_member": ()}
)  # fmt: skip
