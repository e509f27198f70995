"""The stages of matching that compare keys for equality; see ``gazetteer/matching/match.py`` for their order.

A stage proposes addresses for one text. Whether the scope shows them is decided afterwards, for a whole batch at once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from gazetteer.matching import confidence as sure
from gazetteer.matching.candidates import Found, Query, Reason, equal
from gazetteer.matching.index.library import Library
from gazetteer.matching.index.segment import Hit
from gazetteer.reading.divisions import DivisionIndex
from gazetteer.reading.keys import DEPTHS, LEVEL_NAMES, LOCAL_LEVELS, AddressKeys, address_keys, clean
from gazetteer.reading.parse import ParsedAddress, read_below

# 7号银霞路9号: a second door; 12号3号楼 and 12号院3号门 are none
_FURTHER_NUMBER = re.compile(r"\d号(?![楼院门厂仓库线])")


@dataclass(frozen=True, slots=True)
class Desk:
    """What the stages work with: the county's addresses, and the names of divisions that the scope knows."""

    library: Library
    divisions: DivisionIndex


def whole_text(desk: Desk, query: Query) -> list[Found]:
    """The whole text is a standard address, or an alias of one."""
    if not query.keys.match_key:
        return []
    levels = tuple(equal(level, query.parsed) for level in DEPTHS if getattr(query.parsed, level))
    found: dict[int, Found] = {}
    for hit in desk.library.whole(query.keys.match_key):
        one = Found(hit, sure.ALIAS, (alias_reason(),)) if hit.alias else Found(hit, sure.EXACT, levels)
        found.setdefault(hit.address_id, one)
    return list(found.values())


def local_part(desk: Desk, query: Query) -> list[Found]:
    """The part from the road or group down is, in the division the text names; anywhere, when it names none."""
    return judge(query, find_local(desk, query.parsed, query.keys))


def other_division(desk: Desk, query: Query) -> list[Found]:
    """Road and number are found once, in another division than the text names: a conflict, for a person to check."""
    parsed = query.parsed
    if not codes_of(parsed) or parsed.foreign or not parsed.road or not parsed.number_plate:
        return []
    named = parsed.village or parsed.town or ""
    conflict = Reason("village", "conflicting", f"文本写的是{named}，库中该地址不在{named}")
    towns = {code[:9] for code in codes_of(parsed)}
    return [
        Found(
            hit,
            (sure.OTHER_VILLAGE if hit.division[:9] in towns else sure.OTHER_TOWN)
            * (sure.OTHER_GROUP if other_group(parsed, hit) else 1.0),
            (conflict, *local_reasons(query, hit)),
            only=True,
        )
        for hit in desk.library.local(query.keys.local_key, "")
    ]


def without_group(desk: Desk, query: Query) -> list[Found]:
    """Town or village and number are there, group or road is not written: all there with that number are meant."""
    parsed = query.parsed
    codes = codes_of(parsed)
    if parsed.foreign or parsed.road or not codes or not parsed.number_plate or parsed.rest:
        return []
    named = "village" if parsed.village else "town"
    tail = query.keys.local_key.removeprefix(query.keys.road_key or "")
    hits = [hit for code in codes for hit in desk.library.numbered(tail, code)]
    if parsed.village_group:
        hits = [hit for hit in hits if hit.village_group == parsed.village_group and hit.road_key != hit.village_group]
        missing, score = Reason("road", "missing", "文本未写街路巷"), sure.NO_ROAD
    else:
        hits = [hit for hit in hits if hit.road_key and hit.road_key == hit.village_group]
        missing, score = Reason("village_group", "missing", "文本未写组、自然村"), sure.NO_GROUP
    return [
        Found(hit, min(score, disputed(parsed)), (equal(named, parsed), missing, equal("number_plate", parsed)))
        for hit in hits
    ]


