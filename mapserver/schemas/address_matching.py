"""What the routes for matching texts and whole files take and give."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, Field

from gazetteer.library.vocabulary import AddressStatus
from importing.vocabulary import MatchJobState
from mapserver.schemas.address_texts import AddressText
from mapserver.schemas.addresses import CandidateOut
from mapserver.schemas.page import PageOut


class MatchIn(BaseModel):
    """Address texts to match with the library."""

    texts: list[AddressText] = Field(
        min_length=1, max_length=1000, examples=[["武康街道永安街12号", "千秋社区雍安街3号"]]
    )


class MatchOut(BaseModel):
    """The answer for one text. Several equal candidates are an answer: none of them is chosen."""

    text: str
    matched_level: str | None = Field(examples=["number_plate"], description="how far down the library knows the text")
    ambiguous: bool = Field(description="the candidates are equal: a person must choose")
    candidate: CandidateOut | None = Field(description="the answer; none when there is no match or several equal ones")
    candidates: list[CandidateOut] = Field(description="best first, at most five")


class Matches(BaseModel):
    """One answer for each text, in order."""

    matches: list[MatchOut]


class MatchJobOut(BaseModel):
    """A file that is matched in the background. It is seen by the one who sent it, for seven days."""

    id: int = Field(examples=[7])
    file_name: str = Field(examples=["企业名录.xlsx"])
    column_name: str = Field(examples=["住所"], description="the column of the address text")
    sheet: str | None
    result_format: Literal["csv", "xlsx"]
    state: MatchJobState
    rows_n: int = Field(examples=[50000], description="rows done so far")
    classes: dict[str, int] = Field(
        examples=[{"A": 49576, "B": 381, "无": 43}],
        description="rows by answer: A, B, C, 多个 several equal, 无 none, 空 no text, 坏行 broken row",
    )
    error: str | None = Field(description="why it failed, in words for the one who sent the file")
    created_at: datetime
    finished_at: datetime | None


class AddressStateOut(BaseModel):
    """An address at one time."""

    uid: str = Field(examples=["191a7dde-6710-4a79-bcca-077358a35b02"], description="lifelong identity")
    code: str = Field(examples=["33052100100100000001"])
    text: str = Field(examples=["浙江省湖州市德清县武康街道千秋社区永安街12号"])
    status: AddressStatus = Field(examples=["published"])
    lon: float | None = Field(description="degrees, EPSG:4490")
    lat: float | None = Field(description="degrees, EPSG:4490")


class AddressThen(BaseModel):
    """An address that a text meant on a day, and what it is now."""

    then: AddressStateOut
    now: list[AddressStateOut] = Field(
        description="the same address when it is still valid, else what took its place; empty when nothing did"
    )
    explanation: str = Field(examples=["现名“永宁街12号”"])


class AddressesThen(PageOut[AddressThen]):
    """What a text meant on a day."""

    query: str
    on: date
