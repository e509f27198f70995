"""The standard address code (标准地址编码): the village's statistical code, then a sequence inside it.

It is given once and stays when the address is renamed, renumbered or moved to another village by a merger: the
village in it is then that of birth. What an address *is* stands in its ``uid``; where it is, in ``division_code``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from database.errors import Malformed

_GRAMMAR = re.compile(r"([0-9]{12})([0-9A-Z]{6,20})")
SEQUENCE_DIGITS = 8


class AddressCodeInvalid(Malformed):
    """标准地址编码格式不对 | This is no standard address code"""


@dataclass(frozen=True, slots=True)
class AddressCode:
    """village: 12 digits (000 where the village was not known). sequence: 6 to 20 digits or capitals."""

    village: str
    sequence: str

    def __str__(self) -> str:
        return self.village + self.sequence


def parse_address_code(code: str) -> AddressCode:
    """The two parts of a code. Raises AddressCodeInvalid."""
    match = _GRAMMAR.fullmatch(code)
    if match is None:
        raise AddressCodeInvalid(
            f"{code}：应为 12 位村代码加 6–20 位数字或大写字母 / 12 digits of a village and 6–20 digits or capitals",
            code=code,
        )
    return AddressCode(match[1], match[2])


def make_address_code(village: str, number: int) -> AddressCode:
    """The code of the ``number``-th address (from 1) of a division; a town or county is filled up with zeros.

    Raises AddressCodeInvalid when the division is malformed or the number does not fit eight digits.
    """
    if not re.fullmatch(r"[0-9]{6}([0-9]{3}([0-9]{3})?)?", village) or not 0 < number < 10**SEQUENCE_DIGITS:
        raise AddressCodeInvalid(f"{village} {number}", village=village, number=number)
    return AddressCode(village.ljust(12, "0"), f"{number:0{SEQUENCE_DIGITS}d}")
