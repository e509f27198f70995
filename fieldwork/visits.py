"""Recording a visit: once, however often the phone sends it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, text
from sqlalchemy.exc import NoResultFound

from access.administration.account_names import account_since
from alerts.detection.ending import end_by_visit
from database.errors import Taken
from layers.people.households import HouseholdNotFound
from layers.people.masking import mask_numbers
from layers.visits.vocabulary import VisitOutcome

#: The product is younger than this, so are its visits; clocks without a battery start in 1970, 1980, 2000 or 2010.
EARLIEST_VISIT = datetime(2020, 1, 1, tzinfo=UTC)


class VisitUidTaken(Taken):
    """这个走访编号已用于另一户 | This client_uid already belongs to a visit of another household"""


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


@dataclass(frozen=True, slots=True)
class RecordedVisit:
    """A visit as it is kept. visitor: user name; outcome_label: in Chinese."""

    id: int
    client_uid: uuid.UUID
    household_id: int | None
    visitor: str
    visited_at: datetime
    received_at: datetime
    phone_time: str | None
    outcome: str
    outcome_label: str
    note: str | None


def record_visit(connection: Connection, visit: NewVisit, visitor: str) -> tuple[RecordedVisit, bool]:
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
    return RecordedVisit(**row._mapping, outcome_label=VisitOutcome(row.outcome).zh), made is not None


#: A clock that differs less than this is not wrong: what it shows is kept, or now when it runs ahead.
CLOCK_SKEW = timedelta(minutes=5)
#: A visit is not made this long before the account, or the record of the household, existed: a day, for the zones.
BEFORE_ALL = timedelta(days=1)

# Since when this visitor may have visited this household: since their account, or their posting to the cell where that is
# older, and not before the record of the household. ix_change_record, and the postings of a worker.
_SINCE = """
SELECT greatest(
    least(CAST(:account_since AS timestamptz),
          (SELECT min(p.valid_from) FROM posting p JOIN grid_worker w ON w.id = p.worker_id
           WHERE w.username = :visitor AND p.cell_code IN (:cell, left(:cell, 15)))),
    (SELECT min(c.at) FROM change c WHERE c.entity = 'household' AND c.entity_id = CAST(:household AS text)
     AND c.operation = 'added'))
"""


def visit_household(
    connection: Connection, household_id: int, visit: NewVisit, visitor: str
) -> tuple[RecordedVisit, bool]:
    """Record a visit to a household; returns it and whether it is new. Raises HouseholdNotFound, VisitUidTaken.

    ``visit.grid_code`` is replaced by the household's own, so that whoever sees the household sees the visit. A visit is never
    lost to a wrong clock: a time in the future, or before the visitor's account or the household's record was there, becomes
    the time of arrival, and what the phone said is kept beside it (``phone_time``). The same ``client_uid`` for the same
    household returns the first visit. A visit ends the alerts that it answers.
    """
    grid_code = connection.scalar(text("SELECT grid_code FROM household WHERE id = :id"), {"id": household_id})
    if grid_code is None:
        raise HouseholdNotFound(str(household_id))
    since = connection.scalar(
        text(_SINCE),
        {
            "visitor": visitor,
            "account_since": account_since(connection, visitor),
            "cell": grid_code,
            "household": household_id,
        },
    )
    visited_at, phone_time = plausible_time(visit.visited_at, since, datetime.now(UTC))
    record = replace(
        visit,
        visited_at=visited_at,
        phone_time=phone_time,
        grid_code=grid_code,
        household_id=household_id,
        note=None if visit.note is None else mask_numbers(visit.note),
    )
    try:
        recorded, new = record_visit(connection, record, visitor)
    except NoResultFound:  # it exists where this account does not see
        raise VisitUidTaken(str(visit.client_uid)) from None
    if recorded.household_id != household_id:
        raise VisitUidTaken(str(visit.client_uid))
    if new:
        connection.execute(
            text(
                "UPDATE household SET last_visit_at = greatest(last_visit_at, CAST(:at AS timestamptz)) WHERE id = :id"
            ),
            {"id": household_id, "at": record.visited_at},
        )
        end_by_visit(
            connection,
            household_id,
            visit_id=recorded.id,
            visited_at=record.visited_at,
            outcome=record.outcome,
            outcome_label=recorded.outcome_label,
            sure=phone_time is None,
        )
    return recorded, new


def plausible_time(phone: datetime, since: datetime | None, now: datetime) -> tuple[datetime, str | None]:
    """When a visit was made, and what the phone's clock said where that cannot be: then the visit was made now.

    since: since when there was somebody to make it, or None where nothing tells; then since the year of ``EARLIEST_VISIT``.
    """
    if phone > now:
        return now, None if phone - now <= CLOCK_SKEW else phone.isoformat()
    if phone < (since - BEFORE_ALL if since else EARLIEST_VISIT):
        return now, phone.isoformat()
    return phone, None
