"""Check characters: resident ID numbers (GB 11643) and unified social credit codes (GB 32100)."""

from __future__ import annotations

import re
from datetime import date
from typing import Literal

from database.clock import day_in_china
from database.vocabulary import Vocabulary

_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECK = "10X98765432"
_CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_WEIGHTS = tuple(pow(3, n, 31) for n in range(17))


class ResidentIdProblem(Vocabulary):
    """What is wrong with a resident ID number (公民身份号码的问题), in the order of the checks (GB 11643, MOD 11-2)."""

    LENGTH = "length", "不是 18 位", "not 18 characters"
    DIVISION = "division", "行政区划码不存在", "no such division"
    BIRTH_DATE = "birth_date", "出生日期不可能", "no possible date of birth"
    CHECKSUM = "checksum", "校验码不符", "the check character is wrong"


def resident_id_problem(text: str) -> ResidentIdProblem | None:
    """What is wrong with a resident ID number (公民身份号码), the first that fails, or None."""
    if not re.fullmatch(r"[0-9]{17}[0-9Xx]", text):
        return ResidentIdProblem.LENGTH
    if not "11" <= text[:2] <= "91":
        return ResidentIdProblem.DIVISION
    try:
        if not date(1900, 1, 1) <= resident_id_birth_date(text) <= day_in_china():
            return ResidentIdProblem.BIRTH_DATE
    except ValueError:
        return ResidentIdProblem.BIRTH_DATE
    return None if resident_id_check(text[:17]) == text[17].upper() else ResidentIdProblem.CHECKSUM


def resident_id_check(body: str) -> str:
    """The check character of the seventeen digits of a resident ID number (GB 11643, MOD 11-2)."""
    return _ID_CHECK[sum(weight * int(digit) for weight, digit in zip(_ID_WEIGHTS, body, strict=True)) % 11]


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


def credit_code_warning(text: str) -> str | None:
    """What to tell the clerk about a unified social credit code, or None. A warning only: the row is kept.

    Chinese, because it stands beside the value in a form or a workbook.
    """
    if not re.fullmatch(r"[0-9A-HJ-NPQRTUWXY]{18}", text):
        return "统一社会信用代码应为 18 位数字或大写字母（不含 I、O、S、V、Z），请核对"
    return None if credit_code_valid(text) else "统一社会信用代码的校验码不符，请核对证照；如证照如此，可保留"
