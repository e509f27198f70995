"""XLSX (and XLS, ODS): the first sheet, or the one the mapping names; the first row is the header."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from python_calamine import CalamineError, CalamineWorkbook

from layers.importing.errors import FileEmpty, FileTruncated, FileUnreadable, ImportRefused
from layers.importing.readers.source import BATCH_ROWS, CRS_COLUMN, WKT_COLUMN, RowBatch, Text, as_text

#: A number this large was stored as floating point and has lost its last digits.
LOST_DIGITS = "\x00lost:"


class WorkbookSource:
    """A sheet. Columns ``_wkt``, ``_wkt2`` … (written by the workbook of rejected rows) are read as the geometry."""

    encoding: str | None = None

    def __init__(self, path: Path, sheet: str | None = None) -> None:
        self.path = path
        self._sheet = sheet
        self.columns, self._rows = self._load()
        self.crs = self._said_crs()
        self._wkt = [i for i, name in enumerate(self.columns) if name.startswith(WKT_COLUMN)]

    def _load(self) -> tuple[list[str], list[list[Any]]]:
        try:
            book = CalamineWorkbook.from_path(str(self.path))
            names = book.sheet_names
            if self._sheet is not None and self._sheet not in names:
                raise FileUnreadable(
                    f"{self.path.name} 没有工作表 {self._sheet}；有：{'、'.join(names)} / no such sheet",
                    found=names,
                )
            rows = book.get_sheet_by_name(self._sheet or names[0]).to_python(skip_empty_area=False)
        except ImportRefused:
            raise
        except (CalamineError, OSError, ValueError, IndexError) as error:
            raise FileTruncated(
                f"{self.path.name} 不是完整的工作簿（{type(error).__name__}）。请重新发送。 / "
                "not a whole workbook; send it again."
            ) from None
        if not rows or not any(as_text(cell) for cell in rows[0]):
            raise FileEmpty(self.path.name)
        columns = [as_text(cell) or "" for cell in rows[0]]
        while columns and not columns[-1]:
            columns.pop()
        return columns, rows[1:]

    def _said_crs(self) -> str | None:
        if CRS_COLUMN not in self.columns:
            return None
        place = self.columns.index(CRS_COLUMN)
        return next((text for row in self._rows if len(row) > place and (text := as_text(row[place]))), None)

    def batches(self, size: int = BATCH_ROWS) -> Iterator[RowBatch]:
        """All rows that are not wholly blank; the row number is the one after the header."""
        width = len(self.columns)
        numbers: list[int] = []
        values: list[list[Text]] = []
        for number, cells in enumerate(self._rows, start=1):
            row = [cell_text(cell) for cell in cells[:width]]
            if not any(row):
                continue
            numbers.append(number)
            values.append(row + [None] * (width - len(row)))
            if len(numbers) == size:
                yield self._batch(numbers, values)
                numbers, values = [], []
        if numbers:
            yield self._batch(numbers, values)

    def _batch(self, numbers: list[int], values: list[list[Text]]) -> RowBatch:
        if not self._wkt:
            return RowBatch(numbers, values)
        texts = ["".join(row[i] or "" for i in self._wkt) or None for row in values]
        shapes = shapely.from_wkt(np.array(texts, dtype=object), on_invalid="ignore")
        return RowBatch(numbers, values, shapes)


def cell_text(cell: Any) -> Text:
    """A cell as text: dates as ISO, whole numbers without a point, numbers past 15 digits marked as damaged."""
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(sep=" ", timespec="seconds")
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell)
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, float) and abs(cell) >= 1e15:
        return f"{LOST_DIGITS}{cell:.0f}"
    return as_text(cell)
