"""Texts that may be read in several ways, or that name several addresses: each way as a text of its own.

永安街1、3号 names two doors, 1至3号 three, 一二楼 may be two floors or the twelfth. What such a text finds is several addresses, or one
with a doubt; never one with certainty.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gazetteer.reading.normalise import normalise
from gazetteer.reading.numerals import digits_of
from gazetteer.reading.parse import ParsedAddress

#: a range of more than so many members is not taken apart
LONGEST_RANGE = 60
MOST = 80
_COUNTER = "(?:号|幢|单元|层|室|户|组|巷|弄)"
_ITEM = r"(?:(?:之|[A-Z]?)\d+(?:-\d+)?|(?<![A-Z])[A-Z](?![A-Z]))"
_CHAIN = re.compile(rf"(?<![\dA-Z-]){_ITEM}{_COUNTER}?(?:[、~]{_ITEM}{_COUNTER}?)+")
_LINK = re.compile(rf"(?P<joint>[、~]?)(?P<item>{_ITEM})(?P<counter>{_COUNTER}?)")
_DASHED = re.compile(r"(?<![\dA-Z-])(?P<first>[A-Z]|\d+)-(?P<last>[A-Z]|\d+)(?P<counter>号|幢|单元|层|室)")
_SIDE_BY_SIDE = re.compile(r"(?<![\d号幢层元室-])(\d+)\^(\d+)(层|室|幢|单元)")
_FLOOR_OR_BASEMENT = re.compile(r"(?<=[号幢元])\^([123]层)")
_FLOORS = re.compile(r"(?<![\d一二三四五六七八九十])([一二三四五六七八九]{2,3})(楼|层|号)")
_LETTERS = re.compile(r"(?<![A-Z\d])(?=[IOL]*\d)(?=\d*[IOL])[\dIOL]+(?![A-Z\d])")
_AS_DIGITS = str.maketrans("IOL", "101")
_NEXT_NUMBER = re.compile(r"^(?:[、和与及~]|以及)?(?P<number>\d+(?:-\d+)*号)(?!楼|院|门|厂|仓|库)(?P<below>.*)$")
_NEXT_BUILDING = re.compile(r"^(?:[、和与及~]|以及)?(?P<number>[A-Z]?\d+幢)(?P<below>.*)$")
_SUFFIX = re.compile(r"^(?P<mark>[甲乙丙丁临特])时?$")


@dataclass(frozen=True, slots=True)
class Readings:
    """The ways to read a text. texts: match keys; why_zh: the doubt, for people. members: they are meant together."""

    texts: tuple[str, ...]
    why_zh: str
    members: bool = True


def readings(parsed: ParsedAddress) -> Readings | None:
    """The ways to read a text that is no single address as it stands; None for ordinary texts."""
    for find in (_chain, _second_number, _mended):
        found = find(parsed)
        if found is not None and found.texts:
            return found
    return None


def _chain(parsed: ParsedAddress) -> Readings | None:
    """1、3号, 1至3号, 7号、9号, 1-3、5号."""
    key = parsed.key
    found = _CHAIN.search(key) if "、" in key or "~" in key else None
    if found is None:
        return None
    links = [(m["joint"], m["item"], m["counter"]) for m in _LINK.finditer(found[0])]
    counters = [counter for _, _, counter in links]
    for n in range(len(counters) - 2, -1, -1):
        counters[n] = counters[n] or counters[n + 1]
    for n in range(1, len(counters)):
        counters[n] = counters[n] or counters[n - 1]
    head, tail = key[: found.start()], key[found.end() :]
    members: list[str] = []
    last: tuple[str, str] | None = None
    for (joint, item, _), counter in zip(links, counters, strict=True):
        if joint == "~" and last is not None and last[1] == counter:
            members += [between + counter for between in _between(last[0], item)] or [f"{last[0]}-{item}{counter}"]
        if item.startswith("之") and last is not None:
            item = last[0].split("-")[0] + "-" + item[1:]
        members.append(item + counter)
        last = (item, counter)
    texts = [head + member + tail for member in dict.fromkeys(members)][:MOST]
    if not links[-1][2] and links[0][2] == "号" and len(links) == 2:
        texts.append(head + links[0][1] + "号" + links[1][1] + tail)  # 7号、9 may be the room 9
    return Readings(tuple(map(normalise, texts)), f"文本写了几个号或一段范围（{found[0]}）")


def _between(first: str, last: str) -> list[str]:
    """What lies between two ends, without the last; empty when they are no range."""
    if first.isdigit() and last.isdigit():
        low, high = int(first[:6]), int(last[:6])
        return [str(n) for n in range(low, high)] if low < high <= low + LONGEST_RANGE else []
    if len(first) == len(last) == 1 and first < last:
        return [chr(code) for code in range(ord(first), ord(last))]
    return []


def _second_number(parsed: ParsedAddress) -> Readings | None:
    """7号9号, 7号1幢、9号2幢: a second number after the first; 7号1幢2幢: a second building."""
    if parsed.unread or not parsed.rest or not parsed.key.endswith(parsed.rest):
        return None
    for pattern, written in ((_NEXT_NUMBER, parsed.number_plate), (_NEXT_BUILDING, parsed.building)):
        found = pattern.match(parsed.rest) if written else None
        first = parsed.key.removesuffix(parsed.rest)
        at = first.rfind(written or "")
        if found is not None and at >= 0:
            why = f"文本写了几个号（{written}、{found['number']}）"
            second = first[:at] + found["number"] + found["below"]
            return Readings((normalise(first), normalise(second)), why)
    return None


def dashed_range(parsed: ParsedAddress) -> Readings | None:
    """1-3号, for a text that means nothing as long as 1-3 is one number: the numbers from 1 to 3."""
    found = _DASHED.search(parsed.key)
    if found is None or ("号" in parsed.key[found.end() :] and found["counter"] == "号"):
        return None
    between = _between(found["first"], found["last"])
    if not between:
        return None
    head, tail, counter = parsed.key[: found.start()], parsed.key[found.end() :], found["counter"]
    texts = [head + item + counter + tail for item in [*between, found["last"]]]
    return Readings(tuple(map(normalise, texts)), f"“{found[0]}”可能是一段范围")


def _mended(parsed: ParsedAddress) -> Readings | None:
    """One text in other words: I1号 as 11号, 7号临 as 临7号, 一二楼 as floors one and two or as the twelfth."""
    key = parsed.key
    floors = _FLOORS.search(key)
    if floors is not None:
        run, counter = floors[1], floors[2]
        joined = digits_of(run) or run
        texts = [key[: floors.start()] + item + counter + key[floors.end() :] for item in (joined, *joined)]
        return Readings(tuple(map(normalise, texts)), f"“{floors[0]}”可能是一个号，也可能是几个")
    if "^" in key and _FLOOR_OR_BASEMENT.search(key):
        texts = [_FLOOR_OR_BASEMENT.sub(r"\1", key), _FLOOR_OR_BASEMENT.sub(r"B\1", key)]
        return Readings(tuple(map(normalise, texts)), "“-”可能是分隔，也可能是地下层", members=False)
    for pattern, reading, why in (
        (_SIDE_BY_SIDE, r"\1号\2\3", "“号”没有写"),
        (_LETTERS, lambda m: m[0].translate(_AS_DIGITS), "字母 I、l、O 按数字 1、1、0 理解"),
    ):
        if parsed.unread or (pattern is _LETTERS and not key.isdigit() and _LETTERS.search(key)):
            mended = pattern.sub(reading, key)
            if mended != key:
                return Readings((normalise(mended),), why, members=False)
    suffix = _SUFFIX.match(parsed.rest)
    if suffix is not None and parsed.number_plate and key.endswith(parsed.rest):
        at = key.rfind(parsed.number_plate)
        text = key[:at] + suffix["mark"] + key[at:].removesuffix(parsed.rest)
        return Readings(
            (normalise(text),),
            f"“{parsed.number_plate}{parsed.rest}”按“{suffix['mark']}{parsed.number_plate}”理解",
            members=False,
        )
    return None
