"""One text for all the ways of writing an address: the match key.

Each step is a small named function; ``STEPS`` is the order. Nothing here knows the library. Done again it changes nothing.
"""

from __future__ import annotations

import re
from functools import lru_cache

from gazetteer.reading.characters import fold_forms, fold_variants
from gazetteer.reading.numerals import CHARACTERS, FORMAL, digits_of
from gazetteer.reading.separators import COUNTER, LIST, RANGE, UNCLEAR, fold_separators

__all__ = ["chinese_number", "fold_counters", "fold_numerals", "fold_variants", "normalise"]

# 四座里, 百户村, 三楼村: a counter before such a character is a part of a name
_NAME_AFTER = "(?![村庄屯寨里坊湾桥塘圩埭店屋窑山岭坑沟河江湖洋浜港园林场镇乡])"
_RUN = re.compile(rf"[0-9{CHARACTERS}]++")
# a Chinese numeral becomes digits only before a counter of addresses, so that 三里店 and 五里村 stay names
_COUNTED = re.compile(
    rf"(?P<counter>号|单元|段|巷|弄|之|-|邻|村民小组|小组|组|(?:幢|栋|座|层|楼|室|户){_NAME_AFTER})"
    rf"|(?:[{LIST}{RANGE}][0-9{CHARACTERS}]+{COUNTER}?)*[{LIST}{RANGE}][0-9{CHARACTERS}]+(?P<listed>{COUNTER})"
)
#: how far a list is looked through for its counter
_REACH = 80
_FLOORS = ("楼", "层")
_PLAIN_COUNTERS = frozenset(("号", "幢", "栋", "单元", "层", "室"))
_ORDER = "一二三四五六七八九"
_SUB_NUMBER_AFTER = re.compile(r"(?<!\d)(\d++)号之(\d++)")
_SUB_NUMBER_BEFORE = re.compile(r"(?<!\d)(\d++)之(\d++)(?:号)?")
_BUILDING = re.compile(rf"((?:[A-Za-z]|(?<!\d))\d++|(?<![A-Za-z])[A-Za-z])(?:栋|号楼|#楼|座{_NAME_AFTER})")
_HASH = re.compile(r"(\d)#")
_LEADING_ZERO = re.compile(r"(?<!\d)0+(?=\d)")
_FLOOR = re.compile(rf"(?<!\d)(\d++)(?:楼{_NAME_AFTER}|F|f)")
_BASEMENT = re.compile(r"(?:地下|负|b|B|(?<=\D)(?<![~、层])-)(\d+层)")
_GROUP = re.compile(r"(?:村民)?小组")
_UNCLEAR_LEVEL = re.compile(r"(?<=号)\^(?=\d+(?:[楼层][^、~]|[楼层]$))(?![123][楼层])")
# 国联5路 is the street 国联五路; a number of two digits or more is no ordinal of a street
_ORDINAL_ROAD = re.compile(r"(?<=[\u3400-\u9fff])(?<![号幢层室段巷弄组邻])([1-9])(?=路|街|大道)")


def chinese_number(text: str) -> int:
    """The value of a Chinese numeral: 一百二十三 is 123, 二〇五 is 205. Raises ValueError for what is none."""
    digits = digits_of(text)
    if digits is None:
        raise ValueError(text)
    return int(digits)


def fold_numerals(text: str) -> str:
    """一百二十三号 becomes 123号; a numeral inside a name (三里店) stays, and so does what is no well-formed numeral."""
    return _RUN.sub(_numeral, text)


def _numeral(found: re.Match[str]) -> str:
    run = found[0]
    if run.isascii():
        return run
    text = found.string
    before, ahead = text[found.start() - 1 : found.start()], _COUNTED.match(text, found.end(), found.end() + _REACH)
    if ahead is None and before not in ("之", "-"):
        return run
    counter = (ahead["counter"] or ahead["listed"]) if ahead is not None else None
    if len(run) == 1 and run in FORMAL and before not in ("之", "-") and counter not in _PLAIN_COUNTERS:
        return run
    figures = len(run) - len(run.lstrip("0123456789"))
    if figures and before == "之":
        return run[:figures] + UNCLEAR + (digits_of(run[figures:]) or run[figures:])
    if _may_be_several(run, counter):
        return run
    digits = digits_of(run)
    if digits is None and figures and run[figures] not in "零〇○" and counter not in (None, "号"):
        of_level = digits_of(run[figures:])
        return (
            run[:figures] + UNCLEAR + of_level if of_level is not None and run[figures] not in "十百千拾佰仟" else run
        )
    return run if digits is None else digits


def _may_be_several(run: str, counter: str | None) -> bool:
    """一二楼 may be two floors, 二三号 two doors."""
    if len(run) < 2 or any(c not in _ORDER for c in run):
        return False
    return counter in _FLOORS or (counter == "号" and run in _ORDER)


def fold_counters(text: str) -> str:
    """3栋, A座 and 3号楼 become 3幢, A幢; 3楼 becomes 3层, 地下1楼 B1层; 12号之2 and 12之2号 become 12-2号; 012 becomes 12.

    12# becomes 12号 (3#楼 is 3幢); 8村民小组 becomes 8组.
    """
    if "0" in text:
        text = _LEADING_ZERO.sub("", text)
    if "之" in text:
        text = _SUB_NUMBER_AFTER.sub(r"\1-\2号", text)
        text = _SUB_NUMBER_BEFORE.sub(r"\1-\2号", text)
        text = text.replace("号" + UNCLEAR, "号")  # 40之1二楼: the number ends where its counter is set
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


STEPS = (fold_forms, fold_variants, fold_separators, fold_numerals, fold_counters, fold_road_ordinals, str.upper)
_ROUNDS = 8
# another character (a mark, a dash, a combining accent) may be read otherwise once more, and so may these words
_SETTLED = re.compile("(?:[0-9A-Z]|(?![之至到和及与])[\u4e00-\u9fff]|(?<=[0-9])-(?=[0-9]))*+$")


@lru_cache(maxsize=65536)
def normalise(text: str) -> str:
    """The match key of an address text: equal for all usual ways of writing the same address."""
    for _ in range(_ROUNDS):
        before = text
        for step in STEPS:
            text = step(text)
        if text == before or _SETTLED.match(text):
            break
    return text
