"""Safe fixes: shown first, applied in one transaction with author and reason, taken back as a whole.

A fix never touches meaning. Of text it changes only the way of writing: a row whose match key would not stay the same is
left alone and counted as skipped. The rows are simply updated; whoever listens to the table hears of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from access.audit.record import record
from database.connection.records import records_of
from database.errors import Invalid, Missing, Taken
from database.rights.scope import Scope
from gazetteer.corrections.reviews import follow_addresses
from gazetteer.library.writing import KEYS, read_text, update_from
from gazetteer.lifecycle.second_person import refuse_alone
from gazetteer.quality.mending import TEXT_COLUMNS, without_invisible
from gazetteer.quality.rule import QualityRule
from gazetteer.reading.divisions import division_index
from gazetteer.reading.normalise import normalise

SHOWN = 50


class NoSafeFix(Invalid):
    """这条规则没有安全的自动修复，需要人工处理 | This rule has no safe fix; a person must decide"""


class FixReasonMissing(Invalid):
    """请写明修复的理由 | Say why it is mended"""


class FixNotFound(Missing):
    """没有这次修复，或不在您的数据范围内 | No such fix, or outside your scope"""


class FixReverted(Taken):
    """这次修复已经撤销 | This fix has been taken back already"""


@dataclass(frozen=True, slots=True)
class FixedAddress:
    """An address that a fix changes: the columns before and after."""

    address_id: int
    code: str
    before: dict[str, Any]
    after: dict[str, Any]


@dataclass(frozen=True, slots=True)
class FixReport:
    """What a fix did, or would do. changes: the first ones, before and after. fix_id: None for a preview.

    skipped_n: findings that the fix leaves to a person.
    """

    rule: str
    fix_id: int | None
    changed_n: int
    skipped_n: int
    changes: list[FixedAddress]


_OPEN_FINDINGS = """
CREATE TEMP TABLE quality_target ON COMMIT DROP AS
SELECT f.address_id AS id FROM address_finding f
WHERE f.rule = :rule AND f.state = 'open' AND (CAST(:village AS text) IS NULL OR f.division_code = :village)
"""
_CHANGES = "CREATE TEMP TABLE quality_change (id bigint PRIMARY KEY, before jsonb, after jsonb) ON COMMIT DROP"


def preview_fix(connection: Connection, rule: QualityRule, *, village: str | None = None) -> FixReport:
    """What the fix would change among the open findings in scope; nothing is changed. Raises NoSafeFix."""
    total = _collect(connection, rule, village)
    return _report(connection, rule, None, total)


def apply_fix(
    connection: Connection, scope: Scope, rule: QualityRule, *, reason: str, village: str | None = None
) -> FixReport:
    """Change the addresses of the open findings in scope, close the findings, keep what was before.

    Raises NoSafeFix, FixReasonMissing; SecondPersonNeeded when a village lost addresses by it (no fix of today does that).
    """
    if not reason.strip():
        raise FixReasonMissing(rule.name)
    total = _collect(connection, rule, village)
    number = connection.scalar(text("SELECT count(*) FROM pg_temp.quality_change"))
    if not number:
        return _report(connection, rule, None, total)
    fix_id = int(
        connection.execute(
            text(
                "INSERT INTO quality_fix (rule, actor, reason, addresses_n, grid_code) "
                "VALUES (:rule, :actor, :reason, :n, :grid) RETURNING id"
            ),
            {"rule": rule.name, "actor": scope.actor, "reason": reason, "n": number, "grid": scope.prefixes[0]},
        ).scalar_one()
    )
    connection.execute(
        text(
            "INSERT INTO quality_fix_row (fix_id, address_id, before, after, grid_code) "
            "SELECT :fix, c.id, c.before, c.after, a.grid_code FROM pg_temp.quality_change c "
            "JOIN standard_address a ON a.id = c.id"
        ),
        {"fix": fix_id},
    )
    _write(connection, "SELECT id, before, after AS wanted FROM pg_temp.quality_change", {})
    refuse_alone(connection)
    connection.execute(
        text(
            "UPDATE address_finding f SET state = 'fixed', gone_at = now() FROM pg_temp.quality_change c "
            "WHERE f.address_id = c.id AND f.rule = :rule AND f.state = 'open'"
        ),
        {"rule": rule.name},
    )
    record(connection, "quality_fix", target=f"quality_fix:{fix_id}", purpose=reason)
    return _report(connection, rule, fix_id, total)


def revert_fix(connection: Connection, scope: Scope, fix_id: int) -> int:
    """Put back what a fix changed, except where an address was changed again since; returns how many were put back.

    Raises FixNotFound, FixReverted.
    """
    row = connection.execute(
        text("SELECT reverted_at, rule FROM quality_fix WHERE id = :id FOR UPDATE"), {"id": fix_id}
    ).one_or_none()
    if row is None:
        raise FixNotFound(str(fix_id))
    if row.reverted_at is not None:
        raise FixReverted(str(fix_id))
    rows = "SELECT address_id AS id, after AS before, before AS wanted FROM quality_fix_row WHERE fix_id = :fix"
    restored = _write(connection, rows, {"fix": fix_id})
    refuse_alone(connection)
    connection.execute(
        text("UPDATE quality_fix SET reverted_at = now(), reverted_by = :actor WHERE id = :id"),
        {"id": fix_id, "actor": scope.actor},
    )
    connection.execute(
        text(
            "UPDATE address_finding f SET state = 'open', gone_at = NULL FROM quality_fix_row r "
            "WHERE r.fix_id = :fix AND f.address_id = r.address_id AND f.rule = :rule AND f.state = 'fixed'"
        ),
        {"fix": fix_id, "rule": row.rule},
    )
    record(connection, "quality_fix_revert", target=f"quality_fix:{fix_id}")
    return restored


def _collect(connection: Connection, rule: QualityRule, village: str | None) -> int:
    """Fill ``pg_temp.quality_change``; returns the number of open findings asked for."""
    if rule.fix is None:
        raise NoSafeFix(rule.manual.title, rule=rule.name)
    for name in ("quality_target", "quality_change"):
        connection.execute(text(f"DROP TABLE IF EXISTS pg_temp.{name}"))
    total = connection.execute(text(_OPEN_FINDINGS), {"rule": rule.name, "village": village}).rowcount
    connection.execute(text(_CHANGES))
    if rule.fix.mend is not None:
        changes = list(_mended(connection, rule))
        connection.execute(
            text(
                "INSERT INTO pg_temp.quality_change SELECT id, before, after "
                "FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id bigint, before jsonb, after jsonb)"
            ),
            {"rows": json.dumps(changes, ensure_ascii=False)},
        )
    else:
        values, olds = (
            "jsonb_build_object(" + ", ".join(f"'{name}', {row}.{name}" for name in rule.fix.columns) + ")"
            for row in ("n", "a")
        )
        connection.execute(
            text(
                f"INSERT INTO pg_temp.quality_change SELECT a.id, {olds}, {values} "  # noqa: S608 - the rule's constants
                f"FROM ({rule.fix.new_values}) n JOIN standard_address a ON a.id = n.id WHERE {olds} <> {values}"
            )
        )
    return total


def _mended(connection: Connection, rule: QualityRule) -> Iterator[dict[str, Any]]:
    """The rows that a mend of text changes without changing what they say, with their keys made anew."""
    assert rule.fix is not None and rule.fix.mend is not None
    index = division_index(connection)
    rows = connection.execute(
        text(
            f"SELECT a.id, {', '.join((*TEXT_COLUMNS, *KEYS, 'depth'))} "  # noqa: S608 - constants
            "FROM pg_temp.quality_target x JOIN standard_address a ON a.id = x.id ORDER BY a.id"
        )
    ).mappings()
    for row in rows:
        old = {name: row[name] for name in TEXT_COLUMNS}
        new: dict[str, Any] = rule.fix.mend(old)
        full = new["full_text"]
        if new == old or not full or not _says_the_same(row["match_key"], full):
            continue
        new |= read_text(full, index).key_columns
        before = {name: row[name] for name in new if row[name] != new[name]}
        yield {"id": row["id"], "before": before, "after": {name: new[name] for name in before}}


def _says_the_same(match_key: str, new_text: str) -> bool:
    """True when only the way of writing changed: what normalising folds away, and characters nobody sees."""
    return normalise(new_text)[:400] == normalise(without_invisible(match_key))[:400]


def _write(connection: Connection, rows: str, parameters: dict[str, Any]) -> int:
    """Update addresses from rows (id, before, wanted), only where they still are as before; returns how many. Reviews follow."""
    changed = update_from(connection, rows, parameters, guard=_UNCHANGED)
    ids = connection.scalars(text(f"SELECT id FROM ({rows}) r"), parameters).all()  # noqa: S608 - statements of this file
    follow_addresses(connection, ids)
    return changed


_UNCHANGED = (
    "(SELECT jsonb_object_agg(e.key, e.value) FROM jsonb_each(to_jsonb(a) - 'geom' - 'geom_3857') e WHERE w.before ? e.key) "
    "= w.before"
)


def _report(connection: Connection, rule: QualityRule, fix_id: int | None, total: int) -> FixReport:
    number = connection.scalar(text("SELECT count(*) FROM pg_temp.quality_change")) or 0
    shown = connection.execute(
        text(
            "SELECT a.id AS address_id, a.code, c.before, c.after FROM pg_temp.quality_change c "
            "JOIN standard_address a ON a.id = c.id ORDER BY a.id LIMIT :n"
        ),
        {"n": SHOWN},
    )
    return FixReport(rule.name, fix_id, number, total - number, records_of(FixedAddress, shown))
