"""Files of records in, clusters out: CSV with a header, UTF-8 or GB 18030."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from database.errors import Invalid
from database.spreadsheet import CsvTable
from layers.people.identity.records import COLUMNS
from layers.people.identity.resolve import Resolved, Row

_LONGEST_CELL = 100_000


class RecordsInvalid(Invalid):
    """身份归并的文件不能用 | The file of records cannot be used"""


def read_records(files: Sequence[Path], id_column: str, without: Iterable[str] = ()) -> list[Row]:
    """The records of CSV files as rows with ``id`` and the columns of :data:`COLUMNS` that a file has, except those ``without``.

    Where a file has no column ``source``, its name is the source. Raises RecordsInvalid, which names file and line, for a file that is no
    CSV, has no id column, none of the known columns, a row without an id, or an id twice.
    """
    known = [column for column in COLUMNS if column not in set(without)]
    rows: list[Row] = []
    first_place: dict[str, str] = {}
    for file in files:
        for line, cells in _lines(file, id_column, known):
            place = f"{file.name}:{line}"
            number = cells["id"]
            if not number:
                raise RecordsInvalid(f"{place} 没有编号（{id_column} 列） / no id (column {id_column})")
            if number in first_place:
                raise RecordsInvalid(
                    f"{place} 的编号与 {first_place[number]} 重复 / the id stands at {first_place[number]} already"
                )
            first_place[number] = place
            if len(files) > 1:
                cells.setdefault("source", file.name)
            rows.append(cells)
    return rows


def _lines(file: Path, id_column: str, known: list[str]) -> Iterator[tuple[int, Row]]:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise RecordsInvalid(f"{file.name} 打不开：{error.strerror} / cannot be opened: {error.strerror}") from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = content.decode("gb18030")
        except UnicodeDecodeError:
            raise RecordsInvalid(f"{file.name} 既不是 UTF-8 也不是 GB 18030 / is neither UTF-8 nor GB 18030") from None
    csv.field_size_limit(_LONGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        if id_column not in header:
            raise RecordsInvalid(
                f"{file.name} 没有 {id_column} 列，有：{'、'.join(header)[:200]} / has no column {id_column}"
            )
        places = {column: header.index(column) for column in known if column in header}
        if not places:
            raise RecordsInvalid(
                f"{file.name} 没有可以比对的列：{'、'.join(known)} / none of the columns that can be compared"
            )
        at = header.index(id_column)
        for cells in reader:
            if any(cells):
                padded = cells + [""] * (len(header) - len(cells))
                yield (
                    reader.line_num,
                    {"id": padded[at].strip()} | {column: padded[place].strip() for column, place in places.items()},
                )
    except csv.Error as error:
        raise RecordsInvalid(f"{file.name}:{reader.line_num} 不是 CSV：{error} / is no CSV: {error}") from None


def write_clusters(file: Path, resolved: Iterable[Resolved]) -> None:
    """``id,cluster,decision,reasons``, in the order of the records; the file appears when it is whole."""
    partial = file.with_name(f".{file.name}.partial")
    try:
        with partial.open("w", encoding="utf-8", newline="") as target:
            table = CsvTable(target)
            table.write(["id", "cluster", "decision", "reasons"])
            for each in resolved:
                table.write([each.id, each.cluster, each.decision, each.reasons])
        partial.replace(file)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise RecordsInvalid(f"{file} 不能写：{error.strerror} / cannot be written: {error.strerror}") from None
