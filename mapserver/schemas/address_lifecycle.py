"""What the routes of the address lifecycle take and give."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from gazetteer.lifecycle.vocabulary import AddressEventKind, ChangeSetState
from mapserver.schemas.dates import Day
from mapserver.schemas.page import PageOut

Reason = Annotated[str, Field(min_length=2, max_length=500, examples=["县政府〔2026〕12号：永安街更名"])]

RENAME_ROAD = {"kind": "rename_road", "division_code": "330521001", "old": "永安街", "new": "永宁街"}
DEMOLISH = {"kind": "demolish", "uids": ["191a7dde-6710-4a79-bcca-077358a35b02"]}
STATE = {"code": "33052100100100000012", "full_text": "德清县武康街道千秋社区永宁街12号", "status": "published"}


class EventOut(BaseModel):
    """One event of the log. after is empty when the address left this grid code, before when it is new."""

    number: int = Field(examples=[151359])
    operation_id: str | None
    kind: str = Field(examples=["renamed"])
    reason: str | None = Field(examples=["县政府〔2026〕12号：永安街更名"])
    reverts: str | None
    uid: str
    before: dict[str, Any] | None = Field(examples=[{**STATE, "full_text": "德清县武康街道千秋社区永安街12号"}])
    after: dict[str, Any] | None = Field(examples=[STATE])
    effective_on: date
    actor: str
    recorded_at: datetime
    grid_code: str


class FeedOut(PageOut[EventOut]):
    """A page of the change feed. Ask again with ``after=next``, which never ends; ``more`` says whether to do so at once."""

    more: bool


class AddressOnDay(BaseModel):
    """One address as it was on a day."""

    uid: str
    on: date
    state: dict[str, Any] = Field(examples=[STATE])


class OperationSchema(BaseModel):
    """What an operation of a change set needs: a JSON Schema of its arguments."""

    name: str = Field(examples=["rename_road"])
    kind: AddressEventKind = Field(description="kind of the events it leaves", examples=["renamed"])
    title: str = Field(examples=["更名"])
    arguments: dict[str, Any]


class ChangeSetIn(BaseModel):
    """Operations to be published as one; each ``{"kind": …, **arguments}``, see ``GET …/address-operations``."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    title: Annotated[str, Field(min_length=2, max_length=100, examples=["永安街更名"])]
    reason: Reason
    effective_on: Annotated[Day, Field(description="today at the latest", examples=["2026-11-24"])]
    items: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=1000, examples=[[RENAME_ROAD, DEMOLISH]])]


class ChangeItemOut(BaseModel):
    """One operation of a change set."""

    position: int
    kind: str
    arguments: dict[str, Any]
    operation_id: str | None


class ChangeSetOut(BaseModel):
    """A change set."""

    id: int
    title: str
    reason: str
    effective_on: date
    state: ChangeSetState = Field(examples=["submitted"])
    author: str
    approver: str | None
    note: str | None
    created_at: datetime
    decided_at: datetime | None
    published_at: datetime | None


class ChangeSetDetail(ChangeSetOut):
    """A change set with its operations."""

    items: list[ChangeItemOut]


class VillageDiffOut(BaseModel):
    """What a set does to one village."""

    division_code: str = Field(examples=["330521001001"])
    village: str | None = Field(examples=["千秋社区居民委员会"])
    before: int = Field(description="published addresses there now")
    added: int
    changed: int
    retired: int
    lost: int = Field(
        description="taken from the village within the last day without a second person, this set included"
    )
    guarded: bool = Field(description="the village loses so many that a second person must approve")


class StateChange(BaseModel):
    """One address before and after."""

    uid: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class PreviewOut(BaseModel):
    """What publishing the set would do now."""

    villages: list[VillageDiffOut]
    changes: list[StateChange]
    guarded: bool


class StepIn(BaseModel):
    """What is done with a set."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    action: Literal["submit", "approve", "reject", "withdraw", "publish"]
    note: Annotated[str | None, Field(max_length=500, examples=["已现场核实"])] = None


class RollbackIn(BaseModel):
    """Why an operation is taken back."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    reason: Reason


class RollbackOut(BaseModel):
    """The operation that took another back, and the addresses it restored."""

    operation_id: str = Field(examples=["5c0f2f0a-6c58-4a1c-9c6f-0c8f2f1d7a11"])
    uids: list[str]
