"""The table of a Shapefile (DBF, dBASE III and later), as far as GDAL loses something: names cut off in the middle of a
character, and numbers of more digits than a float holds."""

from __future__ import annotations

import codecs
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from importing.errors import FileTruncated
from importing.files.cells import LOST_DIGITS, Text, marked

HEADER_BYTES, FIELD_BYTES = 32, 32
#: bytes of a name; a longer one was cut
NAME_BYTES = 10
#: a name of so many bytes may be cut: some programs cut before the character that does not fit
SHORTEST_CUT = 8
SAMPLE_BYTES = 256 * 1024
_WHOLE = re.compile(r"([+-]?)(?=\d)0*+(\d*+)(?:\.0*+)?")


@dataclass(frozen=True, slots=True)
class DbfField:
    """One column. name: its bytes. kind: C, N, F, D, L, M. start: of its bytes in a record."""

    name: bytes
    kind: str
    start: int
    width: int


class Dbf:
    """The header of a DBF, and numbers of it in their own digits. Raises FileTruncated when the header is cut off."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with path.open("rb") as file:
            head = file.read(HEADER_BYTES)
            if len(head) < HEADER_BYTES:
                raise FileTruncated("DBF 文件头不完整 / the header of the DBF is cut off")
            self._header, self._record = struct.unpack("<HH", head[8:12])
            self.language = head[29]
            self.fields: list[DbfField] = []
            start = 1
            while (entry := file.read(FIELD_BYTES)) and entry[0] != 0x0D:
                if len(entry) < FIELD_BYTES or file.tell() > self._header:
                    raise FileTruncated("DBF 文件头不完整 / the header of the DBF is cut off")
                kind, width = chr(entry[11]), entry[16]
                if kind == "C":  # long texts use the byte of the decimals too
                    width += entry[17] << 8
                self.fields.append(DbfField(entry[:11].split(b"\0", 1)[0].strip(), kind, start, width))
                start += width

    def numbers(self, place: int, records: Sequence[int]) -> list[Text]:
        """The numbers of one column in some records (from 0), digit for digit; marked where the file itself lost some."""
        field = self.fields[place]
        with self._path.open("rb") as file:
            found = []
            for record in records:
                file.seek(self._header + record * self._record + field.start)
                found.append(whole_number(file.read(field.width).decode("ascii", "replace").strip("\0 ")))
        return found

    def text_sample(self) -> list[bytes]:
        """Names, and texts from the beginning of the table: what its encoding is judged by. Each may end inside a character."""
        texts = [field for field in self.fields if field.kind == "C"]
        found = [field.name for field in self.fields]
        size = 0
        with self._path.open("rb") as file:
            file.seek(self._header)
            while size < SAMPLE_BYTES and len(record := file.read(max(self._record, 1))) == self._record:
                for field in texts:
                    value = record[field.start : field.start + field.width].strip(b"\0 ")
                    if not value.isascii():
                        found.append(value)
                        size += len(value)
        return [line for line in found if not line.isascii()]


def whole_number(text: str) -> Text:
    """The digits of a whole number; None for nothing; with the mark of lost digits when it was written with an exponent."""
    match = _WHOLE.fullmatch(text)
    if match:
        return f"{'-' if match.group(1) == '-' else ''}{match.group(2) or '0'}"
    return marked(LOST_DIGITS, "", text) if text and not text.startswith("*") else None


def decode_name(name: bytes, encoding: str) -> tuple[str, bool]:
    """A name as text, and whether it may be cut off: a character that was cut in the middle is left away."""
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    text = decoder.decode(name, final=False)
    return text.strip(), (len(name) >= SHORTEST_CUT and not name.isascii()) or len(name) >= NAME_BYTES
