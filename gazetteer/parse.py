"""Reading an address text into its levels: divisions by their names, the rest by counters.

A level that the text does not have stays None; none is ever invented.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from gazetteer.divisions import DivisionIndex, DivisionName
from gazetteer.normalise import normalise

_PROVINCE = re.compile(r"^.{2,7}?(?:省|自治区|特别行政区)")
_CITY = re.compile(r"^.{2,6}?(?:市|地区|自治州|盟)")
_COUNTY = re.compile(r"^.{1,5}?(?:县|区|旗|市)")
_LOCAL = re.compile(
    r"""
    (?P<group>(?:\d+邻|\d+组|[^\d号幢]{1,8}?(?:自然村|村民小组|小组|组|埭|大队)))?
    (?P<road>(?:[^号幢]*?(?:大道|公路|路|街|道|新村|小区|花园|公寓|苑|家园|里|部落))?(?:[\w]{0,6}?段)?(?:\d*[^\d号幢]{0,3}?巷)?(?:\d*[^\d号幢]{0,3}?弄)?)
    (?P<number>(?:附|特|临|甲|乙|丙)?\d+(?:-\d+)?[A-Z]?号(?:附\d+)?)?
    (?P<building>[\dA-Z]+(?:-\d+)?幢|[东西南北中]幢)?
    (?P<entrance>[\dA-Z一二三四五六七八九]+单元)?
    (?P<floor>(?:B|地下)?\d+层)?
    (?P<room>(?:之|-)?[\dA-Z]+(?:-\d+)?(?:室|户)?)?
    $""",
    re.VERBOSE,
)
# a natural village stands before its group or its numbers without a counter of its own
_BARE_NAME = re.compile(r"^(?P<name>[^\d号幢]{2,8})(?P<rest>(?:\d+(?:-\d+)?号|\d+幢).*)$")


@dataclass(frozen=True, slots=True)
class ParsedAddress:
    """The levels of an address, each as normalised text or None.

    divisions: every division the head may mean (several when the name is not unique); rest: what was not understood.
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

    @property
    def division_code(self) -> str | None:
        """The code of the lowest division named, when only one is meant."""
        codes = {division.code for division in self.divisions}
        return codes.pop() if len(codes) == 1 else None


def parse(text: str, divisions: DivisionIndex) -> ParsedAddress:
    """The levels of an address text, Traditional or Simplified. Text that fits no level is kept in ``rest``."""
    key = normalise(text)
    levels: dict[str, Any] = {}
    local = _read_head(levels, key, divisions)
    _read_local(levels, local)
    return ParsedAddress(key, **levels)


def _read_local(levels: dict[str, Any], local: str) -> None:
    """Take the levels below the village, from normalised text."""
    match = _LOCAL.match(local)
    bare = None
    if match is None or (not match["number"] and not match["building"]):
        bare = _BARE_NAME.match(local)
        if bare is not None:
            match = _LOCAL.match(bare["rest"])
    if match is None:
        levels["rest"] = local
        return
    levels |= {
        "village_group": bare["name"] if bare is not None else match["group"],
        "road": match["road"] or None,
        "number_plate": match["number"],
        "building": match["building"],
        "entrance": match["entrance"],
        "floor": match["floor"],
        "room": match["room"],
    }


def _read_head(levels: dict[str, Any], key: str, index: DivisionIndex) -> str:
    """Take province, city, county, town and village off the front; returns what is left."""
    rest = key
    county = index.find(key, "county")
    if county is not None and county[0] <= 12:
        at, name = county
        upper, rest = key[:at], key[at + len(name) :]
        levels |= {"county": name, "divisions": tuple(index.by_level["county"][name])}
        _read_upper(levels, upper)
    elif index.at(rest, "town") is None and index.at(rest, "village") is None:
        rest = _read_unknown_upper(levels, rest, index)
    town = index.at(rest, "town")
    within = ""
    if town is not None:
        name, found = town
        rest, within = rest[len(name) :], found[0].code if len(found) == 1 else ""
        levels |= {"town": name, "divisions": tuple(found)}
    village = index.at(rest, "village", within=within)
    if village is not None:
        name, found = village
        levels |= {"village": name, "divisions": tuple(found)}
        rest = rest[len(name) :]
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
    """A head of another county, or a city before the town: taken off only when it is written out."""
    for level, pattern in (("province", _PROVINCE), ("city", _CITY), ("county", _COUNTY)):
        if index.at(rest, "town") or index.at(rest, "village"):
            break
        match = pattern.match(rest)
        if match is not None and len(match[0]) < len(rest):
            levels[level] = match[0]
            rest = rest[match.end() :]
    return rest
