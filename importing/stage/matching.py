"""Addresses as written → standard addresses (地址匹配), all rows at once, every different text once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from gazetteer.matching.match import Match, match_many
from importing.stage.stage import Stage, as_json, copy_line
from importing.vocabulary import ImportStage

#: JSON document: how a text was matched (columns ``…_match``): level, several or one, confidence, class, candidate, reasons
How = dict[str, Any]

CHUNK = 20_000
#: Classes of confidence that are linked; less certain candidates are recorded, not linked.
LINKED = {"A", "B"}


@dataclass(frozen=True, slots=True)
class AddressField:
    """A column of address texts, and where the answer goes. match: the column that says how it was matched, if kept."""

    text: str
    address_id: str
    match: str | None = None


def match_fields(stage: Stage, fields: Sequence[AddressField]) -> None:
    """Set the ids (and how each was matched) from the address texts; a text that stands in several columns is matched once.

    Only a candidate of class A or B that is the only one is linked: nothing is guessed.
    """
    texts = [row[0] for row in stage.rows("{texts}", texts=sql.SQL(" UNION ").join(map(_texts, fields)))]
    stage.run("DROP TABLE IF EXISTS pg_temp.stage_match")
    # no index: each join with it reads the whole of it
    stage.run("CREATE TEMP TABLE stage_match (text text NOT NULL, address_id bigint, match jsonb) ON COMMIT DROP")
    linked = 0
    rows = stage.counts.get("read", 0)
    for start in range(0, len(texts), CHUNK):
        stage.report(ImportStage.MATCH, rows * start // len(texts))
        matches = match_many(stage.connection, texts[start : start + CHUNK])
        linked += sum(_linked(match) is not None for match in matches)
        stage.copy("stage_match", ("text", "address_id", "match"), _lines(matches))
    stage.run("ANALYZE stage_match (text)")
    for field in fields:
        assignments = [sql.SQL("{} = m.address_id").format(sql.Identifier(field.address_id))]
        if field.match is not None:
            assignments.append(sql.SQL("{} = m.match").format(sql.Identifier(field.match)))
        stage.run(
            "UPDATE stage_row s SET {assignments} FROM stage_match m "
            "WHERE m.text = s.{field} AND s.outcome <> 'unchanged'",
            assignments=sql.SQL(", ").join(assignments),
            field=sql.Identifier(field.text),
        )
    stage.counts["texts"] = stage.counts.get("texts", 0) + len(texts)
    stage.counts["matched"] = stage.counts.get("matched", 0) + linked


def _texts(field: AddressField) -> sql.Composable:
    """The different texts of a column."""
    return sql.SQL("SELECT DISTINCT {0} FROM stage_row WHERE {0} IS NOT NULL AND outcome <> 'unchanged'").format(
        sql.Identifier(field.text)
    )


def _linked(match: Match) -> int | None:
    candidate = match.candidate
    if candidate is None or match.ambiguous or candidate.confidence_class not in LINKED:
        return None
    return candidate.address_id


def _lines(matches: Sequence[Match]) -> Iterator[str]:
    for match in matches:
        address_id = _linked(match)
        yield copy_line([match.text, None if address_id is None else str(address_id), as_json(how(match))])


def how(match: Match) -> How:
    """How a text was matched, for the record."""
    candidate = match.candidate
    found: How = {"matched_level": match.matched_level, "ambiguous": match.ambiguous}
    if candidate is not None:
        found["confidence"] = round(candidate.confidence, 3)
        found["class"] = candidate.confidence_class
        found["candidate"] = candidate.address_id
        found["reasons"] = [reason.text_zh for reason in candidate.reasons]
    return found
