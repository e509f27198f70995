"""What the address routes take and give."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field


class ReasonOut(BaseModel):
    """Why an element matched, or did not."""

    level: str = Field(examples=["number_plate"])
    kind: str = Field(examples=["equal"], description="equal, alias, typo, missing, conflicting or fallback")
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
    confidence_class: str = Field(description="A certain, B probable, C needs a person")
    reasons: list[ReasonOut]


class PlaceNameOut(BaseModel):
    """A place name (地名): natural village, road, compound, water, mountain, landmark."""

    id: int
    name: str = Field(examples=["上塘坞"])
    kind: str = Field(examples=["natural_village"])
    aliases: list[str]
    grid_code: str
    lon: float | None
    lat: float | None
    village: str | None
    town: str | None


class AddressSearch(BaseModel):
    """Ranked candidates; several equal ones mean that the text is ambiguous. Place names that contain the text beside them."""

    query: str
    candidates: list[CandidateOut]
    place_names: list[PlaceNameOut]


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


class NearAddresses(BaseModel):
    """The addresses nearest to a point, nearest first."""

    addresses: list[NearAddress]


class AddressDetail(BaseModel):
    """A standard address, its cell, and the households there (for roles that may see them)."""

    model_config = {"extra": "allow"}

    id: int
    full_text: str = Field(examples=["浙江省湖州市德清县武康街道千秋社区永安街12号"])
    households: list[dict[str, Any]]


class ReviewOut(BaseModel):
    """Something about an address that a person must decide."""

    id: int
    address_id: int | None
    full_text: str | None
    reason_code: str = Field(examples=["village_mismatch"])
    reason: str = Field(examples=["地址写的是千秋社区，坐标落在春晖社区"])
    facts: dict[str, Any]
    status: str
    lon: float | None
    lat: float | None
    grid_code: str
    decided_by: str | None = None
    decided_at: datetime | None = None
    note: str | None = None


class ReviewPage(BaseModel):
    """A page of the review queue. next: pass it as ``after``; null at the end."""

    reviews: list[ReviewOut]
    next: int | None
    open_n: int


class Decision(BaseModel):
    """The decision on a review."""

    accept: bool = Field(examples=[True], description="true: the address stands as it is")
    note: str | None = Field(default=None, max_length=500, examples=["已现场核实"])
