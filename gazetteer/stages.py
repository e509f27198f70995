"""The stages of matching, each for what the earlier ones left open; see ``gazetteer/match.py`` for their order."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from rapidfuzz import fuzz, process
from sqlalchemy import Connection

from gazetteer.candidates import Candidate, Query, Reason, candidate_of, equal
from gazetteer.keys import DEPTHS, LEVEL_NAMES, LOCAL_LEVELS, AddressKeys, address_keys
from gazetteer.lookups import IN_VILLAGE, KNOWN_ROADS, ROADS_IN, WHOLE, WITHIN, Asked, ask
from gazetteer.normalise import normalise
from gazetteer.parse import ParsedAddress

TYPO_RATIO = 75.0
# one wrong character in a name of three
SHORT_TYPO_RATIO = 66.0
TYPOS_TRIED = 5
_EXACT, _ALIAS, _IN_VILLAGE, _IN_TOWN, _LOCAL_ALIAS = 1.0, 0.97, 0.95, 0.90, 0.90
_OTHER_GROUP, _ANYWHERE, _DEEPER, _UNCHECKED_CITY, _TYPO, _TO_ROAD = 0.85, 0.82, 0.78, 0.70, 0.70, 0.70
_DISPUTED, _CONFLICT, _BESIDE = 0.65, 0.62, 0.62
# 中兴北路 and 中兴南路 are two streets, however alike; so are 2段 and 3段
_TELLS_APART = set("东南西北中上下前后左右内外大小新老一二三四五六七八九十0123456789甲乙丙丁")


def whole_text(connection: Connection, queries: Sequence[Query]) -> None:
    """The whole text is a standard address, or an alias of one."""
    asked = [(i, q.keys.match_key, "") for i, q in enumerate(queries) if q.keys.match_key]
    for row in ask(connection, WHOLE, asked):
        query = queries[row.i]
        if any(row.id == c.address_id for c in query.found):
            continue
        if row.alias:
            query.found.append(candidate_of(row, _ALIAS, (_alias(),)))
        else:
            reasons = tuple(equal(level, query.parsed) for level in DEPTHS if getattr(query.parsed, level))
            query.found.append(candidate_of(row, _EXACT, reasons))


def local_part(connection: Connection, queries: Sequence[Query]) -> None:
    """The part from the road or group down is, in the division the text names; anywhere, when it names none.

    Found once and only in another division than the text names: a conflict, for a person to check.
    """
    for i, rows in _find_local(connection, queries, [q.keys for q in queries]).items():
        queries[i].found.extend(_judge(queries[i], rows))
    elsewhere = [
        (i, q.keys.local_key, "")
        for i, q in enumerate(queries)
        if not q.found and _codes(q.parsed) and not q.parsed.foreign and q.parsed.road and q.parsed.number_plate
    ]
    hits: dict[int, list[Any]] = defaultdict(list)
    for row in ask(connection, WITHIN, elsewhere):
        hits[row.i].append(row)
    for i, rows in hits.items():
        if len(rows) == 1:
            named = queries[i].parsed.village or queries[i].parsed.town or ""
            conflict = Reason("village", "conflicting", f"文本写的是{named}，库中该地址不在{named}")
            queries[i].found.append(candidate_of(rows[0], _CONFLICT, (conflict, *_local_reasons(queries[i], rows[0]))))


def deeper_than_library(connection: Connection, queries: Sequence[Query]) -> None:
    """Take off what was not understood, then room, floor, entrance and building, until the library knows the rest."""
    for cut in range(len(LOCAL_LEVELS), 0, -1):
        dropped = LOCAL_LEVELS[cut:]
        still_open = [
            q
            for q in queries
            if not q.found
            and (q.parsed.number_plate or q.parsed.building)
            and (q.parsed.rest or any(getattr(q.parsed, level) for level in dropped))
        ]
        shorter = [_without(q.parsed, dropped) for q in still_open]
        for i, rows in _find_local(connection, still_open, shorter).items():
            query = still_open[i]
            reason, ceiling = _fallback(query.parsed, dropped)
            query.found.extend(_judge(query, rows, ceiling=ceiling, extra=(reason,)))


def misspelt_road(connection: Connection, queries: Sequence[Query]) -> None:
    """Same division, same number, a road spelt almost so. A number is never bent to fit, nor a known road to another."""
    asked: dict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
    for i, query in enumerate(queries):
        road, parsed = query.keys.road_key, query.parsed
        codes = _codes(parsed)
        if road and len(road) >= 3 and not parsed.rest and len(codes) == 1 and (parsed.number_plate or parsed.building):
            asked[codes[0], road].append((i, query.keys.local_key.removeprefix(road)))
    roads: dict[str, list[str]] = defaultdict(list)
    for row in ask(connection, ROADS_IN, [(0, "", division) for division in sorted({d for d, _ in asked})]):
        roads[row.division].append(row.road_key)
    village_tries: list[Asked] = []
    town_tries: list[Asked] = []
    spelt: dict[tuple[int, str], tuple[str, float]] = {}
    for (division, road), texts in asked.items():
        for right, ratio in _similar(road, roads[division]):
            for i, tail in texts:
                (village_tries if len(division) == 12 else town_tries).append((i, right + tail, division))
                spelt[i, right + tail] = (right, ratio)
    by_local = {(i, key): value for (i, key), value in spelt.items()}
    for question, tries in ((IN_VILLAGE, village_tries), (WITHIN, town_tries)):
        for n, row in _numbered(connection, question, tries):
            i, key, _division = tries[n]
            query, (right, ratio) = queries[i], by_local[i, key]
            typo = Reason("road", "typo", f"路名相近：文本“{query.keys.road_key}”，库中“{right}”")
            local = tuple(equal(level, query.parsed) for level in LOCAL_LEVELS if getattr(query.parsed, level))
            confidence = min(_TYPO + (ratio - TYPO_RATIO) / 500, _DISPUTED if query.parsed.disputed else 1.0)
            query.found.append(candidate_of(row, confidence, (typo, *local)))


def known_roads(connection: Connection, queries: Sequence[Query]) -> set[tuple[str, str]]:
    """Which (division, road) pairs of the texts the library knows. Served by ``ix_standard_address_road_key``."""
    pairs = {(q.parsed.division_code or "", q.keys.road_key) for q in queries if q.keys.road_key}
    rows = ask(connection, KNOWN_ROADS, [(0, road, division) for division, road in pairs if road])
    return {(row.division, row.road) for row in rows}


# --- the parts -----------------------------------------------------------------------------------------------


def _numbered(connection: Connection, question: str, tries: Sequence[Asked]) -> list[tuple[int, Any]]:
    """Each answer with the number of the try it belongs to."""
    rows = ask(connection, question, [(n, key, division) for n, (_i, key, division) in enumerate(tries)])
    return [(row.i, row) for row in rows if not row.alias]


def _find_local(connection: Connection, queries: Sequence[Query], keys: Sequence[AddressKeys]) -> dict[int, list[Any]]:
    """The rows with each text's local key inside the divisions it names. Not for texts of another county."""
    in_village: list[Asked] = []
    within: list[Asked] = []
    for i, (query, key) in enumerate(zip(queries, keys, strict=True)):
        if query.parsed.foreign or not _pins_down(key.local_key, query.parsed):
            continue
        for code in _codes(query.parsed) or [""]:
            (in_village if len(code) == 12 else within).append((i, key.local_key, code))
    hits: dict[int, list[Any]] = defaultdict(list)
    for question, asked in ((IN_VILLAGE, in_village), (WITHIN, within)):
        for row in ask(connection, question, asked):
            if all(row.id != other.id for other in hits[row.i]):
                hits[row.i].append(row)
    return hits


