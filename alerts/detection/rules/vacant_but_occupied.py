"""空置房有人居住 | Vacant dwelling with people in it

问题：房屋登记为空置，但有人登记住在这里。
影响：出租、借住没有登记，走访和安全检查都会绕过这套房。
处理：上门看有没有人住；有人住的更正使用状况，没有人住的更正这些人的现住址。
English: A dwelling is recorded as vacant, yet somebody is registered as living there.

Where one address holds several dwellings and one of them is not recorded vacant, people at that address live in that one:
no finding, unless a person is linked to the vacant dwelling itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, text

from alerts.detection.finding import Finding, Whole, within
from alerts.detection.rule import AnomalyRule
from alerts.detection.words import Fact, Words

NAMED = 3  # residents named in the reason; the facts name all

FACTS = {
    "dwelling_name": Fact("房屋", "dwelling"),
    "address": Fact("地址", "address"),
    "occupancy": Fact("登记状态", "recorded as", {"vacant": ("空置", "vacant")}),
    "residents": Fact("居住人", "residents"),
    "residents_elsewhere_n": Fact(
        "登记在本辖区以外的居住人", "residents registered outside your area", form=("{} 人", "{}")
    ),
}
_N = (
    "{% set elsewhere = residents_elsewhere_n | default(0) %}{% set n = residents | length + elsewhere %}"
    f"{{% set named = residents[:{NAMED}] %}}"
)
WORDS = {
    "zh": Words(
        _N + "{{ dwelling_name }}登记为空置，却有 {{ n }} 人居住",
        _N + "房屋“{{ dwelling_name }}”（{{ address or '地址不详' }}）登记为空置，人口登记中"
        "{% if named %}{{ named | join('、') }}{% if n > named | length %}等{% endif %}{% else %}登记在本辖区以外的{% endif %}"
        "共 {{ n }} 人住在这里。",
    ),
    "en": Words(
        _N + "{{ dwelling_name }} is recorded as vacant, yet {{ n }} live there",
        _N
        + "The dwelling “{{ dwelling_name }}” ({{ address or 'address unknown' }}) is recorded as vacant; by the register "
        "{% if named %}{{ named | join(', ') }}{% if n > named | length %} and others{% endif %}, {{ n }} in all, live there"
        "{% else %}{{ n }} registered outside your area live there{% endif %}.",
    ),
}


@dataclass(frozen=True, slots=True)
class VacantDwelling:
    """A dwelling recorded vacant, and who lives there by the register of persons. household_ids: theirs, ascending.

    person_grids: grid codes of the persons' records, in their order; who lives here may be registered elsewhere.
    own_household_id: the first household that the dwelling's grid code holds.
    """

    place_id: int
    place_name: str
    address: str
    person_ids: tuple[int, ...]
    person_names: tuple[str, ...]
    person_grids: tuple[str, ...]
    grid_code: str
    household_ids: tuple[int, ...]
    own_household_id: int | None
    lon: float | None
    lat: float | None


def vacant_but_occupied(facts: VacantDwelling) -> Finding | None:
    """A finding when at least one person lives there."""
    if not facts.person_names:
        return None
    # a child born into the household is no new finding; another household is
    who = facts.household_ids or tuple(sorted(facts.person_ids))
    people = list(zip(facts.person_names, facts.person_grids, strict=True))
    own = [name for name, code in people if within(code, facts.grid_code)]
    elsewhere = tuple(dict.fromkeys(code for _, code in people if not within(code, facts.grid_code)))
    return Finding(
        subject_kind="place",
        subject_id=str(facts.place_id),
        anchor=("h:" if facts.household_ids else "p:") + ",".join(str(key) for key in who),
        grid_code=facts.grid_code,
        facts=_facts(facts, own) | ({"residents_elsewhere_n": len(people) - len(own)} if elsewhere else {}),
        household_id=facts.own_household_id,
        lon=facts.lon,
        lat=facts.lat,
        records=(("place", facts.place_id), *(("person", key) for key in facts.person_ids)),
        whole=Whole(_facts(facts, facts.person_names), elsewhere) if elsewhere else None,
    )


def _facts(facts: VacantDwelling, people: Sequence[str]) -> dict[str, Any]:
    return {
        "dwelling_name": facts.place_name,
        "address": facts.address,
        "occupancy": "vacant",
        "residents": list(people),
    }


# Persons by ix_person_actual_address_id and ix_person_place_place, dwellings of an address by ix_place_address,
# households by ix_household_member_person.
_COLLECT = """
WITH lives AS (
    SELECT pl.id AS place_id, p.id AS person_id, p.name, p.grid_code
    FROM place pl JOIN person p ON p.actual_address_id = pl.address_id AND p.death_date IS NULL
    WHERE pl.kind = 'dwelling' AND pl.occupancy = 'vacant'
      AND NOT EXISTS (SELECT FROM place o WHERE o.address_id = pl.address_id AND o.kind = 'dwelling'
                      AND o.occupancy IS DISTINCT FROM 'vacant')
    UNION
    SELECT pl.id, p.id, p.name, p.grid_code
    FROM place pl
    JOIN person_place l ON l.place_id = pl.id AND l.relation = 'lives'
         AND is_current(l.valid_from, l.valid_to, :today)
    JOIN person p ON p.id = l.person_id AND p.death_date IS NULL
    WHERE pl.kind = 'dwelling' AND pl.occupancy = 'vacant'
)
SELECT pl.id, pl.name, coalesce(a.full_text, pl.address_text, '') AS address, pl.grid_code,
       array_agg(lives.person_id ORDER BY lives.person_id) AS person_ids,
       array_agg(lives.name ORDER BY lives.person_id) AS person_names,
       array_agg(lives.grid_code ORDER BY lives.person_id) AS person_grids,
       ARRAY(SELECT DISTINCT m.household_id FROM household_member m
             WHERE m.person_id = ANY(array_agg(lives.person_id)) AND is_current(m.valid_from, m.valid_to, :today)
             ORDER BY m.household_id) AS household_ids,
       (SELECT min(h.id) FROM household_member m JOIN household h ON h.id = m.household_id
        WHERE m.person_id = ANY(array_agg(lives.person_id)) AND is_current(m.valid_from, m.valid_to, :today)
          AND place_within(h.grid_code, pl.grid_code)) AS own_household_id,
       st_x(st_pointonsurface(coalesce(a.geom, pl.geom))) AS lon, st_y(st_pointonsurface(coalesce(a.geom, pl.geom))) AS lat
FROM lives JOIN place pl ON pl.id = lives.place_id LEFT JOIN standard_address a ON a.id = pl.address_id
GROUP BY pl.id, a.id
"""


def find(connection: Connection, today: date, _: None) -> Iterator[Finding]:
    """All findings as of ``today``."""
    for r in connection.execute(text(_COLLECT), {"today": today}):
        finding = vacant_but_occupied(
            VacantDwelling(
                place_id=r.id,
                place_name=r.name,
                address=r.address,
                person_ids=tuple(r.person_ids),
                person_names=tuple(r.person_names),
                person_grids=tuple(r.person_grids),
                grid_code=r.grid_code,
                household_ids=tuple(r.household_ids),
                own_household_id=r.own_household_id,
                lon=r.lon,
                lat=r.lat,
            )
        )
        if finding is not None:
            yield finding


RULE = AnomalyRule.of(
    __name__, __doc__, severity="medium", facts=FACTS, words=WORDS, find=find,
    watches={"place": ("occupancy",), "person": ("actual_address_id",)},
)  # fmt: skip
