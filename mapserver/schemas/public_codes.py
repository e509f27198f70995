"""What a scanned code shows."""

from __future__ import annotations

from pydantic import BaseModel, Field


class HouseholdLink(BaseModel):
    """A household at the scanned address, for a signed-in worker in whose scope it lies."""

    id: int
    household_no: str
    head_name: str | None
    members_n: int


class ScannedOut(BaseModel):
    """The public part of a door plate or place code; households only for those who may see them."""

    kind: str = Field(description="plate or place", examples=["plate"])
    title: str = Field(description="address, or name of the place", examples=["德清县武康街道千秋社区永安街12号"])
    address: str | None = Field(description="standard address of a place")
    code: str | None = Field(description="standard address code of a plate", examples=["33052100100100000012"])
    place_kind: str | None = Field(examples=["场所"])
    town: str | None = Field(examples=["武康街道"])
    village: str | None = Field(examples=["千秋社区居民委员会"])
    service_name: str | None = Field(examples=["千秋社区便民服务站"])
    service_phone: str | None = Field(examples=["0572-8000001"])
    service_address: str | None
    service_hours: str | None = Field(examples=["周一至周五 8:30–17:00"])
    households: list[HouseholdLink] | None = Field(
        default=None, description="null for the public and outside the scope of the account"
    )
