"""The review queue: what is doubtful about an address waits here for a person; nothing is thrown away."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text

from database.errors import OnemapError


class ReviewNotFound(OnemapError):
    """没有这条待审核记录，或不在您的数据范围内 | No such review, or outside your scope"""


class ReviewDecided(OnemapError):
    """这条记录已被他人处理 | This review has been decided already"""


#: The facts of ``address_review r`` with the codes of those addresses only that the scope shows (row-level security; by
#: uq_standard_address_code): an address with the same text may lie in another town.
SEEN_FACTS = (
    "CASE WHEN jsonb_typeof(r.facts -> 'codes') = 'array' THEN r.facts || jsonb_build_object('codes', "
    "(SELECT coalesce(jsonb_agg(x.code ORDER BY x.code), '[]') FROM standard_address x "
    "WHERE x.code IN (SELECT jsonb_array_elements_text(r.facts -> 'codes')))) ELSE r.facts END AS facts"
)
_REVIEW = (
    "SELECT r.id, r.address_id, a.full_text, r.reason_code, r.reason, "
    + SEEN_FACTS
    + ", r.status, st_x(a.geom) AS lon, "
    "st_y(a.geom) AS lat, r.grid_code, r.decided_by, r.decided_at, r.note "
    "FROM address_review r LEFT JOIN standard_address a ON a.id = r.address_id "
)


def list_reviews(
    connection: Connection, *, status: str = "open", after: int | None = None, limit: int = 50
) -> dict[str, Any]:
    """A page of reviews in order of their number: ``reviews``, ``next`` (pass as after) and ``open_n``."""
    rows = connection.execute(
        text(_REVIEW + "WHERE r.status = :status AND r.id > :after ORDER BY r.id LIMIT :limit"),
        {"status": status, "after": after or 0, "limit": limit + 1},
    ).all()
    open_n = connection.scalar(text("SELECT count(*) FROM address_review WHERE status = 'open'"))
    page = [dict(row._mapping) for row in rows[:limit]]
    return {"reviews": page, "next": page[-1]["id"] if len(rows) > limit else None, "open_n": open_n}


def decide_review(
    connection: Connection, review_id: int, *, accept: bool, note: str | None, actor: str
) -> dict[str, Any]:
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
    return dict(row._mapping)
