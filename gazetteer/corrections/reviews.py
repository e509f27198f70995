"""The review queue: what is doubtful about an address waits here for a person; nothing is thrown away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from database.connection.records import records_of
from database.errors import Missing, Taken
from database.paging import Cursor, Page


class ReviewNotFound(Missing):
    """没有这条待审核记录，或不在您的数据范围内 | No such review, or outside your scope"""


class ReviewDecided(Taken):
    """这条记录已被他人处理 | This review has been decided already"""


#: The facts of ``address_review r`` with the codes of those addresses only that the scope shows (row-level security; by
#: uq_standard_address_code): an address with the same text may lie in another town.
VISIBLE_FACTS = (
    "CASE WHEN jsonb_typeof(r.facts -> 'codes') = 'array' THEN r.facts || jsonb_build_object('codes', "
    "(SELECT coalesce(jsonb_agg(x.code ORDER BY x.code), '[]') FROM standard_address x "
    "WHERE x.code IN (SELECT jsonb_array_elements_text(r.facts -> 'codes')))) ELSE r.facts END AS facts"
)
_REVIEW = (
    "SELECT r.id, r.address_id, a.full_text, r.reason_code, r.reason, "
    + VISIBLE_FACTS
    + ", r.status, st_x(a.geom) AS lon, "
    "st_y(a.geom) AS lat, r.grid_code, r.decided_by, r.decided_at, r.note "
    "FROM address_review r LEFT JOIN standard_address a ON a.id = r.address_id "
)
_CURSOR = Cursor("reviews", int)


@dataclass(frozen=True, slots=True)
class Review:
    """Something about an address that a person must decide. lon, lat: EPSG:4490, degrees; facts: for the scope's eyes."""

    id: int
    address_id: int | None
    full_text: str | None
    reason_code: str
    reason: str
    facts: dict[str, Any]
    status: str
    lon: float | None
    lat: float | None
    grid_code: str
    decided_by: str | None
    decided_at: datetime | None
    note: str | None


def list_reviews(
    connection: Connection, *, status: str = "open", after: str | None = None, limit: int = 50
) -> Page[Review]:
    """A page of reviews in order of their number. Raises CursorInvalid."""
    rows = connection.execute(
        text(_REVIEW + "WHERE r.status = :status AND r.id > :after ORDER BY r.id LIMIT :limit"),
        {"status": status, "after": _CURSOR.first(after) or 0, "limit": limit + 1},
    )
    return _CURSOR.page(records_of(Review, rows), limit, lambda review: (review.id,))


def count_open_reviews(connection: Connection) -> int:
    """How many reviews in scope wait for a decision."""
    return int(connection.scalar(text("SELECT count(*) FROM address_review WHERE status = 'open'")) or 0)


def decide_review(connection: Connection, review_id: int, *, accept: bool, note: str | None, actor: str) -> Review:
    """Decide one review; returns it. Raises ReviewNotFound, or ReviewDecided when another was first."""
    decided = connection.execute(
        text(
            "UPDATE address_review SET status = :status, note = :note, decided_by = :actor, decided_at = now() "
            "WHERE id = :id AND status = 'open'"
        ),
        {"id": review_id, "status": "accepted" if accept else "rejected", "note": note, "actor": actor},
    ).rowcount
    row = connection.execute(text(_REVIEW + "WHERE r.id = :id"), {"id": review_id}).one_or_none()
    if row is None:
        raise ReviewNotFound(str(review_id))
    if not decided:
        raise ReviewDecided(f"{row.decided_by}", decided_by=row.decided_by)
    return Review(**row._mapping)


#: What a text shows that lost characters (as ``LOST_CHARACTERS`` of the import does).
_LOST = "[\ufffd\ue000-\uf8ff■□?？]"

