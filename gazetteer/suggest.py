"""Completions of what is being typed (地址联想)."""

from __future__ import annotations

from sqlalchemy import Connection

from gazetteer.candidates import Candidate, candidate_of
from gazetteer.divisions import division_index
from gazetteer.index.registry import library_of
from gazetteer.index.sight import Sight
from gazetteer.keys import address_keys
from gazetteer.parse import parse

#: So many are looked at for each that is wanted: some may lie outside the scope although their division is in it.
SPARE = 20
COMPLETES, CONTAINS = 0.7, 0.6


def suggest(connection: Connection, typed: str, limit: int = 10) -> list[Candidate]:
    """Completions of what was typed so far, from the whole text or from the road down; then addresses on a road whose name
    contains it, inside the division it names.

    Looked up in the county's index among the divisions that the scope knows, then read through row-level security.
    """
    divisions = division_index(connection)
    library = library_of(connection)
    parsed = parse(typed, divisions)
    keys = address_keys(parsed)
    known = {d.code for table in divisions.by_level.values() for names in table.values() for d in names}
    code = parsed.division_code or ""
    within = code if len(code) > 6 else ""
    sight = Sight(connection)
    found: dict[int, Candidate] = {}

    def take(ids: list[int], confidence: float) -> None:
        sight.look(ids)
        for i in ids:
            row = sight.row(i)
            if row is not None:
                found.setdefault(i, candidate_of(row, confidence, ()))

    wanted = limit * SPARE
    if keys.local_key or within:
        take(library.starting(keys.local_key, within, known, wanted, whole=False), COMPLETES)
    if len(found) < limit and keys.match_key:
        take(library.starting(keys.match_key, "", known, wanted, whole=True), COMPLETES)
    if len(found) < limit and len(keys.local_key) > 1:
        take(library.containing(keys.local_key, within, known, wanted), CONTAINS)
    return list(found.values())[:limit]
