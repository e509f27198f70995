"""What the routes of codes, plates and service points take and give."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from gazetteer.codes.grid_code import GridLevel
from gazetteer.plates.vocabulary import TokenStatus


class StandardCodeOut(BaseModel):
    """The standard address code: the village of birth and a sequence; never changed."""

    code: str = Field(examples=["33052100100100000012"])
    village: str = Field(examples=["330521001001"])
    sequence: str = Field(examples=["00000012"])


class StatisticalCodeOut(BaseModel):
    """The statistical division the address lies in today."""

    code: str = Field(examples=["330521001001"])
    full_code: str = Field(description="in 12 digits", examples=["330521001001"])
    name: str | None = Field(examples=["千秋社区居民委员会"])
    kind: str = Field(description="by the digits of the code", examples=["社区"])
    class_code: str | None = Field(description="urban-rural class, when the division has one", examples=["121"])
    class_name: str | None = Field(examples=["镇中心区"])


class GridCodeOut(BaseModel):
    """The cell responsible today."""

    code: str = Field(examples=["330521001001001"])
    level: GridLevel = Field(examples=["cell"])
    level_name: str = Field(examples=["网格"])


class BeidouOut(BaseModel):
    """Beidou grid location code (GB/T 39409-2020) of the door point, level 10, and of a height when one was given."""

    code: str = Field(examples=["N50HB51D298124403060"])
    height_code: str | None = Field(examples=["000000006414"])


class TokenOut(BaseModel):
    """A printed code. token: the text of the QR code, for those who may issue codes; null when it was revoked."""

    version: int = Field(examples=[1])
    status: TokenStatus = Field(examples=["valid"])
    issued_by: str
    issued_at: datetime
    revoked_by: str | None
    revoked_at: datetime | None
    reason: str | None
    token: str | None = Field(examples=["CECQV2OBS5VZVJ3BH6RQ5MNJ7TEI6GKXS4ASFJ2I"])
    path: str | None = Field(
        description="path on this server that the QR code holds",
        examples=["/p/CECQV2OBS5VZVJ3BH6RQ5MNJ7TEI6GKXS4ASFJ2I"],
    )


class AddressCodesOut(BaseModel):
    """Every code of one address."""

    address_id: int
    full_text: str = Field(examples=["德清县武康街道千秋社区永安街12号"])
    uid: str = Field(
        description="lifelong identity; survives renaming", examples=["6b1c5d0e-6f6e-4c7e-9a55-0d3c1f2b7a10"]
    )
    standard: StandardCodeOut
    statistical: StatisticalCodeOut
    grid: GridCodeOut
    beidou: BeidouOut | None = Field(description="null without a point")
    plate: TokenOut | None = Field(description="null when no plate was ever issued")


class RevokeIn(BaseModel):
    """Why a code is made worthless."""

    reason: str = Field(min_length=2, max_length=300, examples=["门牌被盗"])


class PlateBatchIn(BaseModel):
    """Which addresses get plates."""

    scope: str = Field(
        pattern=r"^\d{6}(\d{3}(\d{3}(\d{3}(\d{2})?)?)?)?$", description="grid prefix", examples=["330521001001"]
    )


class BeidouCellOut(BaseModel):
    """A cell of the Beidou grid: edges and middle in degrees, EPSG:4490."""

    code: str = Field(examples=["N50HB51D298124403060"])
    level: int = Field(ge=1, le=10)
    west: float
    south: float
    east: float
    north: float
    lon: float = Field(description="of the middle", examples=[119.9774])
    lat: float = Field(description="of the middle", examples=[30.5425])


class ServicePointIn(BaseModel):
    """What the public reads about the service point of a town or village."""

    name: str = Field(min_length=1, max_length=100, examples=["千秋社区便民服务站"])
    phone: str | None = Field(default=None, max_length=40, examples=["0572-8000001"], description="of the office")
    address_text: str | None = Field(default=None, max_length=200, examples=["永安街1号"])
    hours: str | None = Field(default=None, max_length=100, examples=["周一至周五 8:30–17:00"])


class ServicePointOut(ServicePointIn):
    """A service point as it stands."""

    division_code: str = Field(examples=["330521001001"])
    updated_by: str
    updated_at: datetime
