"""Matching an address text with the library: ranked candidates, with confidence and reasons.

The stages run set-based over all texts at once, each for what the earlier ones left open:

1. the whole text is a standard address, or an alias of one;
2. the part from the road down is, inside the division that the text names (or anywhere, when it names none);
3. the text goes deeper than the library: room, floor, entrance, building are taken off one by one;
4. the number is there and the road is spelt almost so, inside the named village or town.

Every join is an equality on text, which is leakproof, so row-level security keeps the b-tree indexes in use
(``ix_standard_address_match_key``, ``_local_key``, ``_road_key``). What no stage finds has no candidate;
``matched_level`` then says how far the text is known. Several equal candidates are an answer: ambiguous, not a guess.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from rapidfuzz import fuzz
from sqlalchemy import Connection, text

from gazetteer.divisions import DivisionIndex, division_index
from gazetteer.keys import DEPTHS, LEVEL_NAMES, LOCAL_LEVELS, AddressKeys, address_keys
from gazetteer.normalise import normalise
from gazetteer.parse import ParsedAddress, parse

ConfidenceClass = Literal["A", "B", "C"]
ReasonKind = Literal["equal", "alias", "typo", "missing", "conflicting", "fallback"]

TYPO_RATIO = 75.0
_EXACT, _ALIAS, _IN_VILLAGE, _IN_TOWN, _ANYWHERE, _DEEPER, _TYPO = 1.0, 0.97, 0.95, 0.90, 0.82, 0.78, 0.70


@dataclass(frozen=True, slots=True)
class Reason:
    """How one level of the text compares with the candidate. text_zh: for people."""

    level: str
    kind: ReasonKind
    text_zh: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A standard address that may be meant. lon, lat in EPSG:4490; confidence 0–1; class A certain, B probable, C to check."""

    address_id: int
    uid: str
    code: str
    full_text: str
    depth: int
    lon: float | None
    lat: float | None
    grid_code: str
    confidence: float
    reasons: tuple[Reason, ...] = ()

    @property
    def confidence_class(self) -> ConfidenceClass:
        """A from 0.95, B from 0.75, C below."""
        return "A" if self.confidence >= 0.95 else "B" if self.confidence >= 0.75 else "C"


@dataclass(frozen=True, slots=True)
class Match:
    """The answer for one text.

    candidate: the one address meant, or None. candidates: all equal ones when ambiguous. matched_level: the deepest
    level known to the library ('room' … 'village', 'town', 'county') or None.
    """

    text: str
    candidate: Candidate | None
    ambiguous: bool
    matched_level: str | None
    candidates: tuple[Candidate, ...] = ()


@dataclass(slots=True)
class _Query:
    text: str
    parsed: ParsedAddress
    keys: AddressKeys
    found: list[Candidate] = field(default_factory=list)


def match_address(
    connection: Connection, address: str, *, limit: int = 5, min_confidence: float = 0.6
) -> list[Candidate]:
    """The standard addresses a text may mean, best first; equal ones together, none when nothing fits.

    Only what the scope allows is searched. Confidence below ``min_confidence`` is left out.
    """
    queries = _run(connection, [address])
    found = [c for c in queries[0].found if c.confidence >= min_confidence]
    return sorted(found, key=lambda c: (-c.confidence, c.full_text))[:limit]


def match_many(connection: Connection, texts: Sequence[str]) -> list[Match]:
    """One answer for each text, in order; equal texts are matched once."""
    unique = list(dict.fromkeys(texts))
    queries = _run(connection, unique)
    roads = _known_roads(connection, [q for q in queries if not q.found])
    answers = {query.text: _answer(query, roads) for query in queries}
    return [answers[t] for t in texts]


