"""The height part of the Beidou grid location code (北斗网格位置码, GB/T 39409-2020): 12 characters, both ways.

Layers of equal angle: layer n begins where ``2048 · 3600 · ln(1 + H / r) / ln(1 + π / 180)`` reaches n, with
r = 6,378,137 m; the lowest are 15 mm thick. The first character is 0 above the ellipsoid and 1 below it, then come 31
bits in groups of 6, 3, 1, 4, 4, 1, 3, 3, 3 and 3, the first as two decimal digits, the others as one hexadecimal digit.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from gazetteer.codes.beidou import UNITS, BeidouCodeInvalid, BeidouOutOfRange

EARTH_RADIUS_M = 6378137.0
_STEP = math.log(1 + math.pi / 180) / UNITS
_GROUPS = (6, 3, 1, 4, 4, 1, 3, 3, 3, 3)
_BITS = sum(_GROUPS)
_GRAMMAR = re.compile(r"[01][0-9]{2}[0-9A-F]{9}")


@dataclass(frozen=True, slots=True)
class HeightLayer:
    """A layer: its lower and upper height in metres above the ellipsoid."""

    code: str
    bottom_m: float
    top_m: float

    @property
    def centre_m(self) -> float:
        """The middle of the layer."""
        return (self.bottom_m + self.top_m) / 2


def encode_height(height_m: float) -> str:
    """The code of the layer that holds a height in metres above the ellipsoid. Raises BeidouOutOfRange."""
    if not math.isfinite(height_m) or height_m <= -EARTH_RADIUS_M:
        raise BeidouOutOfRange(f"高程 / height: {height_m}", height_m=str(height_m))
    layer = math.floor(math.log1p(height_m / EARTH_RADIUS_M) / _STEP)
    rest = abs(layer)
    if rest >= 1 << _BITS:
        raise BeidouOutOfRange(f"高程 / height: {height_m}", height_m=str(height_m))
    digits: list[str] = []
    for bits in reversed(_GROUPS):
        value = rest & ((1 << bits) - 1)
        digits.append(f"{value:02d}" if bits == 6 else f"{value:X}")
        rest >>= bits
    return ("1" if layer < 0 else "0") + "".join(reversed(digits))


def decode_height(code: str) -> HeightLayer:
    """The layer of a code. Raises BeidouCodeInvalid for a wrong length, digit or the layer minus zero."""
    if not _GRAMMAR.fullmatch(code):
        raise BeidouCodeInvalid(f"{code[:32]}：高程码应为 12 位 / a height code has 12 characters", code=code[:32])
    values = [int(code[1:3]), *(int(digit, 16) for digit in code[3:])]
    layer = 0
    for value, bits in zip(values, _GROUPS, strict=True):
        if value >> bits:
            raise BeidouCodeInvalid(f"{code}：有数字超出范围 / a digit is out of range", code=code)
        layer = layer << bits | value
    if code[0] == "1":
        layer = -layer
        if layer == 0:
            raise BeidouCodeInvalid(f"{code}：没有负零层 / there is no layer minus zero", code=code)
    return HeightLayer(code, _bottom_m(layer), _bottom_m(layer + 1))


def _bottom_m(layer: int) -> float:
    return EARTH_RADIUS_M * math.expm1(layer * _STEP)
