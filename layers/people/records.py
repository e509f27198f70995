"""What the household file and the search for persons hand out; numbers masked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from grid.postings import Responsible
from layers.people.vocabulary import PersonStatus


@dataclass(frozen=True, slots=True)
class Code:
    """A status code and its Chinese label."""

    code: str
    label: str


def labelled(codes: list[str]) -> list[Code]:
    """Status codes with their labels."""
    return [Code(code, PersonStatus.label_of(code)) for code in codes]


@dataclass(frozen=True, slots=True)
class AddressOfHousehold:
    """The standard address of a household. lon, lat in EPSG:4490, of the household."""

    id: int
    text: str
    code: str
    lon: float | None
    lat: float | None


@dataclass(frozen=True, slots=True)
class Member:
    """A present member of a household. age: by the year of birth; relation: to the head."""

    person_id: int
    name: str
    sex: str | None
    age: int | None
    relation: str | None
    id_number_masked: str | None
    phone_masked: str | None
    status_codes: list[Code]


@dataclass(frozen=True, slots=True)
class Dwelling:
    """A building or dwelling at the household's address."""

    id: int
    name: str
    occupancy: str | None


@dataclass(frozen=True, slots=True)
class HouseholdVisit:
    """A visit. visitor: as people read it; phone_time: what a wrong clock said; outcome_label in Chinese."""

    id: int
    visited_at: datetime
    phone_time: str | None
    visitor: str
    outcome: str
    outcome_label: str
    note: str | None


@dataclass(frozen=True, slots=True)
class HouseholdFile:
    """The file of a household but its alerts (一户一档). visits: the latest 20, latest first."""

    id: int
    household_no: str
    kind: str
    head_name: str | None
    address: AddressOfHousehold | None
    address_text: str | None
    grid_code: str
    cell_name: str | None
    responsible: list[Responsible]
    status_codes: list[Code]
    members: list[Member]
    dwellings: list[Dwelling]
    visits: list[HouseholdVisit]


@dataclass(frozen=True, slots=True)
class FoundPerson:
    """A person found. household_id: of the household they belong to today."""

    person_id: int
    name: str
    id_number_masked: str | None
    grid_code: str
    household_id: int | None
