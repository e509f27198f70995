"""CSV, plain or gzipped; UTF-8 with or without BOM, GB18030, or what the mapping says."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast

from importing.errors import FileEmpty, FileTooHeavy, FileTruncated, FileUnreadable
from importing.files.cells import Text, clean_header, clean_text, folded
from importing.files.encoding import detect_encoding
from importing.files.header import MOST_ABOVE, find_header, repeated_headers
from importing.files.source import BATCH_ROWS, RowBatch

#: characters of a line, and so of a field; outlines as WKT are long
MOST_LINE = 16 * 1024 * 1024
MOST_COLUMNS = 2_000
#: a batch ends early when its texts are longer than this
BATCH_CHARS = 32 * 1024 * 1024
MEGABYTE = 1024 * 1024
#: quotes that swallow the lines below them; more of them, and the file is no CSV
MOST_OPEN_QUOTES = 20

#: what else parts columns → what to call it, and how a mapping writes it
SEPARATORS = {
    ",": ("逗号", ","), "\t": ("制表符", "\\t"), ";": ("分号", ";"), "|": ("竖线", "|"), "，": ("全角逗号", "，"), "；": ("全角分号", "；")
}  # fmt: skip

csv.field_size_limit(MOST_LINE)


class CsvSource:
    """A CSV file with a header line. Raises EncodingWrong, FileTruncated, FileEmpty, FileUnreadable."""

    crs: str | None = None

    def __init__(
        self,
        path: Path,
        encoding: str | None = None,
        delimiter: str | None = None,
        *,
        name: str,
        max_mb: int,
        wanted: Collection[str] = (),
        known: Collection[str] = (),
    ) -> None:
        """name: of the file, for messages and for its endings. max_mb: how large it may be when unpacked. wanted: columns by
        which the header is found. known: names of the county, see ``detect_encoding``."""
        self.path = path
        self.name = name
        self.notices: list[str] = []
        self._max_bytes = max_mb * MEGABYTE
        self._delimiter = delimiter or ("\t" if name.lower().endswith((".tsv", ".tsv.gz")) else ",")
        try:
            self.encoding: str | None = detect_encoding(self._open, encoding, name, self._max_bytes, known)
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise FileTruncated(
                f"{name}：压缩数据不完整。请重新发送整个文件。 / the compressed data end early; send the whole file again."
            ) from None
        self._header_line, header = self._find_header(wanted)
        self.columns = [clean_header(column) for column in header]
        self._first_name = clean_text(header[0])
        if len(header) > MOST_COLUMNS:
            raise FileTooHeavy(
                f"{name} 有 {len(header)} 列，上限 {MOST_COLUMNS}。请检查分隔符，或去掉多余的列。 / {len(header)} columns, at most "
                f"{MOST_COLUMNS}: check the delimiter, or drop what is not needed.",
                columns=len(header),
            )

    def close(self) -> None:
        """Nothing is held between readings."""

    def _repeats_header(self, row: Sequence[Text]) -> bool:
        return row[0] == self._first_name and [clean_header(text or "") for text in row] == self.columns

    def _find_header(self, wanted: Collection[str]) -> tuple[int, list[str]]:
        """Line of the header and its names. Raises FileEmpty."""
        with self._text() as file:
            first = list(islice(_Records(self, file), MOST_ABOVE + 1))
        rows = [[clean_header(cell) for cell in record] for _line, record, _good in first]
        place = find_header(rows, wanted)
        if place is None:
            raise FileEmpty(self.name)
        line, header, good = first[place]
        self._check_delimiter(header, wanted)
        if not good:
            raise FileUnreadable(
                f"{self.name} 第 {line} 行是表头，但引号有误。请改正。 / line {line} is the header and its quotes are wrong: correct it."
            )
        if place and any(map(any, rows[:place])):
            self.notices.append(
                f"第 {line} 行是表头，上面的行没有读取 / the header is on line {line}; what stands above is not read"
            )
        return line, header

    def _check_delimiter(self, header: list[str], wanted: Collection[str]) -> None:
        """Raise FileUnreadable for a header of one name that another separator would part into several wanted ones."""
        if len(header) != 1 or len(wanted) < 2:
            return
        names = {folded(name) for name in wanted}
        for sign, (zh, written) in SEPARATORS.items():
            found = {folded(part) for part in header[0].split(sign)}
            if len(names & found) > 1:
                raise FileUnreadable(
                    f'{self.name} 的列不是用“{self._delimiter.strip() or "制表符"}”分开的，是用{zh}。请在映射里写 delimiter = "{written}"，或另存为 CSV。 / '
                    f"its columns are parted by {written!r}: set delimiter in the mapping, or save it as CSV.",
                    delimiter=sign,
                )

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
            # marks before the first quote would make it an ordinary character
            yield line.lstrip("\ufeff\u200b\u2060") if number == 1 else line

    def _open(self) -> BinaryIO:
        if self.name.lower().endswith(".gz"):
            return cast(BinaryIO, gzip.open(self.path, "rb"))
        return self.path.open("rb")

    def _text(self) -> io.TextIOWrapper:
        return io.TextIOWrapper(self._open(), encoding=self.encoding, newline="")

    def batches(self, size: int = BATCH_ROWS) -> Iterator[RowBatch]:
        """All rows that are not blank; their numbers are the lines on which they begin.

        A row with a wrong number of values or wrong quotes is broken; when it is the last one and too short, the file was cut.
        """
        width = len(self.columns)
        unnamed = _Unnamed(self.columns)
        numbers: list[int] = []
        values: list[list[Text]] = []
        broken: dict[int, list[Text]] = {}
        quotes: set[int] = set()
        repeated: list[int] = []
        chars = 0
        short: int | None = None
        with self._text() as file:
            for line, record, good in _Records(self, file):
                if line <= self._header_line:
                    continue
                row = [clean_text(text) for text in record]
                if not any(row):
                    continue
                if self._repeats_header(row):
                    repeated.append(line)
                    continue
                while len(row) > width and row[-1] is None:  # Excel writes separators as far as some row reaches
                    row.pop()
                chars += sum(map(len, record))
                short = None
                if not good or len(row) != width:
                    broken[line] = row
                    if not good:
                        quotes.add(line)
                    elif len(row) < width:
                        short = line
                else:
                    numbers.append(line)
                    values.append(row)
                    unnamed.look(line, row)
                if len(numbers) + len(broken) >= size or chars > BATCH_CHARS:
                    yield RowBatch(numbers, values, None, broken, quotes=frozenset(quotes))
                    numbers, values, broken, quotes, chars = [], [], {}, set(), 0
            if short is not None:
                raise FileTruncated(
                    f"{self.name}：第 {short} 行断开，是最后一行而值不够。请重新发送整个文件；如果文件是全的，补上缺少的分隔符。 / it breaks off on "
                    f"line {short}, the last one, which lacks values. Send the whole file again; if it is whole, add the "
                    "separators that are missing.",
                    line=short,
                )
        notices = [*unnamed.notices(), *repeated_headers(repeated)]
        self.notices += [notice for notice in notices if notice not in self.notices]
        if numbers or broken:
            yield RowBatch(numbers, values, None, broken, quotes=frozenset(quotes))


class _Unnamed:
    """Values under no header: counted, so that they can be told."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._places = [i for i, name in enumerate(columns) if not name]
        self._found: dict[int, tuple[int, int]] = {}

    def look(self, number: int, row: Sequence[Text]) -> None:
        """See whether a row has such values."""
        for i in self._places:
            if row[i] is not None:
                first, times = self._found.get(i, (number, 0))
                self._found[i] = first, times + 1

    def notices(self) -> list[str]:
        """One line a column."""
        return [
            f"第 {i + 1} 列没有列名，其中 {times} 行有值，没有读取（首见第 {first} 行） / column {i + 1} has no name; its values in "
            f"{times} rows are not read (first on line {first})"
            for i, (first, times) in sorted(self._found.items())
        ]