def _codes(parsed: ParsedAddress) -> list[str]:
    """The towns or villages the text may mean."""
    return [d.code for d in parsed.divisions if len(d.code) > 6]


def _pins_down(local_key: str, parsed: ParsedAddress) -> bool:
    """A local part is worth looking up when it has a name or stands inside a named village: 8号 alone means nothing."""
    named = any(not c.isdigit() and c not in "-号邻组" for c in local_key)
    return bool(local_key) and (named or parsed.village is not None)


def _judge(
    query: Query, rows: Sequence[Any], *, ceiling: float = 1.0, extra: tuple[Reason, ...] = ()
) -> list[Candidate]:
    """Candidates of rows with the same local part inside the named divisions; confidence falls with every doubt."""
    parsed = query.parsed
    found = []
    for row in rows:
        city = normalise(row.city) if row.city else None
        if parsed.city and city and city != parsed.city:
            continue
        doubts = list(extra)
        confidence = min(ceiling, _LOCAL_ALIAS if row.alias else 1.0)
        if _codes(parsed):
            level = "village" if parsed.village else "town"
            confidence = min(confidence, _IN_VILLAGE if level == "village" else _IN_TOWN)
            doubts.insert(0, equal(level, parsed))
        else:
            confidence = min(confidence, _ANYWHERE)
            doubts.insert(0, Reason("village", "missing", "文本未写乡镇和村社区"))
            if parsed.city and not city and not parsed.county:
                confidence = min(confidence, _UNCHECKED_CITY)
                doubts.append(Reason("city", "missing", f"库中没有市名，无法核对“{parsed.city}”"))
        if parsed.disputed:
            confidence = min(confidence, _DISPUTED)
            doubts.append(Reason("town", "conflicting", f"{parsed.village}不在{parsed.town}"))
        if _other_group(parsed, row):
            confidence = min(confidence, _OTHER_GROUP)
        if row.alias:
            doubts.append(_alias())
        found.append(candidate_of(row, confidence, (*doubts, *_local_reasons(query, row))))
    return found


