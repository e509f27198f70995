"""CSV, plain or gzipped; UTF-8 with or without BOM, GB18030, or what the mapping says."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from layers.importing.errors import FileEmpty, FileTruncated
from layers.importing.readers.encoding import detect_encoding
from layers.importing.readers.source import BATCH_ROWS, RowBatch, Text

csv.field_size_limit(16 * 1024 * 1024)


class CsvSource:
    """A CSV file with a header line. Raises EncodingWrong, FileTruncated, FileEmpty."""

    crs: str | None = None

    def __init__(self, path: Path, encoding: str | None = None, delimiter: str | None = None) -> None:
        self.path = path
        self._delimiter = delimiter or ("\t" if path.name.lower().endswith((".tsv", ".tsv.gz")) else ",")
        try:
            self.encoding: str | None = detect_encoding(self._open, encoding, path.name)
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise _cut(path) from None
        with self._text() as file:
            header = next(csv.reader(file, delimiter=self._delimiter), [])
        self.columns = [name.strip() for name in header]
        if not any(self.columns):
            raise FileEmpty(path.name)

    def _open(self) -> BinaryIO:
        if self.path.suffix.lower() == ".gz":
            return cast(BinaryIO, gzip.open(self.path, "rb"))
        return self.path.open("rb")

    def _text(self) -> io.TextIOWrapper:
        return io.TextIOWrapper(self._open(), encoding=self.encoding, newline="")

    def batches(self, size: int = BATCH_ROWS) -> Iterator[RowBatch]:
        """All rows. A row with a wrong number of values is broken; when it is the last one, the file was cut."""
        width = len(self.columns)
        numbers: list[int] = []
        values: list[list[Text]] = []
        broken: dict[int, list[Text]] = {}
        last_broken = 0
        number = 0
        with self._text() as file:
            reader = csv.reader(file, delimiter=self._delimiter, strict=True)
            next(reader)
            try:
                for row in reader:
                    if not row:
                        continue
                    number += 1
                    if len(row) != width:
                        broken[number] = [text.strip() or None for text in row]
                        last_broken = number
                        continue
                    numbers.append(number)
                    values.append([text.strip() or None for text in row])
                    if len(numbers) == size:
                        yield RowBatch(numbers, values, None, broken)
                        numbers, values, broken = [], [], {}
            except csv.Error:
                raise _cut(self.path, reader.line_num) from None
            if number and last_broken == number and len(broken[number]) < width:
                raise _cut(self.path, reader.line_num)
        if numbers or broken:
            yield RowBatch(numbers, values, None, broken)


def _cut(path: Path, line: int | None = None) -> FileTruncated:
    where = (
        f"第 {line} 行断开 / it breaks off on line {line}" if line else "压缩数据不完整 / the compressed data end early"
    )
    return FileTruncated(f"{path.name}：{where}。请重新发送整个文件。 / send the whole file again.", line=line)
