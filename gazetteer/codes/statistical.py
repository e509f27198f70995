"""Statistical division codes (统计用区划代码) and the urban-rural class (城乡分类代码).

A code has 12 digits: province 2, prefecture 2, county 2, town 3, village 3. The list of the statistics bureau puts a
class of three digits behind it. Counties and towns stand in this library with 6 and 9 digits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from database.errors import Malformed

DivisionLevel = Literal["county", "town", "village"]
_LEVELS: dict[int, DivisionLevel] = {6: "county", 9: "town", 12: "village"}

#: The seven classes: urban is 1xx, rural 2xx.
CLASS_NAMES: dict[str, str] = {
    "111": "主城区", "112": "城乡结合区", "121": "镇中心区", "122": "镇乡结合区", "123": "特殊区域", "210": "乡中心区", "220": "村庄",
}  # fmt: skip
_TOWN_KINDS = ((99, "街道"), (199, "镇"), (399, "乡"), (599, "类似乡级"))
_VILLAGE_KINDS = ((199, "社区"), (399, "村"), (599, "类似村级"))


class ClassUnknown(Malformed):
    """城乡分类代码不在七类之内 | This is none of the seven urban-rural classes"""


@dataclass(frozen=True, slots=True)
class UrbanRuralClass:
    """One of the seven classes. urban: True for 城镇, False for 乡村."""

    code: str
    name: str
    urban: bool


def division_level(code: str) -> DivisionLevel:
    """The level of a statistical division code: 6 digits county, 9 town, 12 village. Raises ValueError otherwise."""
    if not re.fullmatch(r"[0-9]+", code) or len(code) not in _LEVELS:
        raise ValueError(f"行政区划代码应为 6、9 或 12 位数字 / a division code has 6, 9 or 12 digits: {code!r}")
    return _LEVELS[len(code)]


def division_kind(code: str) -> str:
    """What the digits say a division is: 县, 街道, 镇, 乡, 社区 (居委会) or 村 (村委会).

    Town digits 001-099 街道, 100-199 镇, 200-399 乡, 400-599 类似乡级; village digits 001-199 居委会, 200-399 村委会, above
    类似村级. Such units (development zones, farms) count people but are no administrative divisions.
    """
    level = division_level(code)
    if level == "county":
        return "县"
    number = int(code[-3:])
    kinds, beyond = (_TOWN_KINDS, "类似乡级") if level == "town" else (_VILLAGE_KINDS, "类似村级")
    return next((kind for last, kind in kinds if number <= last), beyond)


def is_administrative(code: str) -> bool:
    """False for the town-like and village-like units that only the statistical list knows (400 and above), and for 000."""
    return division_level(code) == "county" or 0 < int(code[-3:]) < 400


def urban_rural_class(code: str) -> UrbanRuralClass:
    """The class of a three-digit class code. Raises ClassUnknown."""
    if code not in CLASS_NAMES:
        raise ClassUnknown(f"{code}：应为 {'、'.join(CLASS_NAMES)} 之一 / one of these", code=code)
    return UrbanRuralClass(code, CLASS_NAMES[code], code.startswith("1"))


def full_statistical_code(code: str) -> str:
    """The code in the 12 digits of the statistical list: a town is followed by 000, a county by 000000."""
    division_level(code)
    return code.ljust(12, "0")
