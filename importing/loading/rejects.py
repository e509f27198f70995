"""Rejected rows (退回行): kept encrypted, given back as a workbook that can be corrected and imported again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import shapely
from sqlalchemy import Connection, text

from database.secrets.seal import Sealer, row_binding
from database.spreadsheet import SheetTable
from importing.batches import get_batch
from importing.files.cells import shown_text
from importing.files.source import CRS_COLUMN, WKT_COLUMN, RowBatch, Source
from importing.stage.stage import Stage, as_json, copy_line
from importing.values.reasons import Problem
from importing.values.standardise import bytea
from layers.people.masking import mask_numbers

CELL_LIMIT = 32_000
STORE_ROWS = 5_000
NUMBER, REASON, MEND = "行号", "退回原因", "如何修改"
#: The second sheet of the workbook, and its columns.
WARNINGS_SHEET = "提醒"
COLUMN, WARNING, ADVICE, ENGLISH = "列", "提醒", "建议", "English"


def reject_line(stage: Stage, number: int, problem: Problem, record: dict[str, str | None]) -> str:
    """One line of COPY into ``stage_reject``; the record leaves sealed."""
    facts = as_json(problem.facts or {})
    return copy_line([str(number), problem.code, problem.column, facts, bytea(_sealed(stage, number, record))])


def _sealed(stage: Stage, number: int, record: dict[str, str | None]) -> bytes:
    return stage.sealer.seal_bytes(orjson.dumps(record), bound_to=_bound(stage.batch_id, number))


def _bound(batch_id: int, number: int) -> str:
    return row_binding("import_reject", "row_cipher", batch_id, number)


def row_record(source: Source, batch: RowBatch, place: int) -> dict[str, str | None]:
    """The row as it came, for the person who mends it; its outline as WKT in the CRS of the file."""
    record = dict(zip(source.columns, map(shown_text, batch.values[place]), strict=True))
    if batch.geometries is not None and batch.geometries[place] is not None:
        record[WKT_COLUMN] = shapely.to_wkt(batch.geometries[place], rounding_precision=9)
        record[CRS_COLUMN] = source.crs
    return record


def broken_record(source: Source, found: list[str | None]) -> dict[str, str | None]:
    """A row with too many or too few values; what is too much gets columns of its own."""
    names = list(source.columns) + [f"（第 {i} 个值）" for i in range(len(source.columns) + 1, len(found) + 1)]
    return dict(zip(names, map(shown_text, found), strict=False))


def collect_rejects(stage: Stage, source: Source) -> list[tuple[Any, ...]]:
    """Every rejected row of the stage, ready to be stored: (row, code, column, reason text, cipher).

    Rows that were found wrong inside the database are read again from the file, so that they too can be given back.
    """
    found = stage.rows(
        "SELECT row_no, reason_code, column_name, facts, row_cipher FROM stage_reject ORDER BY row_no, reason_code"
    )
    absent = {row[0] for row in found if row[4] is None}
    ciphers = _read_again(stage, source, absent) if absent else {}
    rejects: dict[tuple[int, str], tuple[Any, ...]] = {}
    for number, code, column, facts, cipher in found:
        text = mask_numbers(Problem(code, column, facts).text())
        before = rejects.get((number, code))
        if before is None:
            rejects[number, code] = (number, code, column, text, cipher if cipher is not None else ciphers[number])
        elif column != before[2]:
            rejects[number, code] = (*before[:2], _both(before[2], column), _both_texts(before[3], text), before[4])
    return list(rejects.values())


def _both(one: str | None, other: str | None) -> str | None:
    """Two columns with the same fault in one row."""
    names = (one or "").split("、")
    return one if other is None or other in names else f"{one}、{other}" if one else other


def _both_texts(one: str, other: str) -> str:
    """Two reasons of one kind in one: line by line, what differs after a semicolon."""
    pairs = zip(one.split("\n"), other.split("\n"), strict=True)
    return "\n".join(a if b in a else f"{a}；{b}" for a, b in pairs)


def _read_again(stage: Stage, source: Source, wanted: set[int]) -> dict[int, bytes]:
    ciphers: dict[int, bytes] = {}
    for batch in source.batches():
        for i, number in enumerate(batch.numbers):
            if number not in wanted:
                continue
            record = row_record(source, batch, i)
            ciphers[number] = _sealed(stage, number, record)
    return ciphers


def store_rejects(stage: Stage, rejects: list[tuple[Any, ...]]) -> None:
    """Keep the rejected rows with the batch. (COPY is not possible into a table under row-level security.)"""
    for start in range(0, len(rejects), STORE_ROWS):
        numbers, codes, columns, reasons, ciphers = zip(*rejects[start : start + STORE_ROWS], strict=True)
        stage.run(
            "INSERT INTO import_reject (batch_id, row_no, reason_code, column_name, reason, row_cipher, grid_code) "
            "SELECT %(batch)s, r.*, %(county)s FROM unnest(%(numbers)s::int[], %(codes)s::text[], %(columns)s::text[], "
            "%(reasons)s::text[], %(ciphers)s::bytea[]) AS r",
            numbers=list(numbers),
            codes=list(codes),
            columns=list(columns),
            reasons=list(reasons),
            ciphers=list(ciphers),
        )


def write_rejects(connection: Connection, batch_id: int, path: Path, sealer: Sealer) -> int:
    """Write the rejected rows of an import as XLSX, and its warnings on a second sheet; returns how many rows were rejected.

    First the row number, the reasons and how to mend, then the original columns as text: correct the rows and import the
    workbook with the same mapping. Outlines stand as WKT in ``_wkt`` (split over several columns when long).
    Raises BatchNotFound, UnsealFailed.
    """
    get_batch(connection, batch_id)
    found = connection.execute(
        text(
            "SELECT row_no, array_agg(reason ORDER BY reason_code) AS reasons, (array_agg(row_cipher))[1] AS cipher "
            "FROM import_reject WHERE batch_id = :batch GROUP BY row_no ORDER BY row_no"
        ),
        {"batch": batch_id},
    ).all()
    records = [(row, _opened(row.cipher, sealer, _bound(batch_id, row.row_no))) for row in found]
    columns = list(dict.fromkeys(name for _row, record in records for name in record))
    sheet = SheetTable("退回")
    added = (NUMBER, REASON, MEND)
    sheet.write_header([*added, *columns], dict.fromkeys(columns, "E2EFDA") | dict.fromkeys(added, "FDE9D9"))
    for row, record in records:
        lines = [reason.split("\n") for reason in row.reasons]
        why = "\n".join(line[0] for line in lines)
        how = "\n".join(dict.fromkeys(line[1] for line in lines if len(line) > 1))
        sheet.write([row.row_no, why, how, *map(record.get, columns)])
    _write_warnings(connection, batch_id, sheet)
    sheet.save(path)
    return len(records)


def _write_warnings(connection: Connection, batch_id: int, sheet: SheetTable) -> None:
    """Rows that were taken and should be looked at, on a sheet of their own; nothing of it is imported again."""
    found = connection.execute(
        text(
            "SELECT row_no, column_name, warning FROM import_warning WHERE batch_id = :batch "
            "ORDER BY row_no, warning_code, column_name"
        ),
        {"batch": batch_id},
    ).all()
    if not found:
        return
    sheet.begin_sheet(WARNINGS_SHEET)
    sheet.write_header([NUMBER, COLUMN, WARNING, ADVICE, ENGLISH], dict.fromkeys((WARNING, ADVICE), "FFF2CC"))
    for row in found:
        lines = [*row.warning.split("\n"), "", ""]
        sheet.write([row.row_no, row.column_name, *lines[:3]])


def _opened(cipher: bytes, sealer: Sealer, bound_to: str) -> dict[str, str | None]:
    record: dict[str, str | None] = orjson.loads(sealer.unseal_bytes(cipher, bound_to=bound_to))
    outline = record.pop(WKT_COLUMN, None)
    if outline:
        for part in range(0, len(outline), CELL_LIMIT):
            name = WKT_COLUMN if part == 0 else f"{WKT_COLUMN}{part // CELL_LIMIT + 1}"
            record[name] = outline[part : part + CELL_LIMIT]
    return record
