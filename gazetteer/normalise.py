"""One text for all the ways of writing an address: the match key.

Each step is a small named function; ``STEPS`` is the order. Nothing here knows the library.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from opencc import OpenCC

_CJK = range(0x3400, 0xA000)


# characters that OpenCC changes although they stand in mainland place names as they are: 乾元镇, 康乾街道
_KEPT = "乾"


def _variant_table() -> dict[int, str]:
    """Every ideograph whose simplified form differs (OpenCC t2s), and 衖, the Shanghai and Taiwan way to write 弄."""
    characters = [chr(code) for code in _CJK]
    simplified = OpenCC("t2s").convert("\n".join(characters)).split("\n")
    table = {ord(old): new for old, new in zip(characters, simplified, strict=True) if old != new and old not in _KEPT}
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
# a run of numerals, digits or dashes is taken from its first character and given back as a whole or not at all (possessive): the time
# is linear in the length of the text, whatever somebody writes
_COUNTED = re.compile(
    rf"(?<!{_NUMERAL})({_NUMERAL}++)(?=(?:号|幢|栋|座|单元|层|楼|室|户|巷|弄|邻|组|之|-|段))|(?<=之)({_NUMERAL}+)|(?<=-)({_NUMERAL}+)"
)
_NOISE = re.compile(r"[\s,，。、;；:：·.．_|/\\()（）\[\]【】{}<>《》\"'“”‘’*＊]+")
_DASH = re.compile(r"(?<![-‐‑‒–—―−－~～至])[-‐‑‒–—―−－~～至]++(?=\d)")
# 花莲县-国福里-5邻-1号: a dash after a level's counter only separates; after 号, 层, 幢 it joins numbers
_SEPARATING_DASH = re.compile(r"(?<=[县市镇乡村里区社路街道段巷弄邻组])-")
_SUB_NUMBER_AFTER = re.compile(r"(?<!\d)(\d++)号之(\d++)")
_SUB_NUMBER_BEFORE = re.compile(r"(?<!\d)(\d++)之(\d++)(?:号)?")
_BUILDING = re.compile(r"((?:[A-Za-z]|(?<!\d))\d++|(?<![A-Za-z])[A-Za-z])(?:栋|号楼|#楼|座)")
_HASH = re.compile(r"(\d)#")
_LEADING_ZERO = re.compile(r"(?<!\d)0+(?=\d)")
_FLOOR = re.compile(r"(?<!\d)(\d++)(?:楼|F|f)")
_BASEMENT = re.compile(r"(?:地下|负|b|B|(?<=\D)-)(\d+层)")
_GROUP = re.compile(r"(?:村民)?小组")
# 国联5路 is the street 国联五路; a number of two digits or more is no ordinal of a street
_ORDINAL_ROAD = re.compile(r"(?<=[\u3400-\u9fff])(?<![号幢层室段巷弄组邻])([1-9])(?=路|街|大道)")


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
    text = _NOISE.sub("", _DASH.sub("-", text))
    return _SEPARATING_DASH.sub("", text) if "-" in text else text


def fold_counters(text: str) -> str:
    """3栋, A座 and 3号楼 become 3幢, A幢; 3楼 becomes 3层, 地下1楼 B1层; 12号之2 and 12之2号 become 12-2号; 012 becomes 12.

    12# becomes 12号 (3#楼 is 3幢); 8村民小组 becomes 8组.
    """
    if "0" in text:
        text = _LEADING_ZERO.sub("", text)
    if "之" in text:
        text = _SUB_NUMBER_AFTER.sub(r"\1-\2号", text)
        text = _SUB_NUMBER_BEFORE.sub(r"\1-\2号", text)
    text = _BUILDING.sub(r"\1幢", text)
    if "#" in text:
        text = _HASH.sub(r"\1号", text)
    text = _FLOOR.sub(r"\1层", text)
    if "层" in text:
        text = _BASEMENT.sub(r"B\1", text)
    if "小组" not in text:
        return text
    return _GROUP.sub("组", text)


def fold_road_ordinals(text: str) -> str:
    """国联5路 becomes 国联五路, as the street sign has it."""
    return _ORDINAL_ROAD.sub(lambda m: "零一二三四五六七八九"[int(m[1])], text)


STEPS = (fold_width, fold_variants, drop_noise, fold_numerals, fold_counters, fold_road_ordinals, str.upper)


@lru_cache(maxsize=65536)
def normalise(text: str) -> str:
    """The match key of an address text: equal for all usual ways of writing the same address."""
    for step in STEPS:
        text = step(text)
    return text
