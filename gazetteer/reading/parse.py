"""Reading an address text into its levels: divisions by their names, the rest by counters.

A level that the text does not have stays None; none is ever invented.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from gazetteer.reading.divisions import DivisionIndex, DivisionName
from gazetteer.reading.normalise import normalise
from gazetteer.reading.numerals import CHARACTERS
from gazetteer.reading.separators import LIST, RANGE, UNCLEAR

# Names of other counties, told by their suffix alone: 304省道, 阳光城市花园, 农贸市场 and 东升小区 are none.
_PROVINCE = re.compile(r"^[^\d]{2,6}?(?:省(?!道)|自治区|特别行政区)")
_CITY = re.compile(r"^[^\d]{1,5}?[^\d城都超夜集闹股楼](?:市(?![场民政心区])|地区|自治州)")
_COUNTY = re.compile(r"^[^\d]{1,5}?(?:县(?!道)|旗)|^[^\d]{2,4}?市(?![场民政心区])")
_DISTRICT = re.compile(r"^[^\d]{1,4}?(?<![小社园新景校库片东西南北发])区(?!间)")

_GROUP = r"""(?:\d+邻
    |(?:[^\d号幢]{1,8}?(?:自然村|埭|大队))?(?:\d+组|\d+队)
    |[^\d号幢]{1,8}?(?:自然村|组|埭|大队|\d+组|\d+队))"""
_ROAD = r"""(?:\d+号(?=大?[路街道巷弄]))?
    (?:[^号幢]*?(?:大道|公路|路|街|道|新村|小区|花园|公寓|苑|家园|里|部落))?
    (?:\w{0,6}?段)?(?:\d*[^\d号幢]{0,3}?巷)?(?:\d*[^\d号幢]{0,3}?弄){0,2}"""
_NUMBER = r"(?:附|特|临|甲|乙|丙)?\d+(?:-\d+)*[A-Z]?号(?:附\d+号?)?"
_BUILDING = r"(?:[东西南北]区)?(?:[A-Z]?\d+(?:-\d+)?|[A-Z]|[东西南北中])幢"
_BELOW = r"""(?P<entrance>[\dA-Z甲乙丙丁]++单元)?
    (?P<floor>B?\d++层)?
    (?P<room>(?:之|-)?[\dA-Z]++(?:-\d++)?(?:室|户)?(?![\dA-Z-]*+(?:号|幢|单元|层)))?"""
_LOCAL = re.compile(
    rf"(?P<group>{_GROUP})?(?P<road>{_ROAD})(?P<number>{_NUMBER})?(?P<building>{_BUILDING})?{_BELOW}$", re.VERBOSE
)
# 永安街12号凯悦大厦1201室: a number or a building is understood, what follows it is kept as rest
_BEGINNING = re.compile(
    rf"""(?P<group>{_GROUP})?(?P<road>{_ROAD})
    (?:(?P<number>{_NUMBER})(?P<building>{_BUILDING})?|(?P<building_alone>{_BUILDING})){_BELOW}(?P<rest>.+)$""",
    re.VERBOSE,
)
_BELOW_NUMBER = re.compile(rf"(?P<building>{_BUILDING})?{_BELOW}$", re.VERBOSE)
# a natural village stands before its group or its numbers without a counter of its own
_BARE_NAME = re.compile(r"^(?P<name>[^\d号幢]{2,8})(?P<rest>(?:\d+(?:-\d+)?号|[A-Z]?\d+幢).*)$")
# 永安新村3-2-201: building, entrance and room
_SHORTHAND = re.compile(r"(?<=[^\d\-A-Z])(\d+)-(\d+)-(\d{3,4})室?$")
_BESIDE = re.compile(
    r"旁|门[前外]|[对斜]面|斜对|附近|隔壁|隔邻|邻近|交叉口|路口|周边|背后|身后|[前后左右东西南北](?:侧|面|边|首)|[前后左右]方|[前后左右东西南北]约?\d+米"
    r"|^(?:的|之)?(?:正|斜)?[前后左右边]$"
)
#: 7号甲, 7号之3, 7号附1: another number than 7号
_SUB_NUMBER = re.compile(r"^(?:[甲乙丙丁戊己庚辛壬癸]|(?:之|之?附)\d+号?|临时?\d*号?|特\d*号?)$")
# numbers that were not read: a list, a range, two numbers side by side, digits run into a numeral, a letter before a number (I1号)
_RUN = f"(?<![{CHARACTERS}])[{CHARACTERS}]++"
_UNREAD = re.compile(
    rf"(?<![\dA-Z{CHARACTERS}-])[\dA-Z{CHARACTERS}-]++(?:号|幢|单元|层|室|户|组|巷|弄)?[{LIST}{RANGE}{UNCLEAR}]"
    rf"|(?<!\d)\d++[{CHARACTERS}]++(?=号|幢|栋|座|单元|层|楼|室|户)|{_RUN}\d"
    rf"|(?<![A-Z])[A-Z]++\d++(?:-\d++)*+号|\d[A-Z]++\d++号|{_RUN}(?:号(?![楼桥路街道线])|幢|单元)"
)
# 泉湖街泉湖街7号
_ROAD_TWICE = re.compile(
    r"^((?:\d{1,3}[邻组])?\D{2,10}?(?:大道|路|街|道|巷|弄|里|新村|小区|花园|公寓|苑|家园))\1+(?=[\dA-Z])"
)
_DIGIT = re.compile(r"\d")
LONGEST = 200


@dataclass(frozen=True, slots=True)
class ParsedAddress:
    """The levels of an address, each as normalised text or None.

    divisions: every division the head may mean (several when the name is not unique); rest: what was not understood.
    foreign: the county the text names is not this one. disputed: the village it names lies in another town than it says.
    upper_rest: what stands before the county, town or village and is the name of another division (长兴县德清县).
    unread: numbers stand in ``rest`` that were not understood.
    """

    key: str
    province: str | None = None
    city: str | None = None
    county: str | None = None
    town: str | None = None
    village: str | None = None
    village_group: str | None = None
    road: str | None = None
    number_plate: str | None = None
    building: str | None = None
    entrance: str | None = None
    floor: str | None = None
    room: str | None = None
    rest: str = ""
    divisions: tuple[DivisionName, ...] = ()
    foreign: bool = False
    disputed: bool = False
    upper_rest: str = ""
    unread: bool = False

    @property
    def division_code(self) -> str | None:
        """The code of the lowest division named, when only one is meant."""
        codes = {division.code for division in self.divisions}
        return codes.pop() if len(codes) == 1 and not self.disputed else None

    @property
    def beside(self) -> bool:
        """True when the text names a place next to the number (12号对面), not the number itself."""
        return _BESIDE.search(self.rest) is not None

    @property
    def another_number(self) -> bool:
        """True when what follows the number makes another number of it (7号甲)."""
        return _SUB_NUMBER.match(self.rest) is not None


def parse(text: str, divisions: DivisionIndex) -> ParsedAddress:
    """The levels of an address text, Traditional or Simplified. Text that fits no level is kept in ``rest``."""
    key = normalise(text)
    levels: dict[str, Any] = {}
    local = _read_head(levels, key, divisions)
    _read_local(levels, local)
    return ParsedAddress(key, **levels)


def _read_local(levels: dict[str, Any], local: str) -> None:
    """Take the levels below the village, from normalised text. Longer texts than any address are not read.

    A number that was not understood is not read, and nothing after it: no part of it may pass for another number.
    """
    local = local[:LONGEST]
    if local.count("-") > 1:
        local = _SHORTHAND.sub(r"\1幢\2单元\3室", local)
    if local[:2] in local[2:18]:
        local = _ROAD_TWICE.sub(r"\1", local)
    unread = _UNREAD.search(local)
    if unread is not None:
        before = local[: unread.start()]
        match = _LOCAL.match(before)
        levels |= _levels(match) if match is not None else {}
        levels |= {"rest": local[unread.start() :] if match is not None else local, "unread": True}
        return
    match = _LOCAL.match(local)
    name = None
    if match is None or (not match["number"] and not match["building"]):
        bare = _BARE_NAME.match(local)
        tail = _LOCAL.match(bare["rest"]) if bare is not None else None
        if bare is not None and tail is not None:
            match, name = tail, bare["name"]
    if match is None:
        match = _BEGINNING.match(local)
    if match is None:
        levels["rest"] = local
        return
    levels |= _levels(match)
    if name:
        levels["village_group"] = name


def read_below(tail: str) -> dict[str, str] | None:
    """Building, entrance, floor and room from what follows a number in a key (1幢2单元501); None for other text."""
    match = _BELOW_NUMBER.match(tail)
    return None if match is None else {level: value for level, value in match.groupdict().items() if value}


def upper_of(key: str) -> tuple[str | None, str | None, str | None]:
    """Province, city and county that a standard address begins with, by their counters; None for what it leaves out."""
    found: list[str | None] = []
    for pattern in (_PROVINCE, _CITY, _COUNTY):
        match = pattern.match(key)
        written = match[0] if match is not None and "县" not in match[0][:-1] else None
        found.append(written)
        key = key.removeprefix(written or "")
    return found[0], found[1], found[2]


def _levels(match: re.Match[str]) -> dict[str, Any]:
    found = match.groupdict()
    return {
        "village_group": found["group"],
        "road": found["road"] or None,
        "number_plate": found["number"],
        "building": found["building"] or found.get("building_alone"),
        "entrance": found["entrance"],
        "floor": found["floor"],
        "room": found["room"],
        "rest": found.get("rest") or "",
    }


def _read_head(levels: dict[str, Any], key: str, index: DivisionIndex) -> str:
    """Take province, city, county, town and village off the front; returns what is left."""
    rest = key
    county = index.find_county(key)
    if county is not None:
        at, name, found = county
        rest = key[at + len(name) :].removeprefix(name)
        levels |= {"county": name, "divisions": tuple(found)}
        _read_upper(levels, key[:at], name)
    elif index.at(rest, "town") is None and index.at(rest, "village") is None:
        rest = _read_unknown_upper(levels, rest, index)
    within = ""
    town = index.at(rest, "town") or index.short_town_at(rest)
    if town is not None:
        name, found = town
        rest, within = rest[len(name) :].removeprefix(name), found[0].code if len(found) == 1 else ""
        levels |= {"town": name, "divisions": tuple(found)}
    village = index.at(rest, "village", within=within)
    if village is None and within:
        village = index.at(rest, "village")
        levels["disputed"] = village is not None
    if village is not None:
        name, found = village
        levels |= {"village": name, "divisions": tuple(found)}
        rest = rest[len(name) :].removeprefix(name)
    return _without_repeated_head(key[: len(key) - len(rest)], rest, levels)


def _without_repeated_head(head: str, rest: str, levels: dict[str, Any]) -> str:
    """The rest without the head, or its smaller levels, written a second time: 云溪县新港社区云溪县新港社区7号."""
    if rest[:2] not in head:
        return rest
    names = [levels[level] for level in ("county", "town", "village") if levels.get(level)]
    again = sorted({head, *("".join(names[n:]) for n in range(len(names)))}, key=len, reverse=True)
    while True:
        found = next(
            (text for text in again if len(text) > 1 and rest.startswith(text) and len(rest) > len(text)), None
        )
        if found is None:
            return rest
        rest = rest[len(found) :]


def _read_upper(levels: dict[str, Any], upper: str, county: str) -> None:
    """Province and city before the county's name; what else has the form of a division is another one, and noted."""
    province = _PROVINCE.match(upper)
    if province is not None:
        levels["province"] = province[0]
        upper = upper[province.end() :]
    city = _CITY.match(upper)
    if city is not None:
        levels["city"] = city[0]
        upper = upper[city.end() :]
    if len(upper) > 2 and upper[-1] in "县市区旗省" and upper != county and not _DIGIT.search(upper):
        levels["upper_rest"] = upper


def _read_unknown_upper(levels: dict[str, Any], rest: str, index: DivisionIndex) -> str:
    """A head of another county, or a city before the town: taken off only when it is written out.

    A district (区) is believed only after a city, for 小区 and 开发区 end so too. Nothing is taken beyond the place where a
    town or village of this county begins: in 台东县花莲市 the county is 台东县.
    """
    end = next((at for at in range(1, 16) if index.at(rest[at:], "town") or index.at(rest[at:], "village")), len(rest))
    for level, pattern in (("province", _PROVINCE), ("city", _CITY), ("county", _COUNTY), ("county", _DISTRICT)):
        if end == 0:
            break
        match = pattern.match(rest[:end])
        if match is None or len(match[0]) >= len(rest) or "county" in levels:
            continue
        if (pattern is _DISTRICT and "city" not in levels) or (pattern is _CITY and "县" in match[0]):
            continue
        levels[level] = match[0]
        rest, end = rest[match.end() :], end - match.end()
    levels["foreign"] = "county" in levels and bool(index.by_level.get("county"))
    return rest
