"""Beidou grid location code (北斗网格位置码), GB/T 39409-2020, two-dimensional: levels 1 to 10, both ways.

The earth is divided into cells of 6° × 4°, and these ten times over; a code of level n is the beginning of every code
inside its cell:

=====  ======  ================  ===============================================
level  length  cell              digits added
=====  ======  ================  ===============================================
1      4       6° × 4°           N or S, zone 01–60 from 180° W, band A–V from the equator
2      6       30′ × 30′         12 columns, 8 rows, one digit each (hexadecimal)
3      7       15′ × 10′         2 columns, 3 rows: 2·row + column
4      9       1′ × 1′           15 columns, 10 rows
5      11      4″ × 4″           15 columns, 15 rows
6      12      2″ × 2″           2 columns, 2 rows: 2·row + column
7–10   14–20   1/4″ … 1/2048″    8 columns, 8 rows each
=====  ======  ================  ===============================================

From level 2 on, columns and rows count away from Greenwich and from the equator. Coordinates are CGCS2000 longitude and
latitude (EPSG:4490), degrees. The bands end at 88°: nearer to the poles the standard uses cells of another kind.
Checked against published vectors of two implementations, not against the printed standard.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from database.errors import Invalid

#: Smallest cells (level 10, 1/2048″) in a degree.
UNITS = 3600 * 2048
BAND_LIMIT = 88
LENGTHS = (0, 4, 6, 7, 9, 11, 12, 14, 16, 18, 20)
_BANDS = "ABCDEFGHIJKLMNOPQRSTUV"
_HEX = "0123456789ABCDEF"
# width and height of the cells of level 1 to 10, in smallest cells
SIZES = (
    (6 * UNITS, 4 * UNITS), (UNITS // 2, UNITS // 2), (UNITS // 4, UNITS // 6), (UNITS // 60, UNITS // 60),
    (4 * 2048, 4 * 2048), (2 * 2048, 2 * 2048), (512, 512), (64, 64), (8, 8), (1, 1),
)  # fmt: skip
_ONE_DIGIT = (3, 6)


class BeidouCodeInvalid(Invalid):
    """北斗网格位置码格式不对 | This is no Beidou grid location code"""


class BeidouOutOfRange(Invalid):
    """坐标超出北斗网格位置码的范围 | The coordinates are outside the Beidou grid"""


@dataclass(frozen=True, slots=True)
class BeidouCell:
    """A cell: its edges in degrees (EPSG:4490), closed on all sides."""

    code: str
    level: int
    west: float
    south: float
    east: float
    north: float

    @property
    def centre(self) -> tuple[float, float]:
        """lon, lat of the middle."""
        return (self.west + self.east) / 2, (self.south + self.north) / 2

    def contains(self, lon: float, lat: float) -> bool:
        """True when the point lies inside or on an edge."""
        return self.west <= lon <= self.east and self.south <= lat <= self.north


def encode(lon: float, lat: float, level: int = 10) -> str:
    """The code of the cell that holds a point. lon, lat: degrees, EPSG:4490.

    A number is taken as it is written: 119.9 is 119°54′ exactly, although no binary fraction is. A point on an edge
    belongs to the cell farther from Greenwich or the equator; the 180th meridian to the last cell before it.
    Raises BeidouOutOfRange: not finite, beyond ±180°, from ±88° on; BeidouCodeInvalid for a level outside 1–10.
    """
    if not 1 <= level <= 10:
        raise BeidouCodeInvalid(f"级别应为 1–10 / levels are 1 to 10: {level}", level=level)
    if not (math.isfinite(lon) and math.isfinite(lat)) or abs(lon) > 180 or abs(lat) >= BAND_LIMIT:
        raise BeidouOutOfRange(
            "经度应在 ±180° 之间，纬度应小于 ±88° / longitude within ±180°, latitude below ±88°",
            lon=str(lon),
            lat=str(lat),
        )
    x = min(math.floor(abs(Fraction(str(lon))) * UNITS), 180 * UNITS - 1)
    y = math.floor(abs(Fraction(str(lat))) * UNITS)
    column, row = x // SIZES[0][0], y // SIZES[0][1]
    zone = 30 - column if lon < 0 else 31 + column
    parts = ["S" if lat < 0 else "N", f"{zone:02d}", _BANDS[row]]
    for step in range(2, level + 1):
        (wide, high), (width, height) = SIZES[step - 2], SIZES[step - 1]
        column, row = x % wide // width, y % high // height
        parts.append(str(2 * row + column) if step in _ONE_DIGIT else _HEX[column] + _HEX[row])
    return "".join(parts)


def decode(code: str) -> BeidouCell:
    """The cell of a code of any level. Raises BeidouCodeInvalid for a wrong length, letter or digit."""
    if len(code) not in LENGTHS[1:]:
        raise _invalid(code, "长度应为 4、6、7、9、11、12、14、16、18 或 20 位", "the length is that of no level")
    level = LENGTHS.index(len(code))
    hemisphere, zone, band = code[0], code[1:3], code[3]
    if hemisphere not in "NS" or not (zone.isascii() and zone.isdigit()) or not 1 <= int(zone) <= 60:
        raise _invalid(code, "应以 N 或 S 和 01–60 开头", "it begins with N or S and 01 to 60")
    if band not in _BANDS:
        raise _invalid(code, "第 4 位应为 A–V", "the fourth character is A to V")
    western = int(zone) <= 30
    x = (30 - int(zone) if western else int(zone) - 31) * SIZES[0][0]
    y = _BANDS.index(band) * SIZES[0][1]
    for step in range(2, level + 1):
        column, row = _column_row(code, step)
        x += column * SIZES[step - 1][0]
        y += row * SIZES[step - 1][1]
    width, height = SIZES[level - 1]
    near_x, far_x, near_y, far_y = x / UNITS, (x + width) / UNITS, y / UNITS, (y + height) / UNITS
    west, east = (-far_x, -near_x) if western else (near_x, far_x)
    south, north = (-far_y, -near_y) if hemisphere == "S" else (near_y, far_y)
    return BeidouCell(code, level, west, south, east, north)


def _column_row(code: str, step: int) -> tuple[int, int]:
    """Column and row of one level inside the cell above it."""
    (wide, high), (width, height) = SIZES[step - 2], SIZES[step - 1]
    columns, rows = wide // width, high // height
    digits = [_HEX.find(c) for c in code[LENGTHS[step - 1] : LENGTHS[step]]]
    row, column = divmod(digits[0], 2) if step in _ONE_DIGIT else (digits[1], digits[0])
    if -1 in digits or column >= columns or row >= rows:
        raise _invalid(code, f"第 {step} 级的数字超出范围", f"a digit of level {step} is out of range")
    return column, row


def _invalid(code: str, why: str, why_en: str) -> BeidouCodeInvalid:
    return BeidouCodeInvalid(f"{code[:32]}：{why} / {why_en}", code=code[:32])
