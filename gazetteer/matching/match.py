"""Matching an address text with the library: ranked candidates, with confidence and reasons.

Rounds of stages, each for the texts that the earlier ones left open:

1. the whole text is a standard address, or an alias of one;
2. the same with the town or village that the text names further down than addresses have it;
3. the part from the road down is, inside the division that the text names (or anywhere, when it names none);
4. town or village and number are there, the group or the road is not written; or the levels stand in another order;
   or levels between the number and the deepest one are left out, or 号 is;
5. the text goes deeper than the library: what follows the number, room, floor, entrance, building are taken off;
6. a road or a division is misspelt, or the division is another one than the address's.

The stages ask the county's index in memory (``gazetteer/matching/index``); after each round the found numbers are read again in
the caller's transaction, so that only what the scope shows becomes a candidate, as if there were nothing else.

A text that names several addresses (永安街1、3号) or may be read in several ways is taken apart after round 3; each part goes through
the rounds by itself (``gazetteer/reading/readings.py``).

Before them, roads that a learnt rule covers are mended (``gazetteer/matching/rules.py``).

What no stage finds has no candidate; ``matched_level`` then says how far the text is known. Several equal candidates
are an answer: ambiguous, not a guess. A text that names another county or city has no candidate here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace

from sqlalchemy import Connection, text

from gazetteer.matching import confidence as sure
from gazetteer.matching.candidates import (
    Candidate,
    ConfidenceClass,
    Found,
    Match,
    Query,
    Reason,
    ReasonKind,
    candidate_of,
)
from gazetteer.matching.conflicts import checked
from gazetteer.matching.index.registry import library_of
from gazetteer.matching.index.sight import Sight
from gazetteer.matching.repairs import division_further_down, misspelt_division, misspelt_road, reordered, sub_number
from gazetteer.matching.rules import explain_rules, follow_rules
from gazetteer.matching.stages import (
    Desk,
    deeper_than_library,
    local_part,
    other_division,
    whole_text,
    within_number,
    without_counter,
    without_group,
)
from gazetteer.matching.suggest import suggest
from gazetteer.reading.divisions import DivisionIndex, division_index
from gazetteer.reading.keys import LEVEL_AT, address_keys
from gazetteer.reading.normalise import normalise
from gazetteer.reading.parse import ParsedAddress, parse
from gazetteer.reading.readings import Readings, dashed_range, readings

__all__ = [
    "Candidate",
    "ConfidenceClass",
    "Match",
    "Reason",
    "ReasonKind",
    "match_address",
    "match_many",
    "normalised_alias",
    "suggest",
]

Stage = Callable[[Desk, Query], list[Found]]
ROUNDS: tuple[tuple[Stage, ...], ...] = (
    (whole_text,),
    (division_further_down,),
    (local_part,),
    (without_group, sub_number, reordered, within_number, without_counter),
    (deeper_than_library,),
    (misspelt_road, misspelt_division, other_division),
)
#: the rounds that take the text as it stands, without a doubt about its numbers
EXACT_ROUNDS = 3
#: which of the texts' roads the scope shows; served by ``ix_standard_address_road_key``
_KNOWN_ROADS = text(
    "SELECT q.division, q.key AS road FROM jsonb_to_recordset(CAST(:pairs AS jsonb)) AS q(division text, key text) "
    'WHERE EXISTS (SELECT FROM standard_address a WHERE a.road_key = q.key COLLATE "C" '
    "AND starts_with(a.division_code, q.division))"
)


def match_address(
    connection: Connection, address: str, *, limit: int = 5, min_confidence: float = 0.4, desk: Desk | None = None
) -> list[Candidate]:
    """The standard addresses a text may mean, best first; equal ones together, none when nothing fits.

    Only what the scope allows is searched. desk: where it was read in this transaction already. Confidence below ``min_confidence`` is left out, except of equal candidates.
    """
    found = match_many(connection, [address], desk)[0]
    return [c for c in found.candidates if found.ambiguous or c.confidence >= min_confidence][:limit]


def match_many(connection: Connection, texts: Sequence[str], desk: Desk | None = None) -> list[Match]:
    """One answer for each text, in order; equal texts are matched once."""
    queries = _run(connection, list(dict.fromkeys(texts)), desk or desk_of(connection))
    roads = _known_roads(connection, [q for q in queries if not q.found and not q.parsed.foreign])
    answers = {query.text: _answer(query, roads) for query in queries}
    return [answers[t] for t in texts]


def normalised_alias(alias: str) -> str:
    """The match key under which an alias is stored and found."""
    return normalise(alias)[:400]


def desk_of(connection: Connection) -> Desk:
    """What is matched against, as the transaction may know it: the county's library, and the divisions in reach."""
    return Desk(library_of(connection), division_index(connection))


