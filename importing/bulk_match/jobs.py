"""Files matched in the background: handed in, worked off in the owner's own scope, fetched by the owner, swept away.

File and result are kept in the database, encrypted in pieces, so that the worker may be another machine than the server
that took the file. Nobody but the owner sees the job (policy ``owner``), and not even the owner for longer than
``RETENTION_DAYS``.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Connection, text

from database.connection.engine import Database
from database.connection.records import records_of
from database.errors import Missing, OnemapError, Taken
from database.installation.workspace import workspace
from database.rights.scope import Scope, home_prefix
from database.secrets.seal import Sealer, row_binding
from importing.bulk_match.run import check_table, match_file
from importing.bulk_match.writers import OutputNotPossible
from importing.pieces import pieces_of

RETENTION_DAYS = 7
#: how often a running job says that it lives, and after how long without it is taken for dead
BEAT_S = 2.0
DEAD_MINUTES = 15
MOST_OPEN = 3

_COLUMNS = (
    "id, file_name, column_name, sheet, encoding, result_format, state, rows_n, classes, error, created_at, finished_at"
)
_INSERT = text(
    "INSERT INTO match_job (file_name, column_name, sheet, encoding, result_format, created_by, grid_code) "  # noqa: S608
    f"VALUES (:file_name, :column_name, :sheet, :encoding, :result_format, :actor, :grid_code) RETURNING {_COLUMNS}"
)
#: served by ``ix_match_job_created_by``
_LIST = text(f"SELECT {_COLUMNS} FROM match_job ORDER BY id DESC LIMIT 100")  # noqa: S608
_GET = text(f"SELECT {_COLUMNS} FROM match_job WHERE id = :id")  # noqa: S608
_BEGIN = text(
    "UPDATE match_job SET state = 'running', progressed_at = now() "  # noqa: S608
    "WHERE id = :id AND (state = 'waiting' OR :again AND state = 'running') "
    f"RETURNING {_COLUMNS}"
)


@dataclass(frozen=True, slots=True)
class Job:
    """A file handed in to be matched. sheet, encoding: None where nothing was said; rows_n: done so far; classes: rows by answer."""

    id: int
    file_name: str
    column_name: str
    sheet: str | None
    encoding: str | None
    result_format: str
    state: str
    rows_n: int
    classes: dict[str, int]
    error: str | None
    created_at: datetime
    finished_at: datetime | None


class MatchJobNotFound(Missing):
    """没有这个匹配任务 | No such match job"""


class MatchJobNotDone(Taken):
    """匹配任务还没有完成 | The match job is not done yet"""


class MatchJobsTooMany(Taken):
    """未完成的匹配任务太多，请等它们完成 | Too many match jobs are waiting; let them finish first"""


def hand_in_file(
    connection: Connection,
    sealer: Sealer,
    path: Path,
    *,
    column: str,
    actor: str,
    sheet: str | None = None,
    encoding: str | None = None,
    result_format: str = "xlsx",
) -> Job:
    """Keep a file to be matched. It is opened first, so that a wrong column is refused at once.

    Raises MatchJobsTooMany, and what :func:`importing.bulk_match.run.match_file` raises for the file and its column.
    """
    if result_format not in ("csv", "xlsx"):
        raise OutputNotPossible(f"结果只能是 csv 或 xlsx / only csv or xlsx: {result_format}")
    check_table(path, column, sheet=sheet, encoding=encoding)
    # one hand-in of an owner after the other, or two at once would both find room
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('match_job ' || :actor))"), {"actor": actor})
    opened = connection.scalar(
        text("SELECT count(*) FROM match_job WHERE created_by = :actor AND state IN ('waiting', 'running')"),
        {"actor": actor},
    )
    if (opened or 0) >= MOST_OPEN:
        raise MatchJobsTooMany(f"最多 {MOST_OPEN} 个 / at most {MOST_OPEN}")
    values = {
        "file_name": path.name,
        "column_name": column,
        "sheet": sheet,
        "encoding": encoding,
        "result_format": result_format,
        "actor": actor,
        "grid_code": home_prefix(connection),
    }
    (job,) = records_of(Job, connection.execute(_INSERT, values))
    with path.open("rb") as file:
        _keep(connection, sealer, job.id, "file", file)
    return job


def list_jobs(connection: Connection) -> list[Job]:
    """The owner's jobs, newest first."""
    return records_of(Job, connection.execute(_LIST))


def get_job(connection: Connection, job_id: int) -> Job:
    """One job of the owner. Raises MatchJobNotFound, also when it is somebody else's."""
    jobs = records_of(Job, connection.execute(_GET, {"id": job_id}))
    if not jobs:
        raise MatchJobNotFound(str(job_id))
    return jobs[0]


def remove_job(connection: Connection, job_id: int) -> None:
    """Take a job away with its file and its result; one that runs ends at its next sign of life. Raises MatchJobNotFound."""
    get_job(connection, job_id)
    connection.execute(text("DELETE FROM match_job WHERE id = :id"), {"id": job_id})


def write_result(connection: Connection, sealer: Sealer, job_id: int, folder: Path) -> Path:
    """The result as a file in a folder, named after the file that was sent. Raises MatchJobNotFound, MatchJobNotDone."""
    job = get_job(connection, job_id)
    if job.state != "done":
        raise MatchJobNotDone(job.error or job.state, state=job.state)
    path = folder / f"{Path(job.file_name).stem}-匹配结果.{job.result_format}"
    _restore(connection, sealer, job_id, "result", path)
    return path