def within_number(desk: Desk, query: Query) -> list[Found]:
    """Levels between the number and the deepest one are not written: 7号102室, where the library has 7号1幢2单元102室.

    All that fit are meant. A floor that the library leaves out may stand in the text when the room's number tells it (1层102室).
    """
    parsed = query.parsed
    if (
        parsed.rest
        or not parsed.number_plate
        or not (parsed.room or parsed.floor or parsed.entrance or parsed.building)
    ):
        return []
    named = _below_number(parsed)
    found: list[Found] = []
    for hit, levels in _all_below(desk, parsed):
        deepest = max(LOCAL_LEVELS.index(level) for level in levels)
        if deepest != max(LOCAL_LEVELS.index(level) for level in named):
            continue
        floor_in_room = _floor_in_room(named, levels)
        if any(
            levels.get(level) != value for level, value in named.items() if not (level == "floor" and floor_in_room)
        ):
            continue
        extra = tuple(
            Reason(level, "missing", f"文本未写{LEVEL_NAMES[level]}，库中是{levels[level]}")
            for level in levels
            if level not in named
        )
        if floor_in_room:
            extra += (Reason("floor", "missing", f"库中没有楼层；户室{named['room']}在{named['floor']}"),)
        for one in judge(query, [hit], ceiling=sure.WITHIN_NUMBER, extra=extra):
            reasons = tuple(r for r in one.reasons if not (floor_in_room and r.level == "floor" and r.kind == "equal"))
            found.append(replace(one, reasons=reasons))
    return found


def without_counter(desk: Desk, query: Query) -> list[Found]:
    """The text ends in a number without 号: 新堰村1组57."""
    parsed = query.parsed
    bare = parsed.room
    if not bare or parsed.number_plate or parsed.building or parsed.entrance or parsed.floor or parsed.rest:
        return []
    if not (bare.replace("-", "").isdigit() and (parsed.road or parsed.village_group or codes_of(parsed))):
        return []
    counted = replace(parsed, room=None, number_plate=bare.removeprefix("-") + "号")
    reason = Reason("number_plate", "missing", "文本未写“号”")
    read = replace(query, parsed=counted, keys=address_keys(counted))
    hits = find_local(desk, counted, read.keys)
    return judge(read, hits, ceiling=sure.NO_COUNTER, extra=(reason,)) or [
        replace(one, confidence=min(one.confidence, sure.NO_COUNTER), reasons=(reason, *one.reasons))
        for one in without_group(desk, read)
    ]


def deeper_than_library(desk: Desk, query: Query) -> list[Found]:
    """Take off what was not understood, then room, floor, entrance and building, until the library knows the rest.

    Where it does not know the number itself but addresses at it, these are meant.
    """
    parsed = query.parsed
    if not (parsed.number_plate or parsed.building) or (parsed.unread and not parsed.number_plate):
        return []
    for cut in range(len(LOCAL_LEVELS), 0, -1):
        dropped = LOCAL_LEVELS[cut:]
        if parsed.rest or any(getattr(parsed, level) for level in dropped):
            hits = find_local(desk, parsed, without(parsed, dropped))
            if hits:
                reason, ceiling = fallback(parsed, dropped)
                return judge(query, hits, ceiling=ceiling, extra=(reason,))
    return _at_the_number(desk, query)


def _at_the_number(desk: Desk, query: Query) -> list[Found]:
    """The highest addresses at a number that is no address itself (only its floors are): several, or one with a doubt."""
    parsed = query.parsed
    below = _all_below(desk, parsed) if parsed.number_plate else []
    if not below:
        return []
    named = _below_number(parsed)
    top = min(hit.depth for hit, _ in below)
    hits = [hit for hit, _ in below if hit.depth == top]
    only = "、".join(dict.fromkeys("".join(levels.values()) for hit, levels in below if hit.depth == top))
    if len(only) > 40:
        only = f"{only[:40]}…"
    lost = f"没有{'、'.join(named.values())}，" if named else ""
    beside, ceiling = fallback(parsed, LOCAL_LEVELS[1:]) if parsed.rest else (None, sure.DEEPER)
    reason = beside if beside is not None and ceiling < sure.DEEPER else None
    text_zh = f"库中{parsed.number_plate}{lost and '：' + lost}只有{only}"
    extra = (reason or Reason("number_plate", "fallback", text_zh),)
    nothing: dict[str, Any] = dict.fromkeys(LOCAL_LEVELS[1:])
    number = replace(query, parsed=replace(parsed, **nothing))
    return judge(number, hits, ceiling=min(ceiling, sure.DEEPER), extra=extra)


