"""Files from the web, imported in the background: received, worked off, taken up again after a crash, swept (后台导入).

A file is kept in the database, encrypted in pieces, until its import has ended: the worker may be another machine than the
server that took it, and neither loses it when it is killed. Batch and file are written together.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, text

from database.connection.engine import Database
from database.errors import OnemapError
from database.installation.workspace import workspace
from database.rights.scope import Role, Scope
from database.secrets.seal import Sealer, row_binding
from importing.batches import fail_batch, get_batch, is_held, open_batch
from importing.errors import FileBreaksWorker, ImportCancelled, ImportRefused, RightsChanged
from importing.mappings.mapping import find_mapping
from importing.pieces import pieces_of
from importing.pipeline import ImportReport, admit_import, is_interruption, record_import, run_batch, sha256_of, why_of
from importing.records import Batch, Request
from importing.vocabulary import ImportState

#: A file over which the worker died so often is not tried again.
MOST_STARTS = 2
#: A file that nobody took up for so long is given up: there is no worker.
RETENTION_DAYS = 7
#: What is younger may be on its way into the queue.
FRESH_MINUTES = 1

#: served by the primary key, read backwards: what is open is new
_OPEN = (
    "SELECT id FROM import_batch WHERE state IN ('waiting', 'staged') AND request IS NOT NULL "
    "AND created_at {age} ORDER BY id"
)
_ORPHANS = text(_OPEN.format(age="< clock_timestamp() - make_interval(mins => :minutes)"))
_OLD = text(_OPEN.format(age="< clock_timestamp() - make_interval(days => :days)"))
_BEGIN = text(
    "UPDATE import_batch SET state = 'staged', starts = starts + 1 WHERE id = :id AND state IN ('waiting', 'staged') "
    "RETURNING id, file_name, created_by, request, starts, cancelled_by"
)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file whose import begins. actor: whose it is."""

    batch_id: int
    file_name: str
    actor: str
    request: Request


def receive_file(
    database: Database,
    scope: Scope,
    sealer: Sealer,
    path: Path,
    mapping: str,
    *,
    publish: bool,
    confirmed: bool = False,
    sheet: str | None = None,
) -> Batch:
    """Keep a file to be imported in the background; returns its batch. What is in it nobody has looked at yet.

    Raises MappingNotFound, and what `admit_import` raises.
    """
    chosen = find_mapping(mapping)
    admit_import(database, scope, chosen)
    request = Request(mapping, publish, confirmed, sheet, scope.role, scope.prefixes)
    sha256 = sha256_of(path)
    with database.transaction(scope) as connection:
        batch_id = open_batch(connection, chosen, path.name, sha256, scope.county, scope.actor, request=request)
        record_import(connection, batch_id, chosen, publish=publish)
        _keep(connection, sealer, batch_id, scope.county, path)
        return get_batch(connection, batch_id)


def begin_upload(connection: Connection, batch_id: int) -> Upload | None:
    """Take up a file: the first time, or after its worker died. None when there is nothing to do.

    A file over which the worker died ``MOST_STARTS`` times is refused here, before anything reads it once more.
    """
    if is_held(connection, batch_id):
        return None  # another worker is at it
    row = connection.execute(_BEGIN, {"id": batch_id}).one_or_none()
    if row is None:
        return None
    refusal: ImportRefused | None = None
    if row.cancelled_by is not None:
        refusal = ImportCancelled(row.cancelled_by)
    elif row.starts > MOST_STARTS:
        refusal = FileBreaksWorker(
            "什么都没有写入。请检查文件，或拆成几份再传；若只是服务器恰好重启，可再传一次。 / nothing was written. Check the file, or send it in "
            "parts; if the server only happened to be restarted, send it again."
        )
    if refusal is not None:
        fail_batch(connection, batch_id, str(refusal), code=refusal.code)
        return None
    stored = row.request
    rights = {"role": Role(stored["role"]), "prefixes": tuple(stored["prefixes"])}
    return Upload(row.id, row.file_name, row.created_by, Request(**stored | rights))


