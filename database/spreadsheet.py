"""Tables for people: the one place where CSV files and workbooks are written, so that no cell of ours ever runs as a formula.

A spreadsheet runs what begins with ``=``, ``+``, ``-``, ``@``, a tab or a return (OWASP, CSV Injection), full-width forms
included. In a workbook every text is a text cell and stays what it is; in CSV, which has no types, such a text gets an
apostrophe in front. Numbers stay numbers. The same holds for headers, which come from files too.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell
from openpyxl.styles import Font, PatternFill

#: rows of a sheet, header included
SHEET_ROWS = 1_048_576
_FORMULA = re.compile(r"[\s\u200b-\u200f\u2060\ufeff\x00-\x20]*[=+\-@|%＝＋－＠﹢﹣﹫﹦⁼⁺⁻₊₋−]|[\t\r\n]")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d{1,3})?|[+-]")


def csv_text(value: object) -> object:
    """A value as it may stand in CSV: texts that a spreadsheet would run get an apostrophe in front."""
    if isinstance(value, str) and _FORMULA.match(value) and not _NUMBER.fullmatch(value):
        return f"'{value}"
    return value


class CsvTable:
    """Rows into an open text file. Every text is quoted, so that no other separator splits it."""

    def __init__(self, file: TextIO) -> None:
        self._writer = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC)

    def write(self, row: Iterable[object]) -> None:
        """Add a row."""
        self._writer.writerow(["" if value is None else csv_text(value) for value in row])


@contextmanager
def csv_file(path: Path) -> Iterator[CsvTable]:
    """A CSV file for spreadsheets: UTF-8 with its mark."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        yield CsvTable(file)


class SheetTable:
    """A workbook, written as rows come, one sheet after the other. Texts are text cells; what a workbook cannot hold is left out of them."""

    def __init__(self, title: str) -> None:
        self._book = Workbook(write_only=True)
        self._sheet = self._book.create_sheet(title)
        self.rows = 0

    def begin_sheet(self, title: str) -> None:
        """What follows goes to another sheet."""
        self._sheet = self._book.create_sheet(title)
        self.rows = 0

    def write(self, row: Iterable[object]) -> None:
        """Add a row. Raises ValueError beyond the rows of a sheet."""
        self.rows += 1
        if self.rows > SHEET_ROWS:
            raise ValueError(f"more than {SHEET_ROWS} rows")
        self._sheet.append([self._cell(value) for value in row])

    def write_header(self, names: Iterable[str], colour_of: dict[str, str] | None = None) -> None:
        """The header, bold, kept in view. colour_of: column → colour as RRGGBB."""
        cells = []
        for name in names:
            cell = self._cell(name)
            cell.font = Font(bold=True)
            if colour_of and name in colour_of:
                cell.fill = PatternFill("solid", fgColor=f"FF{colour_of[name]}")
            cells.append(cell)
        self.rows += 1
        self._sheet.append(cells)
        self._sheet.freeze_panes = "A2"

    def save(self, path: Path) -> None:
        """Write the file."""
        self._book.save(path)

    def _cell(self, value: object) -> Any:
        if not isinstance(value, str):
            return value
        cell: Cell = WriteOnlyCell(self._sheet, value=ILLEGAL_CHARACTERS_RE.sub("", value))
        cell.data_type = "s"  # what begins with = was taken for a formula
        cell.number_format = "@"
        return cell
