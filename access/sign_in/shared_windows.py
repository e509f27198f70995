"""Windows of the library ``limits`` in memory that all processes of the server share, so that a limit holds for all of them together.

The library's own, in the memory of one process, starts a thread at almost every act, a tenth of the work of a small answer.
"""

from __future__ import annotations

import hashlib
import struct
import time
from mmap import mmap

from limits.storage import Storage
from limits.storage.base import MovingWindowSupport

from database.installation.processes import Shared, place

#: Places for one hash of a key; a new key takes the one whose window ends first.
WAYS = 8
_TAGS = struct.Struct(f"={WAYS}Q")
_TAG = struct.Struct("=Q")
#: When the window ends (seconds since 1970), and how many acts it has.
_HEAD = struct.Struct("=dQ")


class SharedWindows(Storage, MovingWindowSupport):
    """Of one limit. most: acts in a window. moving: each act's time is kept. keys: so many fit; of more, the oldest are forgotten.

    A set of ``WAYS`` places is WAYS tags, then for each the end of its window, its number of acts and, when moving, their
    times, the oldest first.
    """

    def __init__(self, name: str, most: int, *, moving: bool, keys: int) -> None:
        super().__init__()
        self._times = struct.Struct(f"={most}d") if moving else struct.Struct("=")
        self._place_size = _HEAD.size + self._times.size
        self._set_size = _TAGS.size + WAYS * self._place_size
        self._sets = max(1, keys // WAYS)
        self._most = most
        self._shared = Shared(f"limit {name}", self._sets * self._set_size)

    @property
    def base_exceptions(self) -> type[Exception]:
        """What the library may catch of a storage: nothing goes wrong here."""
        return ValueError

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count acts in the window of a key, which begins with its first act; returns how many there are."""
        now = time.time()
        with self._shared.alone() as memory:
            at = self._find(memory, key, make=True)
            assert at is not None
            ends, count = _HEAD.unpack_from(memory, at)
            if ends <= now:
                ends, count = now + expiry, 0
            count += amount
            _HEAD.pack_into(memory, at, ends, count)
        return int(count)

    def get(self, key: str) -> int:
        """How many acts the window of a key has."""
        return self._head(key)[1]

    def get_expiry(self, key: str) -> float:
        """When the window of a key ends."""
        return self._head(key)[0]

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Whether so many more acts fit into the moving window; if so they are counted."""
        now = time.time()
        with self._shared.alone() as memory:
            at = self._find(memory, key, make=True)
            assert at is not None
            times = self._recent(memory, at, now - expiry)
            if len(times) + amount > min(limit, self._most):
                return False
            times += [now] * amount
            _HEAD.pack_into(memory, at, now + expiry, len(times))
            self._times.pack_into(memory, at + _HEAD.size, *times, *[0.0] * (self._most - len(times)))
        return True

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:  # noqa: ARG002 - of the library
        """When the oldest act of the window was, and how many there are."""
        now = time.time()
        with self._shared.alone() as memory:
            at = self._find(memory, key, make=False)
            times = [] if at is None else self._recent(memory, at, now - expiry)
        return (times[0] if times else now), len(times)

    def check(self) -> bool:
        """Always there."""
        return True

    def clear(self, key: str) -> None:
        """Forget a key."""
        with self._shared.alone() as memory:
            at = self._find(memory, key, make=False)
            if at is not None:
                _HEAD.pack_into(memory, at, 0.0, 0)

    def reset(self) -> int | None:
        """Forget every key."""
        with self._shared.alone() as memory:
            memory[:] = bytes(len(memory))
        return None

    def _head(self, key: str) -> tuple[float, int]:
        now = time.time()
        with self._shared.alone() as memory:
            at = self._find(memory, key, make=False)
            ends, count = (now, 0) if at is None else _HEAD.unpack_from(memory, at)
        return (ends, int(count)) if ends > now else (now, 0)

    def _recent(self, memory: mmap, at: int, since: float) -> list[float]:
        _ends, count = _HEAD.unpack_from(memory, at)
        return [one for one in self._times.unpack_from(memory, at + _HEAD.size)[:count] if one >= since]

    def _find(self, memory: mmap, key: str, *, make: bool) -> int | None:
        """Where the place of a key begins. make: where it has none, it takes the one whose window ends first."""
        digest = hashlib.blake2b(key.encode(), digest_size=16, key=place().secret).digest()
        tag = int.from_bytes(digest[:8], "little") or 1
        start = int.from_bytes(digest[8:], "little") % self._sets * self._set_size
        places = start + _TAGS.size
        tags = _TAGS.unpack_from(memory, start)
        if tag in tags:
            return places + tags.index(tag) * self._place_size
        if not make:
            return None
        ends = [_HEAD.unpack_from(memory, places + way * self._place_size)[0] for way in range(WAYS)]
        way = ends.index(min(ends))
        _TAG.pack_into(memory, start + way * _TAG.size, tag)
        at = places + way * self._place_size
        _HEAD.pack_into(memory, at, 0.0, 0)
        return at
