"""Reading the log: the numbered change feed, the history of one address, the library as of a day."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Connection, select, text

from database.connection.records import records_of
from database.paging import Cursor
from database.rights.scope import narrowed_to_scope
from gazetteer.lifecycle.logged import LoggedEvent, LoggedState
from gazetteer.lifecycle.models import AddressEvent

# Drafts are the business of those who prepare them: for everybody else an address begins when it is published. What an address
# was where the scope does not reach is not told either: whoever saw it there has the event "left".
_EVENTS = """
SELECT number, operation_id::text AS operation_id, kind, reason, reverts::text AS reverts, uid::text AS uid,
       CASE WHEN (:drafts OR before ->> 'status' NOT IN ('draft', 'reviewed')) AND is_visible(before ->> 'grid_code')
       THEN before END AS before, after,
       effective_on, actor, recorded_at, grid_code
FROM address_event
WHERE {which} AND (:drafts OR (
    coalesce(after ->> 'status', '') NOT IN ('draft', 'reviewed')
    AND NOT (coalesce(before ->> 'status', '') IN ('draft', 'reviewed') AND coalesce(after ->> 'status', '') <> 'published')))
ORDER BY number {limit}
"""
_FEED = text(_EVENTS.format(which="number > :after", limit="LIMIT :limit"))
_NUMBERED = text(_EVENTS.format(which="number = ANY(:numbers)", limit=""))
_HISTORY = text(_EVENTS.format(which="uid = :uid", limit=""))


#: The place in the feed as the interface writes it.
FEED = Cursor("address_events", int)


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Events in order. next: pass as ``after`` for what follows; it moves on even when the scope hides events."""

    events: list[LoggedEvent]
    next: int
    more: bool


def list_events(connection: Connection, *, after: int = 0, limit: int = 1000, drafts: bool = False) -> FeedPage:
    """The events in scope with a number above ``after``, in the order of commits. Served by the primary key; a scope narrower than
    the county reads its own range of ``ix_address_event_scope`` first.

    A reader who applies every page (``after`` set: write it; none: drop the address) has the library of the scope. Numbers
    are given under a lock that lasts until the commit, so none below ``next`` can still appear. drafts: show those as well.
    """
    last = connection.scalar(text("SELECT last_event_number()")) or 0
    narrowed = narrowed_to_scope(connection, AddressEvent.__table__.c.grid_code)
    if narrowed:
        events = _narrow_events(connection, narrowed, after, limit + 1, drafts)
    else:
        rows = connection.execute(_FEED, {"after": after, "limit": limit + 1, "drafts": drafts})
        events = records_of(LoggedEvent, rows)
    if len(events) > limit:
        return FeedPage(events[:limit], events[limit - 1].number, True)
    return FeedPage(events, max(after, last, events[-1].number if events else 0), False)


def _narrow_events(
    connection: Connection, narrowed: list[ColumnElement[bool]], after: int, wanted: int, drafts: bool
) -> list[LoggedEvent]:
    """The first events of the scope's range; as many numbers again where drafts were left out."""
    events: list[LoggedEvent] = []
    number = AddressEvent.number
    while len(events) < wanted:
        visible = select(number).where(number > after, *narrowed).cte("seen").prefix_with("MATERIALIZED")
        numbers = connection.scalars(select(visible.c.number).order_by(visible.c.number).limit(wanted)).all()
        if numbers:
            rows = connection.execute(_NUMBERED, {"numbers": list(numbers), "drafts": drafts})
            events += records_of(LoggedEvent, rows)
        if len(numbers) < wanted:
            break
        after = numbers[-1]
    return events[:wanted]


def history(connection: Connection, uid: uuid.UUID, *, drafts: bool = False) -> list[LoggedEvent]:
    """What happened to one address, first to last, as far as the scope shows. Served by ``ix_address_event_uid``."""
    rows = connection.execute(_HISTORY, {"uid": uid, "drafts": drafts})
    return records_of(LoggedEvent, rows)


# The days of one address never run backwards (the log refuses it), so its last event up to a day is its state on that day.
_AS_OF = text("""
SELECT after FROM (
    SELECT DISTINCT ON (uid) uid, after FROM address_event
    WHERE effective_on <= :on AND recorded_at <= coalesce(CAST(:known_at AS timestamptz), 'infinity')
    ORDER BY uid, number DESC) last
WHERE after ->> 'status' = 'published' AND after ->> 'division_code' ^@ :division ORDER BY after ->> 'code'
""")


def library_as_of(
    connection: Connection, on: date, *, known_at: datetime | None = None, division_code: str = ""
) -> list[LoggedState]:
    """The published addresses of a day, as known now or (``known_at``) at an earlier moment; of one division when given.

    Served by ``ix_address_event_uid``.
    """
    values = {"on": on, "known_at": known_at, "division": division_code}
    return [row.after for row in connection.execute(_AS_OF, values)]


def address_as_of(connection: Connection, uid: uuid.UUID, on: date) -> LoggedState | None:
    """One address as it was on a day, whatever its status; None when it was not there, or the scope hides it."""
    state: LoggedState | None = connection.scalar(
        text("SELECT after FROM address_event WHERE uid = :uid AND effective_on <= :on ORDER BY number DESC LIMIT 1"),
        {"uid": uid, "on": on},
    )
    return state
