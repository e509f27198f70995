"""The stages of matching that mend a text: a misspelt road or division, levels in another order. Numbers are never mended."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from gazetteer.codes import DivisionLevel
from gazetteer.matching import confidence as sure
from gazetteer.matching.candidates import Found, Query, Reason, equal
from gazetteer.matching.stages import (
    Desk,
    codes_of,
    deeper_than_library,
    disputed,
    fallback,
    local_part,
    local_reasons,
    without,
    without_group,
)
from gazetteer.reading.divisions import DivisionIndex
from gazetteer.reading.keys import LEVEL_NAMES, LOCAL_LEVELS, address_keys
from gazetteer.reading.parse import ParsedAddress, parse

TYPO_RATIO = 75.0
# one wrong character in a name of three
SHORT_TYPO_RATIO = 66.0
TYPOS_TRIED = 5
# 中兴北路 and 中兴南路 are two streets, however alike; so are 2段 and 3段
_TELLS_APART = frozenset("东南西北中上下前后左右内外大小新老一二三四五六七八九十甲乙丙丁")
_DIGITS = re.compile(r"\d+")
_SUB_NUMBER = re.compile(r"(?<!\d)(\d++)号-(\d{1,2})(?![\d室户-])")
_GROUP_LAST = re.compile(r"^(?P<local>.*号(?:[^号]*[^号\d])?)(?P<group>\d++(?:邻|组))$")
_NUMBER_FIRST = re.compile(
    r"^(?P<number>\d+(?:-\d+)?号(?:\d+(?:层|幢|室|单元))*(?:\d+)?)(?P<road>\D.*(?:路|街|道|巷|弄|段))$"
)


def misspelt_road(desk: Desk, query: Query) -> list[Found]:
    """Same division, same number, a road spelt almost so. A number is never bent to fit, nor a known road to another."""
    road, parsed = query.keys.road_key, query.parsed
    codes = codes_of(parsed)
    if not road or len(road) < 2 or parsed.foreign or not (parsed.number_plate or parsed.building):
        return []
    if road.isdigit() or len(codes) > 1:
        return []
    division = codes[0] if codes else ""
    alike = similar_roads(road, desk.library.roads_in(division))
    if not alike or _has_division(road, desk.divisions):
        return []
    as_written, ceiling_here, elsewhere = _as_written_elsewhere(desk, query, division)
    found: list[Found] = []
    for dropped in _cuts(parsed):
        tail = without(parsed, dropped).local_key.removeprefix(road) if dropped or parsed.rest else None
        tail = query.keys.local_key.removeprefix(road) if tail is None else tail
        for right, score in alike:
            kind = "同音" if score == sure.HOMOPHONE else "相近"
            typo = Reason("road", "typo", f"路名{kind}：文本“{road}”，库中“{right}”")
            reasons = (
                typo,
                *elsewhere,
                *(equal(v, parsed) for v in LOCAL_LEVELS if getattr(parsed, v) and v not in dropped),
            )
            ceiling = min(disputed(parsed), ceiling_here, 1.0 if codes else sure.ANYWHERE)
            if dropped or parsed.rest:
                reason, limit = fallback(parsed, dropped)
                reasons, ceiling = (*reasons, reason), min(ceiling, limit)
            found += [Found(hit, min(score, ceiling), reasons) for hit in desk.library.local(right + tail, division)]
        if found or (parsed.rest and not dropped):
            break
    if found and as_written:
        both = min(sure.WRITTEN_ELSEWHERE, *(one.confidence for one in found))
        return [replace(one, confidence=both) for one in (*found, *as_written)]
    return found


def _as_written_elsewhere(desk: Desk, query: Query, division: str) -> tuple[list[Found], float, tuple[Reason, ...]]:
    """The road exactly as written stands in another division: then nobody knows which of the two is the slip.

    What is found there in the same town, how sure a mended road can still be, and the reason.
    """
    parsed, road = query.parsed, query.keys.road_key or ""
    town = division[:9]
    if not town:
        return [], 1.0, ()
    plate = without(parsed, LOCAL_LEVELS[1:]).local_key
    in_village = len(division) > 9
    near = desk.library.local(plate, town) if in_village else []
    if not near and not desk.library.local(plate, "") and not (in_village and road in desk.library.roads_in(town)):
        return [], 1.0, ()
    named = parsed.village or parsed.town or ""
    where = "本乡镇别处" if near else "别处"
    reason = Reason("road", "conflicting", f"“{road}”不在{named}，但{where}有这条路")
    return (
        [Found(hit, sure.WRITTEN_ELSEWHERE, (reason, *local_reasons(query, hit))) for hit in near],
        sure.WRITTEN_ELSEWHERE,
        (reason,),
    )


def _has_division(road: str, divisions: DivisionIndex) -> bool:
    """True when a town or village is written inside what was read as the road: no slip of the pen explains that."""
    return len(road) > 3 and any(
        len(name) > 2 and name in road for level in ("town", "village") for name in divisions.by_level.get(level, {})
    )


def misspelt_division(desk: Desk, query: Query) -> list[Found]:
    """A county, town or village spelt almost so; then the rest is found as if it had been spelt right."""
    found: list[Found] = []
    for mended, written, right, level in _mended_heads(query.parsed, desk.divisions):
        typo = Reason(level, "typo", f"{LEVEL_NAMES[level]}相近：文本“{written}”，库中“{right}”")
        found += _again(desk, query, mended, typo, sure.MISSPELT_DIVISION)
    return _best_of_each(found)


def reordered(desk: Desk, query: Query) -> list[Found]:
    """The levels stand in another order (small before large, number before road)."""
    key = query.keys.match_key
    mended = in_order(key, desk.divisions)
    if mended is None or mended == key:
        return []
    return _again(desk, query, mended, Reason("order", "conflicting", "文本的层级顺序与标准不同"), sure.REORDERED)


def division_further_down(desk: Desk, query: Query) -> list[Found]:
    """A town or village is named further down than addresses have it: it counts before anything is found without it."""
    mended = in_order(query.keys.match_key, desk.divisions)
    if mended is None or mended == query.keys.match_key:
        return []
    levels = {d.level for d in parse(mended, desk.divisions).divisions}
    return reordered(desk, query) if levels - {d.level for d in query.parsed.divisions} else []


def sub_number(desk: Desk, query: Query) -> list[Found]:
    """12号-2 may be the room 2 at 12号; where the library has none, it is the number 12-2号."""
    mended, count = _SUB_NUMBER.subn(r"\1-\2号", query.keys.match_key)
    if not count:
        return []
    reason = Reason("number_plate", "typo", "“号-N”按门牌附号理解")
    return _again(desk, query, mended, reason, sure.REORDERED)


def in_order(key: str, divisions: DivisionIndex) -> str | None:
    """The text with its county, town and village first, wherever they stand, then group, road, number; None without any."""
    head, rest = "", key
    within = ""
    for level in ("county", "town", "village"):
        names = [
            (len(name), name, found)
            for name, found in divisions.by_level.get(level, {}).items()
            if name in rest and any(d.code.startswith(within) for d in found)
        ]
        if names:
            _, name, found = max(names)
            head += name
            rest = rest.replace(name, "", 1 if level == "village" else -1)
            codes = {d.code for d in found if d.code.startswith(within)}
            within = codes.pop() if len(codes) == 1 else within
    if not head:
        return None
    group = _GROUP_LAST.match(rest)
    if group is not None:
        rest = group["group"] + group["local"]
    number = _NUMBER_FIRST.match(rest)
    if number is not None:
        rest = number["road"] + number["number"]
    return head + rest


def similar_roads(road: str, roads: Sequence[str]) -> list[tuple[str, float]]:
    """Roads spelt or sounding almost like this one, best first, with how sure each is; none when it is itself one."""
    if road in roads:
        return []
    cutoff = SHORT_TYPO_RATIO if len(road) <= 3 else TYPO_RATIO
    alike = process.extract(road, roads, scorer=fuzz.ratio, score_cutoff=cutoff, limit=TYPOS_TRIED * 4)
    found = []
    for name, ratio, _ in alike:
        if _DIGITS.findall(road) != _DIGITS.findall(name):
            continue
        if sounds_alike(road, name):
            found.append((name, sure.HOMOPHONE, ratio))
        elif not differ_in_name(road, name):
            found.append((name, sure.TYPO, ratio))
    found.sort(key=lambda one: (-one[1], -one[2]))
    if found:
        best = found[0]
        found = [one for one in found if one[1] == best[1] and one[2] >= best[2] - 1e-9]
    return [(name, score) for name, score, _ in found[:TYPOS_TRIED]]


def differ_in_name(one: str, other: str) -> bool:
    """True when two names differ in a character that distinguishes streets: 南 for 北, 一 more or less.

    A single wrong character is a slip as long as not both are such characters (冬兴街 may be 东兴街).
    """
    mine, theirs = Counter(one), Counter(other)
    more, less = set(mine - theirs), set(theirs - mine)
    if len(more) == len(less) == 1:
        return more <= _TELLS_APART and less <= _TELLS_APART
    return bool(_TELLS_APART & (more | less))


def sounds_alike(one: str, other: str) -> bool:
    """True when both are read alike, tones apart."""
    return len(one) == len(other) and _sound(one) == _sound(other)


@lru_cache(maxsize=200_000)
def _sound(name: str) -> tuple[str, ...]:
    from pypinyin import lazy_pinyin  # its dictionary takes a third of a second to load: not before it is needed

    return tuple(lazy_pinyin(name))


def _cuts(parsed: ParsedAddress) -> Iterator[tuple[str, ...]]:
    """Nothing, then ever more of the levels below the number."""
    yield ()
    for cut in range(len(LOCAL_LEVELS) - 1, 0, -1):
        if getattr(parsed, LOCAL_LEVELS[cut]):
            yield LOCAL_LEVELS[cut:]


def _mended_heads(parsed: ParsedAddress, divisions: DivisionIndex) -> Iterator[tuple[str, str, str, DivisionLevel]]:
    """Texts with one division spelt right: the text, the part as written, the name, its level."""
    named = {d.level for d in parsed.divisions}
    start = _head_end(parsed)
    codes = [d.code for d in parsed.divisions]
    within = codes[0] if len(set(codes)) == 1 else ""
    if "county" not in named and "town" not in named and "village" not in named:
        yield from _near(parsed.key, 0, "county", "", divisions)
    if "town" not in named and "village" not in named:
        yield from _near(parsed.key, start, "town", within, divisions)
    if "village" not in named:
        yield from _near(parsed.key, start, "village", within, divisions)


def _head_end(parsed: ParsedAddress) -> int:
    """Where the divisions that were understood end."""
    end = 0
    for name in (parsed.county, parsed.town, parsed.village):
        if name and not parsed.foreign:
            at = parsed.key.find(name, end)
            end = at + len(name) if at >= 0 else end
    return end


def _near(
    key: str, start: int, level: DivisionLevel, within: str, divisions: DivisionIndex
) -> Iterator[tuple[str, str, str, DivisionLevel]]:
    names = [
        name
        for name, found in divisions.by_level.get(level, {}).items()
        if len(name) >= 3 and any(d.code.startswith(within) for d in found)
    ]
    seen: set[str] = set()
    for length in sorted({n for name in names for n in (len(name) - 1, len(name), len(name) + 1)}):
        written = key[start : start + length]
        if len(written) < length or length < 2 or written in names:
            continue
        for name, _, _ in process.extract(written, names, scorer=OSA.distance, score_cutoff=1, limit=8):
            # the counter (村, 里, 镇) stands, unless it is what is missing
            if name in seen or differ_in_name(written, name) or not (written[-1] == name[-1] or name[:-1] == written):
                continue
            if name[:-1] == written and not key[start + length : start + length + 1].isdigit():
                continue
            seen.add(name)
            yield key[:start] + name + key[start + length :], written, name, level


def _again(desk: Desk, query: Query, mended: str, reason: Reason, ceiling: float) -> list[Found]:
    """What the mended text finds, under the ceiling and with the reason first."""
    parsed = parse(mended, desk.divisions)
    again = replace(query, parsed=parsed, keys=address_keys(parsed), found=[])
    for stage in (local_part, without_group, deeper_than_library):
        found = stage(desk, again)
        if found:
            return [replace(f, confidence=min(f.confidence, ceiling), reasons=(reason, *f.reasons)) for f in found]
    return []


def _best_of_each(found: Sequence[Found]) -> list[Found]:
    """Each address once, with its best score."""
    best: dict[int, Found] = {}
    for one in found:
        other = best.get(one.hit.address_id)
        if other is None or one.confidence > other.confidence:
            best[one.hit.address_id] = one
    return list(best.values())
