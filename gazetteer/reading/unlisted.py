"""A village that an address names and the library lacks: 莫干镇新华村前街1号, where there is no 新华村."""

from __future__ import annotations

import re

from gazetteer.reading.divisions import DivisionIndex
from gazetteer.reading.parse import ParsedAddress

_VILLAGE = r"[\u3400-\u9fff]{1,7}?(?:村民委员会|居民委员会|村委会|居委会|社区|行政村|村"
# 前村路, 中村街 and 村口 are streets and places; 3组 may follow
_FOLLOWED = r")(?![路街道巷弄口头])"
_NAMED = re.compile(rf"({_VILLAGE}{_FOLLOWED})")
_NAMED_ALSO_LI = re.compile(rf"({_VILLAGE}|里{_FOLLOWED})")
_NO_VILLAGE = re.compile(r"(?:新村|自然村|度假村|农村|山村|渔村|学生村)$")


def unlisted_village(parsed: ParsedAddress, index: DivisionIndex) -> str | None:
    """The name right after the town (or the county) that is written like a village and is none of the library's.

    里 counts as a village where most villages of the county are called so. None for addresses of other counties.
    """
    above = parsed.town or parsed.county
    if parsed.village or parsed.foreign or not above:
        return None
    rest = parsed.key[parsed.key.find(above) + len(above) :].removeprefix(above)
    match = (_NAMED_ALSO_LI if _has_li(index) else _NAMED).match(rest)
    if match is None or _NO_VILLAGE.search(match[1]) or index.at(rest, "village"):
        return None
    return match[1]


def _has_li(index: DivisionIndex) -> bool:
    names = index.by_level.get("village", {})
    return 2 * sum(name.endswith("里") for name in names) > len(names)
