"""Many texts in little memory: one run of bytes in byte order, found by bisection. Serves equality and beginnings."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int32]

#: Sorts after every text in UTF-8.
_AFTER = b"\xff"
_NONE: Rows = np.empty(0, dtype=np.int32)


class SortedKeys:
    """Texts with the row each belongs to. Rows of one text come in ascending order."""

    __slots__ = ("_blob", "_ends", "_rows")

    def __init__(self, keys: Sequence[bytes], rows: Sequence[int] | None = None) -> None:
        """keys: UTF-8. rows: the row of each key, ascending; default the position."""
        order = sorted(range(len(keys)), key=keys.__getitem__)
        self._blob = b"".join([keys[i] for i in order])
        lengths = np.fromiter((len(keys[i]) for i in order), dtype=np.int64, count=len(order))
        ends = np.concatenate(([0], np.cumsum(lengths)))
        self._ends = array("Q", ends.astype(np.uint64).tobytes())
        self._rows = np.array(order if rows is None else [rows[i] for i in order], dtype=np.int32)

    def __len__(self) -> int:
        return len(self._rows)

    def _key(self, place: int) -> bytes:
        return self._blob[self._ends[place] : self._ends[place + 1]]

    def equal(self, text: str) -> Rows:
        """The rows of this text."""
        places = range(len(self._rows))
        key = text.encode()
        first = bisect_left(places, key, key=self._key)
        if first == len(places) or self._key(first) != key:
            return _NONE
        return self._rows[first : bisect_right(places, key, lo=first, key=self._key)]

    def starting(self, text: str) -> Rows:
        """The rows of all texts that begin with this one, in order of the texts."""
        places = range(len(self._rows))
        key = text.encode()
        first = bisect_left(places, key, key=self._key)
        return self._rows[first : bisect_left(places, key + _AFTER, lo=first, key=self._key)]

    def with_beginning(self, text: str, most: int) -> list[tuple[int, str]]:
        """Row and text of those that begin with this one, in order of the texts; none at all when there are more than ``most``."""
        places = range(len(self._rows))
        key = text.encode()
        first = bisect_left(places, key, key=self._key)
        last = bisect_left(places, key + _AFTER, lo=first, key=self._key)
        if last - first > most:
            return []
        return [(int(self._rows[place]), self._key(place).decode()) for place in range(first, last)]

    @property
    def size_bytes(self) -> int:
        """Memory held."""
        return len(self._blob) + len(self._ends) * self._ends.itemsize + self._rows.nbytes
