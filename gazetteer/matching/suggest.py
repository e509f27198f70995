"""Completions of what is being typed (地址联想)."""

from __future__ import annotations

import re

from sqlalchemy import Connection

from database.rights.scope import scope_divisions
from gazetteer.matching.candidates import Candidate, candidate_of
from gazetteer.matching.index.library import natural_key
from gazetteer.matching.index.registry import library_of
from gazetteer.matching.index.sight import Sight
from gazetteer.matching.stages import Desk
from gazetteer.reading.divisions import division_index
from gazetteer.reading.keys import address_keys
from gazetteer.reading.parse import parse

_BARE_NUMBER = re.compile(r"\d+(?:-\d+)*")
#: So many are looked at for each that is wanted: some may lie outside the scope although their division is in it.
SPARE = 20
COMPLETES, CONTAINS = 0.7, 0.6


def suggest(connection: Connection, typed: str, limit: int = 10, desk: Desk | None = None) -> list[Candidate]:
    """Completions of what was typed so far, from the road down or from the whole text; then addresses on a road whose name
    contains it, inside the division it names; a number alone means those with that number in the scope's own villages.

    desk: where it was read in this transaction already. Looked up in the county's index among the divisions that the scope knows, then read through row-level security.
    """
    desk = desk or Desk(library_of(connection), division_index(connection))
    library, divisions = desk.library, desk.divisions
    parsed = parse(typed, divisions)
    keys = address_keys(parsed)
    codes = {d.code for table in divisions.by_level.values() for names in table.values() for d in names}
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

    def complete() -> None:
        if len(found) < limit and (keys.local_key or within):
            take(library.completing(keys.local_key, within, codes, wanted), COMPLETES)

    wanted = limit * SPARE
    bare = _BARE_NUMBER.fullmatch(keys.local_key) is not None
    if _number_alone(keys.local_key):
        for own in [within] if within else scope_divisions(connection):
            if len(found) < limit:
                hits = library.numbered(keys.local_key + ("号" if bare else ""), own)
                hits.sort(key=lambda hit: (hit.division, natural_key(hit.road_key)))
                take([hit.address_id for hit in hits[:wanted]], CONTAINS)
    complete()
    if len(found) < limit and keys.match_key:
        take(library.starting(keys.match_key, "", codes, wanted, whole=True), COMPLETES)
    if len(found) < limit and len(keys.local_key) > 1:
        take(library.containing(keys.local_key, within, codes, wanted), CONTAINS)
    return list(found.values())[:limit]


def _number_alone(local_key: str) -> bool:
    """True for 10号 and 10: nothing that names a road or a group."""
    return bool(re.fullmatch(r"\d+(?:-\d+)*[A-Z]?号?", local_key))
