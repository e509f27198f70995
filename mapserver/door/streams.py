"""How many streams of changes each account has open, in all processes of the server together."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from mmap import mmap

from database.installation.processes import Shared, place

#: Accounts that can have open streams at the same time.
MOST_ACCOUNTS = 4096
_TAG = struct.Struct("=Q")


class TooManyStreams(Exception):
    """The account has as many open streams as it may, or there is no room for another account's."""


class Streams:
    """One row an account, one column a process: the streams of a process that died are forgotten when its successor begins."""

    def __init__(self) -> None:
        self._columns = struct.Struct(f"={place().count}H")
        self._row = _TAG.size + self._columns.size
        self._shared = Shared(f"streams {place().count}", MOST_ACCOUNTS * self._row)
        with self._shared.alone() as memory:
            for at in range(0, len(memory), self._row):
                if _TAG.unpack_from(memory, at)[0]:
                    self._write(memory, at, 0)

    def count(self, username: str) -> int:
        """How many streams of the account are open."""
        with self._shared.alone() as memory:
            at = self._find(memory, _tag(username))
            return 0 if at is None else sum(self._columns.unpack_from(memory, at + _TAG.size))

    @contextmanager
    def open(self, username: str, most: int) -> Iterator[None]:
        """An open stream for the length of the block. Raises TooManyStreams."""
        tag = _tag(username)
        with self._shared.alone() as memory:
            at = self._find(memory, tag)
            if at is None:
                at = self._find(memory, 0)  # an account without streams leaves its row
                if at is None:
                    raise TooManyStreams
                _TAG.pack_into(memory, at, tag)
            columns = self._columns.unpack_from(memory, at + _TAG.size)
            if sum(columns) >= most:
                raise TooManyStreams
            self._write(memory, at, columns[place().number] + 1)
        try:
            yield
        finally:
            with self._shared.alone() as memory:
                at = self._find(memory, tag)
                if at is not None:
                    self._write(memory, at, self._columns.unpack_from(memory, at + _TAG.size)[place().number] - 1)

    def _write(self, memory: mmap, at: int, mine: int) -> None:
        columns = list(self._columns.unpack_from(memory, at + _TAG.size))
        columns[place().number] = max(0, mine)
        self._columns.pack_into(memory, at + _TAG.size, *columns)
        if not any(columns):
            _TAG.pack_into(memory, at, 0)

    def _find(self, memory: mmap, tag: int) -> int | None:
        rows = range(0, len(memory), self._row)
        return next((at for at in rows if _TAG.unpack_from(memory, at)[0] == tag), None)


def _tag(username: str) -> int:
    return int.from_bytes(hashlib.blake2b(username.encode(), digest_size=8, key=place().secret).digest(), "little") or 1