def suggest(connection: Connection, typed: str, limit: int = 10) -> list[Candidate]:
    """Completions of what was typed so far, from the whole text or from the road down.

    Served by ranges on ``ix_standard_address_local_key`` and ``ix_standard_address_match_key`` (``text_ge`` and
    ``text_lt`` are leakproof).
    """
    parsed = parse(typed, division_index(connection))
    keys = address_keys(parsed)
    starts = [keys.match_key] if keys.match_key else []
    within = parsed.division_code or ""
    rows: dict[int, Candidate] = {}
    if keys.local_key:
        for row in connection.execute(text(_SUGGEST.format(column="local_key")), _range(keys.local_key, within, limit)):
            rows.setdefault(row.id, _candidate(row, 0.7, ()))
    for start in starts if len(rows) < limit else []:
        for row in connection.execute(text(_SUGGEST.format(column="match_key")), _range(start, "", limit)):
            rows.setdefault(row.id, _candidate(row, 0.7, ()))
    if not keys.local_key and within and len(rows) < limit:
        for row in connection.execute(text(_IN_DIVISION), {"division": within, "limit": limit}):
            rows.setdefault(row.id, _candidate(row, 0.6, ()))
    return list(rows.values())[:limit]


def _range(start: str, within: str, limit: int) -> dict[str, Any]:
    return {"start": start, "end": start + "\U0010ffff", "within": within, "limit": limit}


_COLUMNS = (
    "a.id, a.uid, a.code, a.full_text, a.depth, a.grid_code, a.division_code, a.road_key, "
    "st_x(a.geom) AS lon, st_y(a.geom) AS lat"
)
_SUGGEST = (
    f"SELECT {_COLUMNS} FROM standard_address a "  # noqa: S608 - constants only
    "WHERE a.{column} >= :start AND a.{column} < :end AND a.status = 'published' AND starts_with(a.division_code, :within) "
    "ORDER BY a.{column} LIMIT :limit"
)
_IN_DIVISION = (
    f"SELECT {_COLUMNS} FROM standard_address a "  # noqa: S608
    "WHERE a.division_code >= :division AND a.division_code < :division || '~' AND a.status = 'published' "
    "ORDER BY a.division_code LIMIT :limit"
)


# --- the stages ---------------------------------------------------------------------------------------------


def _run(connection: Connection, texts: Sequence[str]) -> list[_Query]:
    index = division_index(connection)
    queries = [_query(t, index) for t in texts]
    _stage_whole(connection, queries)
    _stage_local(connection, [q for q in queries if not q.found])
    _stage_deeper(connection, [q for q in queries if not q.found])
    _stage_typo(connection, [q for q in queries if not q.found])
    return queries


def _query(address: str, index: DivisionIndex) -> _Query:
    parsed = parse(address, index)
    return _Query(address, parsed, address_keys(parsed))


def _lookup(connection: Connection, sql: str, queries: Sequence[tuple[int, dict[str, Any]]]) -> Iterable[Any]:
    """Run one set-based query over rows handed over as JSON (``q``)."""
    payload = json.dumps([{"i": i, **values} for i, values in queries], ensure_ascii=False)
    return connection.execute(text(sql), {"rows": payload})


_WHOLE = f"""
WITH q AS MATERIALIZED (SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS q(i int, key text))
SELECT q.i, false AS alias, {_COLUMNS} FROM q JOIN standard_address a ON a.match_key = q.key COLLATE "C"
WHERE a.status = 'published'
UNION ALL
SELECT q.i, true AS alias, {_COLUMNS} FROM q JOIN address_alias x ON x.match_key = q.key COLLATE "C"
JOIN standard_address a ON a.id = x.address_id WHERE a.status = 'published'
"""  # noqa: S608


def _stage_whole(connection: Connection, queries: Sequence[_Query]) -> None:
    rows = _lookup(
        connection,
        _WHOLE,
        [(i, {"key": q.keys.match_key}) for i, q in enumerate(queries) if q.keys.match_key],
    )
    for row in rows:
        query = queries[row.i]
        if row.alias:
            reasons: tuple[Reason, ...] = (Reason("alias", "alias", "是该标准地址的已登记别名"),)
        else:
            reasons = tuple(_equal(level, query.parsed) for level in DEPTHS if getattr(query.parsed, level))
        if all(row.id != c.address_id for c in query.found):
            query.found.append(_candidate(row, _ALIAS if row.alias else _EXACT, reasons))


