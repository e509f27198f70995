"""A whole file through the matcher, on all cores: each process has its own index and its own connection."""

from __future__ import annotations

import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

from database.connection.engine import Database
from database.rights.scope import Scope
from gazetteer.matching.match import match_many
from importing.bulk_match.answers import HEADER, answer, broken, tally
from importing.bulk_match.writers import result_file
from importing.errors import ColumnMissing, FileUnreadable
from importing.files import CSV_SUFFIXES, WORKBOOK_SUFFIXES, open_table
from importing.files.cells import fault_of, shown_text
from importing.files.source import RowBatch, Source
from layers.people.masking import columns_to_show

CHUNK_ROWS = 2_000
#: below this many rows one process is done before others have built their index
WORTH_PROCESSES = 20_000
MOST_ROWS = 1_000_000

Progress = Callable[[int], None]
Rows = list[list[str]]


@dataclass(slots=True)
class MatchReport:
    """What became of a file. classes: rows by A, B, C, 多个, 无, 空, 坏行."""

    rows: int = 0
    classes: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


def match_file(
    database: Database,
    scope: Scope,
    path: Path,
    column: str,
    out: Path,
    *,
    sheet: str | None = None,
    encoding: str | None = None,
    processes: int | None = None,
    progress: Progress | None = None,
) -> MatchReport:
    """Match the texts of one column and write every row, in order, with the answer's columns behind its own.

    path: CSV (UTF-8, GB18030) or XLSX; out: .csv or .xlsx. No row is lost: a broken one is written as it came and says so.
    Only addresses in the scope are found. processes: default one a core. Raises ColumnMissing, FileUnreadable, FileTruncated,
    EncodingWrong, OutputNotPossible; then ``out`` is as it was before.
    """
    start = time.perf_counter()
    report = MatchReport()
    with closing(open_with_column(path, column, sheet=sheet, encoding=encoding)) as source, result_file(out) as writer:
        place = source.columns.index(column)
        writer.write([*source.columns, *HEADER])
        for rows in _matched(database, scope, source, place, processes or os.cpu_count() or 1):
            for row in rows:
                writer.write(row)
            report.rows += len(rows)
            report.classes += tally(row[-len(HEADER) :] for row in rows)
            if report.rows > MOST_ROWS:
                raise FileUnreadable(
                    f"超过 {MOST_ROWS:,} 行，请分成几个文件 / more than a million rows; split the file"
                )
            if progress is not None:
                progress(report.rows)
    report.seconds = time.perf_counter() - start
    return report


def check_table(path: Path, column: str, *, sheet: str | None = None, encoding: str | None = None) -> None:
    """See that a table opens and has the column. Raises ColumnMissing and what the reader refuses."""
    open_with_column(path, column, sheet=sheet, encoding=encoding).close()


def open_with_column(path: Path, column: str, *, sheet: str | None = None, encoding: str | None = None) -> Source:
    """An open table that has the column; close it. Raises ColumnMissing, FileUnreadable, EncodingWrong."""
    source = open_table(path, CSV_SUFFIXES | WORKBOOK_SUFFIXES, sheet=sheet, encoding=encoding, wanted=[column])
    if column not in source.columns:
        source.close()
        shown = columns_to_show(source.columns)
        raise ColumnMissing(
            f"{path.name} 没有列“{column}”；有：{'、'.join(shown)} / no such column",
            column=column,
            found=shown,
        )
    return source


def _matched(database: Database, scope: Scope, source: Source, place: int, processes: int) -> Iterator[Rows]:
    """The rows with their answers, in file order."""
    batches = source.batches(CHUNK_ROWS)
    first = [batch for _, batch in zip(range(WORTH_PROCESSES // CHUNK_ROWS), batches, strict=False)]
    width = len(source.columns)
    if processes == 1 or len(first) < WORTH_PROCESSES // CHUNK_ROWS:
        for batch in [*first, *batches]:
            yield match_rows(database, scope, batch, place, width)
        return
    with ProcessPoolExecutor(
        processes, mp_context=get_context("spawn"), initializer=_start, initargs=(database.url, scope)
    ) as pool:
        yield from _in_order(pool, _chain(first, batches), place, width, processes * 3)


def _chain(first: Iterable[RowBatch], rest: Iterable[RowBatch]) -> Iterator[RowBatch]:
    yield from first
    yield from rest


def _in_order(
    pool: ProcessPoolExecutor, batches: Iterator[RowBatch], place: int, width: int, ahead: int
) -> Iterator[Rows]:
    """At most ``ahead`` batches are in work, so that a file of any length needs the same memory."""
    waiting: deque[Future[Rows]] = deque()
    for batch in batches:
        waiting.append(pool.submit(_match_here, batch, place, width))
        if len(waiting) >= ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def match_rows(database: Database, scope: Scope, batch: RowBatch, place: int, width: int) -> Rows:
    """One batch, in row order, broken rows among the others."""
    texts = [None if fault_of(values[place] or "") else values[place] for values in batch.values]
    distinct_texts = list(dict.fromkeys(text for text in texts if text))
    with database.transaction(scope) as connection:
        answers = dict(
            zip(distinct_texts, (answer(match) for match in match_many(connection, distinct_texts)), strict=True)
        )
    nothing = answer(None)
    found = {
        number: [*_plain(values, width), *(answers[text] if text else nothing)]
        for number, values, text in zip(batch.numbers, batch.values, texts, strict=True)
    }
    found |= {number: [*_plain(values, width), *broken(width)] for number, values in batch.broken.items()}
    return [found[number] for number in sorted(found)]


def _plain(values: Sequence[str | None], width: int) -> list[str]:
    """The row's own values, as many as the header has; what is too much stays, joined, in the last."""
    row = [shown_text(value) or "" for value in values]
    if len(row) > width:
        row = [*row[: width - 1], ",".join(row[width - 1 :])]
    return row + [""] * (width - len(row))


# --- inside a worker process -------------------------------------------------------------------------------------

_here: tuple[Database, Scope] | None = None


def _start(url: str, scope: Scope) -> None:
    global _here
    _here = Database(url, pool_size=1), scope


def _match_here(batch: RowBatch, place: int, width: int) -> Rows:
    assert _here is not None
    return match_rows(*_here, batch, place, width)
