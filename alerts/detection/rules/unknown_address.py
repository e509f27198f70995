"""住址不在地址库: a person lives at an address that the library does not have.

Either the library lacks a house (the GIS staff add it) or the record is wrong (the grid worker corrects it). The
finding says down to which level the library knows the address.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from alerts.detection.facts import AlertFact
from alerts.detection.finding import Finding, Rule
from database.vocabulary import Severity
from gazetteer.reading.keys import LEVEL_NAMES


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
    level = LEVEL_NAMES.get(facts.matched_level or "")
    known = f"地址库只能对应到{level}一级" if level else "地址库中没有任何一级能对应"
    return Finding(
        subject_kind="person",
        subject_id=str(facts.person_id),
        anchor=facts.written.strip(),
        title=f"{facts.person_name}的住址不在地址库",
        reason=f"{facts.person_name}登记的现住址“{facts.written}”在标准地址库中不存在，{known}。",
        grid_code=facts.grid_code,
        facts={
            AlertFact.PERSON_NAME: facts.person_name,
            AlertFact.WRITTEN_ADDRESS: facts.written,
            AlertFact.MATCHED_LEVEL: level or "无",
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


def find(connection: Connection, today: date) -> Iterator[Finding]:
    """All findings as of ``today``."""
    for r in connection.execute(text(_COLLECT), {"today": today}):
        finding = unknown_address(
            UnmatchedAddress(
                r.id, r.name, r.written, r.matched_level, r.ambiguous, r.grid_code, r.household_id, r.lon, r.lat
            )
        )
        if finding is not None:
            yield finding


RULE = Rule(
    "unknown_address", "住址不在地址库", Severity.MEDIUM, "登记的现住址在标准地址库中不存在。", find,
    {"person": ("actual_address_text", "actual_address_id")},
)  # fmt: skip
