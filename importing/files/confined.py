"""The parent's side of a reader: a source whose file is read by a confined process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from database.confinement.errors import ConfinedEnded, ConfinedRefusal
from database.confinement.frames import Frame, Message
from database.confinement.room import Room
from database.confinement.walls import Limits
from database.installation.settings import get_settings
from importing import errors
from importing.files.source import BATCH_ROWS, FLAWS, Geometries, RowBatch

MOST_COLUMNS = 20_000
CPU_FACTOR = 12

#: why the process ended → what to say: Chinese, English
REASONS = {
    "memory": (
        "需要的内存超过 {memory_mb} MB（ONEMAP_READER_MEMORY_MB）。请分成几个文件，或删去不需要的图形和列",
        "it needs more than {memory_mb} MB of memory: split it, or drop geometries and columns that are not needed",
    ),
    "time": (
        "{seconds} 秒内没有读完（ONEMAP_READER_SECONDS）。请分成几个文件",
        "not read within {seconds} seconds: split it",
    ),
    "size": (
        "展开后超过 {unpacked_mb} MB（ONEMAP_MAX_UNPACKED_MB）。请分成几个文件",
        "more than {unpacked_mb} MB unpacked: split it",
    ),
    "crash": (
        "读取程序中断，文件可能损坏，或内存超过 {memory_mb} MB。请用原来的软件打开检查后另存，再发送",
        "the reader broke off: the file is damaged, or needs more than {memory_mb} MB of memory. Open it where it was made, save it "
        "again and send that",
    ),
}


class ConfinedSource:
    """A department file, read in a process without secrets, network or other files.

    Raises an ImportRefused for what is wrong with the file, also when it ends the process that reads it.
    """

    def __init__(self, files: dict[str, Path], work: Message, name: str) -> None:
        """files: name in the room → file. work: see ``readers.child.prepare``. name: of the file, for messages."""
        settings = get_settings()
        self.name = name
        self._facts = {
            "memory_mb": settings.reader_memory_mb,
            "seconds": settings.reader_seconds,
            "unpacked_mb": settings.max_unpacked_mb,
        }
        limits = Limits(
            memory_mb=settings.reader_memory_mb,
            cpu_seconds=settings.reader_seconds * CPU_FACTOR,
            file_mb=settings.max_unpacked_mb,
            answer_seconds=settings.reader_seconds,
        )
        work = work | {"name": name, "max_mb": settings.max_unpacked_mb}
        self._room = Room("importing.files.child", files, work, limits)
        self._reading = 0
        self._waiting = False
        self.notices: list[str] = []
        try:
            header, _ = self._answer({"ask": "open"})
            self.columns, self.crs, self.encoding = _header(header)
            self.spatial = header.get("spatial") is True
            self.structured = _some_of(self.columns, header.get("structured"))
            self.cut = _some_of(self.columns, header.get("cut"))
        except BaseException:
            self.close()
            raise

    @property
    def walls(self) -> list[str]:
        """The walls that stand around the process."""
        return self._room.walls

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._room.pid

    def close(self) -> None:
        """End the process and remove its folder; again does nothing."""
        self._room.close()

    def batches(self, size: int = BATCH_ROWS) -> Iterator[RowBatch]:
        """All rows. The next batch is read while this one is worked on; beginning again ends an earlier reading."""
        self._reading += 1
        mine = self._reading
        question = {"ask": "begin", "size": size}
        while True:
            if question["ask"] == "begin":
                if self._waiting:  # the answer to who read before
                    self._receive()
                self._send(question)
            content, blob = self._receive()
            if content.get("end"):
                self._hear(content.get("notices"))
                return
            question = {"ask": "next"}
            self._send(question)
            yield _batch(content, blob, len(self.columns))
            if mine != self._reading:
                raise RuntimeError("the source is being read again")

    def _hear(self, notices: Any) -> None:
        if isinstance(notices, list) and len(notices) <= MOST_COLUMNS:
            new = [text for text in notices if isinstance(text, str) and text not in self.notices]
            self.notices += new

    def _send(self, question: Message) -> None:
        self._waiting = True
        with _Translated(self):
            self._room.send(question)

    def _receive(self) -> Frame:
        self._waiting = False
        with _Translated(self):
            return self._room.receive()

    def _answer(self, question: Message) -> Frame:
        self._send(question)
        return self._receive()

    def ended(self, why: str) -> errors.ReaderEnded:
        """The error for a process that is no more."""
        zh, en = (text.format(**self._facts) for text in REASONS.get(why, REASONS["crash"]))
        return errors.ReaderEnded(f"{self.name}：{zh}。 / {en}.", why=why)


class _Translated:
    """Turns what the process says into errors of the import."""

    def __init__(self, source: ConfinedSource) -> None:
        self._source = source

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, ConfinedEnded):
            raise self._source.ended(str(error.facts.get("why"))) from None
        if isinstance(error, ConfinedRefusal):
            known = getattr(errors, error.name, None)
            if isinstance(known, type) and issubclass(known, errors.ImportRefused):
                raise known(error.detail, **error.facts) from None
            raise errors.FileUnreadable(
                f"{self._source.name} 读不出来，内容不符合格式（{error.detail}）。请用原来的软件打开检查后另存。 / it cannot be read "
                f"({error.detail}): open it where it was made and save it again."
            ) from None


def _header(content: Message) -> tuple[list[str], str | None, str | None]:
    columns, crs, encoding = content.get("columns"), content.get("crs"), content.get("encoding")
    if not isinstance(columns, list) or len(columns) > MOST_COLUMNS or not all(isinstance(c, str) for c in columns):
        raise errors.ReaderEnded("header")
    return columns, crs if isinstance(crs, str) else None, encoding if isinstance(encoding, str) else None


def _some_of(columns: list[str], named: Any) -> list[str]:
    """Those of the columns that an answer names."""
    return [column for column in columns if isinstance(named, list) and column in named]


def _batch(content: Message, blob: bytes, width: int) -> RowBatch:
    """The rows, believed only as far as their shape goes. Raises ReaderEnded."""
    numbers, values, broken = content["numbers"], content["values"], content["broken"]
    quotes = content.get("quotes", [])
    flaws = dict(content["flaws"])
    if (
        len(numbers) != len(values)
        or not all(type(number) is int for number in numbers)
        or not all(len(row) == width and all(cell is None or type(cell) is str for cell in row) for row in values)
        or not all(type(number) is int for number in quotes)
        or not all(type(number) is int and all(c is None or type(c) is str for c in row) for number, row in broken)
        or not all(type(place) is int and 0 <= place < len(numbers) and flaw in FLAWS for place, flaw in flaws.items())
    ):
        raise errors.ReaderEnded("rows")
    geometries = _geometries(content.get("lengths"), blob, len(numbers))
    return RowBatch(numbers, values, geometries, dict(broken), flaws, frozenset(quotes))


def _geometries(lengths: list[int] | None, blob: bytes, count: int) -> Geometries | None:
    if lengths is None:
        return None
    import numpy as np
    import shapely

    if len(lengths) != count or sum(length for length in lengths if length > 0) != len(blob):
        raise errors.ReaderEnded("geometries")
    shapes = np.empty(count, dtype=object)
    place = 0
    for i, length in enumerate(lengths):
        if length >= 0:
            shapes[i] = blob[place : place + length]
            place += length
    found: Geometries = shapely.from_wkb(shapes, on_invalid="ignore")
    return found
