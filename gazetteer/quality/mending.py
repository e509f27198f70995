"""Mends of written form: separators, blanks, widths, cases. None touches meaning, and ``fix.py`` proves it by the match key."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from gazetteer.quality.rule import Fix, Mend
from gazetteer.reading.normalise import fold_numerals

Row = Mapping[str, str | None]

#: The columns of text that a mend may change.
TEXT_COLUMNS = (
    "full_text", "province", "city", "county", "town", "village", "village_group", "road", "number_plate", "building",
    "entrance", "floor", "room",
)  # fmt: skip
_BELOW = ("number_plate", "building", "entrance", "room")

_SEPARATORS = re.compile(r"(?<=[0-9])([,，、;；:：/|\\·.。．_]+)(?=[0-9])|[,，、;；:：/|\\·.。．_]+")
_BLANKS = re.compile(r"(?<=[0-9])(\s+)(?=[0-9])|\s+")
_INVISIBLE = re.compile("[\x01-\x08\x0e-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_NARROW = {
    code: code - 0xFEE0
    for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B), 0xFF03, 0xFF0D)
}


def text_fix(mend: Mend) -> Fix:
    """A fix of the text columns."""
    return Fix(TEXT_COLUMNS, mend=mend)


def _everywhere(change: Callable[[str], str]) -> Mend:
    """A mend that changes every text column alike."""

    def mend(row: Row) -> dict[str, str | None]:
        return {name: None if value is None else change(value) or None for name, value in row.items()}

    return mend


def _levels(names: tuple[str, ...], change: Callable[[str], str]) -> Mend:
    """A mend that changes some levels, and the same words in the full text, where they stand there once."""

    def mend(row: Row) -> dict[str, str | None]:
        new = dict(row)
        for name in names:
            value = row[name]
            full = new["full_text"] or ""
            if value and change(value) != value and full.count(value) == 1:
                new |= {name: change(value), "full_text": full.replace(value, change(value))}
        return new

    return mend


def without_invisible(written: str) -> str:
    """The text without control, zero-width and direction characters."""
    return _INVISIBLE.sub("", written)


def _strip_zeros(plate: str) -> str:
    return re.sub(r"(?<![0-9])0+(?=[0-9])", "", plate)


drop_separators = _everywhere(lambda written: _SEPARATORS.sub(lambda m: m[1] or "", written))
drop_blanks = _everywhere(lambda written: _BLANKS.sub(lambda m: m[1] or "", written))
drop_invisible = _everywhere(without_invisible)
narrow = _everywhere(lambda written: written.translate(_NARROW))
upper_case = _levels(_BELOW, str.upper)
drop_leading_zeros = _levels(("number_plate",), _strip_zeros)
arabic_plate = _levels(("number_plate",), fold_numerals)
