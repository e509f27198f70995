"""CSV, plain or gzipped; UTF-8 with or without BOM, GB18030, or what the mapping says."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from layers.importing.errors import FileEmpty, FileTooHeavy, FileTruncated
from layers.importing.readers.encoding import detect_encoding
from layers.importing.readers.source import BATCH_ROWS, RowBatch, Text

#: characters of a line, and so of a field; outlines as WKT are long
MOST_LINE = 16 * 1024 * 1024
MOST_COLUMNS = 2_000
#: a batch ends early when its texts are longer than this
BATCH_CHARS = 32 * 1024 * 1024
MEGABYTE = 1024 * 1024

csv.field_size_limit(MOST_LINE)


class CsvSource:
    """A CSV file with a header line. Raises EncodingWrong, FileTruncated, FileEmpty."""

    crs: str | None = None

    def __init__(
        self, path: Path, encoding: str | None = None, delimiter: str | None = None, *, name: str, max_mb: int
    ) -> None:
        """name: of the file, for messages and for its endings. max_mb: how large it may be when unpacked."""
        self.path = path
        self.name = name
        self._max_bytes = max_mb * MEGABYTE
        self._delimiter = delimiter or ("\t" if name.lower().endswith((".tsv", ".tsv.gz")) else ",")
        try:
            self.encoding: str | None = detect_encoding(self._open, encoding, name, self._max_bytes)
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise self._cut() from None
        with self._text() as file:
            header = next(csv.reader(self._lines(file), delimiter=self._delimiter), [])
        self.columns = [column.strip() for column in header]
        if not any(self.columns):
            raise FileEmpty(name)
        if len(header) > MOST_COLUMNS:
            raise FileTooHeavy(
                f"{name} 有 {len(header)} 列，上限 {MOST_COLUMNS}。请检查分隔符，或去掉多余的列。 / {len(header)} columns, at most "
                f"{MOST_COLUMNS}: check the delimiter, or drop what is not needed.",
                columns=len(header),
            )

    def close(self) -> None:
        """Nothing is held between readings."""

    def _lines(self, file: io.TextIOWrapper) -> Iterator[str]:
        """The lines, none longer than a line may be. Raises FileTooHeavy."""
        number = 0
        while line := file.readline(MOST_LINE):
            number += 1
            if len(line) == MOST_LINE:
                raise FileTooHeavy(
                    f"{self.name} 第 {number} 行超过 {MOST_LINE // MEGABYTE} MB，不像表格。请检查换行。 / line {number} is longer than "
                    f"{MOST_LINE // MEGABYTE} MB: check the line breaks.",
                    line=number,
                )
            yield line

    def _open(self) -> BinaryIO:
        if self.name.lower().endswith(".gz"):
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
        number = chars = 0
        with self._text() as file:
            reader = csv.reader(self._lines(file), delimiter=self._delimiter, strict=True)
            next(reader)
            try:
                for row in reader:
                    if not row:
                        continue
                    number += 1
                    chars += sum(map(len, row))
                    if len(row) != width:
                        broken[number] = [text.strip() or None for text in row]
                        last_broken = number
                        continue
                    numbers.append(number)
                    values.append([text.strip() or None for text in row])
                    if len(numbers) == size or chars > BATCH_CHARS:
                        yield RowBatch(numbers, values, None, broken)
                        numbers, values, broken, chars = [], [], {}, 0
            except csv.Error:
                raise self._cut(reader.line_num) from None
            if number and last_broken == number and len(broken[number]) < width:
                raise self._cut(reader.line_num)
        if numbers or broken:
            yield RowBatch(numbers, values, None, broken)

    def _cut(self, line: int | None = None) -> FileTruncated:
        where = (
            f"第 {line} 行断开 / it breaks off on line {line}"
            if line
            else "压缩数据不完整 / the compressed data end early"
        )
        return FileTruncated(f"{self.name}：{where}。请重新发送整个文件。 / send the whole file again.", line=line)