# --- the parts -----------------------------------------------------------------------------------------------


def find_local(desk: Desk, parsed: ParsedAddress, keys: AddressKeys) -> list[Hit]:
    """The addresses with this local key inside the divisions the text names.

    None for texts of another county, unless a town or village of this one follows: what is found then is in conflict.
    """
    if not _pins_down(keys.local_key, parsed) or (parsed.foreign and not codes_of(parsed)):
        return []
    found: dict[int, Hit] = {}
    for code in codes_of(parsed) or [""]:
        for hit in desk.library.local(keys.local_key, code):
            found.setdefault(hit.address_id, hit)
    return list(found.values())


def _below_number(parsed: ParsedAddress) -> dict[str, str]:
    """The levels below the number that the text names, as keys have them."""
    named = {level: clean(getattr(parsed, level)) for level in LOCAL_LEVELS[1:]}
    return {level: value for level, value in named.items() if value}


def _all_below(desk: Desk, parsed: ParsedAddress) -> list[tuple[Hit, dict[str, str]]]:
    """The addresses at the text's number, inside the divisions it names, each with its levels below the number."""
    keys = without(parsed, LOCAL_LEVELS[1:])
    if not _pins_down(keys.local_key, parsed):
        return []
    found: list[tuple[Hit, dict[str, str]]] = []
    for code in codes_of(parsed) or [""]:
        for hit, tail in desk.library.below(keys.local_key, code):
            levels = read_below(tail)
            if levels:
                found.append((hit, {level: clean(value) or value for level, value in levels.items()}))
    return found


def _floor_in_room(named: dict[str, str], levels: dict[str, str]) -> bool:
    """True when the library leaves the floor out and the room's number begins with the text's floor: 1层102室."""
    floor, room = named.get("floor", "").removesuffix("层"), named.get("room", "")
    return bool(floor) and "floor" not in levels and len(room) == len(floor) + 2 and room.startswith(floor)


def codes_of(parsed: ParsedAddress) -> list[str]:
    """The towns or villages the text may mean."""
    return [d.code for d in parsed.divisions if len(d.code) > 6]


def disputed(parsed: ParsedAddress) -> float:
    """How sure an answer can be when the village lies in another town than the text says; 1 when it does not."""
    return sure.DISPUTED if parsed.disputed else 1.0


def judge(query: Query, hits: Sequence[Hit], *, ceiling: float = 1.0, extra: tuple[Reason, ...] = ()) -> list[Found]:
    """Addresses with the same local part inside the named divisions; confidence falls with every doubt."""
    parsed = query.parsed
    found = []
    for hit in hits:
        doubts = list(extra)
        score = min(ceiling, sure.LOCAL_ALIAS if hit.alias else 1.0, disputed(parsed))
        if codes_of(parsed):
            level = "village" if parsed.village else "town"
            score = min(score, sure.IN_VILLAGE if level == "village" else sure.IN_TOWN)
            doubts.insert(0, equal(level, parsed))
            if parsed.city and not hit.city and not parsed.county:
                score = min(score, sure.UNCHECKED_CITY)
                doubts.append(Reason("city", "missing", f"库中没有市名，无法核对“{parsed.city}”"))
            if level == "town" and len(hit.division) == 12:
                doubts.insert(1, Reason("village", "missing", "文本未写村社区"))
        else:
            score = min(score, sure.ANYWHERE)
            doubts.insert(0, Reason("village", "missing", "文本未写乡镇和村社区"))
            if parsed.city and not hit.city and not parsed.county:
                score = min(score, sure.UNCHECKED_CITY)
                doubts.append(Reason("city", "missing", f"库中没有市名，无法核对“{parsed.city}”"))
        if parsed.disputed:
            doubts.append(Reason("town", "conflicting", f"{parsed.village}不在{parsed.town}"))
        if other_group(parsed, hit):
            score *= sure.OTHER_GROUP
        if hit.alias:
            doubts.append(alias_reason())
        found.append(Found(hit, score, (*doubts, *local_reasons(query, hit))))
    return found


