"""Taking a batch back: every row it made goes, every row it changed is again exactly as it was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from database.connection.records import records_of
from database.paging import Cursor, Page
from database.rights.scope import Scope
from gazetteer.corrections.decide import one_at_a_time
from gazetteer.corrections.errors import BatchUndone, CorrectionBatchNotFound, UndoConflict
from gazetteer.corrections.ledger import ADDABLE, CHANGEABLE

_BATCH = (
    "SELECT b.id, b.kind, b.action, b.summary, b.decided_n, b.logged_n, b.note, b.actor, b.created_at, b.undone_by, b.undone_at, "
    "b.grid_code FROM correction_batch b "
)
_CURSOR = Cursor("correction_batches", int)


@dataclass(frozen=True, slots=True)
class CorrectionBatch:
    """What was decided in one go. logged_n: rows of the ledger it wrote; undone_by, undone_at: None while it holds."""

    id: int
    kind: str
    action: str
    summary: str
    decided_n: int
    logged_n: int
    note: str | None
    actor: str
    created_at: datetime
    undone_by: str | None
    undone_at: datetime | None
    grid_code: str


def list_batches(connection: Connection, *, after: str | None = None, limit: int = 50) -> Page[CorrectionBatch]:
    """A page of batches, newest first. Served by the primary key. Raises CursorInvalid."""
    rows = connection.execute(
        text(_BATCH + "WHERE CAST(:before AS bigint) IS NULL OR b.id < :before ORDER BY b.id DESC LIMIT :limit"),
        {"before": _CURSOR.first(after), "limit": limit + 1},
    )
    return _CURSOR.page(records_of(CorrectionBatch, rows), limit, lambda batch: (batch.id,))


def undo_batch(connection: Connection, batch_id: int, scope: Scope) -> CorrectionBatch:
    """Take a batch back; returns it. Raises CorrectionBatchNotFound, BatchUndone; UndoConflict when a row of it was changed since,
    was built upon, or lies outside the scope: then nothing is undone.
    """
    one_at_a_time(connection, scope)
    batch = connection.execute(text(_BATCH + "WHERE b.id = :id FOR UPDATE"), {"id": batch_id}).one_or_none()
    if batch is None:
        raise CorrectionBatchNotFound(str(batch_id))
    if batch.undone_at is not None:
        raise BatchUndone(f"{batch.undone_by}", undone_by=batch.undone_by)
    visible_n = connection.scalar(text("SELECT count(*) FROM correction_log WHERE batch_id = :id"), {"id": batch_id})
    if visible_n != batch.logged_n:
        raise UndoConflict("其中有数据不在您的范围内 / some of its rows are outside your scope")
    _refuse_when_built_upon(connection, batch_id)
    for table, columns in CHANGEABLE.items():
        _restore(connection, batch_id, table, columns)
    for table in ADDABLE:
        _take_out(connection, batch_id, table)
    connection.execute(
        text("UPDATE correction_batch SET undone_by = :actor, undone_at = now() WHERE id = :id"),
        {"actor": scope.actor, "id": batch_id},
    )
    return CorrectionBatch(**connection.execute(text(_BATCH + "WHERE b.id = :id"), {"id": batch_id}).one()._mapping)


def _refuse_when_built_upon(connection: Connection, batch_id: int) -> None:
    """An alias or a rule stays as long as another batch decided rows by it."""
    later = connection.scalars(
        text(
            "SELECT c.batch_id FROM correction_log l JOIN address_rule r ON r.id = l.row_id "
            "JOIN correction c ON c.outcome = 'by_rule' AND c.road_key = r.written "
            "AND c.division_code >= r.division_code AND c.division_code < r.division_code || '~' "
            "WHERE l.batch_id = :batch AND l.table_name = 'address_rule' AND c.batch_id <> :batch "
            "UNION SELECT c.batch_id FROM correction_log l JOIN address_alias x ON x.id = l.row_id "
            "JOIN correction c ON c.outcome = 'alias' AND c.match_key = x.match_key AND c.address_id = x.address_id "
            "WHERE l.batch_id = :batch AND l.table_name = 'address_alias' AND c.batch_id <> :batch ORDER BY 1"
        ),
        {"batch": batch_id},
    ).all()
    if later:
        raise UndoConflict("先撤销同样依据它的批次 / undo the batches that rest on it first", batches=list(later))


def _restore(connection: Connection, batch_id: int, table: str, columns: tuple[str, ...]) -> None:
    """Rows the batch changed, set back; only when each is still as the batch left it."""
    names = ", ".join(columns)
    unchanged = " AND ".join(f"to_jsonb(t) -> '{column}' = l.after -> '{column}'" for column in columns)
    wanted = _count(connection, batch_id, table, "before IS NOT NULL")
    if not wanted:
        return
    restored = connection.execute(
        text(
            f"UPDATE {table} t SET ({names}) = (SELECT {names} FROM jsonb_populate_record(NULL::{table}, l.before)) "  # noqa: S608
            f"FROM correction_log l WHERE l.batch_id = :batch AND l.table_name = '{table}' AND l.before IS NOT NULL "
            f"AND t.id = l.row_id AND {unchanged}"
        ),
        {"batch": batch_id},
    ).rowcount
    if restored != wanted:
        raise UndoConflict(f"{wanted - restored} 条 / rows", table=table, changed_n=wanted - restored)


def _take_out(connection: Connection, batch_id: int, table: str) -> None:
    """Rows the batch made; only when each is still as it was made (its grid code may have moved with the grid)."""
    wanted = _count(connection, batch_id, table, "before IS NULL")
    if not wanted:
        return
    gone = connection.execute(
        text(
            f"DELETE FROM {table} t USING correction_log l WHERE l.batch_id = :batch AND l.table_name = '{table}' "  # noqa: S608
            "AND l.before IS NULL AND t.id = l.row_id AND to_jsonb(t) - 'grid_code' = l.after - 'grid_code'"
        ),
        {"batch": batch_id},
    ).rowcount
    if gone != wanted:
        raise UndoConflict(f"{wanted - gone} 条 / rows", table=table, changed_n=wanted - gone)


def _count(connection: Connection, batch_id: int, table: str, which: str) -> int:
    return int(
        connection.scalar(
            text(f"SELECT count(*) FROM correction_log WHERE batch_id = :batch AND table_name = :table AND {which}"),  # noqa: S608
            {"batch": batch_id, "table": table},
        )
        or 0
    )