class _Records:
    """The records of a CSV: line on which each begins, its texts, and whether its quotes are right.

    A quote that is never closed, or closed in front of something else, costs its own line and not the ones below.
    """

    def __init__(self, source: CsvSource, file: io.TextIOWrapper) -> None:
        self._source = source
        self._lines = source._lines(file)
        self._waiting: list[str] = []
        self._taken: list[str] = []
        self._line = 0
        self._open_quotes = 0

    def __iter__(self) -> Iterator[tuple[int, list[str], bool]]:
        delimiter = self._source._delimiter
        reader = csv.reader(self._feed(), delimiter=delimiter, strict=True)
        while True:
            self._taken = []
            begun = self._line + 1
            try:
                record = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield begun, self._first_line(begun, error), False
                reader = csv.reader(self._feed(), delimiter=delimiter, strict=True)
                continue
            if record:
                yield begun, record, True

    def _feed(self) -> Iterator[str]:
        while True:
            if self._waiting:
                line = self._waiting.pop()
            else:
                found = next(self._lines, None)
                if found is None:
                    return
                line = found
            self._line += 1
            self._taken.append(line)
            yield line

    def _first_line(self, begun: int, error: csv.Error) -> list[str]:
        """The texts of the line with the wrong quote; the lines below it are given back."""
        below = self._taken[1:]
        self._waiting += reversed(below)
        self._line = begun
        if "field larger" in str(error):
            raise FileTooHeavy(
                f"{self._source.name} 第 {begun} 行有一格超过 {MOST_LINE // MEGABYTE} MB。引号可能没有闭合。 / a cell on line {begun} is "
                f"larger than {MOST_LINE // MEGABYTE} MB: a quote may not be closed.",
                line=begun,
            )
        if not below and "end of data" in str(error):
            raise FileTruncated(
                f"{self._source.name}：第 {begun} 行断开，引号没有闭合。请重新发送整个文件；如果文件是全的，补上引号。 / it breaks off on line "
                f"{begun} inside quotes. Send the whole file again; if it is whole, close the quote.",
                line=begun,
            )
        self._open_quotes += bool(below)
        if self._open_quotes > MOST_OPEN_QUOTES:
            raise FileUnreadable(
                f"{self._source.name} 有太多没有闭合的引号（如第 {begun} 行），不像 CSV。请从原来的软件重新导出。 / too many quotes that are not "
                f"closed (line {begun}, for instance): export it again where it was made.",
                line=begun,
            )
        with suppress(csv.Error):
            return next(csv.reader([self._taken[0]], delimiter=self._source._delimiter))
        return [self._taken[0].strip()]