def local_reasons(query: Query, hit: Hit) -> tuple[Reason, ...]:
    """The levels below the village that are compared by the local key, and the group beside it."""
    parsed, reasons = query.parsed, []
    for level in DEPTHS:
        if DEPTHS[level] <= DEPTHS["village"] or not getattr(parsed, level):
            continue
        if level == "village_group" and parsed.road:
            if other_group(parsed, hit):
                text_zh = f"组、自然村不同：文本“{parsed.village_group}”，库中“{hit.village_group}”"
                reasons.append(Reason(level, "conflicting", text_zh))
            elif hit.village_group:
                reasons.append(equal(level, parsed))
        elif DEPTHS[level] <= hit.depth:
            reasons.append(equal(level, parsed))
    return tuple(reasons)


def without(parsed: ParsedAddress, levels: Sequence[str]) -> AddressKeys:
    """The keys of an address without these levels and without what was not understood."""
    nothing: dict[str, Any] = dict.fromkeys(levels)
    return address_keys(replace(parsed, rest="", **nothing))


def alias_reason() -> Reason:
    """The reason that a text is another name of the address."""
    return Reason("alias", "alias", "是该标准地址的已登记别名")


def _pins_down(local_key: str, parsed: ParsedAddress) -> bool:
    """A local part is worth looking up when it has a name or stands inside a named town or village: 8号 alone means nothing."""
    named = any(not c.isdigit() and c not in "-号邻组" for c in local_key)
    return bool(local_key) and (named or parsed.village is not None or parsed.town is not None)


def other_group(parsed: ParsedAddress, hit: Hit) -> bool:
    """True when text and address name different groups; only beside a road, for else the group is part of the key."""
    return bool(
        parsed.road and parsed.village_group and hit.village_group and hit.village_group != parsed.village_group
    )


def fallback(parsed: ParsedAddress, dropped: Sequence[str]) -> tuple[Reason, float]:
    """Why the answer is a level up, and how far it can be trusted."""
    if parsed.beside:
        return Reason("number_plate", "fallback", f"文本说的是该地址的“{parsed.rest}”，不是该地址本身"), sure.BESIDE
    if parsed.another_number:
        text_zh = f"文本是“{parsed.number_plate}{parsed.rest}”，库中只有{parsed.number_plate}"
        return Reason("number_plate", "conflicting", text_zh), sure.OTHER_NUMBER
    lost = [str(getattr(parsed, level)) for level in dropped if getattr(parsed, level)]
    lost += [f"“{parsed.rest}”"] if parsed.rest else []
    levels_left = [level for level in ("number_plate", "building", "entrance", "floor") if level not in dropped]
    to = next((level for level in reversed(levels_left) if getattr(parsed, level)), "road")
    ceiling = sure.TO_ROAD if to == "road" else sure.DEEPER
    text_zh = f"库中没有{'、'.join(lost)}，退到{LEVEL_NAMES[to]}"
    if parsed.unread or _FURTHER_NUMBER.search(parsed.rest):
        ceiling = min(ceiling, sure.UNCONSUMED)  # another number follows that was not understood
    return Reason(dropped[0] if dropped else "room", "fallback", text_zh), ceiling
