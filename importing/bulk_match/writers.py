"""Writing the matched rows: CSV or XLSX, into a file beside the wanted one that takes its name when it is whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from database.errors import Invalid
from database.spreadsheet import SHEET_ROWS, CsvTable, SheetTable


class OutputNotPossible(Invalid):
    """结果文件写不了 | The result cannot be written"""


class RowWriter(Protocol):
    """Something that takes rows."""

    def write(self, row: Sequence[str]) -> None:
        """Add a row."""


class _CsvRows:
    def __init__(self, path: Path) -> None:
        self.file = path.open("w", encoding="utf-8-sig", newline="")
        self._table = CsvTable(self.file)

    def write(self, row: Sequence[str]) -> None:
        self._table.write(row)

    def close(self) -> None:
        self.file.close()


class _SheetRows:
    def __init__(self, path: Path) -> None:
        self.path = path
        self._table = SheetTable("匹配结果")

    def write(self, row: Sequence[str]) -> None:
        if self._table.rows >= SHEET_ROWS:
            raise OutputNotPossible(f"超过 {SHEET_ROWS:,} 行，请改用 .csv / more rows than a sheet holds; use .csv")
        self._table.write(row)

    def close(self) -> None:
        self._table.save(self.path)


@contextmanager
def result_file(path: Path) -> Iterator[RowWriter]:
    """A writer whose file appears under its name only when everything was written; a failure leaves what was there.

    Raises OutputNotPossible for an ending other than .csv and .xlsx, or a folder that is not there.
    """
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".xlsx"):
        raise OutputNotPossible(f"{path.name}：只能写 .csv 或 .xlsx / only .csv or .xlsx can be written")
    if not path.parent.is_dir():
        raise OutputNotPossible(f"没有目录 {path.parent} / no such folder")
    draft = path.with_name(f".{path.name}.part")
    rows: _CsvRows | _SheetRows = _CsvRows(draft) if suffix == ".csv" else _SheetRows(draft)
    try:
        yield rows
        rows.close()
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
