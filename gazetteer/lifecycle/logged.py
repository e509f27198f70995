"""What the log of addresses holds: the state of an address, and an event between two states."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Required, TypedDict


class LoggedState(TypedDict, total=False):
    """An address as the log keeps it, a JSON document made by the SQL function ``address_state``: what is empty is left out.

    Days as ISO 8601, lon and lat in degrees (EPSG:4490), uids as text.
    """

    uid: Required[str]
    code: Required[str]
    full_text: Required[str]
    depth: Required[int]
    division_code: Required[str]
    status: Required[str]
    valid_from: Required[str]
    grid_code: Required[str]
    valid_to: str
    source: str
    source_key: str
    province: str
    city: str
    county: str
    town: str
    village: str
    village_group: str
    road: str
    number_plate: str
    building: str
    entrance: str
    floor: str
    room: str
    lon: float
    lat: float
    successors: list[str]


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """One event of the log. before: None when the address is new or the scope hides it; after: None when it left the grid code.

    operation_id: None for what no operation did. reverts: the operation that this one took back.
    """

    number: int
    operation_id: str | None
    kind: str
    reason: str | None
    reverts: str | None
    uid: str
    before: LoggedState | None
    after: LoggedState | None
    effective_on: date
    actor: str
    recorded_at: datetime
    grid_code: str


@dataclass(frozen=True, slots=True)
class Touched:
    """One address before and after some operations; before: None when they made it."""

    uid: str
    before: LoggedState | None
    after: LoggedState
