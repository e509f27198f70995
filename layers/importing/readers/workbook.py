"""XLSX (and XLS, ODS): the first sheet, or the one the mapping names; the first row is the header."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from python_calamine import CalamineError, CalamineWorkbook

from layers.importing.errors import FileEmpty, FileTruncated, FileUnreadable, ImportRefused
from layers.importing.readers.extent import check_extent
from layers.importing.readers.source import BATCH_ROWS, CRS_COLUMN, LOST_DIGITS, WKT_COLUMN, RowBatch, Text, as_text

#: a batch ends early when its texts are longer than this
BATCH_CHARS = 32 * 1024 * 1024
#: geometries inside geometries; who reads deeper ones runs out of stack
MOST_COLLECTIONS = 16


class WorkbookSource:
    """A sheet. Columns ``_wkt``, ``_wkt2`` … (written by the workbook of rejected rows) are read as the geometry."""

    encoding: str | None = None

    def __init__(self, path: Path, sheet: str | None = None, *, name: str, max_mb: int) -> None:
        """name: of the file, for messages. max_mb: how large its parts may be when unpacked."""
        self.path = path
        self.name = name
        self._sheet = sheet
        check_extent(path, name, max_mb)
        self._table = self._load()
        self.columns = self._header()
        self.crs = self._said_crs()
        self._wkt = [i for i, column in enumerate(self.columns) if column.startswith(WKT_COLUMN)]
        self.spatial = bool(self._wkt)

    def close(self) -> None:
        """The rows go with the source."""

    def _load(self) -> Any:
        try:
            book = CalamineWorkbook.from_path(str(self.path))
            names = book.sheet_names
            if self._sheet is not None and self._sheet not in names:
                raise FileUnreadable(
                    f"{self.name} 没有工作表 {self._sheet}；有：{'、'.join(names)} / no such sheet",
                    found=names,
                )
            return book.get_sheet_by_name(self._sheet or names[0])
        except ImportRefused:
            raise
        except (CalamineError, OSError, ValueError, IndexError) as error:
            raise FileTruncated(
                f"{self.name} 不是完整的工作簿（{type(error).__name__}）。请重新发送。 / "
                "not a whole workbook; send it again."
            ) from None

    def _header(self) -> list[str]:
        columns = [as_text(cell) or "" for cell in next(self._table.iter_rows(), [])]
        while columns and not columns[-1]:
            columns.pop()
        if not columns:
            raise FileEmpty(self.name)
        return columns

    def _rows(self) -> Iterator[list[Any]]:
        """The rows after the header."""
        return islice(self._table.iter_rows(), 1, None)

    def _said_crs(self) -> str | None:
        if CRS_COLUMN not in self.columns:
            return None
        place = self.columns.index(CRS_COLUMN)
        return next((text for row in self._rows() if len(row) > place and (text := as_text(row[place]))), None)

    def batches(self, size: int = BATCH_ROWS) -> Iterator[RowBatch]:
        """All rows that are not wholly blank; the row number is the one after the header."""
        width = len(self.columns)
        numbers: list[int] = []
        values: list[list[Text]] = []
        chars = 0
        for number, cells in enumerate(self._rows(), start=1):
            row = [cell_text(cell) for cell in cells[:width]]
            if not any(row):
                continue
            numbers.append(number)
            values.append(row + [None] * (width - len(row)))
            chars += sum(len(text) for text in row if text)
            if len(numbers) == size or chars > BATCH_CHARS:
                yield self._batch(numbers, values)
                numbers, values, chars = [], [], 0
        if numbers:
            yield self._batch(numbers, values)

    def _batch(self, numbers: list[int], values: list[list[Text]]) -> RowBatch:
        if not self._wkt:
            return RowBatch(numbers, values)
        texts = [_shallow("".join(row[i] or "" for i in self._wkt)) for row in values]
        shapes = shapely.from_wkt(np.array(texts, dtype=object), on_invalid="ignore")
        flaws = {
            i: "unreadable"
            for i in np.flatnonzero(shapely.is_missing(shapes)).tolist()
            if any(values[i][at] for at in self._wkt)
        }
        return RowBatch(numbers, values, shapes, flaws=flaws)


def _shallow(wkt: str) -> str | None:
    return wkt if wkt and wkt.upper().count("COLLECTION") <= MOST_COLLECTIONS else None


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
