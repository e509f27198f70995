"""The way of a file: read → stage → standardise → compare → match → assign → publish → changes, in one transaction.

Whole or absent: killed in the middle, nothing of it is there, and importing the file again completes it. Without
``publish`` everything is computed and then rolled back; only the report and the rejected rows stay.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, InvalidatePoolError, OperationalError, TimeoutError

from access.audit.record import record
from access.sign_in.limits import TooManyRequests
from database.connection.engine import Database, current_day
from database.connection.turn import wait_for_turn
from database.errors import OnemapError
from database.rights.scope import Role, Scope
from database.secrets.seal import Sealer
from gazetteer.lifecycle.second_person import SecondPersonNeeded, refuse_alone
from grid.extent import county_area
from importing.batches import close_batch, fail_batch, holding_batch, open_batch, refused_for_another
from importing.errors import ConfirmationNeeded, ImportCancelled, ScopeTooNarrow, ValueImpossible
from importing.files import file_sha256, open_source
from importing.files.source import Source
from importing.loading.empty_cells import count_rejected, fill_empty_cells
from importing.loading.loading import Loader
from importing.loading.rejects import collect_rejects, store_rejects, write_rejects
from importing.mappings.mapping import Mapping
from importing.progress import Progress, Watch
from importing.records import Counts, QuestionTold, Stages
from importing.stage.stage import Stage
from importing.stage.warnings import collect_warnings, find_warnings, store_warnings
from importing.targets import make_target
from importing.targets.base import Target
from importing.targets.person import PersonTarget
from importing.values.fields import SEALED
from importing.vocabulary import ImportStage, ImportState
from importing.whole_file.checks import doubts
from layers.people.looks import admit_look, count_look
from layers.people.vocabulary import LookKind

#: So many new rows change what the planner should expect; it is told at once instead of by autovacuum later.
STATISTICS_AFTER = 1000

#: so many names are enough to know the county by
MOST_NAMES = 2_000


@dataclass
class ImportReport:
    """What an import did, or would do. counts: read, skipped, added, changed, unchanged, removed, rejected, review;
    ``rejects`` and ``reviews`` by reason; ``reasons`` by reason and column; ``empty``: by column of the file the empty cells
    kept, cleared, rejected; ``warnings``: rows by kind; ``questions``: what is odd about the whole file; ``notices``: what of
    the file was not read. stages: rows and seconds of each. rejects_path: the workbook, when asked for."""

    batch_id: int
    state: str
    counts: Counts = field(default_factory=dict)
    stages: Stages = field(default_factory=dict)
    rejects_path: Path | None = None


def import_file(
    database: Database,
    scope: Scope,
    path: Path,
    mapping: Mapping,
    *,
    sealer: Sealer,
    publish: bool,
    confirmed: bool = False,
    progress: Progress | None = None,
    rejects_path: Path | None = None,
    today: date | None = None,
) -> ImportReport:
    """Import one department file into the county of the scope.

    publish: False computes everything and changes nothing. confirmed: publish although the whole file looks odd. progress: called with a stage's name and rows done.
    rejects_path: where to write the workbook of rejected rows, if there are any. today: for tests.
    Raises ConfirmationNeeded, after a check, when the whole file looks odd (see ``whole_file``) and nobody confirmed it.
    Raises SecondPersonNeeded when a village loses too many addresses by it: another person may then import the same file.
    Raises an ImportRefused when the whole file cannot be taken; the batch then says why. ScopeTooNarrow unless the scope
    is the whole county. ImportCancelled when somebody asked meanwhile that it ends.
    """
    admit_import(database, scope, mapping)
    with database.transaction(scope) as connection:
        name = path.name.encode("utf-8", "replace").decode()
        batch_id = open_batch(connection, mapping, name, sha256_of(path), scope.county, scope.actor)
        record_import(connection, batch_id, mapping, publish=publish)
    return run_batch(
        database,
        scope,
        path,
        mapping,
        batch_id=batch_id,
        sealer=sealer,
        publish=publish,
        confirmed=confirmed,
        progress=progress,
        rejects_path=rejects_path,
        today=today,
    )


def admit_import(database: Database, scope: Scope, mapping: Mapping) -> None:
    """Whether this account may import by this mapping now. Raises ScopeTooNarrow, MappingInvalid, TooManyRequests, LooksUsedUp."""
    if not scope.whole_county:
        raise ScopeTooNarrow(f"{scope.actor}：{'、'.join(scope.prefixes)}")
    target = make_target(mapping)
    if scope.role is not Role.SYSTEM and _asks_of_persons(target, mapping):
        _count_check(database, scope, mapping)


def record_import(connection: Connection, batch_id: int, mapping: Mapping, *, publish: bool) -> None:
    """The row of the audit trail: who imports, or checks, what."""
    record(connection, "import" if publish else "check_import", target=f"import:{batch_id} {mapping.name}")


def run_batch(
    database: Database,
    scope: Scope,
    path: Path,
    mapping: Mapping,
    *,
    batch_id: int,
    sealer: Sealer,
    publish: bool,
    confirmed: bool = False,
    progress: Progress | None = None,
    rejects_path: Path | None = None,
    today: date | None = None,
    resumable: bool = False,
) -> ImportReport:
    """Put the file of an open batch through the pipeline; see :func:`import_file`. Whoever may is asked before.

    resumable: a broken connection leaves the batch open, for it is taken up again. Raises ImportCancelled, with nothing
    written, when somebody asked that the import ends.
    """
    watch = Watch(database, scope, batch_id, progress)
    run = _Run(make_target(mapping), mapping, batch_id, sealer, today, publish, confirmed, watch)
    try:
        with watch, holding_batch(database, scope, batch_id) as connection:
            watch.follow(connection)
            try:
                known, area = _known_names(connection), county_area(connection)
                with closing(open_source(path, mapping, known, area)) as source:
                    report = run.within(connection, scope, source)
                if rejects_path is not None and (report.counts["rejected"] or report.counts["warned"]):
                    write_rejects(connection, batch_id, rejects_path, sealer)
                    report.rejects_path = rejects_path
            finally:
                watch.leave(connection)
    except BaseException as raised:
        error = _refusal(raised, watch.cancelled_by)
        if not (resumable and is_interruption(error)):
            with suppress(Exception), database.transaction(scope) as connection:
                code = error.code if isinstance(error, OnemapError) else None
                second = isinstance(error, SecondPersonNeeded)
                fail_batch(connection, batch_id, why_of(error), code=code, needs_second_person=second)
        if isinstance(error, OnemapError):
            error.facts.setdefault("batch_id", batch_id)
        if error is raised:
            raise
        raise error from None
    if publish and report.state != ImportState.PUBLISHED:
        raise _doubt(report)
    if publish and report.counts["added"] >= STATISTICS_AFTER:
        with database.transaction(scope) as connection:
            connection.execute(text("SELECT refresh_statistics()"))
    return report


def _doubt(report: ImportReport) -> ConfirmationNeeded:
    questions: list[QuestionTold] = report.counts["questions"]
    return ConfirmationNeeded(confirmation(questions), report=report, batch_id=report.batch_id, questions=questions)


def confirmation(questions: Sequence[QuestionTold]) -> str:
    """What somebody must say yes to, in both languages."""
    zh = "；".join(one["zh"] + (f"（映射里可写 {one['mapping']}）" if one["mapping"] else "") for one in questions)
    en = "; ".join(one["en"] for one in questions)
    return f"{zh}。确认无误再发布：命令行加 --yes，接口传 confirmed=true。 / {en}. To publish all the same: --yes, or confirmed=true."


def _asks_of_persons(target: Target, mapping: Mapping) -> bool:
    """True when the report tells which numbers, or which other things of a person, are known."""
    sealed = any(field.kind in SEALED for field in target.fields if field.name in mapping.columns)
    return sealed or target.name == PersonTarget.name


def _count_check(database: Database, scope: Scope, mapping: Mapping) -> None:
    """A file of ID numbers asks the county which of them it knows: that is a look. Raises LooksUsedUp, TooManyRequests."""
    refusal: TooManyRequests | None = None
    with database.transaction(scope) as connection:
        try:
            admit_look(connection, LookKind.CHECK, action="check_numbers", target=f"mapping:{mapping.name}")
            count_look(connection, LookKind.CHECK, found=True)
        except TooManyRequests as error:
            refusal = error  # raised outside, so that the refusal stays in the audit trail
    if refusal is not None:
        raise refusal


def sha256_of(path: Path) -> str:
    """The hash of the file, "" for a folder."""
    return file_sha256(path) if path.is_file() else ""


def _known_names(connection: Connection) -> list[str]:
    """Names of the county's divisions: a file that is read in a wrong encoding has none of them."""
    found = connection.execute(
        text("SELECT DISTINCT name FROM division ORDER BY name LIMIT :most"), {"most": MOST_NAMES}
    )
    return [str(name) for name in found.scalars()]


