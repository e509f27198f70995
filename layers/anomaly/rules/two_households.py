"""一人两户: a person who is a current member of two or more households.

Usually a registration that was not closed after a move or a marriage; sometimes a benefit drawn twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from layers.anomaly.finding import Finding, Rule


@dataclass(frozen=True, slots=True)
class Membership:
    """A person's current households, in order of number. membership_ids in any order; grid_code, lon, lat of the first."""

    person_id: int
    person_name: str
    household_ids: tuple[int, ...]
    household_nos: tuple[str, ...]
    addresses: tuple[str, ...]
    membership_ids: tuple[int, ...]
    grid_code: str
    lon: float | None
    lat: float | None


def two_households(facts: Membership) -> Finding | None:
    """A finding when there are at least two current households."""
    if len(facts.household_nos) < 2:
        return None
    places = "；".join(
        f"{no}（{address or '地址不详'}）" for no, address in zip(facts.household_nos, facts.addresses, strict=True)
    )
    return Finding(
        subject_kind="person",
        subject_id=str(facts.person_id),
        anchor=",".join(facts.household_nos),
        title=f"{facts.person_name}同时登记在 {len(facts.household_nos)} 户",
        reason=f"{facts.person_name}同时是 {len(facts.household_nos)} 个户的现有成员：{places}。请核实应保留哪一户。",
        grid_code=facts.grid_code,
        facts={"姓名": facts.person_name, "户号": list(facts.household_nos), "地址": list(facts.addresses)},
        household_id=facts.household_ids[0],
        lon=facts.lon,
        lat=facts.lat,
        records=tuple(("household_member", key) for key in facts.membership_ids),
    )


# Grouping reads household_member once; then ix_household_member_person, and households by primary key.
_COLLECT = """
WITH twice AS (
    SELECT person_id FROM household_member WHERE valid_from <= :today AND (valid_to IS NULL OR valid_to > :today)
    GROUP BY person_id HAVING count(DISTINCT household_id) > 1
)
SELECT p.id, p.name, array_agg(h.id ORDER BY h.household_no) AS ids, array_agg(h.household_no ORDER BY h.household_no) AS nos,
       array_agg(coalesce(a.full_text, h.address_text, '') ORDER BY h.household_no) AS addresses,
       array_agg(m.id) AS membership_ids,
       (array_agg(h.grid_code ORDER BY h.household_no))[1] AS grid_code,
       (array_agg(st_x(h.geom) ORDER BY h.household_no))[1] AS lon,
       (array_agg(st_y(h.geom) ORDER BY h.household_no))[1] AS lat
FROM twice JOIN person p ON p.id = twice.person_id
JOIN LATERAL (
    SELECT max(m.id) AS id, m.household_id FROM household_member m
    WHERE m.person_id = p.id AND m.valid_from <= :today AND (m.valid_to IS NULL OR m.valid_to > :today)
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
        finding = two_households(
            Membership(
                person_id=r.id,
                person_name=r.name,
                household_ids=tuple(r.ids),
                household_nos=tuple(r.nos),
                addresses=tuple(r.addresses),
                membership_ids=tuple(r.membership_ids),
                grid_code=r.grid_code,
                lon=r.lon,
                lat=r.lat,
            )
        )
        if finding is not None:
            yield finding


RULE = Rule(
    "two_households", "一人两户", "high", "同一人同时是两个或以上户的现有成员。", find, {"household_member": ()}
)  # fmt: skip
