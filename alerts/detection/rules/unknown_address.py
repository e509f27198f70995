"""住址不在地址库 | Address not in the library

问题：登记的现住址在标准地址库中不存在。
影响：人落不到图上，也分不到网格，走访、统计都漏掉。
处理：房子确实有而库里没有的，由数据专员补录地址；写错的，由网格员更正登记。
English: The actual address on record does not exist in the library of standard addresses.

Either the library lacks a house (the GIS staff add it) or the record is wrong (the grid worker corrects it). The
finding says down to which level the library knows the address.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from alerts.detection.finding import Finding
from alerts.detection.rule import AnomalyRule
from alerts.detection.words import Fact, Words
from gazetteer.reading.vocabulary import AddressLevel

#: None: not even the county is known.
_LEVELS: dict[str | None, tuple[str, str]] = {
    None: ("无", "none"),
    **{str(level): (level.zh, level.en) for level in AddressLevel},
}
FACTS = {
    "person_name": Fact("姓名", "name"),
    "written_address": Fact("现住址（原文）", "actual address (as written)"),
    "known_level": Fact("可对应到", "known down to", _LEVELS),
}
WORDS = {
    "zh": Words(
        "{{ person_name }}的住址不在地址库",
        "{{ person_name }}登记的现住址“{{ written_address }}”在标准地址库中不存在，"
        "{% if known_level == '无' %}地址库中没有任何一级能对应{% else %}地址库只能对应到{{ known_level }}一级{% endif %}。",
    ),
    "en": Words(
        "The address of {{ person_name }} is not in the library",
        "The actual address of {{ person_name }}, “{{ written_address }}”, does not exist in the library, which knows "
        "{% if known_level == 'none' %}no level of it{% else %}it down to the {{ known_level }}{% endif %}.",
    ),
}


@dataclass(frozen=True, slots=True)
class UnmatchedAddress:
    """The actual address as written, without a standard address. matched_level: deepest level the library knows."""

    person_id: int
    person_name: str
    written: str
    matched_level: str | None
    ambiguous: bool
    grid_code: str
    household_id: int | None
    lon: float | None
    lat: float | None


def unknown_address(facts: UnmatchedAddress) -> Finding | None:
    """A finding unless the text is empty or only ambiguous: several candidates are not 'does not exist'."""
    if not facts.written.strip() or facts.ambiguous:
        return None
    return Finding(
        subject_kind="person",
        subject_id=str(facts.person_id),
        anchor=facts.written.strip(),
        grid_code=facts.grid_code,
        facts={
            "person_name": facts.person_name,
            "written_address": facts.written,
            "known_level": facts.matched_level if facts.matched_level in list(AddressLevel) else None,
        },
        household_id=facts.household_id,
        lon=facts.lon,
        lat=facts.lat,
        records=(("person", facts.person_id),),
    )


# Reads person once; the household by ix_household_member_person.
_COLLECT = """
SELECT p.id, p.name, p.actual_address_text AS written, p.actual_address_match ->> 'matched_level' AS matched_level,
       coalesce((p.actual_address_match ->> 'ambiguous')::boolean, false) AS ambiguous, p.grid_code,
       h.id AS household_id, st_x(h.geom) AS lon, st_y(h.geom) AS lat
FROM person p
LEFT JOIN LATERAL (SELECT h.id, h.geom FROM household_member m JOIN household h ON h.id = m.household_id
                   WHERE m.person_id = p.id AND is_current(m.valid_from, m.valid_to, :today)
                     AND place_within(h.grid_code, p.grid_code)
                   ORDER BY h.id LIMIT 1) h ON true
WHERE p.actual_address_id IS NULL AND p.actual_address_text <> '' AND p.death_date IS NULL
"""


def find(connection: Connection, today: date, _: None) -> Iterator[Finding]:
    """All findings as of ``today``."""
    for r in connection.execute(text(_COLLECT), {"today": today}):
        finding = unknown_address(
            UnmatchedAddress(
                r.id, r.name, r.written, r.matched_level, r.ambiguous, r.grid_code, r.household_id, r.lon, r.lat
            )
        )
        if finding is not None:
            yield finding


RULE = AnomalyRule.of(
    __name__, __doc__, severity="medium", facts=FACTS, words=WORDS, find=find,
    watches={"person": ("actual_address_text", "actual_address_id")},
)  # fmt: skip
