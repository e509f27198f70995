"""A text and a day: the address it meant then, and what that is now.

The library in memory knows only what holds today; this asks the log. A text finds the addresses whose part from the road
(or group) down is an end of it; what stands before must be written, in this order, in the address of that day. So old
names of villages need not be known any more, and nothing is guessed: no typo is repaired here.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, text

from gazetteer.reading.divisions import division_index
from gazetteer.reading.keys import address_keys
from gazetteer.reading.normalise import normalise
from gazetteer.reading.parse import LONGEST, parse

#: a chain of successors longer than this is a mistake in the data, not history
LONGEST_CHAIN = 50

# served by ix_address_event_local_key, then ix_address_event_uid
_THEN = text("""
SELECT DISTINCT ON (e.uid) e.uid, e.local_key, e.after FROM address_event e
WHERE e.uid IN (SELECT uid FROM address_event WHERE local_key = ANY (:keys)) AND e.effective_on <= :on
ORDER BY e.uid, e.number DESC
""")
# served by uq_standard_address_uid
_NOW = text("""
WITH RECURSIVE chain AS (
    SELECT a.uid AS origin, a.uid, 0 AS step FROM standard_address a WHERE a.uid = ANY (:uids)
    UNION
    SELECT c.origin, s.uid, c.step + 1 FROM chain c
    JOIN standard_address a ON a.uid = c.uid CROSS JOIN LATERAL unnest(a.successors) AS s(uid) WHERE c.step < :longest
)
SELECT DISTINCT ON (c.origin, a.full_text, a.uid) c.origin, a.uid, a.code, a.full_text, a.status,
       st_x(a.geom) AS lon, st_y(a.geom) AS lat
FROM chain c JOIN standard_address a ON a.uid = c.uid WHERE a.status = 'published' ORDER BY c.origin, a.full_text, a.uid
""")


@dataclass(frozen=True, slots=True)
class AddressState:
    """An address at one time. lon, lat: degrees, EPSG:4490."""

    uid: str
    code: str
    text: str
    status: str
    lon: float | None
    lat: float | None


@dataclass(frozen=True, slots=True)
class Then:
    """What a text meant on a day, and what that is now: itself, its successors, or nothing. explanation: in Chinese."""

    then: AddressState
    now: tuple[AddressState, ...]
    explanation: str


def find_on_day(connection: Connection, address: str, on: date, *, limit: int = 10) -> list[Then]:
    """The published addresses of a day that a text fits, the most telling first; all that fit equally are named.

    Only what the scope shows, then and now, is found. Nothing is found for a day before the library began.
    """
    head_of = _heads(connection, address)
    rows = connection.execute(_THEN, {"keys": list(head_of), "on": on})
    fitting = [
        (len(row.local_key), row.uid, row.after)
        for row in rows
        if row.after is not None
        and row.after["status"] == "published"
        and row.local_key in head_of
        and _stands_in(head_of[row.local_key], normalise(row.after["full_text"]))
    ]
    longest = max((length for length, _, _ in fitting), default=0)
    chosen = sorted(
        ((uid, after) for length, uid, after in fitting if length == longest), key=lambda one: one[1]["full_text"]
    )[:limit]
    now = _now(connection, [uid for uid, _ in chosen])
    return [_then(uid, after, now.get(uid, ())) for uid, after in chosen]


def _heads(connection: Connection, address: str) -> dict[str, str]:
    """Every end of the text that may be a local key, with what stands before it."""
    parsed = parse(address, division_index(connection))
    whole = normalise(address)[:LONGEST]
    found = {whole[start:]: whole[:start] for start in range(len(whole))}
    local = address_keys(parsed).local_key  # its rooms are written as keys have them: 501室 is 501
    above = (parsed.town or "") + (parsed.village or "")
    for start in range(len(local)):
        found.setdefault(local[start:], above + local[:start])
    return found


def _stands_in(head: str, whole: str) -> bool:
    """Whether the characters stand in the text in this order, perhaps with others between them."""
    rest: Iterable[str] = iter(whole)
    return all(character in rest for character in head)


def _now(connection: Connection, uids: Sequence[uuid.UUID]) -> dict[uuid.UUID, tuple[AddressState, ...]]:
    found: dict[uuid.UUID, list[AddressState]] = {}
    for row in connection.execute(_NOW, {"uids": list(uids), "longest": LONGEST_CHAIN}):
        state = AddressState(str(row.uid), row.code, row.full_text, row.status, row.lon, row.lat)
        found.setdefault(row.origin, []).append(state)
    return {origin: tuple(states) for origin, states in found.items()}


def _then(uid: uuid.UUID, after: dict[str, Any], now: tuple[AddressState, ...]) -> Then:
    then = AddressState(
        str(uid), after["code"], after["full_text"], after["status"], after.get("lon"), after.get("lat")
    )
    same = next((state for state in now if state.uid == then.uid), None)
    if same is not None and same.text == then.text:
        explanation = "沿用至今"
    elif same is not None:
        explanation = f"现名“{same.text}”"
    elif now:
        named = "、".join(f"“{state.text}”" for state in now[:3])
        explanation = f"已注销，由{named}{f'等 {len(now)} 个地址' if len(now) > 3 else ''}接替"
    else:
        explanation = "已注销，在您的范围内没有后继"
    return Then(then, now, explanation)
