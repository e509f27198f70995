"""Codes and their checks: resident ID numbers, unified social credit codes, division codes."""

from __future__ import annotations

import re
from datetime import date
from typing import Literal

DivisionLevel = Literal["county", "town", "village"]

_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECK = "10X98765432"
_CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_WEIGHTS = tuple(pow(3, n, 31) for n in range(17))


def resident_id_problem(text: str) -> str | None:
    """What is wrong with a resident ID number (公民身份号码), or None.

    Returns 'length', 'division', 'birth_date' or 'checksum' (GB 11643, MOD 11-2), the first that fails.
    """
    if not re.fullmatch(r"\d{17}[\dXx]", text):
        return "length"
    if not "11" <= text[:2] <= "91":
        return "division"
    try:
        if not date(1900, 1, 1) <= resident_id_birth_date(text) <= date.today():
            return "birth_date"
    except ValueError:
        return "birth_date"
    total = sum(weight * int(digit) for weight, digit in zip(_ID_WEIGHTS, text[:17], strict=True))
    return None if _ID_CHECK[total % 11] == text[17].upper() else "checksum"


def resident_id_birth_date(text: str) -> date:
    """The date of birth in an ID number. Raises ValueError when it is no date."""
    return date(int(text[6:10]), int(text[10:12]), int(text[12:14]))


def resident_id_sex(text: str) -> Literal["male", "female"]:
    """The sex in an ID number: the 17th digit is odd for male."""
    return "male" if int(text[16]) % 2 else "female"


def credit_code_valid(text: str) -> bool:
    """True when the check character of a unified social credit code (统一社会信用代码) is right.

    GB 32100-2015, mod 31; a remainder of 31 means 0. Issued codes are known that fail: warn, never reject.
    """
    if len(text) != 18 or any(character not in _CREDIT_ALPHABET for character in text):
        return False
    total = sum(_CREDIT_ALPHABET.index(c) * weight for c, weight in zip(text[:17], _CREDIT_WEIGHTS, strict=True))
    return _CREDIT_ALPHABET[(31 - total % 31) % 31] == text[17]


def division_level(code: str) -> DivisionLevel:
    """The level of a statistical division code: 6 digits county, 9 town, 12 village. Raises ValueError otherwise."""
    levels: dict[int, DivisionLevel] = {6: "county", 9: "town", 12: "village"}
    if not code.isdecimal() or len(code) not in levels:
        raise ValueError(f"行政区划代码应为 6、9 或 12 位数字 / a division code has 6, 9 or 12 digits: {code!r}")
    return levels[len(code)]


def division_kind(code: str) -> str:
    """What the digits say a division is: 县, 街道, 镇, 乡, 社区 (居委会) or 村 (村委会).

    Statistical code rules: town digits 001-099 街道, 100-199 镇, 200-399 乡; village digits 001-199 居委会, 200-399 村委会.
    """
    level = division_level(code)
    if level == "county":
        return "县"
    number = int(code[-3:])
    if level == "town":
        return "街道" if number < 100 else "镇" if number < 200 else "乡" if number < 400 else "类似乡级"
    return "社区" if number < 200 else "村" if number < 400 else "类似村级"
