"""Matching an address text with the library: ranked candidates, with confidence and reasons.

The stages run set-based over all texts at once, each for what the earlier ones left open:

1. the whole text is a standard address, or an alias of one;
2. the part from the road down is, inside the division that the text names (or anywhere, when it names none);
3. the text goes deeper than the library: what follows the number, room, floor, entrance, building are taken off;
4. the number is there and the road is spelt almost so, inside the named village or town.

Before them, roads that a learnt rule covers are mended (``gazetteer/corrections/rules.py``).

What no stage finds has no candidate; ``matched_level`` then says how far the text is known. Several equal candidates
are an answer: ambiguous, not a guess. A text that names another county or city has no candidate here.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from gazetteer.candidates import Candidate, ConfidenceClass, Match, Query, Reason, ReasonKind
from gazetteer.corrections.rules import explain_rules, follow_rules
from gazetteer.divisions import DivisionIndex, division_index
from gazetteer.keys import LEVEL_AT, address_keys
from gazetteer.normalise import normalise
from gazetteer.parse import parse
from gazetteer.stages import deeper_than_library, known_roads, local_part, misspelt_road, whole_text
from gazetteer.suggest import suggest

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

STAGES = (whole_text, local_part, deeper_than_library, misspelt_road)


def match_address(
    connection: Connection, address: str, *, limit: int = 5, min_confidence: float = 0.6
) -> list[Candidate]:
    """The standard addresses a text may mean, best first; equal ones together, none when nothing fits.

    Only what the scope allows is searched. Confidence below ``min_confidence`` is left out.
    """
    query = _run(connection, [address])[0]
    found = [c for c in query.found if c.confidence >= min_confidence]
    return sorted(found, key=lambda c: (-c.confidence, c.full_text))[:limit]


def match_many(connection: Connection, texts: Sequence[str]) -> list[Match]:
    """One answer for each text, in order; equal texts are matched once."""
    queries = _run(connection, list(dict.fromkeys(texts)))
    roads = known_roads(connection, [q for q in queries if len(q.found) != 1 and not q.parsed.foreign])
    answers = {query.text: _answer(query, roads) for query in queries}
    return [answers[t] for t in texts]


def normalised_alias(alias: str) -> str:
    """The match key under which an alias is stored and found."""
    return normalise(alias)[:400]


def _run(connection: Connection, texts: Sequence[str]) -> list[Query]:
    index = division_index(connection)
    queries = [_query(t, index) for t in texts]
    mended = follow_rules(connection, queries)
    for stage in STAGES:
        stage(connection, [q for q in queries if not q.found])
    explain_rules(mended)
    return queries


def _query(address: str, index: DivisionIndex) -> Query:
    parsed = parse(address, index)
    return Query(address, parsed, address_keys(parsed))


def _answer(query: Query, roads: set[tuple[str, str]]) -> Match:
    if not query.found:
        return Match(query.text, None, False, _known_level(query, roads))
    best = max(c.confidence for c in query.found)
    top = tuple(c for c in query.found if c.confidence >= best - 1e-9)
    if len(top) > 1:
        return Match(query.text, None, True, _known_level(query, roads), top)
    return Match(query.text, top[0], False, LEVEL_AT[top[0].depth], top)


def _known_level(query: Query, roads: set[tuple[str, str]]) -> str | None:
    """The deepest level of the text that the library knows."""
    if query.keys.road_key and (query.parsed.division_code or "", query.keys.road_key) in roads:
        return "road"
    levels = [d.level for d in query.parsed.divisions]
    return next((level for level in ("village", "town", "county") if level in levels), None)
