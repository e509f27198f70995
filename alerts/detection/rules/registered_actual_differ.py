"""人户分离: the registered and the actual address are two different standard addresses.

Lawful and frequent, hence of low severity; the official wants to know so that the person is visited where they live. Told
where the person lives; where they are registered, when that lies elsewhere, only to who sees both places.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from alerts.detection.facts import AlertFact
from alerts.detection.finding import ELSEWHERE, Finding, Rule, Whole, within
from database.vocabulary import Severity


@dataclass(frozen=True, slots=True)
class TwoAddresses:
    """Both addresses of a person, matched. distance_m: metres between them, when both have a point.

    grid_code: of the person; registered_grid, actual_grid: of the addresses. household_id: of one that the person's grid
    code holds.
    """

    person_id: int
    person_name: str
    registered_id: int
    registered: str
    registered_village: str
    registered_grid: str
    actual_id: int
    actual: str
    actual_village: str
    actual_grid: str
    distance_m: float | None
    grid_code: str
    household_id: int | None
    lon: float | None
    lat: float | None


def registered_actual_differ(facts: TwoAddresses) -> Finding | None:
    """A finding when the two are different; not when one only says more of the other (a house, and a room in it)."""
    if facts.registered_id == facts.actual_id or _one_within_the_other(facts.registered, facts.actual):
        return None
    where = "同村不同址" if facts.registered_village == facts.actual_village else "跨村居住"
    apart = "" if facts.distance_m is None else f"，相距 {_metres(facts.distance_m)}"
    whole = {
        AlertFact.PERSON_NAME: facts.person_name,
        AlertFact.REGISTERED_ADDRESS: facts.registered,
        AlertFact.ACTUAL_ADDRESS: facts.actual,
        AlertFact.DIFFERENCE: where,
        AlertFact.DISTANCE_M: None if facts.distance_m is None else round(facts.distance_m),
    }
    reason = f"{facts.person_name}户籍在{facts.registered}，实际住在{facts.actual}{apart}。"
    elsewhere = [code for code in (facts.registered_grid, facts.actual_grid) if not within(code, facts.grid_code)]
    lives_here = facts.actual_grid not in elsewhere
    if elsewhere:
        registered = ELSEWHERE if facts.registered_grid in elsewhere else facts.registered
        actual = facts.actual if lives_here else ELSEWHERE
        told_reason = f"{facts.person_name}户籍在{registered}，实际住在{actual}。"
        told = {
            AlertFact.PERSON_NAME: facts.person_name,
            AlertFact.REGISTERED_ADDRESS: registered,
            AlertFact.ACTUAL_ADDRESS: actual,
            AlertFact.DIFFERENCE: where,
        }
    return Finding(
        subject_kind="person",
        subject_id=str(facts.person_id),
        anchor=f"{facts.registered_id}>{facts.actual_id}",
        title=f"{facts.person_name}人户分离（{where}）",
        reason=told_reason if elsewhere else reason,
        grid_code=facts.grid_code,
        facts=told if elsewhere else whole,
        household_id=facts.household_id,
        lon=facts.lon if lives_here else None,
        lat=facts.lat if lives_here else None,
        records=(("person", facts.person_id),),
        whole=Whole(reason, whole, tuple(elsewhere)) if elsewhere else None,
    )


def _one_within_the_other(first: str, second: str) -> bool:
    shorter, longer = sorted((first, second), key=len)
    return longer.startswith(shorter)


def _metres(distance_m: float) -> str:
    return f"{distance_m:.0f} 米" if distance_m < 1000 else f"{distance_m / 1000:.1f} 公里"


# Reads person once; addresses by primary key; the household by ix_household_member_person.
_COLLECT = """
SELECT p.id, p.name, r.id AS registered_id, r.full_text AS registered, r.division_code AS registered_village, r.grid_code AS registered_grid,
       a.id AS actual_id, a.full_text AS actual, a.division_code AS actual_village, a.grid_code AS actual_grid, p.grid_code,
       st_distance(r.geom::geography, a.geom::geography) AS distance_m, st_x(a.geom) AS lon, st_y(a.geom) AS lat,
       (SELECT min(h.id) FROM household_member m JOIN household h ON h.id = m.household_id
        WHERE m.person_id = p.id AND is_current(m.valid_from, m.valid_to, :today)
          AND place_within(h.grid_code, p.grid_code)) AS household_id
FROM person p
JOIN standard_address r ON r.id = p.registered_address_id
JOIN standard_address a ON a.id = p.actual_address_id
WHERE p.registered_address_id <> p.actual_address_id AND p.death_date IS NULL
"""


def find(connection: Connection, today: date) -> Iterator[Finding]:
    """All findings as of ``today``."""
    for r in connection.execute(text(_COLLECT), {"today": today}):
        finding = registered_actual_differ(
            TwoAddresses(
                r.id,
                r.name,
                r.registered_id,
                r.registered,
                r.registered_village,
                r.registered_grid,
                r.actual_id,
                r.actual,
                r.actual_village,
                r.actual_grid,
                r.distance_m,
                r.grid_code,
                r.household_id,
                r.lon,
                r.lat,
            )
        )
        if finding is not None:
            yield finding


RULE = Rule(
    "registered_actual_differ", "人户分离", Severity.LOW, "户籍地址与现住址是两个不同的标准地址。", find,
    {"person": ("registered_address_id", "actual_address_id")},
)  # fmt: skip
