"""Changes (异动): what differed between two states of a record, by whom, when, through which import."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from database.connection.records import records_of
from database.paging import Cursor, Page
from database.rights.scope import narrowed_to_scope
from layers.changes.models import Change, ChangeWhole

COLUMNS = (
    Change.id,
    Change.batch_id,
    Change.entity,
    Change.entity_id,
    Change.operation,
    Change.fields,
    func.coalesce(ChangeWhole.before, Change.before).label("before"),
    func.coalesce(ChangeWhole.after, Change.after).label("after"),
    Change.actor,
    Change.at,
    Change.grid_code,
)
_CURSOR = Cursor("changes", int)


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """The difference between two states of a record; personal numbers masked, other places as the scope may know them.

    entity: table of the record; entity_id: its key as text. before, after: None where there was, is, no record.
    """

    id: int
    batch_id: int | None
    entity: str
    entity_id: str
    operation: str
    fields: list[str]
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    actor: str
    at: datetime
    grid_code: str


def list_changes(
    connection: Connection,
    *,
    entity: str | None = None,
    entity_id: str | None = None,
    batch: int | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[ChangeRow]:
    """A page of the changes in scope, newest first.

    entity: a table name (person, household_member, standard_address …); entity_id: one record; batch: one import. For the whole
    county served by the primary key, ``ix_change_entity``, ``ix_change_batch_id`` and ``ix_change_record``. A narrower scope reads
    its range of ``ix_change_scope`` alone and then the rows of the page: what is newest in the county may be far from what is
    newest in a town. What a change says of a place outside its own grid code stands in ``change_whole`` (primary key), which
    row-level security shows to who sees both places; to others it says （辖区外）.
    Raises CursorInvalid.
    """
    given = {Change.entity: entity, Change.entity_id: entity_id, Change.batch_id: batch}
    wanted: list[ColumnElement[bool]] = [column == value for column, value in given.items() if value is not None]
    if after is not None:
        wanted.append(Change.id < _CURSOR.first(after))
    narrowed = narrowed_to_scope(connection, Change.__table__.c.grid_code)
    if narrowed and entity_id is None:
        visible = select(Change.id).where(*wanted, *narrowed).cte("seen").prefix_with("MATERIALIZED")
        newest = (
            select(visible.c.id)
            .order_by(visible.c.id.desc())
            .limit(limit + 1)
            .cte("newest")
            .prefix_with("MATERIALIZED")
        )
        wanted = [Change.id == newest.c.id]
    query = select(*COLUMNS).outerjoin(ChangeWhole, ChangeWhole.change_id == Change.id).where(*wanted, *narrowed)
    rows = connection.execute(query.order_by(Change.id.desc()).limit(limit + 1))
    return _CURSOR.page(records_of(ChangeRow, rows), limit, lambda row: (row.id,))
