"""Completions of what is being typed (地址联想)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text

from gazetteer.candidates import COLUMNS, Candidate, candidate_of
from gazetteer.divisions import division_index
from gazetteer.keys import address_keys
from gazetteer.parse import parse

_STARTING = (
    f"SELECT {COLUMNS} FROM standard_address a "  # noqa: S608 - constants only
    "WHERE a.{column} >= :start AND a.{column} < :end AND a.status = 'published' AND starts_with(a.division_code, :within) "
    "ORDER BY a.{column} LIMIT :limit"
)
_IN_DIVISION = (
    f"SELECT {COLUMNS} FROM standard_address a "  # noqa: S608
    "WHERE a.division_code >= :within AND a.division_code < :within || '~' AND a.status = 'published' "
    "AND strpos(a.local_key, :part) > 0 ORDER BY a.division_code, a.local_key LIMIT :limit"
)
_ROAD_CONTAINS = (
    f"SELECT {COLUMNS} FROM unnest(CAST(:villages AS text[])) AS v(code) "  # noqa: S608
    'JOIN standard_address a ON a.division_code = v.code COLLATE "C" '
    "WHERE strpos(a.road_key, :part) > 0 AND a.status = 'published' ORDER BY a.road_key, a.local_key LIMIT :limit"
)
# a road is searched for by its middle only where that reads some thousand addresses, not the county
FEW_VILLAGES = 40


def suggest(connection: Connection, typed: str, limit: int = 10) -> list[Candidate]:
    """Completions of what was typed so far, from the whole text or from the road down; then what contains it: inside the
    village or town it names, or in the whole scope when that has few villages.

    Served by ranges on ``ix_standard_address_local_key``, ``_match_key`` and ``_division`` (``text_ge`` and ``text_lt``
    are leakproof).
    """
    index = division_index(connection)
    parsed = parse(typed, index)
    keys = address_keys(parsed)
    within = parsed.division_code or ""
    within = within if len(within) > 6 else ""
    rows: dict[int, Candidate] = {}

    def take(sql: str, confidence: float, **values: Any) -> None:
        if len(rows) < limit:
            for row in connection.execute(text(sql), {"limit": limit, **values}):
                rows.setdefault(row.id, candidate_of(row, confidence, ()))

    if keys.local_key:
        take(_STARTING.format(column="local_key"), 0.7, within=within, **_range(keys.local_key))
    if keys.match_key:
        take(_STARTING.format(column="match_key"), 0.7, within="", **_range(keys.match_key))
    if within:
        take(_IN_DIVISION, 0.6, within=within, part=keys.local_key)
    villages = sorted({d.code for names in index.by_level["village"].values() for d in names})
    if not rows and len(keys.local_key) > 1 and len(villages) <= FEW_VILLAGES:
        take(_ROAD_CONTAINS, 0.6, villages=villages, part=keys.local_key)
    return list(rows.values())[:limit]


def _range(start: str) -> dict[str, str]:
    """Every text that begins with ``start``."""
    return {"start": start, "end": start + "\U0010ffff"}
