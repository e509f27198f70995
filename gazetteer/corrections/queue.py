"""The queue: uncertain texts and open reviews, handed out one at a time, each to one person."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from gazetteer.corrections.errors import CorrectionNotFound
from gazetteer.corrections.reviews import VISIBLE_FACTS
from gazetteer.matching.match import Match, match_many
from gazetteer.matching.rules import road_of
from gazetteer.reading.divisions import division_index
from gazetteer.reading.keys import address_keys
from gazetteer.reading.parse import parse

LEASE_MINUTES = 10
CHUNK = 5000
# an ID number or a telephone inside a text: such a text never becomes an alias and stays out of the queue
_PERSONAL = re.compile(r"(?<!\d)\d{11,18}[Xx]?(?!\d)")

COLUMNS = (
    "c.id, c.kind, c.review_id, c.address_text, c.division_code, c.road_key, c.occurrences, c.status, c.outcome, "
    "c.address_id, c.batch_id, c.decided_by, c.decided_at, c.leased_by, c.leased_until, c.grid_code, "
    f"r.reason_code, r.reason, {VISIBLE_FACTS}"
)
FROM = "correction c LEFT JOIN address_review r ON r.id = c.review_id"
# what still waits: a review may have been decided elsewhere
_WAITING = "c.status = 'open' AND (r.id IS NULL OR r.status = 'open')"
_MINE = "c.leased_by = :actor AND c.leased_until >= clock_timestamp()"
_FREE = "(c.leased_until IS NULL OR c.leased_until < clock_timestamp() OR c.leased_by = :actor)"


@dataclass(frozen=True, slots=True)
class WrittenText:
    """An address text as records carry it. occurrences: how many records under this grid code."""

    address_text: str
    grid_code: str
    occurrences: int


@dataclass(frozen=True, slots=True)
class Correction:
    """A row of the queue: a text without a certain match, or a review of an address (reason_code, reason, facts)."""

    id: int
    kind: str
    review_id: int | None
    address_text: str
    division_code: str | None
    road_key: str | None
    occurrences: int
    status: str
    outcome: str | None
    address_id: int | None
    batch_id: int | None
    decided_by: str | None
    decided_at: datetime | None
    leased_by: str | None
    leased_until: datetime | None
    grid_code: str
    reason_code: str | None
    reason: str | None
    facts: dict[str, Any] | None


def enqueue_reviews(connection: Connection) -> int:
    """Put every open review that is not there yet into the queue; returns how many. Served by ``uq_correction_review_id``."""
    rows = connection.execute(
        text(
            "INSERT INTO correction (kind, review_id, address_text, match_key, division_code, road_key, address_id, grid_code) "
            "SELECT 'review', r.id, a.full_text, a.match_key, a.division_code, a.road_key, a.id, r.grid_code "
            "FROM address_review r JOIN standard_address a ON a.id = r.address_id "
            "WHERE r.status = 'open' AND NOT EXISTS (SELECT FROM correction c WHERE c.review_id = r.id) "
            "ON CONFLICT DO NOTHING RETURNING id"
        )
    )
    return len(rows.all())


def enqueue_texts(connection: Connection, written: Iterable[WrittenText]) -> int:
    """Put texts without a certain match into the queue; returns how many joined. Known ones get their count anew.

    Left out: texts that match with class A or B, that name another county, that hold a personal number.
    """
    texts = [w for w in written if not _PERSONAL.search(w.address_text)]
    index = division_index(connection)
    joined = 0
    for start in range(0, len(texts), CHUNK):
        chunk = texts[start : start + CHUNK]
        rows = []
        for one, match in zip(chunk, match_many(connection, [w.address_text for w in chunk]), strict=True):
            parsed = parse(one.address_text, index)
            if parsed.foreign or not parsed.key or _is_certain(match):
                continue
            rows.append(
                {
                    "text": one.address_text,
                    "key": address_keys(parsed).match_key,
                    "division": parsed.division_code,
                    "road": road_of(parsed),
                    "n": one.occurrences,
                    "grid": one.grid_code,
                }
            )
        joined += _store(connection, rows)
    return joined


def _is_certain(match: Match) -> bool:
    return match.candidate is not None and not match.ambiguous and match.candidate.confidence_class != "C"


def _store(connection: Connection, rows: Sequence[dict[str, Any]]) -> int:
    if not rows:
        return 0
    columns = {name: [row[name] for row in rows] for name in ("text", "key", "division", "road", "n", "grid")}
    stored = connection.execute(
        text(
            "INSERT INTO correction (kind, address_text, match_key, division_code, road_key, occurrences, grid_code) "
            "SELECT 'match', min(t), k, min(d), min(r), sum(n), g FROM unnest(CAST(:text AS text[]), CAST(:key AS text[]), "
            "CAST(:division AS text[]), CAST(:road AS text[]), CAST(:n AS int[]), CAST(:grid AS text[])) "
            "WITH ORDINALITY AS u(t, k, d, r, n, g, o) GROUP BY k, g ORDER BY min(o) ON CONFLICT (match_key, grid_code) WHERE kind = 'match' "
            "DO UPDATE SET occurrences = excluded.occurrences RETURNING (xmax = 0) AS joined"
        ),
        columns,
    )
    return sum(row.joined for row in stored)


def take_next(connection: Connection, actor: str, *, after: int = 0) -> Correction | None:
    """The next waiting row, held for this person for ten minutes; None when the queue is empty.

    A row that somebody else holds is passed over, not waited for. Asking again gives the same row; ``after`` its number
    goes on to the next and lets it go. Served by ``ix_correction_leased`` and ``ix_correction_open``.
    """
    if after == 0:
        enqueue_reviews(connection)
    else:
        connection.execute(
            text(
                "UPDATE correction SET leased_by = NULL, leased_until = NULL "
                "WHERE status = 'open' AND leased_by = :actor AND id <= :after"
            ),
            {"actor": actor, "after": after},
        )
    for free in (_MINE, _FREE):
        taken = connection.scalar(
            text(
                "UPDATE correction SET leased_by = :actor, "  # noqa: S608 - constants only
                "leased_until = clock_timestamp() + make_interval(mins => :minutes) "
                f"WHERE id = (SELECT c.id FROM {FROM} WHERE {_WAITING} AND c.id > :after AND {free} "
                "ORDER BY c.id LIMIT 1 FOR UPDATE OF c SKIP LOCKED) RETURNING id"
            ),
            {"actor": actor, "after": after, "minutes": LEASE_MINUTES},
        )
        if taken is not None:
            return get_correction(connection, int(taken))
    return None


def get_correction(connection: Connection, correction_id: int) -> Correction:
    """One row of the queue, with its review. Raises CorrectionNotFound."""
    row = connection.execute(
        text(f"SELECT {COLUMNS} FROM {FROM} WHERE c.id = :id"),  # noqa: S608
        {"id": correction_id},
    ).one_or_none()
    if row is None:
        raise CorrectionNotFound(str(correction_id))
    return Correction(**row._mapping)


def count_waiting(connection: Connection) -> int:
    """How many rows wait in the scope."""
    return int(connection.scalar(text(f"SELECT count(*) FROM {FROM} WHERE {_WAITING}")) or 0)  # noqa: S608
