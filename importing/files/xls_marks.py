"""Error cells of an XLS sheet, which the reading library shows as empty: records BOOLERR and FORMULA of [MS-XLS] 2.4.24, 2.4.127
in the stream Workbook (or Book) of an OLE file ([MS-CFB])."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from importing.errors import FileTruncated
from importing.files.cells import ERROR_CELL, address, marked

SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ERRORS = {0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A"}
STREAMS = ("Workbook", "Book")
_BOF, _EOF, _BOUNDSHEET, _BOOLERR, _FORMULA = (0x0809, 0x0009), 0x000A, 0x0085, 0x0205, (0x0006, 0x0406)
_NO_SECTOR = 0xFFFFFFFA
_DIRECTORY_ENTRY = 128


def error_cells(path: Path, sheet: int) -> dict[tuple[int, int], str]:
    """(row, column) from 0 → mark, of the error cells of the sheet of this number, from 0. Empty for a file that is no whole XLS:
    the reading library says so."""
    try:
        stream = _workbook_stream(path.read_bytes())
        return dict(_errors(stream, sheet)) if stream else {}
    except (struct.error, IndexError):
        return {}


def check_chains(path: Path, name: str) -> None:
    """Raise FileTruncated for an OLE file whose sectors do not lead to an end: the reading library would follow them for ever."""
    try:
        _workbook_stream(path.read_bytes())
    except (struct.error, IndexError):
        raise FileTruncated(
            f"{name} 不是完整的工作簿，内部已损坏。请用原来的软件打开另存，或重新发送。 / not a whole workbook, it is damaged inside: save it again where "
            "it was made, or send it again."
        ) from None


def _errors(stream: bytes, sheet: int) -> Iterator[tuple[tuple[int, int], str]]:
    starts = [struct.unpack_from("<I", body)[0] for kind, body in _records(stream, 0) if kind == _BOUNDSHEET]
    for kind, body in _records(stream, starts[sheet]):
        code = -1
        if kind == _BOOLERR and body[7]:
            code = body[6]
        elif kind in _FORMULA and body[12:14] == b"\xff\xff" and body[6] == 2:
            code = body[8]
        if code >= 0:
            row, column = struct.unpack_from("<HH", body)
            yield (row, column), marked(ERROR_CELL, address(row + 1, column + 1), ERRORS.get(code, "#N/A"))


def _records(stream: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """The records of one part of the stream, from its BOF to its EOF; those of charts inside are passed over."""
    depth = 0
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        if kind in _BOF:
            depth += 1
        elif kind == _EOF:
            depth -= 1
            if depth <= 0:
                return
        elif depth == 1:
            yield kind, stream[at + 4 : at + 4 + length]
        at += 4 + length


def _workbook_stream(data: bytes) -> bytes | None:
    """The stream with the sheets. Raises struct.error, IndexError for a file that is cut off."""
    if not data.startswith(SIGNATURE):
        return None
    size = 1 << min(struct.unpack_from("<H", data, 30)[0], 12)
    small = 1 << min(struct.unpack_from("<H", data, 32)[0], 12)
    (first_directory,) = struct.unpack_from("<I", data, 48)
    cutoff, first_small, _n, more, _m = struct.unpack_from("<5I", data, 56)
    places = list(struct.unpack_from("<109I", data, 76))
    while more < _NO_SECTOR and len(places) * size < 2 * len(data):
        block = struct.unpack_from(f"<{size // 4}I", data, (more + 1) * size)
        places += block[:-1]
        more = block[-1]
    table: list[int] = []
    for place in places:
        if place < _NO_SECTOR:
            table += struct.unpack_from(f"<{size // 4}I", data, (place + 1) * size)
    directory = _chain(data, table, first_directory, size, size)
    root = struct.unpack_from("<I", directory, 116)[0]
    inner = _chain(data, table, root, size, size)
    small_table = _chain(data, table, first_small, size, size)
    for at in range(0, len(directory) - _DIRECTORY_ENTRY + 1, _DIRECTORY_ENTRY):
        name = directory[at : at + 64].decode("utf-16-le", "ignore").partition("\0")[0]
        if name not in STREAMS:
            continue
        start, length = struct.unpack_from("<II", directory, at + 116)
        if length >= cutoff:
            return _chain(data, table, start, size, size)[:length]
        chain = struct.unpack(f"<{len(small_table) // 4}I", small_table)
        return _chain(inner, list(chain), start, small, 0)[:length]
    return None


def _chain(data: bytes, table: list[int], start: int, size: int, before: int) -> bytes:
    """The sectors that follow each other. before: bytes in front of the first one. Raises IndexError when they have no end."""
    parts: list[bytes] = []
    while start < _NO_SECTOR:
        if len(parts) > len(table):
            raise IndexError
        parts.append(data[before + start * size : before + (start + 1) * size])
        start = table[start]
    return b"".join(parts)