# Whether a doubt still holds, from the library alone. Reviews by ix_address_review_address_id and ix_address_review_status;
# equal texts by ix_standard_address_match_key.
_JUDGED = """
    SELECT r.id, r.address_id, r.reason_code, a.full_text, a.grid_code, same.codes,
           a.status <> 'retired' AND CASE r.reason_code
               WHEN 'unencodable' THEN a.full_text ~ :lost
               WHEN 'no_village' THEN right(rpad(a.division_code, 12, '0'), 3) = '000'
               WHEN 'unknown_village' THEN a.division_code IS DISTINCT FROM r.facts ->> 'named'
                   AND NOT EXISTS (SELECT FROM division d WHERE d.code = r.facts ->> 'named' AND d.level = 'village')
               WHEN 'village_unlisted' THEN strpos(a.full_text, r.facts ->> 'name') > 0 AND NOT EXISTS (
                   SELECT FROM division d WHERE d.level = 'village' AND d.valid_to IS NULL
                   AND starts_with(d.name, r.facts ->> 'name'))
               WHEN 'village_mismatch' THEN EXISTS (
                   SELECT FROM division d WHERE d.code = a.division_code AND d.level = 'village' AND d.geom IS NOT NULL
                   AND a.geom IS NOT NULL AND NOT st_intersects(d.geom, a.geom))
               WHEN 'duplicate_text' THEN jsonb_array_length(same.codes) > 1
               ELSE true END AS holds
    FROM address_review r JOIN standard_address a ON a.id = r.address_id
    LEFT JOIN LATERAL (
        SELECT coalesce(jsonb_agg(o.code ORDER BY o.code), '[]') AS codes FROM standard_address o
        WHERE r.reason_code = 'duplicate_text' AND o.match_key = a.match_key AND o.status <> 'retired'
    ) same ON true
    WHERE r.status = 'open' AND (r.address_id = ANY(:ids) OR r.reason_code = 'duplicate_text')
"""
_CLOSE = text(f"""
WITH judged AS ({_JUDGED})
UPDATE address_review r SET status = 'closed', decided_by = current_setting('onemap.actor'), decided_at = now(),
       note = '地址已改正，自动关闭 / closed: the address was mended'
FROM judged j WHERE r.id = j.id AND NOT j.holds
""")  # noqa: S608 - constants only
_REFRESH = text(f"""
WITH judged AS ({_JUDGED}), fresh AS (
    SELECT id, jsonb_build_object('codes', codes) AS facts,
           '有 ' || jsonb_array_length(codes) || ' 个地址写法相同：' || full_text AS reason
    FROM judged WHERE reason_code = 'duplicate_text'
    UNION ALL
    SELECT id, '{{}}', '地址里有无法编码而丢失的字：' || full_text FROM judged WHERE reason_code = 'unencodable'
)
UPDATE address_review r SET facts = f.facts, reason = f.reason FROM fresh f
WHERE r.id = f.id AND (r.reason, r.facts) IS DISTINCT FROM (f.reason, f.facts)
""")  # noqa: S608 - constants only
# The queue shows the address as it is now; a review that is open again waits again. By uq_correction_review_id.
_REQUEUE = text("""
UPDATE correction c SET address_text = a.full_text, match_key = a.match_key, division_code = a.division_code,
       road_key = a.road_key, status = 'open', outcome = NULL, decided_by = NULL, decided_at = NULL, batch_id = NULL
FROM address_review r JOIN standard_address a ON a.id = r.address_id
WHERE c.review_id = r.id AND r.status = 'open' AND r.address_id = ANY(:ids)
  AND (c.status <> 'open' OR (c.address_text, c.match_key) IS DISTINCT FROM (a.full_text, a.match_key))
""")


def follow_addresses(connection: Connection, ids: Sequence[int]) -> int:
    """Bring the open reviews of these addresses, and those of equal texts, up to date; returns how many are closed.

    Called by whoever changed addresses. What is mended is closed, what still holds says what holds now.
    """
    values = {"ids": list(ids), "lost": _LOST}
    closed = connection.execute(_CLOSE, values).rowcount
    connection.execute(_REFRESH, values)
    connection.execute(_REQUEUE, {"ids": list(ids)})
    return closed


def follow_divisions(connection: Connection) -> int:
    """After divisions came or went: close the reviews that waited for them; returns how many are closed."""
    waiting = connection.scalars(
        text(
            "SELECT DISTINCT address_id FROM address_review WHERE status = 'open' AND address_id IS NOT NULL "
            "AND reason_code IN ('unknown_village', 'village_unlisted', 'village_mismatch')"
        )
    ).all()
    return follow_addresses(connection, waiting) if waiting else 0
