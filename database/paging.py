"""Lists in pages: one shape of a page and one cursor for all of them.

A list is read in a fixed order by a unique key. The cursor holds the key of the last item of a page, so that a list that grows
meanwhile neither repeats nor loses an item. It is opaque: base64 of JSON with the name of its list, good for that list only. It opens
nothing, for every page is read under the reader's own scope.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from database.errors import Malformed

#: Characters of a cursor; the interface refuses a longer one before it is read.
CURSOR_MAX = 400
_NUMBER_MAX = 2**63 - 1
_TEXT_MAX = 100

T = TypeVar("T")


class CursorInvalid(Malformed):
    """翻页位置无效，请从第一页重新开始 | The cursor is not valid for this list: start again at the first page"""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items of a list in its order. next: pass it as ``after`` for those that follow; None at the end."""

    items: list[T]
    next: str | None = None


def _number(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= _NUMBER_MAX:  # true is an int, too
        raise ValueError(value)
    return value


def _real(value: Any) -> float:
    if type(value) not in (int, float) or not math.isfinite(value):
        raise ValueError(value)
    return float(value)


def _words(value: Any) -> str:
    if type(value) is not str or len(value) > _TEXT_MAX or "\x00" in value:
        raise ValueError(value)
    return value


def _moment(value: Any) -> datetime:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError(value)
    return moment


_READERS: dict[type, Callable[[Any], Any]] = {int: _number, float: _real, str: _words, datetime: _moment}


class Cursor:
    """The cursor of one list: ``Cursor("changes", int)`` for a list in the order of a number.

    kinds: of the parts of the key: int from 0 to 2**63 - 1, float, str of at most 100 characters, datetime with its zone.
    """

    def __init__(self, name: str, *kinds: type) -> None:
        self._name = name
        self._readers = [_READERS[kind] for kind in kinds]

    def write(self, *key: Any) -> str:
        """The cursor behind the item with this key."""
        parts = [part.isoformat() if isinstance(part, datetime) else part for part in key]
        place = json.dumps([self._name, *parts], ensure_ascii=False, separators=(",", ":"))
        return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")

    def read(self, cursor: str) -> tuple[Any, ...]:
        """The key in a cursor. Raises CursorInvalid for one of another list, and one that nobody was given."""
        try:
            padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
            name, *parts = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
            if name != self._name or len(parts) != len(self._readers):
                raise CursorInvalid
            return tuple(reader(part) for reader, part in zip(self._readers, parts, strict=True))
        except (ValueError, TypeError, OverflowError, RecursionError, binascii.Error):
            raise CursorInvalid from None

    def first(self, cursor: str | None) -> Any:
        """The one part of the key, None for the first page. Raises CursorInvalid."""
        return None if cursor is None else self.read(cursor)[0]

    def page(self, rows: Sequence[T], limit: int, key: Callable[[T], tuple[Any, ...]]) -> Page[T]:
        """A page of rows that were read with ``LIMIT limit + 1``. key: of a row."""
        items = list(rows[:limit])
        return Page(items, self.write(*key(items[-1])) if len(rows) > limit else None)
