"""人户分离 | Registered at one address, living at another

问题：户籍地址与现住址是两个不同的标准地址。
影响：依法常见，本身不是错；不知道人住在哪里，走访和服务就落空。
处理：核对现住址，按实际居住地走访；已迁户口的更新户籍地址，登记有误的更正。
English: The registered and the actual address are two different standard addresses.

Lawful and frequent, hence of low severity; the official wants to know so that the person is visited where they live. Told
where the person lives; where they are registered, when that lies elsewhere, only to who sees both places.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, text

from alerts.detection.finding import Finding, Whole, within
from alerts.detection.rule import AnomalyRule
from alerts.detection.words import ELSEWHERE, ELSEWHERE_WORDS, Fact, Words

_PLACES = {ELSEWHERE: ELSEWHERE_WORDS}
FACTS = {
    "person_name": Fact("姓名", "name"),
    "registered_address": Fact("户籍地址", "registered address", _PLACES),
    "actual_address": Fact("现住址", "actual address", _PLACES),
    "residence": Fact(
        "类型",
        "kind",
        {"same_village": ("同村不同址", "in the same village"), "other_village": ("跨村居住", "in another village")},
    ),
    "distance_m": Fact("距离（米）", "distance (m)"),
}
WORDS = {
    "zh": Words(
        "{{ person_name }}人户分离（{{ residence }}）",
        "{{ person_name }}户籍在{{ registered_address }}，实际住在{{ actual_address }}"
        "{% if distance_m is defined and distance_m is not none %}，相距 "
        "{% if distance_m < 1000 %}{{ distance_m }} 米{% else %}{{ '%.1f' | format(distance_m / 1000) }} 公里{% endif %}"
        "{% endif %}。",
    ),
    "en": Words(
        "{{ person_name }} lives away from the registered address ({{ residence }})",
        "{{ person_name }} is registered at {{ registered_address }} and lives at {{ actual_address }}"
        "{% if distance_m is defined and distance_m is not none %}, "
        "{% if distance_m < 1000 %}{{ distance_m }} m{% else %}{{ '%.1f' | format(distance_m / 1000) }} km{% endif %} apart"
        "{% endif %}.",
    ),
}


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
    whole: dict[str, Any] = {
        "person_name": facts.person_name,
        "registered_address": facts.registered,
        "actual_address": facts.actual,
        "residence": "same_village" if facts.registered_village == facts.actual_village else "other_village",
        "distance_m": None if facts.distance_m is None else round(facts.distance_m),
    }
    elsewhere = [code for code in (facts.registered_grid, facts.actual_grid) if not within(code, facts.grid_code)]
    lives_here = facts.actual_grid not in elsewhere
    local_facts = {key: value for key, value in whole.items() if key != "distance_m"}
    if facts.registered_grid in elsewhere:
        local_facts["registered_address"] = ELSEWHERE
    if not lives_here:
        local_facts["actual_address"] = ELSEWHERE
    return Finding(
        subject_kind="person",
        subject_id=str(facts.person_id),
        anchor=f"{facts.registered_id}>{facts.actual_id}",
        grid_code=facts.grid_code,
        facts=local_facts if elsewhere else whole,
        household_id=facts.household_id,
        lon=facts.lon if lives_here else None,
        lat=facts.lat if lives_here else None,
        records=(("person", facts.person_id),),
        whole=Whole(whole, tuple(elsewhere)) if elsewhere else None,
    )


def _one_within_the_other(first: str, second: str) -> bool:
    shorter, longer = sorted((first, second), key=len)
    return longer.startswith(shorter)


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


def find(connection: Connection, today: date, _: None) -> Iterator[Finding]:
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


RULE = AnomalyRule.of(
    __name__, __doc__, severity="low", facts=FACTS, words=WORDS, find=find,
    watches={"person": ("registered_address_id", "actual_address_id")},
)  # fmt: skip
