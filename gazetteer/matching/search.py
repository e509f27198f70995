"""What a person typed into the search: addresses first meant, then completed; divisions; place names."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from gazetteer.matching.candidates import Candidate
from gazetteer.matching.division_names import DivisionHit, find_divisions
from gazetteer.matching.match import desk_of, match_address
from gazetteer.matching.place_names import PlaceNameHit, find_place_names
from gazetteer.matching.suggest import suggest

#: kinds of reasons for which an answer is another address than the text says: it stands below what completes the text
_OTHER = frozenset({"fallback", "typo", "conflicting"})


@dataclass(frozen=True, slots=True)
class SearchHits:
    """candidates, divisions, place_names: what was found, the best first. more: there are more addresses than are shown."""

    candidates: list[Candidate]
    divisions: list[DivisionHit]
    place_names: list[PlaceNameHit]
    more: bool


def search(connection: Connection, typed: str, limit: int = 10) -> SearchHits:
    """Everything of the address library that the text may mean, as far as the scope shows.

    Addresses that the text says, equal ones all; then those it may become when typing goes on; last those that differ from it.
    """
    desk = desk_of(connection)
    meant = match_address(connection, typed, limit=limit + 1, desk=desk)
    exact = [c for c in meant if not any(reason.kind in _OTHER for reason in c.reasons)]
    completed = suggest(connection, typed, limit + 1, desk) if len(exact) <= limit else []
    order = {c.address_id: c for c in reversed([*exact, *completed, *meant])}
    first = [order.pop(c.address_id) for c in [*exact, *completed, *meant] if c.address_id in order]
    return SearchHits(
        first[:limit],
        find_divisions(connection, typed, index=desk.divisions),
        find_place_names(connection, typed),
        len(first) > limit,
    )
