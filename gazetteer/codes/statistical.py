"""Statistical division codes (统计用区划代码) and the urban-rural class (城乡分类代码).

A code has 12 digits: province 2, prefecture 2, county 2, town 3, village 3. The list of the statistics bureau puts a
class of three digits behind it. Counties and towns stand in this library with 6 and 9 digits.
"""

from __future__ import annotations

import re
from typing import Literal

from database.errors import Malformed
from database.vocabulary import Vocabulary

DivisionLevel = Literal["county", "town", "village"]
_LEVELS: dict[int, DivisionLevel] = {6: "county", 9: "town", 12: "village"}

_TOWN_KINDS = ((99, "街道"), (199, "镇"), (399, "乡"), (599, "类似乡级"))
_VILLAGE_KINDS = ((199, "社区"), (399, "村"), (599, "类似村级"))


class ClassUnknown(Malformed):
    """城乡分类代码不在七类之内 | This is none of the seven urban-rural classes"""


class UrbanRuralClass(Vocabulary):
    """The urban-rural class of a division (城乡分类代码): urban is 1xx, rural 2xx."""

    MAIN_CITY = "111", "主城区", "main urban area"
    CITY_FRINGE = "112", "城乡结合区", "urban-rural fringe of the city"
    TOWN_CENTRE = "121", "镇中心区", "centre of a town"
    TOWN_FRINGE = "122", "镇乡结合区", "urban-rural fringe of a town"
    SPECIAL = "123", "特殊区域", "special area"
    TOWNSHIP_CENTRE = "210", "乡中心区", "centre of a township"
    VILLAGE = "220", "村庄", "village"

    @property
    def urban(self) -> bool:
        """True for 城镇, False for 乡村."""
        return self.startswith("1")


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
    if code not in list(UrbanRuralClass):
        raise ClassUnknown(f"{code}：应为 {'、'.join(UrbanRuralClass)} 之一 / one of these", code=code)
    return UrbanRuralClass(code)


def full_statistical_code(code: str) -> str:
    """The code in the 12 digits of the statistical list: a town is followed by 000, a county by 000000."""
    division_level(code)
    return code.ljust(12, "0")