#: The server ended the connection, or cannot be reached.
_BROKEN = ("57P01", "57P02", "57P03", "08")


def is_interruption(error: BaseException) -> bool:
    """True when the server or its database ended in the middle: the same import may well succeed later."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(error, InvalidatePoolError | TimeoutError):
        return True
    return isinstance(cause, psycopg.OperationalError) and (
        cause.sqlstate is None or cause.sqlstate.startswith(_BROKEN)
    )


def _refusal(error: BaseException, cancelled_by: str | None) -> BaseException:
    """What was asked to end is no fault. A value that the database does not take is one of the file; what it says of it may hold
    the value, and is not told."""
    if cancelled_by is not None:
        return ImportCancelled(cancelled_by, by=cancelled_by)
    cause = error.orig if isinstance(error, DBAPIError) else error
    if not isinstance(cause, psycopg.DataError | psycopg.IntegrityError | psycopg.errors.ProgramLimitExceeded):
        return error
    where = cause.diag.column_name or cause.diag.constraint_name or cause.diag.table_name or ""
    return ValueImpossible(
        f"数据库不接受文件里的某个值（{type(cause).__name__} {where}）。什么都没有写入。请把这个文件交给管理员。 / the database does not take a value "
        f"of the file ({type(cause).__name__} {where}). Nothing was written. Give the file to the administrator.",
        sqlstate=cause.sqlstate,
    )


def why_of(error: BaseException) -> str:
    """For the record: a known error in full, another by its kind only, for its text may hold a row."""
    if isinstance(error, OnemapError):
        return str(error)
    if isinstance(error, OperationalError | psycopg.OperationalError):
        return "服务停止或数据库中断，未写入任何数据，请重新导入 / the server stopped or the database was away: nothing was written; import the file again"
    return f"中断：{type(error).__name__} / interrupted: {type(error).__name__}"


class _Run:
    """The steps of one import, with their clock."""

    def __init__(
        self,
        target: Target,
        mapping: Mapping,
        batch_id: int,
        sealer: Sealer,
        today: date | None,
        publish: bool,
        confirmed: bool,
        watch: Watch,
    ) -> None:
        self._target = target
        self._mapping = mapping
        self._batch_id = batch_id
        self._sealer = sealer
        self._today = today
        self._publish = publish
        self._confirmed = confirmed
        self._watch = watch
        self._stages: Stages = {}
        self._warnings: list[tuple[Any, ...]] = []

    def within(self, connection: Connection, scope: Scope, source: Source) -> ImportReport:
        """Everything, inside one transaction of the caller's."""
        wait_for_turn(connection, scope.county)
        # the database's day, for its defaults and checks go by that
        today = self._today or current_day(connection)
        stage = Stage(connection, self._mapping, scope.county, self._batch_id, scope.actor, self._sealer, today)
        stage.report = self._watch.report
        # what is rolled back without publish: everything but the batch and its rejected rows
        attempt = connection.begin_nested()
        self._compute(stage, source)
        count_rejected(stage)
        rejects = collect_rejects(stage, source)
        counts = _counts(stage, rejects)
        publish = self._publish and (self._confirmed or not stage.questions)
        if publish:
            if not refused_for_another(connection, self._batch_id):
                refuse_alone(connection)
            attempt.commit()
        else:
            attempt.rollback()
        store_rejects(stage, rejects)
        store_warnings(stage, self._warnings)
        state = ImportState.PUBLISHED if publish else ImportState.CHECKED
        report = ImportReport(self._batch_id, state, counts, self._stages)
        doubt = _doubt(report) if self._publish and not publish else None
        close_batch(connection, self._batch_id, state=state, counts=counts, stages=self._stages, doubt=doubt)
        if _asks_of_persons(self._target, self._mapping):
            known = counts["changed"] + counts["unchanged"]
            record(
                connection, "check_numbers",
                target=f"import:{self._batch_id} {state}, {counts['read']} rows, {known} known, {counts['added']} new",
            )  # fmt: skip
        return report

    def _compute(self, stage: Stage, source: Source) -> None:
        self._target.begin(stage)
        with self._clock("stage", ImportStage.READ) as clock:
            loader = Loader(stage, self._target, source)
            clock["rows"] = loader.load(self._watch.report)
        rows = int(self._stages["stage"]["rows"])
        self._watch.count(rows)
        with self._clock("compare", ImportStage.COMPARE, rows):
            reject_duplicates(stage)
            self._target.compare(stage)
            # outcomes and found codes are new since the rows came in; without figures the joins that follow are nested loops
            stage.analyse()
            fill_empty_cells(stage, self._target, loader.extra_columns)
        with self._clock("resolve", ImportStage.MATCH, rows):
            self._target.resolve(stage)
            self._watch.report(ImportStage.CHECK, 0)
            find_warnings(stage, self._target.name, self._target.stored())
            self._warnings = collect_warnings(stage)
            questions = doubts(stage, self._target.name, self._target.fields, loader.sample, source.columns)
            stage.questions = [question.told() for question in questions]
        with self._clock("publish", ImportStage.PUBLISH, rows):
            self._target.publish(stage)
        self._watch.report(ImportStage.PUBLISH, rows)

    @contextmanager
    def _clock(self, name: str, stage: ImportStage, rows: int = 0) -> Any:
        entry: dict[str, float] = {"rows": rows, "seconds": 0.0}
        self._stages[name] = entry
        self._watch.report(stage, 0)
        start = time.perf_counter()
        yield entry
        entry["seconds"] = round(time.perf_counter() - start, 3)


