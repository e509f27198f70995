"""Numbers of persons inside free text (details, notes, unmapped columns) are masked before anything is stored.

Found in any of the forms people write: full-width digits, spaces or hyphens between the digits, 15-digit numbers of before
1999 (GB 11643-1989), +86 before a mobile number, fixed lines with their area code.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from database.clock import day_in_china
from database.secrets.masks import mask_id_number, mask_phone
from gazetteer.codes.checksums import resident_id_problem

_FULL_WIDTH = str.maketrans("０１２３４５６７８９ＸｘＡＢＣ", "0123456789XxABC")
_GAP = r"[ \t\u00a0\u3000\-‐‑–—－·•_]{0,2}"
_DIGIT = rf"{_GAP}\d"
_ENOUGH_DIGITS = re.compile(r"(?:\d[^\d]{0,2}){10}")
_NUMBER = re.compile(
    rf"(?<!\d)(?:"
    rf"(?P<id18>[1-9](?:{_DIGIT}){{16}}{_GAP}[\dXx])"
    rf"|(?P<id15>[1-9](?:{_DIGIT}){{14}})"
    rf"|(?P<mobile>(?:(?:\+|00)?86{_GAP})?1(?:{_GAP}[3-9](?:{_DIGIT}){{9}}|[3-9]\d\.\d{{4}}\.\d{{4}}))"
    rf"|(?P<fixed>[(（]?0(?:10|2\d|[3-9]\d\d)[)）]?{_GAP}[2-8](?:{_DIGIT}){{6,7}})"
    rf")(?!\d)"
)
_NOT_A_CHARACTER = re.compile(r"[^0-9X]")
#: first two digits of resident ID numbers (GB/T 2260)
_PROVINCES = frozenset(
    [
        "11",
        "12",
        "13",
        "14",
        "15",
        "21",
        "22",
        "23",
        "31",
        "32",
        "33",
        "34",
        "35",
        "36",
        "37",
        "41",
        "42",
        "43",
        "44",
        "45",
        "46",
        "50",
        "51",
        "52",
        "53",
        "54",
        "61",
        "62",
        "63",
        "64",
        "65",
        "71",
        "81",
        "82",
        "83",
        "91",
    ]
)

#: what stands in rows and not in names of columns: codes, dates, mere numbers
_LIKE_DATA = re.compile(r"\d{6,}|\d{4}[-/.年]\d{1,2}|\s*[-+]?\d+([.,]\d+)?\s*$")
MOST_NAMES, MOST_CHARACTERS = 60, 40


def columns_to_show(columns: Sequence[str]) -> list[str]:
    """Names of columns as an error may quote them; of a file without a header, whose first line is a row, none but this remark."""
    if any(_LIKE_DATA.match(name) or re.search(r"\d{6,}", name) for name in columns):
        return [
            "（第一行像是数据而不是列名，故不列出；请加上列名 / the first line looks like a row, not like names: add a header）"
        ]
    return [name[:MOST_CHARACTERS] for name in columns[:MOST_NAMES]]


def mask_numbers(text: str) -> str:
    """The text with the resident ID numbers, mobile and fixed-line numbers in it masked; other numbers stay.

    Of a number with a digit too many or too few nothing is said: it is none. A number with letters beside it is masked
    when its check digit is right.
    """
    if len(text) < 10:
        return text
    plain = text.translate(_FULL_WIDTH)  # as long as the text, so that places agree
    if _ENOUGH_DIGITS.search(plain) is None:
        return text
    parts, at = [], 0
    while (found := _NUMBER.search(plain, at)) is not None:
        masked = _masked(found, plain)
        # what is no number of a person may still begin before one that is
        end = found.end() if masked else found.start() + 1
        parts.append(text[at : found.start()] + masked if masked else text[at:end])
        at = end
    return "".join(parts) + text[at:]


def mask_values(value: Any) -> Any:
    """A JSON value with the numbers of persons in its texts, names and whole numbers masked."""
    if isinstance(value, dict):
        return {mask_numbers(str(name)): mask_values(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [mask_values(inner) for inner in value]
    if isinstance(value, str):
        return mask_numbers(value)
    if isinstance(value, int) and not isinstance(value, bool):
        masked = mask_numbers(str(value))
        return masked if masked != str(value) else value
    return value


def _masked(found: re.Match[str], plain: str) -> str | None:
    """The mask of a match, or None when it is no number of a person."""
    number = _NOT_A_CHARACTER.sub("", found.group().upper())
    beside = plain[max(found.start() - 1, 0) : found.start()] + plain[found.end() : found.end() + 1]
    lettered = any(character.isascii() and character.isalpha() for character in beside)
    if found.lastgroup == "id18":
        good = _person_number(number, number[6:14]) and (not lettered or resident_id_problem(number) is None)
        return mask_id_number(number) if good else None
    if found.lastgroup == "id15":
        # a grid cell has 15 digits too; its town (001-399 after the county) would be somebody born before 1940
        good = not lettered and number[6:8] >= "40" and _person_number(number, "19" + number[6:12])
        return mask_id_number(number) if good else None
    return None if lettered and found.lastgroup == "fixed" else mask_phone(number)


def _person_number(number: str, born: str) -> bool:
    if number[:2] not in _PROVINCES:
        return False
    try:
        return 1900 <= date(int(born[:4]), int(born[4:6]), int(born[6:])).year <= day_in_china().year
    except ValueError:
        return False
