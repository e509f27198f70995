"""One text for all the ways of writing an address: the match key.

Each step is a small named function; ``STEPS`` is the order. Nothing here knows the library.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from opencc import OpenCC

_CJK = range(0x3400, 0xA000)


def _variant_table() -> dict[int, str]:
    """Every ideograph whose simplified form differs (OpenCC t2s), and 衖, the Shanghai and Taiwan way to write 弄."""
    characters = [chr(code) for code in _CJK]
    simplified = OpenCC("t2s").convert("\n".join(characters)).split("\n")
    table = {ord(old): new for old, new in zip(characters, simplified, strict=True) if old != new}
    return table | {ord("衖"): "弄"}


_VARIANTS = _variant_table()

_DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")} | {
    "〇": 0,
    "○": 0,
    "两": 2,
    "壹": 1,
    "贰": 2,
    "叁": 3,
}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_NUMERAL = "[零〇○一二三四五六七八九两十百千]"
# a Chinese numeral becomes digits only before a counter of addresses, so that 三里店 and 五里村 stay names
_COUNTED = re.compile(
    rf"({_NUMERAL}+)(?=(?:号|幢|栋|座|单元|层|楼|室|户|巷|弄|邻|组|之|-|段))|(?<=之)({_NUMERAL}+)|(?<=-)({_NUMERAL}+)"
)
_NOISE = re.compile(r"[\s,，。、;；:：·.．_|/\\()（）\[\]【】{}<>《》\"'“”‘’*＊]+")
_DASH = re.compile(r"[-‐‑‒–—―−－~～至]+(?=\d)")
_SUB_NUMBER_AFTER = re.compile(r"(\d+)号之(\d+)")
_SUB_NUMBER_BEFORE = re.compile(r"(\d+)之(\d+)(?:号)?")
_BUILDING = re.compile(r"(\d+)(?:栋|号楼|座)")
_LEADING_ZERO = re.compile(r"(?<!\d)0+(?=\d)")
_FLOOR = re.compile(r"(\d+)(?:楼|F|f)")


def chinese_number(text: str) -> int:
    """The value of a Chinese numeral: 一百二十三 is 123, 二〇五 is 205."""
    if not any(unit in text for unit in _UNITS):
        return int("".join(str(_DIGITS[c]) for c in text))
    total, current = 0, 0
    for character in text:
        if character in _UNITS:
            total += (current or 1) * _UNITS[character]
            current = 0
        else:
            current = _DIGITS[character]
    return total + current


def fold_width(text: str) -> str:
    """Full-width, compatibility and ligature forms become ordinary ones (NFKC)."""
    return unicodedata.normalize("NFKC", text)


def fold_variants(text: str) -> str:
    """Traditional and variant characters become the simplified ones used in addresses."""
    return text.translate(_VARIANTS)


def fold_numerals(text: str) -> str:
    """一百二十三号 becomes 123号; a numeral inside a name (三里店) stays."""
    return _COUNTED.sub(lambda m: str(chinese_number(m[1] or m[2] or m[3])), text)


def drop_noise(text: str) -> str:
    """Spaces, separators and brackets go; a dash stays between numbers only."""
    return _NOISE.sub("", _DASH.sub("-", text))


def fold_counters(text: str) -> str:
    """3栋, 3号楼 and 3座 become 3幢; 3楼 becomes 3层; 12号之2 and 12之2号 become 12-2号; 012 becomes 12."""
    text = _SUB_NUMBER_AFTER.sub(r"\1-\2号", text)
    text = _SUB_NUMBER_BEFORE.sub(r"\1-\2号", text)
    text = _BUILDING.sub(r"\1幢", text)
    text = _FLOOR.sub(r"\1层", text)
    return _LEADING_ZERO.sub("", text)


STEPS = (fold_width, fold_variants, drop_noise, fold_numerals, fold_counters, str.upper)


@lru_cache(maxsize=65536)
def normalise(text: str) -> str:
    """The match key of an address text: equal for all usual ways of writing the same address."""
    for step in STEPS:
        text = step(text)
    return text
