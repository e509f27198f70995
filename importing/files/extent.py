"""How large a workbook would become, found out before it is read: a reader allocates the rectangle from A1 to the last cell."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from importing.errors import FileTooHeavy
from importing.files.archive import blocks, check_size, open_archive

#: cells of a sheet, empty ones included; a million rows of fifty columns
MOST_CELLS = 50_000_000
MOST_COLUMNS = 2_000
#: bytes that a place may straddle between two blocks
TAIL = 256

_COLUMN = re.compile(rb"""\br\s*=\s*["']([A-Za-z]{1,12})\d""")
#: rows of fewer digits times MOST_COLUMNS are few enough
_ROW = re.compile(rb"""\br\s*=\s*["'][A-Za-z]{0,12}(\d{5,20})["']""")
#: OpenDocument writes what repeats once, with how often; what is empty is closed at once and not read
_REPEATED = re.compile(rb"""number-(columns|rows)-repeated\s*=\s*["'](\d{1,20})["'][^<>]*?(/?)>""")


def check_extent(path: Path, name: str, max_mb: int) -> None:
    """Raise FileTooHeavy when a workbook's parts are too large, or a sheet spans more cells than can be read.

    Looks at ZIP workbooks (XLSX, ODS); an XLS cannot hold more than 65,536 rows of 256 columns.
    """
    if not zipfile.is_zipfile(path):
        return
    packed = path.stat().st_size
    read = 0
    with open_archive(path, name, max_mb) as archive:
        for member in archive.infolist():
            rows = columns = 0
            tail = b""
            for block in blocks(archive, member, name):
                read += len(block)
                check_size(read, packed, name, max_mb)
                text = tail + block
                rows = max(rows, *map(int, _ROW.findall(text)), 0)
                columns = max(columns, *map(_number, set(_COLUMN.findall(text))), 0)
                if columns > MOST_COLUMNS or rows * columns > MOST_CELLS:
                    raise _too_wide(name, rows, columns)
                if b"-repeated" in text:
                    _check_repeats(text, name)
                tail = text[-TAIL:]


def _number(letters: bytes) -> int:
    """The number of a column: A is 1, AA is 27."""
    number = 0
    for byte in letters.upper():
        number = number * 26 + byte - 64
    return number


def _check_repeats(text: bytes, name: str) -> None:
    rows = columns = 1
    for kind, number, closed in _REPEATED.findall(text):
        if closed:
            continue
        if kind == b"rows":
            rows = max(rows, int(number))
        else:
            columns = max(columns, int(number))
    if columns > MOST_COLUMNS or rows * columns > MOST_CELLS:
        raise _too_wide(name, rows, columns)


def _too_wide(name: str, rows: int, columns: int) -> FileTooHeavy:
    return FileTooHeavy(
        f"{name} 的表格范围太大（{f'{rows} 行，' if rows else ''}{columns} 列），上限 {MOST_COLUMNS} 列、{MOST_CELLS:,} 格。远处可能有一个多余的"
        "单元格：按 Ctrl+End 查看，删去多余的行列后另存。 / the sheet spans too many cells: press Ctrl+End to find the stray cell, delete "
        "those rows and columns, and save again.",
        rows=rows,
        columns=columns,
    )