def refuse_upload(connection: Connection, upload: Upload, why: str) -> None:
    """End an import whose account lost its rights after the upload."""
    error = RightsChanged(why)
    fail_batch(connection, upload.batch_id, str(error), code=error.code)


def import_upload(database: Database, scope: Scope, sealer: Sealer, upload: Upload) -> ImportReport:
    """Import a file that was taken up; see `run_batch` for what it raises.

    When server or database end in the middle, the file waits for the next start, which this end is not counted against.
    """
    request = upload.request
    try:
        mapping = find_mapping(request.mapping)
        if request.sheet:
            mapping = mapping.model_copy(update={"sheet": request.sheet})
        with workspace("import") as folder:
            path = folder / upload.file_name
            with database.transaction(scope) as connection:
                _restore(connection, sealer, upload.batch_id, path)
            return run_batch(
                database,
                scope,
                path,
                mapping,
                batch_id=upload.batch_id,
                sealer=sealer,
                publish=request.publish,
                confirmed=request.confirmed,
                resumable=True,
            )
    except BaseException as error:
        with suppress(Exception), database.transaction(scope) as connection:
            if is_interruption(error):
                _put_back(connection, upload.batch_id)
            else:  # what `run_batch` refused has ended already
                code = error.code if isinstance(error, OnemapError) else None
                fail_batch(connection, upload.batch_id, why_of(error), code=code)
        raise


def is_published(connection: Connection, batch_id: int) -> bool:
    """True when the rows of an import are in force."""
    return bool(get_batch(connection, batch_id).state == ImportState.PUBLISHED)


def orphans(connection: Connection) -> list[int]:
    """Open imports of files from the web that no transaction holds; whether their job still waits the queue knows."""
    ids = connection.execute(_ORPHANS, {"minutes": FRESH_MINUTES}).scalars().all()
    return [batch_id for batch_id in ids if not is_held(connection, batch_id)]


def give_up_old(connection: Connection) -> int:
    """End the imports that no worker took up within ``RETENTION_DAYS``, and remove their files; returns how many."""
    ids = connection.execute(_OLD, {"days": RETENTION_DAYS}).scalars().all()
    given_up = [batch_id for batch_id in ids if not is_held(connection, batch_id)]
    for batch_id in given_up:
        fail_batch(
            connection, batch_id,
            f"{RETENTION_DAYS} 天没有后台程序处理，已放弃；请确认后台程序在运行，再传一次 / no worker took it up within {RETENTION_DAYS} days; see that one runs, "
            "then send the file again",
        )  # fmt: skip
    return len(given_up)


def _put_back(connection: Connection, batch_id: int) -> None:
    connection.execute(
        text(
            "UPDATE import_batch SET state = 'waiting', starts = starts - 1, stage = NULL, rows_done = 0 "
            "WHERE id = :id AND state = 'staged'"
        ),
        {"id": batch_id},
    )


def _keep(connection: Connection, sealer: Sealer, batch_id: int, county: str, path: Path) -> None:
    insert = text(
        "INSERT INTO import_piece (batch_id, number, sealed, grid_code) VALUES (:batch_id, :number, :sealed, :county)"
    )
    with path.open("rb") as file:
        for number, piece in enumerate(pieces_of(file)):
            sealed = sealer.seal_bytes(piece, bound_to=row_binding("import_piece", "sealed", batch_id, number))
            connection.execute(insert, {"batch_id": batch_id, "number": number, "sealed": sealed, "county": county})


def _restore(connection: Connection, sealer: Sealer, batch_id: int, path: Path) -> None:
    select = text("SELECT number, sealed FROM import_piece WHERE batch_id = :id ORDER BY number")
    with path.open("wb") as file:
        for row in connection.execute(select.execution_options(yield_per=4), {"id": batch_id}):
            bound = row_binding("import_piece", "sealed", batch_id, row.number)
            file.write(sealer.unseal_bytes(row.sealed, bound_to=bound))
