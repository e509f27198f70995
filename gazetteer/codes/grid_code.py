"""Grid codes (网格编码): county 6, town 9, village 12, cell 15, micro cell 17 digits, each the beginning of those below."""

from __future__ import annotations

import re
from typing import Literal

from database.errors import Malformed

GridLevel = Literal["county", "town", "village", "cell", "micro_cell"]
DIGITS: dict[GridLevel, int] = {"county": 6, "town": 9, "village": 12, "cell": 15, "micro_cell": 17}
LEVEL_NAMES: dict[GridLevel, str] = {
    "county": "县", "town": "乡镇街道", "village": "村社区", "cell": "网格", "micro_cell": "微网格",
}  # fmt: skip


class GridCodeInvalid(Malformed):
    """网格编码格式不对 | This is no grid code"""


def grid_level(code: str) -> GridLevel:
    """The level of a grid code, by its length. Raises GridCodeInvalid."""
    level = next((level for level, digits in DIGITS.items() if digits == len(code)), None)
    if level is None or not re.fullmatch(r"[0-9]+", code):
        raise GridCodeInvalid(f"{code}：应为 6、9、12、15 或 17 位数字 / 6, 9, 12, 15 or 17 digits", code=code)
    return level


def grid_parents(code: str) -> dict[GridLevel, str]:
    """The code itself and all above it, by level, county first. Raises GridCodeInvalid."""
    grid_level(code)
    return {level: code[:digits] for level, digits in DIGITS.items() if digits <= len(code)}