_LOCAL = f"""
WITH q AS MATERIALIZED (SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS q(i int, key text))
SELECT q.i, {_COLUMNS} FROM q JOIN standard_address a ON a.local_key = q.key COLLATE "C"
WHERE a.status = 'published'
"""  # noqa: S608


def _stage_local(connection: Connection, queries: Sequence[_Query]) -> None:
    usable = [(i, {"key": q.keys.local_key}) for i, q in enumerate(queries) if _pins_down(q.keys.local_key, q.parsed)]
    hits: dict[int, list[Any]] = defaultdict(list)
    for row in _lookup(connection, _LOCAL, usable):
        hits[row.i].append(row)
    for i, rows in hits.items():
        queries[i].found.extend(_judge(queries[i], rows))


def _pins_down(local_key: str, parsed: ParsedAddress) -> bool:
    """A local part is worth looking up when it has a name or stands inside a named village: 8号 alone means nothing."""
    return bool(local_key) and (
        any(not c.isdigit() and c not in "-号" for c in local_key) or parsed.village is not None
    )


def _judge(
    query: _Query, rows: Sequence[Any], *, ceiling: float = 1.0, extra: tuple[Reason, ...] = ()
) -> list[Candidate]:
    """Rows with the same local part: keep those in a division the text names; none there means a conflict."""
    codes = [d.code for d in query.parsed.divisions if len(d.code) > 6]
    inside = [row for row in rows if any(row.division_code.startswith(code) for code in codes)]
    local = tuple(_equal(level, query.parsed) for level in DEPTHS if DEPTHS[level] > 5 and getattr(query.parsed, level))
    if codes and not inside:
        named = query.parsed.village or query.parsed.town or ""
        conflict = Reason("village", "conflicting", f"文本写的是{named}，库中该地址不在{named}")
        return [_candidate(row, 0.62, (conflict, *local, *extra)) for row in rows] if len(rows) == 1 else []
    if codes:
        level = "village" if query.parsed.village else "town"
        base = _IN_VILLAGE if level == "village" else _IN_TOWN
        reasons = (_equal(level, query.parsed), *local, *extra)
        return [_candidate(row, min(base, ceiling), reasons) for row in inside]
    missing = Reason("village", "missing", "文本未写乡镇和村社区")
    return [_candidate(row, min(_ANYWHERE, ceiling), (missing, *local, *extra)) for row in rows]


def _stage_deeper(connection: Connection, queries: Sequence[_Query]) -> None:
    """Take room, floor, entrance and building off, one by one, until the library knows the rest."""
    for cut in range(len(LOCAL_LEVELS) - 1, 0, -1):
        dropped = LOCAL_LEVELS[cut:]
        open_queries = [q for q in queries if not q.found and any(getattr(q.parsed, level) for level in dropped)]
        shorter = {id(q): _without(q.parsed, dropped) for q in open_queries}
        usable = [
            (i, {"key": shorter[id(q)].local_key})
            for i, q in enumerate(open_queries)
            if q.parsed.number_plate or q.parsed.building
            if not q.parsed.rest and _pins_down(shorter[id(q)].local_key, q.parsed)
        ]
        hits: dict[int, list[Any]] = defaultdict(list)
        for row in _lookup(connection, _LOCAL, usable):
            hits[row.i].append(row)
        for i, rows in hits.items():
            query = open_queries[i]
            lost = "、".join(LEVEL_NAMES[level] for level in dropped if getattr(query.parsed, level))
            reason = Reason(dropped[0], "fallback", f"库中没有到{lost}，退到上一级")
            query.found.extend(_judge(query, rows, ceiling=_DEEPER, extra=(reason,)))


def _without(parsed: ParsedAddress, levels: Sequence[str]) -> AddressKeys:
    nothing: dict[str, Any] = dict.fromkeys(levels)
    return address_keys(replace(parsed, **nothing))


