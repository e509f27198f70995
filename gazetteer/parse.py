"""Reading an address text into its levels: divisions by their names, the rest by counters.

A level that the text does not have stays None; none is ever invented.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from gazetteer.divisions import DivisionIndex, DivisionName
from gazetteer.normalise import normalise

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
    (?:\w{0,6}?段)?(?:\d*[^\d号幢]{0,3}?巷)?(?:\d*[^\d号幢]{0,3}?弄)?"""
_NUMBER = r"(?:附|特|临|甲|乙|丙)?\d+(?:-\d+)*[A-Z]?号(?:附\d+号?)?"
_BUILDING = r"(?:[东西南北]区)?(?:[A-Z]?\d+(?:-\d+)?|[A-Z]|[东西南北中])幢"
_BELOW = r"""(?P<entrance>[\dA-Z甲乙丙丁]+单元)?
    (?P<floor>B?\d+层)?
    (?P<room>(?:之|-)?[\dA-Z]+(?:-\d+)?(?:室|户)?)?"""
_LOCAL = re.compile(
    rf"(?P<group>{_GROUP})?(?P<road>{_ROAD})(?P<number>{_NUMBER})?(?P<building>{_BUILDING})?{_BELOW}$", re.VERBOSE
)
# 永安街12号凯悦大厦1201室: a number or a building is understood, what follows it is kept as rest
_BEGINNING = re.compile(
    rf"""(?P<group>{_GROUP})?(?P<road>{_ROAD})
    (?:(?P<number>{_NUMBER})(?P<building>{_BUILDING})?|(?P<building_alone>{_BUILDING})){_BELOW}(?P<rest>.+)$""",
    re.VERBOSE,
)
# a natural village stands before its group or its numbers without a counter of its own
_BARE_NAME = re.compile(r"^(?P<name>[^\d号幢]{2,8})(?P<rest>(?:\d+(?:-\d+)?号|[A-Z]?\d+幢).*)$")
# 永安新村3-2-201: building, entrance and room
_SHORTHAND = re.compile(r"(?<=[^\d\-A-Z])(\d+)-(\d+)-(\d{3,4})室?$")
_BESIDE = re.compile(r"旁|对面|附近|隔壁|后面|前面|[东西南北](?:侧|面|边)|路口|交叉口")
LONGEST = 200


@dataclass(frozen=True, slots=True)
class ParsedAddress:
    """The levels of an address, each as normalised text or None.

    divisions: every division the head may mean (several when the name is not unique); rest: what was not understood.
    foreign: the county the text names is not this one. disputed: the village it names lies in another town than it says.
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

    @property
    def division_code(self) -> str | None:
        """The code of the lowest division named, when only one is meant."""
        codes = {division.code for division in self.divisions}
        return codes.pop() if len(codes) == 1 and not self.disputed else None

    @property
    def beside(self) -> bool:
        """True when the text names a place next to the number (12号对面), not the number itself."""
        return _BESIDE.search(self.rest) is not None


def parse(text: str, divisions: DivisionIndex) -> ParsedAddress:
    """The levels of an address text, Traditional or Simplified. Text that fits no level is kept in ``rest``."""
    key = normalise(text)
    levels: dict[str, Any] = {}
    local = _read_head(levels, key, divisions)
    _read_local(levels, local)
    return ParsedAddress(key, **levels)


def _read_local(levels: dict[str, Any], local: str) -> None:
    """Take the levels below the village, from normalised text. Longer texts than any address are not read."""
    local = _SHORTHAND.sub(r"\1幢\2单元\3室", local[:LONGEST])
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
    found = match.groupdict()
    levels |= {
        "village_group": name or found["group"],
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
        _read_upper(levels, key[:at])
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
    return rest


def _read_upper(levels: dict[str, Any], upper: str) -> None:
    province = _PROVINCE.match(upper)
    if province is not None:
        levels["province"] = province[0]
        upper = upper[province.end() :]
    city = _CITY.match(upper)
    if city is not None:
        levels["city"] = city[0]


def _read_unknown_upper(levels: dict[str, Any], rest: str, index: DivisionIndex) -> str:
    """A head of another county, or a city before the town: taken off only when it is written out.

    A district (区) is believed only after a city, for 小区 and 开发区 end so too.
    """
    for level, pattern in (("province", _PROVINCE), ("city", _CITY), ("county", _COUNTY), ("county", _DISTRICT)):
        if index.at(rest, "town") or index.at(rest, "village"):
            break
        match = pattern.match(rest)
        if match is None or len(match[0]) >= len(rest) or "county" in levels:
            continue
        if pattern is _DISTRICT and "city" not in levels:
            continue
        levels[level] = match[0]
        rest = rest[match.end() :]
    levels["foreign"] = "county" in levels and bool(index.by_level.get("county"))
    return rest
