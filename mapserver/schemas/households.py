"""What the household and person routes take and give."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field, model_validator

from alerts.lifecycle import AlertStatus
from database.vocabulary import Severity
from layers.people.households import plain_number, plain_phone
from layers.people.vocabulary import HouseholdKind, Sex
from layers.places.vocabulary import Occupancy
from layers.visits.vocabulary import VisitOutcome
from mapserver.schemas.addresses import FoundHousehold, Note
from mapserver.schemas.dates import Moment
from mapserver.schemas.page import PageOut


class CodeOut(BaseModel):
    """A status code and its Chinese label."""

    code: str = Field(examples=["elderly_alone"])
    label: str = Field(examples=["独居老人"])


class HouseholdAddress(BaseModel):
    """The standard address of a household. lon, lat in EPSG:4490."""

    id: int
    text: str
    code: str
    lon: float | None
    lat: float | None


class ResponsibleOut(BaseModel):
    """A grid worker responsible for the cell today."""

    name: str
    phone_masked: str | None = Field(examples=["*******5678"])


class MemberOut(BaseModel):
    """A member of a household; numbers masked."""

    person_id: int
    name: str
    sex: Sex | None
    age: int | None
    relation: str | None = Field(description="to the head of the household", examples=["户主"])
    id_number_masked: str | None = Field(examples=["330*************34"])
    phone_masked: str | None = Field(examples=["*******5678"])
    status_codes: list[CodeOut]


class DwellingOut(BaseModel):
    """A building or dwelling at the household's address."""

    id: int
    name: str
    occupancy: Occupancy | None = Field(description="as recorded")


class VisitOut(BaseModel):
    """A visit. phone_time: what the phone's clock said, where it was wrong and visited_at is the time of arrival."""

    id: int
    visited_at: datetime
    phone_time: str | None = Field(default=None, examples=["1970-01-01T00:12:00+00:00"])
    visitor: str
    outcome: VisitOutcome
    outcome_label: str = Field(examples=["见到本人"])
    note: str | None


class HouseholdAlert(BaseModel):
    """An alert of the household that waits for something."""

    id: int
    title: str
    severity: Severity
    status: AlertStatus
    rule: str


class HouseholdOut(BaseModel):
    """The household file (一户一档)."""

    id: int
    household_no: str = Field(description="household number (户号)")
    kind: HouseholdKind
    head_name: str | None
    address: HouseholdAddress | None = Field(description="standard address; null when the text was not matched")
    address_text: str | None = Field(description="address as the department wrote it")
    grid_code: str
    cell_name: str | None
    responsible: list[ResponsibleOut] = Field(description="grid workers of the cell today, the lead first")
    status_codes: list[CodeOut]
    members: list[MemberOut]
    dwellings: list[DwellingOut]
    visits: list[VisitOut] = Field(description="the latest 20, latest first")
    alerts: list[HouseholdAlert] = Field(description="those that wait for something")


class NewVisitIn(BaseModel):
    """A visit as the phone sends it; sending it twice makes one visit."""

    client_uid: uuid.UUID = Field(description="made on the phone, once for each visit")
    visited_at: Moment = Field(
        description="by the phone's clock, with its offset; a time that cannot be is kept, and the visit counts as made on arrival",
        examples=["2026-03-02T09:30:00+08:00"],
    )
    outcome: VisitOutcome = Field(description="、".join(VisitOutcome.labels().values()))
    note: str | None = Field(default=None, max_length=1000, examples=["老人身体良好，已提醒用电安全"])
    lon: float | None = Field(default=None, ge=-180, le=180, description="where the visitor stood, EPSG:4490 degrees")
    lat: float | None = Field(default=None, ge=-90, le=90, description="where the visitor stood, EPSG:4490 degrees")


class RevealIn(BaseModel):
    """What to reveal, and why."""

    field: Literal["id_number", "phone"]
    purpose: str = Field(
        min_length=1,
        max_length=200,
        description="at least four characters; kept in the audit trail",
        examples=["上门核实身份"],
    )


class RevealOut(BaseModel):
    """The value; null when none is recorded."""

    value: str | None = Field(examples=["13800005678"])


def _plain(change: Callable[[str], str]) -> Callable[[object], object]:
    """A number as it is kept, before its length is looked at; what is no short text is left to the check."""
    return lambda value: change(value) if isinstance(value, str) and len(value) <= 40 else value


class PersonQuery(BaseModel):
    """Exactly one of number, phone and name; in the body, never in a URL."""

    id_number: Annotated[str | None, BeforeValidator(_plain(plain_number))] = Field(
        default=None,
        min_length=15,
        max_length=18,
        description="spaces and dashes in it, and full-width digits, do not matter",
    )
    phone: Annotated[str | None, BeforeValidator(_plain(plain_phone))] = Field(
        default=None,
        min_length=7,
        max_length=20,
        description="the same; +86 and 0086 before a mobile number do not matter",
    )
    name: str | None = Field(default=None, min_length=1, max_length=50, examples=["示例"])
    purpose: str | None = Field(
        default=None,
        max_length=200,
        description="needed after several searches by number that found nobody; kept in the audit trail",
        examples=["上门核实身份"],
    )

    @model_validator(mode="after")
    def one_of_them(self) -> PersonQuery:
        """Refuse none and several."""
        if sum(value is not None for value in (self.id_number, self.phone, self.name)) != 1:
            raise ValueError("give exactly one of id_number, phone, name")
        return self


class PersonOut(BaseModel):
    """A person found; numbers masked."""

    person_id: int
    name: str
    id_number_masked: str | None = Field(examples=["330*************34"])
    household_id: int | None
    grid_code: str


class PersonList(PageOut[PersonOut]):
    """At most 20 persons."""

    note: str | None = Note


class HouseholdList(PageOut[FoundHousehold]):
    """Households by number or by room."""

    note: str | None = Note
