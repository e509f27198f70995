"""What the address routes take and give."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, Field

from gazetteer.codes.statistical import DivisionLevel
from gazetteer.library.vocabulary import AddressStatus, PlaceNameKind, ReviewStatus
from gazetteer.matching.candidates import ConfidenceClass, ReasonKind
from mapserver.schemas.page import PageOut


class ReasonOut(BaseModel):
    """Why an element matched, or did not."""

    level: str = Field(examples=["number_plate"])
    kind: ReasonKind = Field(examples=["equal"])
    text: str = Field(examples=["门牌号一致：12号"])


class CandidateOut(BaseModel):
    """A standard address that may be meant."""

    address_id: int
    code: str
    text: str
    depth: int = Field(examples=[8], description="deepest level: 5 village … 8 number … 12 room")
    lon: float | None
    lat: float | None
    grid_code: str
    confidence: float = Field(ge=0, le=1)
    confidence_class: ConfidenceClass = Field(description="A certain, B probable, C needs a person")
    reasons: list[ReasonOut]


class PlaceNameOut(BaseModel):
    """A place name (地名): natural village, road, compound, water, mountain, landmark."""

    id: int
    name: str = Field(examples=["上塘坞"])
    kind: PlaceNameKind = Field(examples=["natural_village"])
    aliases: list[str]
    grid_code: str
    lon: float | None
    lat: float | None
    village: str | None
    town: str | None


class DivisionOut(BaseModel):
    """A division (区划) whose name fits; town and county tell equal names apart."""

    code: str = Field(examples=["330521001002"])
    level: DivisionLevel = Field(examples=["village"])
    kind: str = Field(examples=["社区"], description="县, 街道, 镇, 乡, 社区, 村 …")
    name: str
    town: str | None
    county: str | None
    former: str | None = Field(description="the former name that was meant")
    bounds: tuple[float, float, float, float] | None = Field(
        description="west, south, east, north of what you see of it; EPSG:4490, degrees"
    )


def first_shown(n: int, counter: str = "条") -> str:
    """What is said when there is more than is shown."""
    return f"只显示前 {n} {counter}，请输入更多字"


Note = Field(
    default=None, description="said when there is more than is shown", examples=["只显示前 20 条，请输入更多字"]
)


class AddressSearch(BaseModel):
    """Ranked candidates; several equal ones mean that the text is ambiguous. Divisions and place names that fit beside them."""

    query: str
    candidates: list[CandidateOut]
    divisions: list[DivisionOut]
    place_names: list[PlaceNameOut]
    note: str | None = Note


class NearAddress(BaseModel):
    """An address near a point."""

    id: int
    uid: str
    code: str
    full_text: str
    depth: int
    grid_code: str
    lon: float
    lat: float
    distance_m: float = Field(examples=[12.3], description="metres from the point asked")
    reason: str = Field(examples=["距门牌点 12.3 米"])


class FoundHousehold(BaseModel):
    """A household found, with the room it lives in."""

    id: int
    household_no: str
    head_name: str | None
    address_id: int | None
    address: str | None
    grid_code: str
    members_n: int


class AddressDetail(BaseModel):
    """A standard address, its cell, and the households there (for roles that may see them)."""

    id: int
    uid: str = Field(description="lifelong identity", examples=["191a7dde-6710-4a79-bcca-077358a35b02"])
    code: str = Field(examples=["33052100100100000001"])
    full_text: str = Field(examples=["浙江省湖州市德清县武康街道千秋社区永安街12号"])
    province: str | None
    city: str | None
    county: str | None
    town: str | None
    village: str | None
    village_group: str | None
    road: str | None
    number_plate: str | None
    building: str | None
    entrance: str | None
    floor: str | None
    room: str | None
    depth: int = Field(examples=[8], description="deepest level: 5 village … 8 number … 12 room")
    status: AddressStatus = Field(examples=["published"])
    valid_from: date
    valid_to: date | None
    division_code: str = Field(examples=["330521001001"])
    grid_code: str
    lon: float | None = Field(description="degrees, EPSG:4490")
    lat: float | None = Field(description="degrees, EPSG:4490")
    cell_reason: str | None = Field(description="why it belongs to its cell", examples=["inside"])
    cell_distance_m: float | None = Field(description="metres to the cell, when it lies in none")
    cell_since: date | None
    cell_name: str | None
    aliases: list[str]
    households: list[FoundHousehold] = Field(description="there and in its rooms; `address` names the room")
    note: str | None = Note


class ReviewOut(BaseModel):
    """Something about an address that a person must decide."""

    id: int
    address_id: int | None
    full_text: str | None
    reason_code: str = Field(examples=["village_mismatch"])
    reason: str = Field(examples=["地址写的是千秋社区，坐标落在春晖社区"])
    facts: dict[str, Any]
    status: ReviewStatus
    lon: float | None
    lat: float | None
    grid_code: str
    decided_by: str | None = None
    decided_at: datetime | None = None
    note: str | None = None


class ReviewPage(PageOut[ReviewOut]):
    """A page of the review queue."""

    open_n: int


class Decision(BaseModel):
    """The decision on a review."""

    accept: bool = Field(examples=[True], description="true: the address stands as it is")
    note: str | None = Field(default=None, max_length=500, examples=["已现场核实"])
