"""What the routes of place codes give."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, Field

from layers.places.vocabulary import PlaceKind
from mapserver.schemas.address_codes import TokenOut


class PlaceCodeOut(BaseModel):
    """A place and its newest code."""

    place_id: int
    name: str = Field(examples=["武康农贸市场"])
    kind: PlaceKind = Field(examples=["premises"])
    token: TokenOut | None


class ScanCount(BaseModel):
    """How often the code of a place was scanned on a day. No person is recorded."""

    day: date
    place_id: int
    name: str
    scans: int = Field(examples=[37])
