"""The record of each import (导入批次): opened before anything is read, so that even a killed import leaves a trace."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import orjson
from sqlalchemy import Connection, text

from database.connection.engine import Database
from database.connection.records import records_of
from database.rights.scope import Scope
from importing.errors import BatchNotFound, ConfirmationNeeded, ImportCancelled, ImportEnded
from importing.mappings.mapping import Mapping
from importing.records import Batch, Counts, RejectGroup, Request, Stages, WarningGroup
from importing.vocabulary import ImportState

_COLUMNS = (
    "id, mapping, target, file_name, state, stage, rows_done, rows_total, progressed_at, counts, stages, error, error_code, "
    "cancelled_by, coalesce(CAST(request ->> 'publish' AS boolean), published_at IS NOT NULL) AS to_publish, "
    "created_by, created_at, published_at"
)


def open_batch(
    connection: Connection,
    mapping: Mapping,
    file_name: str,
    sha256: str,
    county: str,
    actor: str,
    *,
    request: Request | None = None,
) -> int:
    """Record that an import begins; returns its number. request: of a file that waits for the background (`background`)."""
    return int(
        connection.execute(
            text(
                "INSERT INTO import_batch (mapping, target, file_name, sha256, state, request, created_by, grid_code) "
                "VALUES (:mapping, :target, :file_name, :sha256, CASE WHEN CAST(:request AS jsonb) IS NULL THEN 'staged' "
                "ELSE 'waiting' END, CAST(:request AS jsonb), :actor, :county) RETURNING id"
            ),
            {
                "request": None if request is None else _json(request),
                "mapping": mapping.name,
                "target": mapping.target,
                "file_name": file_name,
                "sha256": sha256,
                "actor": actor,
                "county": county,
            },
        ).scalar_one()
    )


#: Held by the transaction of an import: who holds it lives. Of this county alone, for each numbers its own imports.
_LOCK = "hashtextextended(current_schema() || '.import_batch:' || {id}, 0)"


@contextmanager
def holding_batch(database: Database, scope: Scope, batch_id: int) -> Iterator[Connection]:
    """The transaction of an import: as long as it lives, `sweep_batches` lets the batch be.

    Raises ImportEnded when the import ended meanwhile, by another worker or by a sweep.
    """
    with database.transaction(scope) as connection:
        connection.execute(_HOLD, {"id": batch_id})
        state = connection.scalar(text("SELECT state FROM import_batch WHERE id = :id"), {"id": batch_id})
        if state != ImportState.STAGED:
            raise ImportEnded(str(batch_id), state=state)
        yield connection


def is_held(connection: Connection, batch_id: int) -> bool:
    """True while the transaction of this import lives somewhere; otherwise it is held from now to the end of this one."""
    return not connection.scalar(_TRY, {"id": batch_id})


def sweep_batches(connection: Connection) -> int:
    """Mark the imports whose process died as failed, with a reason for whoever began them; returns how many.

    One that began within the last minute may not have come to its transaction yet. Files from the web are taken up again
    instead (`background`).
    """
    return connection.execute(_SWEEP).rowcount


_HOLD = text(f"SELECT pg_advisory_xact_lock({_LOCK.format(id='CAST(:id AS bigint)')})")
_TRY = text(f"SELECT pg_try_advisory_xact_lock({_LOCK.format(id='CAST(:id AS bigint)')})")
_SWEEP = text(
    "WITH open AS MATERIALIZED (SELECT id FROM import_batch "  # noqa: S608 - the lock is a text of ours
    "WHERE state = 'staged' AND request IS NULL AND created_at < clock_timestamp() - interval '1 minute'), "
    f"dead AS MATERIALIZED (SELECT id FROM open WHERE pg_try_advisory_xact_lock({_LOCK.format(id='id')})) "
    "UPDATE import_batch b SET state = CASE WHEN cancelled_by IS NULL THEN 'failed' ELSE 'cancelled' END, error = "
    "'服务中断，未写入任何数据，请重新导入 / the server ended in the middle: nothing was written; import the file again' "
    "FROM dead WHERE dead.id = b.id"
)


def close_batch(
    connection: Connection,
    batch_id: int,
    *,
    state: str,
    counts: Counts,
    stages: Stages,
    doubt: ConfirmationNeeded | None = None,
) -> None:
    """Record how an import ended: checked or published; its file goes. Interrupted imports of the same file are marked failed.

    doubt: why what was to be published was only checked. Raises ImportCancelled when somebody asked meanwhile that it ends.
    """
    found = connection.execute(
        text(
            "UPDATE import_batch SET state = :state, counts = CAST(:counts AS jsonb), stages = CAST(:stages AS jsonb), "
            "stage = 'done', rows_done = :read, rows_total = :read, error = :error, error_code = :code, "
            "published_at = CASE WHEN :state = 'published' THEN now() END WHERE id = :id RETURNING cancelled_by"
        ),
        {
            "state": state,
            "counts": _json(counts),
            "stages": _json(stages),
            "read": counts["read"],
            "error": doubt and str(doubt),
            "code": doubt and doubt.code,
            "id": batch_id,
        },
    ).one()
    if found.cancelled_by is not None:
        raise ImportCancelled(found.cancelled_by, by=found.cancelled_by)
    _drop_file(connection, batch_id)
    connection.execute(
        text(
            "UPDATE import_batch b SET state = 'failed', error = '中断，已由后来的导入完成 / interrupted; a later import completed it' "
            "FROM import_batch me WHERE me.id = :id AND b.id < me.id AND b.sha256 = me.sha256 "
            "AND b.mapping = me.mapping AND b.state = 'staged' AND b.request IS NULL"
        ),
        {"id": batch_id},
    )


def _drop_file(connection: Connection, batch_id: int) -> None:
    """An import that has ended needs its file no more."""
    connection.execute(text("DELETE FROM import_piece WHERE batch_id = :id"), {"id": batch_id})


#: An import that waits for a second person is remembered so long.
WAITING_DAYS = 7


def refused_for_another(connection: Connection, batch_id: int) -> bool:
    """True when another person imported the same file, by the same mapping, and was told that a second person is needed:
    this import is that second person's. Served by the primary key, read backwards.
    """
    return bool(
        connection.scalar(
            text(
                "SELECT EXISTS (SELECT FROM import_batch me JOIN import_batch b ON b.id < me.id AND b.sha256 = me.sha256 "
                "AND b.mapping = me.mapping AND b.created_by <> me.created_by WHERE me.id = :id AND me.sha256 <> '' "
                "AND b.state = 'failed' AND b.counts @> '{\"second_person\": true}' "
                "AND b.created_at > now() - make_interval(days => :days))"
            ),
            {"id": batch_id, "days": WAITING_DAYS},
        )
    )


def fail_batch(
    connection: Connection, batch_id: int, error: str, *, code: str | None = None, needs_second_person: bool = False
) -> None:
    """Record why an import failed, or that it was cancelled; nothing of it was published, and its file goes."""
    counts: Counts = {"second_person": True} if needs_second_person else {}
    connection.execute(
        text(
            "UPDATE import_batch SET state = CASE WHEN cancelled_by IS NULL THEN 'failed' ELSE 'cancelled' END, "
            "error = :error, error_code = :code, counts = CAST(:counts AS jsonb) "
            "WHERE id = :id AND state IN ('waiting', 'staged')"
        ),
        {"error": error, "code": code, "counts": _json(counts), "id": batch_id},
    )
    _drop_file(connection, batch_id)


def cancel_batch(connection: Connection, batch_id: int, actor: str) -> None:
    """Ask that an import ends. One that waits ends at once, one that runs at its next safe point.

    Raises BatchNotFound, ImportEnded. Asked again, the first who asked stands.
    """
    found = connection.execute(
        text(
            "UPDATE import_batch SET cancelled_by = coalesce(cancelled_by, :actor) "
            "WHERE id = :id AND state IN ('waiting', 'staged') RETURNING state, cancelled_by"
        ),
        {"id": batch_id, "actor": actor},
    ).one_or_none()
    if found is None:
        raise ImportEnded(ImportState.label_of(get_batch(connection, batch_id).state), id=batch_id)
    if found.state == ImportState.WAITING:
        error = ImportCancelled(found.cancelled_by)
        fail_batch(connection, batch_id, str(error), code=error.code)


def get_batch(connection: Connection, batch_id: int) -> Batch:
    """One import. Raises BatchNotFound."""
    found = connection.execute(
        text(f"SELECT {_COLUMNS} FROM import_batch WHERE id = :id"),  # noqa: S608 - fixed names
        {"id": batch_id},
    )
    batches = records_of(Batch, found)
    if not batches:
        raise BatchNotFound(str(batch_id), id=batch_id)
    return batches[0]


def list_batches(connection: Connection, limit: int = 50) -> list[Batch]:
    """The latest imports, newest first."""
    found = connection.execute(
        text(f"SELECT {_COLUMNS} FROM import_batch ORDER BY id DESC LIMIT :limit"),  # noqa: S608 - fixed names
        {"limit": limit},
    )
    return records_of(Batch, found)


def list_rejects(connection: Connection, batch_id: int) -> list[RejectGroup]:
    """Why rows of an import were sent back, by column and reason, the most frequent first."""
    found = connection.execute(
        text(
            "SELECT reason_code, column_name, (array_agg(reason ORDER BY row_no))[1] AS reason, count(*) AS rows_n, "
            "min(row_no) AS first_row FROM import_reject WHERE batch_id = :batch "
            "GROUP BY reason_code, column_name ORDER BY count(*) DESC, reason_code, column_name"
        ),
        {"batch": batch_id},
    )
    return records_of(RejectGroup, found)


#: So many rows of one kind of warning stand in the report; the workbook has more.
SHOWN_ROWS = 20


def list_warnings(connection: Connection, batch_id: int) -> list[WarningGroup]:
    """What was taken and should be looked at, by kind and column, the most frequent first.

    rows_n counts what is listed, at most 5,000; the counts of the import say how many there are. Served by
    ix_import_warning_batch.
    """
    found = connection.execute(
        text(
            "SELECT warning_code, column_name, (array_agg(warning ORDER BY row_no))[1] AS warning, count(*) AS rows_n, "
            "(array_agg(row_no ORDER BY row_no))[1:CAST(:shown AS int)] AS rows FROM import_warning WHERE batch_id = :batch "
            "GROUP BY warning_code, column_name ORDER BY count(*) DESC, warning_code, column_name"
        ),
        {"batch": batch_id, "shown": SHOWN_ROWS},
    )
    return records_of(WarningGroup, found)


def _json(value: Counts | Stages | Request) -> str:
    return orjson.dumps(value).decode()
