"""Chinese numerals in addresses: what is one, and the digits it stands for.

A numeral is read by strict grammar or not at all: 廿一, 壹佰零一 and 1百零1 are numbers; 一百二, 廿十一 and 百 are none, for a person
may mean several things by them, and a number that was guessed leads to another door.
"""

from __future__ import annotations

import re

#: every character that a numeral may be written with, digits apart
CHARACTERS = "零〇○一二三四五六七八九两十百千壹贰叁肆伍陆柒捌玖拾佰仟廿卅卌"
#: the forms of banknotes: 陆巷 and 伍家 are names, so one of them alone counts only before a plain counter
FORMAL = frozenset("壹贰叁肆伍陆柒捌玖拾佰仟")

_PLAIN = str.maketrans(
    dict(zip("〇○两壹贰叁肆伍陆柒捌玖拾佰仟", "零零二一二三四五六七八九十百千", strict=True))
    | {"廿": "二十", "卅": "三十", "卌": "四十"}
)
_DIGITS = str.maketrans("零一二三四五六七八九", "0123456789")
_UNIT = re.compile("[十百千]")
_WITH_UNITS = re.compile(
    "(?:([1-9一二三四五六七八九])千)?(?:(零?)([1-9一二三四五六七八九])百)?"
    "(?:(零?)([1-9一二三四五六七八九]?)(十))?(?:(零?)([1-9一二三四五六七八九]))?"
)


def digits_of(run: str) -> str | None:
    """The number in digits: 一百二十三 is 123, 二〇五 is 205, 1百零1 is 101; None when it is no well-formed numeral."""
    plain = run.translate(_PLAIN)
    if not _UNIT.search(plain):
        digits = plain.translate(_DIGITS)
        # 1〇2 is a number, 1二 are two
        return (
            digits if digits == plain or not re.search("[0-9]", plain.replace("零", "")) or _only_zeros(plain) else None
        )
    found = _WITH_UNITS.fullmatch(plain)
    if found is None:
        return None
    thousands, zero_h, hundreds, zero_t, tens, ten, zero, ones = found.groups()
    if not _zeros_stand_right(bool(thousands), hundreds, zero_h, ten, zero_t, tens, ones, zero):
        return None
    value = 1000 * _value(thousands) + 100 * _value(hundreds) + (10 * (_value(tens) or 1) if ten else 0) + _value(ones)
    return str(value)


def _only_zeros(plain: str) -> bool:
    return not re.search("[一二三四五六七八九]", plain)


def _value(digit: str | None) -> int:
    return int(digit.translate(_DIGITS)) if digit else 0


def _zeros_stand_right(
    thousands: bool,
    hundreds: str | None,
    zero_h: str | None,
    ten: str | None,
    zero_t: str | None,
    tens: str | None,
    ones: str | None,
    zero: str | None,
) -> bool:
    """零 stands exactly where a unit is left out between two that are there: 一百零一, 一千零二十; 一百一 is 110 to some."""
    if zero_h:
        return False
    if ten:
        gap = thousands and not hundreds
        if bool(zero_t) != gap or (gap and not tens):
            return False
        return not (ones and zero)
    gap = thousands or bool(hundreds)
    return not ones or bool(zero) == gap
