"""The processes of one server: how many there are, which one this is, and the memory they share.

A server of one process shares nothing. With several (``onemap serve --workers``) the parent calls ``announce`` before it forks and
each child ``take_place``; what must hold for all of them together is then counted in one piece of memory (a file that all of them
map), and what is bounded by the server as a whole, such as connections, is divided among them.
"""

from __future__ import annotations

import fcntl
import hashlib
import mmap
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Place:
    """This process among those of its server. count: how many. number: which, from 0. folder: of the shared memory, or None.

    secret: the same in all of them; keys hashed with it cannot be chosen to collide.
    """

    count: int = 1
    number: int = 0
    folder: Path | None = None
    secret: bytes = field(default=b"", repr=False)


_place = Place()


def announce(count: int, folder: Path) -> None:
    """The parent, before its first fork: so many processes will share what lies in this private folder."""
    global _place
    _place = Place(count, 0, folder, os.urandom(16))


def take_place(number: int) -> None:
    """A child, before anything else: it is this one of them, 0 to count - 1."""
    global _place
    _place = Place(_place.count, number, _place.folder, _place.secret)


def stand_alone() -> None:
    """A process that shares nothing, such as the one that works off the jobs."""
    global _place
    _place = Place()


def place() -> Place:
    """This process among those of its server."""
    return _place


def share_of(total: int, *, least: int = 1) -> int:
    """The part of this process of what all of them have together; the parts add up to the total, unless that gives some less than least."""
    return max(least, total // _place.count + (_place.number < total % _place.count))


class Shared:
    """Bytes that every process of the server reads and writes; of a server of one process its own. All zero at first.

    name: tells this piece from others. size: bytes.
    """

    def __init__(self, name: str, size: int) -> None:
        self._threads = threading.Lock()
        self._file: int | None = None
        if _place.folder is None:
            self.bytes = mmap.mmap(-1, size)
            return
        path = _place.folder / hashlib.sha256(f"{name} {size}".encode()).hexdigest()[:32]
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.ftruncate(self._file, size)
        self.bytes = mmap.mmap(self._file, size)

    @contextmanager
    def alone(self) -> Iterator[mmap.mmap]:
        """The bytes, while nobody else is in this block: no thread, no process. A process that dies in it leaves the block."""
        with self._threads:
            if self._file is None:
                yield self.bytes
                return
            fcntl.lockf(self._file, fcntl.LOCK_EX)
            try:
                yield self.bytes
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN)


class SharedNumber:
    """A number that only grows, read without a lock."""

    def __init__(self, name: str) -> None:
        self._shared = Shared(name, 8)
        self._number = memoryview(self._shared.bytes).cast("Q")

    def get(self) -> int:
        """The number now."""
        return self._number[0]

    def grow(self) -> int:
        """One more; returns it."""
        with self._shared.alone():
            self._number[0] += 1
            return self._number[0]
