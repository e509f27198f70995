"""Numbers of persons inside free text (details, notes, unmapped columns) are masked before anything is stored."""

from __future__ import annotations

import re

from database.seal import mask_id_number, mask_phone

_LONG_NUMBER = re.compile(r"(?<![0-9A-Za-z])(?:\d{17}[0-9Xx]|1[3-9]\d{9})(?![0-9A-Za-z])")
_ELEVEN_DIGITS = re.compile(r"\d{11}")
_BORN = re.compile(r"\d{6}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")


def mask_numbers(text: str) -> str:
    """The text with resident ID numbers (18 characters with a date inside) and mobile numbers masked."""
    if _ELEVEN_DIGITS.search(text) is None:
        return text
    return _LONG_NUMBER.sub(_mask, text)


def _mask(match: re.Match[str]) -> str:
    number = match.group()
    if len(number) == 11:
        return mask_phone(number)
    return mask_id_number(number) if _BORN.match(number) else number
