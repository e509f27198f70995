"""Reading an address text into its levels: divisions by their names, the rest by counters.

A level that the text does not have stays None; none is ever invented.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
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
    head, local = _read_head(ParsedAddress(key), key, divisions)
    return read_local(head, local)


def read_local(parsed: ParsedAddress, local: str) -> ParsedAddress:
    """Add the levels below the village, from normalised text."""
    match = _LOCAL.match(local)
    if match is None or (not match["number"] and not match["building"] and _BARE_NAME.match(local)):
        bare = _BARE_NAME.match(local)
        inner = _LOCAL.match(bare["rest"]) if bare else None
        if bare is None or inner is None:
            return replace(parsed, rest=local)
        return _with_local(replace(parsed, village_group=bare["name"]), inner, keep_group=True)
    return _with_local(parsed, match, keep_group=False)


def _with_local(parsed: ParsedAddress, match: re.Match[str], *, keep_group: bool) -> ParsedAddress:
    return replace(
        parsed,
        village_group=parsed.village_group if keep_group else match["group"],
        road=match["road"] or None,
        number_plate=match["number"],
        building=match["building"],
        entrance=match["entrance"],
        floor=match["floor"],
        room=match["room"],
    )


def _read_head(parsed: ParsedAddress, key: str, index: DivisionIndex) -> tuple[ParsedAddress, str]:
    """Take province, city, county, town and village off the front."""
    rest = key
    county = index.find(key, "county")
    if county is not None and county[0] <= 12:
        at, name = county
        upper, rest = key[:at], key[at + len(name) :]
        parsed = replace(parsed, county=name, divisions=tuple(index.by_level["county"][name]))
        parsed = _read_upper(parsed, upper)
    elif index.at(rest, "town") is None and index.at(rest, "village") is None:
        parsed, rest = _read_unknown_upper(parsed, rest, index)
    town = index.at(rest, "town")
    within = ""
    if town is not None:
        name, found = town
        rest, within = rest[len(name) :], found[0].code if len(found) == 1 else ""
        parsed = replace(parsed, town=name, divisions=tuple(found))
    village = index.at(rest, "village", within=within)
    if village is not None:
        name, found = village
        parsed = replace(parsed, village=name, divisions=tuple(found))
        rest = rest[len(name) :]
    return parsed, rest


def _read_upper(parsed: ParsedAddress, upper: str) -> ParsedAddress:
    province = _PROVINCE.match(upper)
    if province is not None:
        parsed, upper = replace(parsed, province=province[0]), upper[province.end() :]
    city = _CITY.match(upper)
    return replace(parsed, city=city[0]) if city is not None else parsed


def _read_unknown_upper(parsed: ParsedAddress, rest: str, index: DivisionIndex) -> tuple[ParsedAddress, str]:
    """A head of another county, or a city before the town: taken off only when it is written out."""
    for level, pattern in (("province", _PROVINCE), ("city", _CITY), ("county", _COUNTY)):
        if index.at(rest, "town") or index.at(rest, "village"):
            break
        match = pattern.match(rest)
        if match is not None and len(match[0]) < len(rest):
            taken: dict[str, Any] = {level: match[0]}
            parsed, rest = replace(parsed, **taken), rest[match.end() :]
    return parsed, rest
