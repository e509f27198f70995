"""XLSX (and XLS, ODS): the sheet that has the data, or the one the mapping names; hidden sheets are not read unasked."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from python_calamine import (
    CalamineError,
    CalamineWorkbook,
    PasswordError,
    SheetMetadata,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from importing.errors import FileEmpty, FileTruncated, FileUnreadable, ImportRefused, SheetUnclear
from importing.files.cells import (
    LOST_DIGITS,
    MERGED,
    Text,
    address,
    clean_header,
    clean_text,
    folded,
    marked,
)
from importing.files.extent import check_extent
from importing.files.header import MOST_ABOVE, find_header, repeated_headers
from importing.files.sheet_marks import cells_without_value
from importing.files.source import BATCH_ROWS, CRS_COLUMN, WKT_COLUMN, RowBatch, as_text
from importing.files.xls_marks import check_chains

PANIC = "PanicException"
#: a batch ends early when its texts are longer than this
BATCH_CHARS = 32 * 1024 * 1024
#: geometries inside geometries; who reads deeper ones runs out of stack
MOST_COLLECTIONS = 16
#: cells inside merged ones that are remembered; a merge of a whole column is an adornment
MOST_MERGED = 200_000


class WorkbookSource:
    """A sheet. Columns ``_wkt``, ``_wkt2`` … (written by the workbook of rejected rows) are read as the geometry."""

    encoding: str | None = None

    def __init__(
        self, path: Path, sheet: str | None = None, *, name: str, max_mb: int, wanted: Collection[str] = ()
    ) -> None:
        """name: of the file, for messages. max_mb: how large its parts may be when unpacked. wanted: columns by which the
        header, and the sheet among several, are found."""
        self.path = path
        self.name = name
        self.notices: list[str] = []
        self._wanted = wanted
        check_extent(path, name, max_mb)
        check_chains(path, name)
        self._table, self._first = self._load(sheet)
        self.columns = [clean_header(cell) for cell in self._header_cells()]
        self._marks = cells_without_value(path, self._table.name, self._place, name) | self._merged()
        self.crs = self._stated_crs()
        self._wkt = [i for i, column in enumerate(self.columns) if column.startswith(WKT_COLUMN)]
        self.spatial = bool(self._wkt)

    def close(self) -> None:
        """The rows go with the source."""

    def _load(self, wanted: str | None) -> tuple[Any, int]:
        """The sheet, and the row of its header, from 0."""
        try:
            book = CalamineWorkbook.from_path(str(self.path))
            found = self._only(book) if wanted is None else self._named(book, wanted)
            self._place = book.sheet_names.index(found[0].name)
            return found
        except ImportRefused:
            raise
        except PasswordError:
            raise FileUnreadable(
                f"{self.name} 加了密码。请去掉密码再发送。 / the workbook has a password: remove it and send it again."
            ) from None
        except BaseException as error:
            # the library's own panic is no Exception
            if (
                not isinstance(error, CalamineError | OSError | ValueError | IndexError)
                and type(error).__name__ != PANIC
            ):
                raise
            raise FileTruncated(
                f"{self.name} 不是完整的工作簿（{type(error).__name__}）。请重新发送。 / "
                "not a whole workbook; send it again."
            ) from None

    def _named(self, book: Any, wanted: str) -> tuple[Any, int]:
        found = [name for name in book.sheet_names if name == wanted] or [
            name for name in book.sheet_names if folded(name) == folded(wanted)
        ]
        if len(found) != 1:
            raise FileUnreadable(
                f"{self.name} 没有工作表 {wanted}；有：{'、'.join(book.sheet_names)} / no such sheet",
                found=book.sheet_names,
            )
        table = book.get_sheet_by_name(found[0])
        header = self._header_row(table)
        if header is None:
            raise FileEmpty(f"{self.name} {found[0]}")
        return table, header

    def _only(self, book: Any) -> tuple[Any, int]:
        """The one visible sheet with data; of several, the only one with all the wanted columns. Raises SheetUnclear."""
        visible: list[tuple[Any, int]] = []
        hidden: list[str] = []
        for sheet in book.sheets_metadata:
            if sheet.typ is not SheetTypeEnum.WorkSheet:
                continue
            table = book.get_sheet_by_name(sheet.name)
            header = self._header_row(table)
            if header is None:
                continue
            if _is_visible(sheet):
                visible.append((table, header))
            else:
                hidden.append(sheet.name)
        if not visible:
            if hidden:
                raise SheetUnclear(
                    f"{self.name} 有数据的工作表都是隐藏的：{'、'.join(hidden)}。请取消隐藏，或在映射里写 sheet。 / every sheet with data is "
                    f"hidden: {', '.join(hidden)}. Unhide it, or set sheet in the mapping.",
                    found=hidden,
                )
            raise FileEmpty(self.name)
        fitting = [item for item in visible if self._fits(*item)]
        if len(visible) > 1 and len(fitting) != 1:
            names = [table.name for table, _header in visible]
            raise SheetUnclear(
                f"{self.name} 有 {len(names)} 个有数据的工作表：{'、'.join(names)}。请只留一个，或写明读哪一个（映射的 sheet，或 --sheet）。 / "
                f"{len(names)} sheets have data: {', '.join(names)}. Keep one, or name it (sheet in the mapping, or --sheet).",
                found=names,
            )
        chosen = fitting[0] if len(visible) > 1 else visible[0]
        others = [table.name for table, _header in visible if table is not chosen[0]]
        if others:
            self.notices.append(
                f"读的是工作表“{chosen[0].name}”；没有读取：{'、'.join(others)} / sheet {chosen[0].name!r} was read, not "
                f"{', '.join(others)}"
            )
        if hidden:
            self.notices.append(
                f"隐藏的工作表没有读取：{'、'.join(hidden)} / hidden sheets were not read: {', '.join(hidden)}"
            )
        return chosen

    def _header_row(self, table: Any) -> int | None:
        """The row of the header, from 0; None when the sheet is blank."""
        first = table.start
        if first is None:
            return None
        rows = [
            [clean_header(cell) for cell in row]
            for row in islice(table.iter_rows(), first[0], first[0] + MOST_ABOVE + 1)
        ]
        place = find_header(rows, self._wanted)
        return None if place is None else first[0] + place

    def _fits(self, table: Any, header: int) -> bool:
        names = {folded(clean_header(cell)) for cell in next(islice(table.iter_rows(), header, None))}
        return bool(self._wanted) and all(folded(name) in names for name in self._wanted)

    def _header_cells(self) -> list[Any]:
        """The cells of the header, with a place for each column that has a value anywhere. Says what stands above."""
        above = list(islice(self._table.iter_rows(), self._first + 1))
        if any(clean_header(cell) for row in above[:-1] for cell in row):
            self.notices.append(
                f"第 {self._first + 1} 行是表头，上面的行没有读取 / the header is in row {self._first + 1}; what stands above is not read"
            )
        end = self._table.end
        cells = above[-1]
        padded = self._padded(cells)
        return padded + [""] * (end[1] + 1 - len(padded) if end else 0)

    def _padded(self, cells: list[Any]) -> list[Any]:
        """A row from column A on; the library leaves out the columns that are blank in every row."""
        left = int(self._table.start[1]) if self._table.start else 0
        return [""] * left + cells if left else cells

    def _merged(self) -> dict[tuple[int, int], str]:
        """(row, column) → mark, of the cells below the header that lie in merged ones and are not their first."""
        marks: dict[tuple[int, int], str] = {}
        for (top, west), (bottom, east) in self._table.merged_cell_ranges or ():
            if bottom <= self._first or (bottom - top + 1) * (east - west + 1) + len(marks) > MOST_MERGED:
                continue
            over = f"{address(top + 1, west + 1)}:{address(bottom + 1, east + 1)}"
            for row in range(max(top, self._first + 1), bottom + 1):
                for column in range(west, east + 1):
                    if (row, column) != (top, west):
                        marks[row, column] = marked(MERGED, address(row + 1, column + 1), over)
        return marks

    def _rows(self) -> Iterator[list[Any]]:
        """The rows after the header."""
        return islice(self._table.iter_rows(), self._first + 1, None)

    def _stated_crs(self) -> str | None:
        if CRS_COLUMN not in self.columns:
            return None
        place = self.columns.index(CRS_COLUMN)
        return next(
            (text for row in map(self._padded, self._rows()) if len(row) > place and (text := as_text(row[place]))),
            None,
        )

    def batches(self, size: int = BATCH_ROWS) -> Iterator[RowBatch]:
        """All rows that are not wholly blank; their numbers are those of the sheet."""
        width = len(self.columns)
        names: list[Text] = [name or None for name in self.columns]
        repeated: list[int] = []
        unnamed: dict[int, list[str]] = {}
        numbers: list[int] = []
        values: list[list[Text]] = []
        chars = 0
        for number, cells in enumerate(self._rows(), start=self._first + 2):
            row = [cell_text(cell) for cell in self._padded(cells)[:width]]
            row += [None] * (width - len(row))
            for i, text in enumerate(row):
                if text is None:
                    row[i] = self._marks.get((number - 1, i)) if self._marks else None
                else:
                    if text.startswith("\x00"):
                        row[i] = _at(text, number, i)
                    if not self.columns[i]:
                        unnamed.setdefault(i, []).append(address(number, i + 1))
            if not any(text is not None and not text.startswith(MERGED) for text in row):
                continue
            if row[0] == names[0] and row == names:
                repeated.append(number)
                continue
            numbers.append(number)
            values.append(row)
            chars += sum(len(text) for text in row if text)
            if len(numbers) == size or chars > BATCH_CHARS:
                yield self._batch(numbers, values)
                numbers, values, chars = [], [], 0
        self._say_unnamed(unnamed)
        self.notices += [notice for notice in repeated_headers(repeated) if notice not in self.notices]
        if numbers:
            yield self._batch(numbers, values)

    def _say_unnamed(self, found: dict[int, list[str]]) -> None:
        for places in found.values():
            shown = "、".join(places[:3]) + (" …" if len(places) > 3 else "")
            notice = (
                f"{len(places)} 个值没有列名，没有读取：{shown} / values under no column name are not read ({len(places)}): "
                f"{', '.join(places[:3])}"
            )
            if notice not in self.notices:
                self.notices.append(notice)

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


def _is_visible(sheet: SheetMetadata) -> bool:
    return sheet.visible is SheetVisibleEnum.Visible


def _at(text: str, number: int, column: int) -> str:
    """A mark, with the place of its cell."""
    mark = text[: text.index(":") + 1]
    return marked(mark, address(number, column + 1), text.rpartition("\x00")[2])


def _shallow(wkt: str) -> str | None:
    return wkt if wkt and wkt.upper().count("COLLECTION") <= MOST_COLLECTIONS else None


def cell_text(cell: Any) -> Text:
    """A cell as text: dates as ISO, whole numbers without a point, numbers past 15 digits and errors marked as no value."""
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(sep=" ", timespec="seconds")
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell)
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, int | float) and abs(cell) >= 1e15:
        return marked(LOST_DIGITS, "", f"{cell:.14G}")
    return clean_text(cell) if isinstance(cell, str) else as_text(cell)
