"""Recording a visit: once, however often the phone sends it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

OUTCOMES: dict[str, str] = {
    "met": "见到本人",
    "nobody_home": "无人在家",
    "moved_away": "已搬离",
    "refused": "拒访",
    "help_needed": "需要帮助",
}


@dataclass(frozen=True, slots=True)
class NewVisit:
    """What the phone sends. client_uid is made on the phone; visited_at is its clock; lon, lat in EPSG:4490.

    phone_time: what that clock said, where it could not be right and visited_at is the time of arrival.
    """

    client_uid: uuid.UUID
    visited_at: datetime
    outcome: str
    grid_code: str
    household_id: int | None = None
    address_id: int | None = None
    note: str | None = None
    lon: float | None = None
    lat: float | None = None
    phone_time: str | None = None


def record_visit(connection: Connection, visit: NewVisit, visitor: str) -> tuple[dict[str, Any], bool]:
    """The visit, and whether it is new; the same ``client_uid`` a second time returns the first one unchanged."""
    made = connection.execute(
        text(
            "INSERT INTO visit (client_uid, household_id, address_id, visitor, visited_at, phone_time, outcome, note, grid_code, geom) "
            "VALUES (:uid, :household, :address, :visitor, :at, :phone_time, :outcome, :note, :grid_code, "
            "st_setsrid(st_point(CAST(:lon AS float), CAST(:lat AS float)), 4490)) "
            "ON CONFLICT (client_uid) DO NOTHING RETURNING id"
        ),
        {
            "uid": visit.client_uid,
            "household": visit.household_id,
            "address": visit.address_id,
            "visitor": visitor,
            "at": visit.visited_at,
            "phone_time": visit.phone_time,
            "outcome": visit.outcome,
            "note": visit.note,
            "grid_code": visit.grid_code,
            "lon": visit.lon,
            "lat": visit.lat,
        },
    ).one_or_none()
    row = connection.execute(
        text(
            "SELECT id, client_uid, household_id, visitor, visited_at, received_at, phone_time, outcome, note FROM visit "
            "WHERE client_uid = :uid"
        ),
        {"uid": visit.client_uid},
    ).one()
    return {**row._mapping, "outcome_label": OUTCOMES[row.outcome]}, made is not None
