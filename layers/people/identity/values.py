"""Values as departments write them → what two records can be compared by. Pure functions; what cannot be read is missing, never a guess."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, timedelta
from enum import IntEnum
from functools import cache

from opencc import OpenCC

from gazetteer.codes.checksums import resident_id_check

_HAN = re.compile(r"[\u3400-\u9fff]")
_WORD = re.compile(r"[^\W_]+")
#: surnames of two characters in use; every other Han name has a surname of one
_COMPOUND = frozenset(
    [
        "欧阳",
        "司徒",
        "司马",
        "上官",
        "诸葛",
        "东方",
        "皇甫",
        "尉迟",
        "公孙",
        "慕容",
        "长孙",
        "宇文",
        "令狐",
        "夏侯",
        "万俟",
        "轩辕",
        "呼延",
        "端木",
        "淳于",
        "单于",
        "太史",
        "申屠",
        "澹台",
        "南宫",
        "独孤",
        "闻人",
        "赫连",
    ]
)
#: before a surname token, so that a surname is never taken for a given name of one character
SURNAME = "#"
_NUMBER = re.compile(r"([a-z]?[0-9]++[a-z]?)(号楼|单元|[组队幢栋座室层楼户])?")
_AREA = re.compile(
    r"[^省市县区镇乡村路街巷弄组队园苑里]++(?:街道|[省市县区镇乡村路街巷弄组队园苑里])?|[省市县区镇乡村路街巷弄组队园苑里]"
)
_UNITS = {"栋": "幢", "座": "幢", "号楼": "幢", "户": "", "队": "组", "楼": "层"}

Birth = tuple[int, int, int]


class Number(IntEnum):
    """What became of a resident ID number (GB 11643)."""

    MISSING = 0  # none, or rounded by a spreadsheet: lost, and never matched on
    DAMAGED = 1  # eighteen characters, the check character is wrong
    SOUND = 2  # the check character is right; fifteen digits are written as eighteen
    OPAQUE = 3  # no resident number: text that is equal or not


def fold(text: str) -> str:
    """NFKC, without outer blanks, small letters."""
    return unicodedata.normalize("NFKC", text).strip().lower()


@cache
def _simplified() -> OpenCC:
    return OpenCC("t2s")


def is_han(text: str) -> bool:
    """True when a text holds a Chinese character."""
    return _HAN.search(text) is not None


def name_tokens(text: str) -> tuple[str, ...]:
    """A name in parts: surname and given name of a Han name (simplified, without blanks and dots), else its words in order of the alphabet."""
    text = fold(text)
    joined = re.sub(r"[\s·•.'’]", "", text)
    if joined and all(_HAN.match(character) for character in joined):
        joined = str(_simplified().convert(joined))
        cut = 2 if joined[:2] in _COMPOUND and len(joined) > 2 else 1
        return (SURNAME + joined[:cut], joined[cut:]) if joined[cut:] else (SURNAME + joined,)
    return tuple(sorted(set(_WORD.findall(text))))


def address_tokens(text: str) -> tuple[str, ...]:
    """An address in parts that can be counted: areas with their suffix, numbers with their unit (栋 as 幢, 号 left out), or plain words."""
    text = fold(text)
    if not is_han(text):
        return tuple(sorted(set(_WORD.findall(text))))
    parts: list[str] = []
    at = 0
    for number in _NUMBER.finditer(text):
        parts += _areas(text[at : number.start()])
        unit = number[2] or ""
        parts.append(number[1] + _UNITS.get(unit, unit))
        at = number.end()
    parts += _areas(text[at:])
    return tuple(sorted(set(parts)))


def _areas(text: str) -> list[str]:
    return _AREA.findall("".join(_HAN.findall(text)).removeprefix("号").removeprefix("之"))


def birth_parts(text: str) -> Birth:
    """Year, month and day as written; (0, 0, 0) when there is no year, 0 for what is missing. Impossible months and days stay: typing errors.

    Read: 19630402, 1963-4-2, 1963.4.2, 1963年4月2日, 1963年, 2/4/1963, and the day number of a spreadsheet (1900 system).
    """
    text = fold(text)
    if re.fullmatch(r"[0-9]{8}", text):
        return int(text[:4]), int(text[4:6]), int(text[6:])
    numbers = [int(digits) for digits in re.findall(r"[0-9]{1,9}", text)[:3]]
    if len(numbers) == 1 and 7_000 < numbers[0] < 60_000:
        day = date(1899, 12, 30) + timedelta(days=numbers[0])
        return day.year, day.month, day.day
    numbers += [0] * (3 - len(numbers))
    if numbers[2] > 1_000 > numbers[0]:
        numbers.reverse()
    year, month, day_of_month = numbers
    return (year, month, day_of_month) if 1_000 < year < 2_200 else (0, 0, 0)


def resident_number(text: str) -> tuple[Number, str]:
    """A resident ID number in any of its written forms, as eighteen characters, and how far it can be trusted."""
    text = re.sub(r"[\s'`’‘\-]", "", unicodedata.normalize("NFKC", text)).upper()
    if not text or re.fullmatch(r"[0-9](?:\.[0-9]+)?E\+?[0-9]+", text):
        return Number.MISSING, ""
    if re.fullmatch(r"([0-9])\1*+X?", text):
        return Number.MISSING, ""  # 000000, 111111…: put in where one had to be
    if re.fullmatch(r"[0-9]{17}[0-9X]", text) and _is_day(text[10:14]):
        if text[17] == resident_id_check(text[:17]):
            return Number.SOUND, text
        return (Number.MISSING, "") if text.endswith("000") else (Number.DAMAGED, text)
    if re.fullmatch(r"[0-9]{15}", text) and _is_day(text[8:12]):
        body = f"{text[:6]}19{text[6:]}"
        return Number.SOUND, body + resident_id_check(body)
    return Number.OPAQUE, text


def _is_day(text: str) -> bool:
    return 1 <= int(text[:2]) <= 12 and 1 <= int(text[2:]) <= 31


def phone_digits(text: str) -> str:
    """The digits of a phone without the code of the country; empty when fewer than seven."""
    digits = re.sub(r"^(?:0{0,2}86)(?=1[0-9]{10}$)", "", re.sub(r"\D", "", fold(text)))
    return digits if len(digits) >= 7 else ""


def sex_code(text: str) -> int:
    """1 male, 2 female (GB/T 2261.1), 0 not known."""
    text = fold(text)[:1]
    return 1 if text in ("男", "m", "1") else 2 if text in ("女", "f", "2") else 0