def reject_duplicates(stage: Stage) -> None:
    """Rows with the same key: alike, the first counts and the others are unchanged; different, all are sent back."""
    stage.run("DROP TABLE IF EXISTS pg_temp.stage_twice")
    stage.run(
        "CREATE TEMP TABLE stage_twice ON COMMIT DROP AS SELECT source_key, min(row_no) AS first_row, "
        "count(DISTINCT row_hash) AS kinds, string_agg(row_no::text, '、' ORDER BY row_no) AS rows "
        "FROM stage_row GROUP BY source_key HAVING count(*) > 1"
    )
    stage.reject(
        "duplicate_key",
        None,
        "SELECT s.row_no, jsonb_build_object('key', s.source_key, 'rows', left(t.rows, 200)) "
        "FROM stage_row s JOIN stage_twice t USING (source_key) WHERE t.kinds > 1",
    )
    stage.counts["repeated"] = stage.run(
        "DELETE FROM stage_row s USING stage_twice t WHERE t.source_key = s.source_key AND s.row_no <> t.first_row"
    )


def _by_column(rejects: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
    """The reasons by column and code, most frequent first: code, column, rows, and the first row."""
    found: dict[tuple[str, str | None], list[int]] = {}
    for number, code, column, *_rest in rejects:
        found.setdefault((code, column), []).append(number)
    groups = [
        {"code": code, "column": column, "rows": len(numbers), "first": min(numbers)}
        for (code, column), numbers in found.items()
    ]
    return sorted(groups, key=lambda group: -int(str(group["rows"])))


def _counts(stage: Stage, rejects: list[tuple[Any, ...]]) -> Counts:
    """The report's numbers; read = skipped + added + changed + unchanged + rejected."""
    outcomes = dict(stage.rows("SELECT outcome, count(*)::int FROM stage_row GROUP BY outcome"))
    by_reason: dict[str, int] = {}
    for _number, code, *_rest in rejects:
        by_reason[code] = by_reason.get(code, 0) + 1
    counts: Counts = {
        "read": stage.counts.get("read", 0),
        "skipped": stage.counts.get("skipped", 0),
        "added": outcomes.get("added", 0),
        "changed": outcomes.get("changed", 0),
        "unchanged": outcomes.get("unchanged", 0) + stage.counts.get("repeated", 0),
        "removed": stage.counts.get("removed", 0),
        "rejected": len({row[0] for row in rejects}),
        "review": stage.counts.get("review", 0),
        "rejects": by_reason,
        "reviews": stage.reviews,
        "reasons": _by_column(rejects),
        "notices": stage.notices,
        "empty": stage.empty_cells,
        "warned": stage.counts.get("warned", 0),
        "warnings": stage.warnings,
        "questions": stage.questions,
    }
    for name in ("texts", "matched"):
        if name in stage.counts:
            counts[name] = stage.counts[name]
    return counts