def _other_group(parsed: ParsedAddress, row: Any) -> bool:
    """True when text and row name different groups; only beside a road, for else the group is part of the key."""
    return bool(
        parsed.road
        and parsed.village_group
        and row.village_group
        and normalise(row.village_group) != parsed.village_group
    )


def _local_reasons(query: Query, row: Any) -> tuple[Reason, ...]:
    """The levels below the village that are compared by the local key, and the group beside it."""
    parsed, reasons = query.parsed, []
    for level in DEPTHS:
        if DEPTHS[level] <= DEPTHS["village"] or not getattr(parsed, level):
            continue
        if level == "village_group" and parsed.road:
            if _other_group(parsed, row):
                text_zh = f"组、自然村不同：文本“{parsed.village_group}”，库中“{row.village_group}”"
                reasons.append(Reason(level, "conflicting", text_zh))
            elif row.village_group:
                reasons.append(equal(level, parsed))
        else:
            reasons.append(equal(level, parsed))
    return tuple(reasons)


def _fallback(parsed: ParsedAddress, dropped: Sequence[str]) -> tuple[Reason, float]:
    """Why the answer is a level up, and how far it can be trusted."""
    if parsed.beside:
        return Reason("number_plate", "fallback", f"文本说的是该地址的“{parsed.rest}”，不是该地址本身"), _BESIDE
    lost = [LEVEL_NAMES[level] for level in dropped if getattr(parsed, level)]
    lost += [f"“{parsed.rest}”"] if parsed.rest else []
    ceiling = _DEEPER if parsed.number_plate or (parsed.building and "building" not in dropped) else _TO_ROAD
    return Reason(dropped[0] if dropped else "room", "fallback", f"库中没有{'、'.join(lost)}，退到上一级"), ceiling


def _without(parsed: ParsedAddress, levels: Sequence[str]) -> AddressKeys:
    nothing: dict[str, Any] = dict.fromkeys(levels)
    return address_keys(replace(parsed, rest="", **nothing))


def _similar(road: str, roads: Sequence[str]) -> list[tuple[str, float]]:
    """Roads spelt almost like this one, best first; none when it is itself a road there."""
    if road in roads:
        return []
    cutoff = SHORT_TYPO_RATIO if len(road) == 3 else TYPO_RATIO
    alike = process.extract(road, roads, scorer=fuzz.ratio, score_cutoff=cutoff, limit=TYPOS_TRIED)
    return [(name, ratio) for name, ratio, _ in alike if not _told_apart(road, name)]


def _told_apart(one: str, other: str) -> bool:
    mine, theirs = Counter(one), Counter(other)
    return bool(_TELLS_APART & (set(mine - theirs) | set(theirs - mine)))


def _alias() -> Reason:
    return Reason("alias", "alias", "是该标准地址的已登记别名")
