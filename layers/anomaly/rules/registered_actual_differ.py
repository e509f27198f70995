"""人户分离: the registered and the actual address are two different standard addresses.

Lawful and frequent, hence of low severity; the official wants to know so that the person is visited where they live.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from layers.anomaly.finding import Finding, Rule


@dataclass(frozen=True, slots=True)
class TwoAddresses:
    """Both addresses of a person, matched. distance_m: metres between them, when both have a point."""

    person_id: int
    person_name: str
    registered_id: int
    registered: str
    registered_village: str
    actual_id: int
    actual: str
    actual_village: str
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
    return Finding(
        subject_kind="person",
        subject_id=str(facts.person_id),
        anchor=f"{facts.registered_id}>{facts.actual_id}",
        title=f"{facts.person_name}人户分离（{where}）",
        reason=f"{facts.person_name}户籍在{facts.registered}，实际住在{facts.actual}{apart}。",
        grid_code=facts.grid_code,
        facts={
            "姓名": facts.person_name,
            "户籍地址": facts.registered,
            "现住址": facts.actual,
            "类型": where,
            "距离（米）": None if facts.distance_m is None else round(facts.distance_m),
        },
        household_id=facts.household_id,
        lon=facts.lon,
        lat=facts.lat,
        records=(("person", facts.person_id),),
    )


def _one_within_the_other(first: str, second: str) -> bool:
    shorter, longer = sorted((first, second), key=len)
    return longer.startswith(shorter)


def _metres(distance_m: float) -> str:
    return f"{distance_m:.0f} 米" if distance_m < 1000 else f"{distance_m / 1000:.1f} 公里"


# Reads person once; addresses by primary key; the household by ix_household_member_person.
_COLLECT = """
SELECT p.id, p.name, r.id AS registered_id, r.full_text AS registered, r.division_code AS registered_village,
       a.id AS actual_id, a.full_text AS actual, a.division_code AS actual_village, p.grid_code,
       st_distance(r.geom::geography, a.geom::geography) AS distance_m, st_x(a.geom) AS lon, st_y(a.geom) AS lat,
       (SELECT min(m.household_id) FROM household_member m
        WHERE m.person_id = p.id AND (m.valid_to IS NULL OR m.valid_to > :today)) AS household_id
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
                r.actual_id,
                r.actual,
                r.actual_village,
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
    "registered_actual_differ", "人户分离", "low", "户籍地址与现住址是两个不同的标准地址。", find,
    {"person": ("registered_address_id", "actual_address_id")},
)  # fmt: skip
