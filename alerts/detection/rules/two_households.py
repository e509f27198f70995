"""一人两户: a person who is a current member of two or more households.

Usually a registration that was not closed after a move or a marriage; sometimes a benefit drawn twice. Households in
different cells make one alert for each cell, in words that name its own household only: each side checks its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, text

from alerts.detection.facts import AlertFact
from alerts.detection.finding import ELSEWHERE, Finding, Rule, Whole, within
from database.vocabulary import Severity


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
            title=f"{name}同时登记在 {len(households)} 户",
            reason=_reason(name, len(households), own, len(others)),
            grid_code=code,
            facts=_facts(name, own) | ({AlertFact.ELSEWHERE: f"{len(others)} 户"} if others else {}),
            household_id=first.id,
            lon=first.lon,
            lat=first.lat,
            records=tuple(("household_member", h.membership_id) for h in households),
            side=first.no if n else "",
            whole=Whole(
                _reason(name, len(households), households), _facts(name, households), tuple(h.grid_code for h in others)
            )
            if others
            else None,
        )


def _reason(name: str, n: int, told: list[CurrentHousehold] | tuple[CurrentHousehold, ...], elsewhere: int = 0) -> str:
    places = [f"{h.no}（{h.address or '地址不详'}）" for h in told]
    if elsewhere:
        places.append(f"另一户在{ELSEWHERE}" if elsewhere == 1 else f"另外 {elsewhere} 户在{ELSEWHERE}")
    return f"{name}同时是 {n} 个户的现有成员：{'；'.join(places)}。请核实应保留哪一户。"


def _facts(name: str, told: list[CurrentHousehold] | tuple[CurrentHousehold, ...]) -> dict[AlertFact, Any]:
    return {
        AlertFact.PERSON_NAME: name,
        AlertFact.HOUSEHOLD_NO: [h.no for h in told],
        AlertFact.ADDRESS: [h.address for h in told],
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


def find(connection: Connection, today: date) -> Iterator[Finding]:
    """All findings as of ``today``."""
    for r in connection.execute(text(_COLLECT), {"today": today}):
        households = tuple(CurrentHousehold(**household) for household in r.households)
        yield from two_households(Membership(r.id, r.name, households))


RULE = Rule(
    "two_households", "一人两户", Severity.HIGH, "同一人同时是两个或以上户的现有成员。", find, {"household_member": ()}
)  # fmt: skip
