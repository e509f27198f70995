"""What the auditor's routes take and give."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, Field

from access.audit.trail import TrailFilter
from mapserver.schemas.dates import Day

Words = Annotated[str | None, Query(max_length=300)]


def trail_filter(
    actor: Words = None,
    action: Words = None,
    target: Annotated[
        str | None, Query(max_length=300, description="exact; with * at its end: beginning", examples=["person:12*"])
    ] = None,
    address: Words = None,
    allowed: Annotated[bool | None, Query(description="false: refusals only")] = None,
    first_day: Annotated[Day | None, Query(alias="from", description="first day")] = None,
    last_day: Annotated[Day | None, Query(alias="to", description="last day")] = None,
) -> TrailFilter:
    """The filter in the query string; the same for the list, the sums and the export."""
    return TrailFilter(actor, action, target, address, allowed, first_day, last_day)


class AuditEventOut(BaseModel):
    """A row of a trail. at: UTC. target names records, never personal values. county, rows_n … where the trail has them."""

    id: int = Field(examples=[4711])
    at: str = Field(examples=["2026-11-28T01:30:00.123456Z"])
    actor: str = Field(examples=["lihua"])
    action: str = Field(examples=["reveal"])
    action_label: str = Field(description="the act in Chinese", examples=["查看完整号码"])
    target: str | None = Field(examples=["person:12 phone"])
    purpose: str | None = Field(examples=["核实低保"])
    allowed: bool
    rows_n: int | None = None
    times: int = 1
    grid_code: str | None = None
    county: str | None = None
    address: str | None = Field(examples=["10.33.5.21"])


class AuditActionOut(BaseModel):
    """An act and its words."""

    action: str = Field(examples=["reveal"])
    label: str = Field(examples=["查看完整号码"])


class AuditSumOut(BaseModel):
    """What one account did of one kind on one day."""

    day: date
    actor: str = Field(examples=["lihua"])
    action: str = Field(examples=["reveal"])
    action_label: str = Field(description="the act in Chinese", examples=["查看完整号码"])
    times: int
    rows_n: int | None
    refused: int


class AuditHeadOut(BaseModel):
    """The last link of a chain."""

    chain: str = Field(examples=["330521"])
    number: int
    hash: str = Field(examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"])
    at: str | None