def _run(connection: Connection, texts: Sequence[str], desk: Desk) -> list[Query]:
    queries = [_query(t, desk.divisions) for t in texts]
    mended = follow_rules(connection, queries)
    sight = Sight(connection)
    _go_through(desk, sight, queries, ROUNDS[:EXACT_ROUNDS])
    _take_apart(desk, sight, [q for q in queries if not q.found], readings)
    _go_through(desk, sight, queries, ROUNDS[EXACT_ROUNDS:])
    # 3之2号 is written for one number only
    _take_apart(desk, sight, [q for q in queries if not (q.found or q.closed or "之" in q.text)], dashed_range)
    explain_rules(mended)
    return queries


def _go_through(desk: Desk, sight: Sight, queries: Sequence[Query], rounds: Sequence[tuple[Stage, ...]]) -> None:
    """Put what the rounds find into the queries; each round is for those that are still open."""
    for stages in rounds:
        open_queries = [q for q in queries if not q.found and not q.closed]
        proposed = [[found for stage in stages for found in stage(desk, query)] for query in open_queries]
        sight.look(found.hit.address_id for some in proposed for found in some)
        for query, some in zip(open_queries, proposed, strict=True):
            query.found = _visible(query, some, sight)


def _take_apart(
    desk: Desk, sight: Sight, queries: Sequence[Query], read: Callable[[ParsedAddress], Readings | None]
) -> None:
    """Texts that name several addresses, or may be read in several ways: what each way finds, none of it certain."""
    apart = [(query, ways) for query in queries if (ways := read(query.parsed)) is not None]
    if not apart:
        return
    parts = {text: _query(text, desk.divisions) for _, ways in apart for text in ways.texts}
    _go_through(desk, sight, list(parts.values()), ROUNDS)
    for query, ways in apart:
        found = [top for text in ways.texts for top in _top(parts[text].found)]
        plain = [c for c in found if all(reason.kind != "fallback" for reason in c.reasons)]
        best: dict[int, Candidate] = {}
        for candidate in plain or found:
            best.setdefault(candidate.address_id, candidate)
        if best:
            score = min(sure.ONE_READING, *(c.confidence for c in best.values()))
            doubt = Reason("number_plate", "conflicting", ways.why_zh)
            query.found = [replace(c, confidence=score, reasons=(doubt, *c.reasons)) for c in best.values()]
        query.closed = ways.members and not best


def _top(found: Sequence[Candidate]) -> list[Candidate]:
    return [c for c in found if c.confidence >= found[0].confidence - 1e-9]


def _visible(query: Query, proposed: Sequence[Found], sight: Sight) -> list[Candidate]:
    """The candidates that the scope shows, each address once, checked against the whole text, best first."""
    best: dict[int, Found] = {}
    for found in proposed:
        other = best.get(found.hit.address_id)
        row = sight.row(found.hit.address_id)
        if row is not None:
            found = checked(query, found, row.full_text)
            if other is None or other.confidence < found.confidence:
                best[found.hit.address_id] = found
    alone = sum(found.only for found in best.values()) == 1
    candidates = [
        candidate_of(sight.row(i), found.confidence, found.reasons)
        for i, found in best.items()
        if alone or not found.only
    ]
    return sorted(candidates, key=lambda c: (-c.confidence, c.full_text, c.address_id))


def _query(address: str, index: DivisionIndex) -> Query:
    parsed = parse(address, index)
    return Query(address, parsed, address_keys(parsed))


def _known_roads(connection: Connection, queries: Sequence[Query]) -> set[tuple[str, str]]:
    """Which (division, road) pairs of the texts the scope knows."""
    pairs = {(q.parsed.division_code or "", q.keys.road_key) for q in queries if q.keys.road_key}
    if not pairs:
        return set()
    pairs_json = json.dumps([{"division": division, "key": road} for division, road in pairs])
    return {(row.division, row.road) for row in connection.execute(_KNOWN_ROADS, {"pairs": pairs_json})}


def _answer(query: Query, roads: set[tuple[str, str]]) -> Match:
    if not query.found:
        return Match(query.text, None, False, _known_level(query, roads))
    best = query.found[0].confidence
    top = [c for c in query.found if c.confidence >= best - 1e-9]
    if len(top) > 1:
        equals = tuple(replace(c, confidence=c.confidence / len(top)) for c in top)
        return Match(query.text, None, True, _known_level(query, roads), equals)
    return Match(query.text, top[0], False, LEVEL_AT[top[0].depth], tuple(query.found))


def _known_level(query: Query, roads: set[tuple[str, str]]) -> str | None:
    """The deepest level of the text that the library knows."""
    if query.keys.road_key and (query.parsed.division_code or "", query.keys.road_key) in roads:
        return "road"
    levels = [d.level for d in query.parsed.divisions]
    return next((level for level in ("village", "town", "county") if level in levels), None)