def run_job(database: Database, sealer: Sealer, scope: Scope, job_id: int, *, again: bool = False) -> None:
    """Match the file of a job in its owner's scope. A file that cannot be matched ends the job as failed, with the reason.

    A job that was taken away, or ended already, is left alone. again: it was begun before and broken off; then it is begun anew,
    and another error marks it as failed. Errors are raised.
    """
    with database.transaction(scope) as connection:
        job = _begin(connection, job_id, again=again)
    if job is None:
        return
    try:
        with workspace("match") as folder:
            _match(database, sealer, scope, job, folder)
    except _TakenAway:
        return
    except OnemapError as error:
        _end(database, scope, job_id, f"{error.title_zh}：{error.detail}" if error.detail else error.title_zh)
    except BaseException:
        if again:  # the first time it goes back into the queue
            _end(database, scope, job_id, "匹配中断，请重新上传 / interrupted; send the file again")
        raise


def sweep_jobs(connection: Connection) -> int:
    """Mark the dead as failed and remove what is older than ``RETENTION_DAYS``; returns how many were removed."""
    connection.execute(
        text(
            "UPDATE match_job SET state = 'failed', finished_at = now(), error = '匹配中断，请重新上传 / interrupted; send the "
            "file again' WHERE state = 'running' AND progressed_at < now() - make_interval(mins => :minutes) "
            "OR state = 'waiting' AND created_at < now() - interval '1 day'"
        ),
        {"minutes": DEAD_MINUTES},
    )
    old = connection.execute(
        text("DELETE FROM match_job WHERE created_at < now() - make_interval(days => :days)"), {"days": RETENTION_DAYS}
    )
    return old.rowcount


class _TakenAway(Exception):
    """The job is not there any more."""


def _begin(connection: Connection, job_id: int, *, again: bool) -> Job | None:
    return next(iter(records_of(Job, connection.execute(_BEGIN, {"id": job_id, "again": again}))), None)


def _match(database: Database, sealer: Sealer, scope: Scope, job: Job, folder: Path) -> None:
    """The work itself: file out of the database, matched, result into it."""
    source = folder / f"file{Path(job.file_name).suffix}"
    result = folder / f"result.{job.result_format}"
    with database.transaction(scope) as connection:
        _restore(connection, sealer, job.id, "file", source)
    beat = _Beat(database, scope, job.id)
    report = match_file(
        database, scope, source, job.column_name, result, sheet=job.sheet, encoding=job.encoding, progress=beat
    )
    with database.transaction(scope) as connection:
        if not _alive(connection, job.id, report.rows):
            raise _TakenAway
        with result.open("rb") as file:
            _keep(connection, sealer, job.id, "result", file)
        connection.execute(
            text(
                "UPDATE match_job SET state = 'done', finished_at = now(), rows_n = :rows, "
                "classes = CAST(:classes AS jsonb) WHERE id = :id"
            ),
            {"id": job.id, "rows": report.rows, "classes": json.dumps(report.classes)},
        )


class _Beat:
    """Says every ``BEAT_S`` how many rows are done; stops the work when the job was taken away."""

    def __init__(self, database: Database, scope: Scope, job_id: int) -> None:
        self._database = database
        self._scope = scope
        self._job_id = job_id
        self._last = time.monotonic()

    def __call__(self, rows: int) -> None:
        if time.monotonic() - self._last < BEAT_S:
            return
        self._last = time.monotonic()
        with self._database.transaction(self._scope) as connection:
            if not _alive(connection, self._job_id, rows):
                raise _TakenAway


def _alive(connection: Connection, job_id: int, rows: int) -> bool:
    found = connection.execute(
        text("UPDATE match_job SET rows_n = :rows, progressed_at = now() WHERE id = :id AND state = 'running'"),
        {"id": job_id, "rows": rows},
    )
    return found.rowcount == 1


def _end(database: Database, scope: Scope, job_id: int, error: str) -> None:
    with database.transaction(scope) as connection:
        connection.execute(
            text(
                "UPDATE match_job SET state = 'failed', finished_at = now(), error = :error "
                "WHERE id = :id AND state = 'running'"
            ),
            {"id": job_id, "error": error},
        )


def _keep(connection: Connection, sealer: Sealer, job_id: int, kind: str, file: BinaryIO) -> None:
    insert = text(
        "INSERT INTO match_job_piece (job_id, kind, number, sealed, created_by, grid_code) "
        "SELECT id, :kind, :number, :sealed, created_by, grid_code FROM match_job WHERE id = :id"
    )
    for number, piece in enumerate(pieces_of(file)):
        sealed = sealer.seal_bytes(piece, bound_to=row_binding("match_job_piece", "sealed", job_id, kind, number))
        connection.execute(insert, {"id": job_id, "kind": kind, "number": number, "sealed": sealed})


def _restore(connection: Connection, sealer: Sealer, job_id: int, kind: str, path: Path) -> None:
    select = text("SELECT number, sealed FROM match_job_piece WHERE job_id = :id AND kind = :kind ORDER BY number")
    rows = connection.execute(select.execution_options(yield_per=4), {"id": job_id, "kind": kind})
    with path.open("wb") as file:
        for row in rows:
            bound = row_binding("match_job_piece", "sealed", job_id, kind, row.number)
            file.write(sealer.unseal_bytes(row.sealed, bound_to=bound))