_SAME_NUMBER = f"""
WITH q AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS q(i int, division text, number text, tail text))
SELECT q.i, {_COLUMNS} FROM q JOIN standard_address a ON a.division_code = q.division COLLATE "C"
 AND a.number_key = q.number COLLATE "C"
WHERE a.status = 'published' AND right(a.local_key, length(q.tail)) = q.tail
"""  # noqa: S608


def _stage_typo(connection: Connection, queries: Sequence[_Query]) -> None:
    """Same village, same number, a road spelt almost so. A number is never bent to fit."""
    usable = []
    for i, query in enumerate(queries):
        keys, village = query.keys, query.parsed.division_code
        if village and len(village) == 12 and keys.number_key and keys.road_key:
            tail = keys.local_key.removeprefix(keys.road_key)
            usable.append((i, {"division": village, "number": keys.number_key, "tail": tail}))
    for row in _lookup(connection, _SAME_NUMBER, usable):
        query = queries[row.i]
        ratio = fuzz.ratio(query.keys.road_key or "", row.road_key or "")
        if ratio >= TYPO_RATIO:
            reason = Reason("road", "typo", f"路名相近：文本“{query.keys.road_key}”，库中“{row.road_key}”")
            number = _equal("number_plate", query.parsed)
            query.found.append(_candidate(row, _TYPO + (ratio - TYPO_RATIO) / 500, (reason, number)))


# --- the answer ---------------------------------------------------------------------------------------------


def _answer(query: _Query, roads: set[tuple[str, str]]) -> Match:
    best = max((c.confidence for c in query.found), default=0.0)
    top = [c for c in query.found if c.confidence >= best - 1e-9]
    if not top:
        return Match(query.text, None, False, _known_level(query, roads))
    if len(top) > 1:
        return Match(query.text, None, True, _known_level(query, roads), tuple(top))
    deepest = next(level for level, depth in DEPTHS.items() if depth == max(top[0].depth, 1))
    return Match(query.text, top[0], False, deepest, tuple(top))


def _known_roads(connection: Connection, queries: Sequence[_Query]) -> set[tuple[str, str]]:
    """Which (division, road) pairs the library knows. Served by ``ix_standard_address_road_key``."""
    pairs = {(q.parsed.division_code or "", q.keys.road_key) for q in queries if q.keys.road_key}
    if not pairs:
        return set()
    rows = _lookup(connection, _ROADS, [(0, {"division": d, "road": r}) for d, r in sorted(pairs, key=str)])
    return {(row.division, row.road) for row in rows}


_ROADS = """
WITH q AS MATERIALIZED (SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS q(i int, division text, road text))
SELECT q.division, q.road FROM q WHERE EXISTS (
    SELECT FROM standard_address a WHERE a.road_key = q.road COLLATE "C" AND starts_with(a.division_code, q.division))
"""


def _known_level(query: _Query, roads: set[tuple[str, str]]) -> str | None:
    """The deepest level of the text that the library knows."""
    if query.keys.road_key and (query.parsed.division_code or "", query.keys.road_key) in roads:
        return "road"
    levels = [d.level for d in query.parsed.divisions]
    return next((level for level in ("village", "town", "county") if level in levels), None)


def _equal(level: str, parsed: ParsedAddress) -> Reason:
    return Reason(level, "equal", f"{LEVEL_NAMES[level]}一致：{getattr(parsed, level)}")


def _candidate(row: Any, confidence: float, reasons: tuple[Reason, ...]) -> Candidate:
    return Candidate(
        address_id=row.id,
        uid=str(row.uid),
        code=row.code,
        full_text=row.full_text,
        depth=row.depth,
        lon=row.lon,
        lat=row.lat,
        grid_code=row.grid_code,
        confidence=confidence,
        reasons=reasons,
    )


def normalised_alias(alias: str) -> str:
    """The match key under which an alias is stored and found."""
    return normalise(alias)[:400]
