"""空置房有人居住: a dwelling recorded as vacant at whose address somebody lives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from layers.anomaly.finding import Finding, Rule


@dataclass(frozen=True, slots=True)
class VacantDwelling:
    """A dwelling recorded vacant, and who lives there by the register of persons."""

    place_id: int
    place_name: str
    address: str
    person_ids: tuple[int, ...]
    person_names: tuple[str, ...]
    grid_code: str
    household_id: int | None
    lon: float | None
    lat: float | None


def vacant_but_occupied(facts: VacantDwelling) -> Finding | None:
    """A finding when at least one person lives there."""
    if not facts.person_names:
        return None
    shown = "、".join(facts.person_names[:3]) + ("等" if len(facts.person_names) > 3 else "")
    return Finding(
        subject_kind="place",
        subject_id=str(facts.place_id),
        anchor=",".join(str(i) for i in sorted(facts.person_ids)),
        title=f"{facts.place_name}登记为空置，却有 {len(facts.person_names)} 人居住",
        reason=f"房屋“{facts.place_name}”（{facts.address or '地址不详'}）登记为空置，"
        f"人口登记中{shown}共 {len(facts.person_names)} 人住在这里。",
        grid_code=facts.grid_code,
        facts={"房屋": facts.place_name, "地址": facts.address, "登记状态": "空置", "居住人": list(facts.person_names)},
        household_id=facts.household_id,
        lon=facts.lon,
        lat=facts.lat,
    )


# Persons by the index on person.actual_address_id and by ix_person_place_place.
_COLLECT = """
WITH lives AS (
    SELECT pl.id AS place_id, p.id AS person_id, p.name
    FROM place pl JOIN person p ON p.actual_address_id = pl.address_id AND p.death_date IS NULL
    WHERE pl.kind = 'dwelling' AND pl.occupancy = 'vacant'
    UNION
    SELECT pl.id, p.id, p.name
    FROM place pl
    JOIN person_place l ON l.place_id = pl.id AND l.relation = 'lives' AND (l.valid_to IS NULL OR l.valid_to > :today)
    JOIN person p ON p.id = l.person_id AND p.death_date IS NULL
    WHERE pl.kind = 'dwelling' AND pl.occupancy = 'vacant'
)
SELECT pl.id, pl.name, coalesce(a.full_text, pl.address_text, '') AS address, pl.grid_code,
       array_agg(lives.person_id ORDER BY lives.person_id) AS person_ids,
       array_agg(lives.name ORDER BY lives.person_id) AS person_names,
       (SELECT min(m.household_id) FROM household_member m
        WHERE m.person_id = min(lives.person_id) AND m.valid_to IS NULL) AS household_id,
       st_x(st_pointonsurface(coalesce(a.geom, pl.geom))) AS lon, st_y(st_pointonsurface(coalesce(a.geom, pl.geom))) AS lat
FROM lives JOIN place pl ON pl.id = lives.place_id LEFT JOIN standard_address a ON a.id = pl.address_id
GROUP BY pl.id, a.id
"""


def find(connection: Connection, today: date) -> Iterator[Finding]:
    """All findings as of ``today``."""
    for r in connection.execute(text(_COLLECT), {"today": today}):
        finding = vacant_but_occupied(
            VacantDwelling(
                r.id,
                r.name,
                r.address,
                tuple(r.person_ids),
                tuple(r.person_names),
                r.grid_code,
                r.household_id,
                r.lon,
                r.lat,
            )
        )
        if finding is not None:
            yield finding


RULE = Rule("vacant_but_occupied", "空置房有人居住", "medium", "房屋登记为空置，但有人登记住在这里。", find)
