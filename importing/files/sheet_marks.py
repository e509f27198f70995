"""Cells of a sheet that hold an error, or a formula whose result was not saved: the reading library shows both as empty.

Here those of an XLSX; of other formats in ``xls_marks`` and ``ods_marks``.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from pathlib import Path
from typing import Any
from xml.parsers import expat

from importing.files.archive import blocks
from importing.files.cells import ERROR_CELL, FORMULA, address, marked
from importing.files.ods_marks import OdsCells
from importing.files.xls_marks import error_cells

#: a sheet without any of these has no such cell
_SUSPECT = re.compile(rb"""\st\s*=\s*["']e["']|<(?:\w+:)?f[\s>/]""")
TAIL = 64
_PLACE = re.compile(r"([A-Z]{1,3})(\d{1,7})")
WORKBOOK = "xl/workbook.xml"


CONTENT = "content.xml"


def cells_without_value(path: Path, sheet: str, place: int, name: str) -> dict[tuple[int, int], str]:
    """(row, column) from 0 → mark, of every such cell in a sheet of an XLSX, XLS or ODS.

    sheet: its name; place: its number among the sheets, from 0. name: of the file, for messages. Raises FileTruncated.
    """
    if not zipfile.is_zipfile(path):
        return error_cells(path, place)
    with zipfile.ZipFile(path) as archive:
        parts = archive.namelist()
        if WORKBOOK not in parts:
            return _of_ods(archive, sheet, name) if CONTENT in parts else {}
        part = _part_of(archive, sheet, name)
        if part is None or not _suspect(archive, part, name):
            return {}
        return _Cells().read(archive, part, name)


def _of_ods(archive: zipfile.ZipFile, sheet: str, name: str) -> dict[tuple[int, int], str]:
    cells = OdsCells(sheet)
    _parse(archive, archive.getinfo(CONTENT), name, start=cells.start, end=cells.end, text=cells.text)
    return cells.found


def _part_of(archive: zipfile.ZipFile, sheet: str, name: str) -> zipfile.ZipInfo | None:
    """The file in the archive that holds the sheet."""
    relation: str | None = None
    targets: dict[str, str] = {}

    def in_workbook(tag: str, attributes: dict[str, str]) -> None:
        nonlocal relation
        if _local(tag) == "sheet" and attributes.get("name") == sheet:
            relation = next((value for key, value in attributes.items() if key.rpartition(":")[2] == "id"), None)

    def in_relations(tag: str, attributes: dict[str, str]) -> None:
        if _local(tag) == "Relationship":
            targets[attributes.get("Id", "")] = attributes.get("Target", "")

    try:
        _parse(archive, archive.getinfo(WORKBOOK), name, start=in_workbook)
        _parse(archive, archive.getinfo("xl/_rels/workbook.xml.rels"), name, start=in_relations)
        target = targets.get(relation or "", "")
        inner = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join("xl", target))
        return archive.getinfo(inner)
    except KeyError:
        return None


def _suspect(archive: zipfile.ZipFile, part: zipfile.ZipInfo, name: str) -> bool:
    tail = b""
    for block in blocks(archive, part, name):
        if _SUSPECT.search(tail + block):
            return True
        tail = block[-TAIL:]
    return False


class _Cells:
    """Goes through a sheet and remembers the cells that are looked for."""

    def __init__(self) -> None:
        self._found: dict[tuple[int, int], str] = {}
        self._row = self._column = -1
        self._kind = ""
        self._formula = self._value = False
        self._text: list[str] | None = None
        self._shown = ""

    def read(self, archive: zipfile.ZipFile, part: zipfile.ZipInfo, name: str) -> dict[tuple[int, int], str]:
        """The cells of one sheet."""
        _parse(archive, part, name, start=self._start, end=self._end, text=self._characters)
        return self._found

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        tag = _local(tag)
        if tag == "row":
            reference = attributes.get("r", "")
            self._row = int(reference) - 1 if reference.isdigit() else self._row + 1
            self._column = -1
        elif tag == "c":
            place = _PLACE.fullmatch(attributes.get("r", ""))
            self._column = _number(place[1]) - 1 if place else self._column + 1
            self._kind, self._formula, self._value, self._shown = attributes.get("t", "n"), False, False, ""
        elif tag == "f":
            self._formula = True
        elif tag == "v":
            self._text = []

    def _characters(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def _end(self, tag: str) -> None:
        tag = _local(tag)
        if tag == "v":
            self._shown = "".join(self._text or ())
            # the empty text is a result as well
            self._value = bool(self._shown) or self._kind == "str"
            self._text = None
        elif tag == "c":
            at = address(self._row + 1, self._column + 1)
            if self._kind == "e":
                self._found[self._row, self._column] = marked(ERROR_CELL, at, self._shown or "#N/A")
            elif self._formula and not self._value and self._kind != "inlineStr":
                self._found[self._row, self._column] = marked(FORMULA, at)


def _parse(
    archive: zipfile.ZipFile, part: zipfile.ZipInfo, name: str, *, start: Any, end: Any = None, text: Any = None
) -> None:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    try:
        for block in blocks(archive, part, name):
            parser.Parse(block, False)
        parser.Parse(b"", True)
    except expat.ExpatError:
        return  # the reading library decides whether the sheet is whole


def _local(tag: str) -> str:
    return tag.rpartition(":")[2]


def _number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number
