"""Before a decision applies: what would it break in the whole library? Set-based, and said in Chinese with examples.

A blocking conflict refuses the decision. A warning wants a person's ``confirm``. The test runs in the decider's scope; so
what reaches farther than a narrow scope can see is refused there, for a colleague with the whole county.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from database.rights.scope import Scope
from gazetteer.matching.match import match_many, normalised_alias
from gazetteer.matching.rules import RoadRule, road_of, rule_book
from gazetteer.reading.divisions import division_index
from gazetteer.reading.parse import parse

SAMPLES = 5


@dataclass(frozen=True, slots=True)
class Conflict:
    """One kind of trouble. n: how many rows; samples: at most five of them. blocking: no confirmation helps."""

    kind: str
    text_zh: str
    blocking: bool
    n: int = 1
    samples: tuple[str, ...] = ()


# Served by ix_standard_address_match_key, ix_standard_address_local_key, ix_address_alias_match_key.
_ALIAS_TAKEN = {
    "standard_address": (
        "这个写法本身就是另一个标准地址",
        "SELECT a.full_text FROM standard_address a WHERE a.match_key = :key AND a.id <> :id AND a.status <> 'retired'",
    ),
    "local_text": (
        "不写村名时，这个写法是另一个标准地址",
        "SELECT a.full_text FROM standard_address a WHERE a.local_key = :key AND a.id <> :id AND a.status <> 'retired'",
    ),
    "other_alias": (
        "这个写法已是另一个标准地址的别名",
        "SELECT a.full_text FROM address_alias x JOIN standard_address a ON a.id = x.address_id "
        "WHERE x.match_key = :key AND x.address_id <> :id AND a.status <> 'retired'",
    ),
    "other_decision": (
        "相同的文本此前已判给另一个标准地址",
        "SELECT a.full_text FROM correction c JOIN standard_address a ON a.id = c.address_id "
        "WHERE c.match_key = :key AND c.address_id <> :id AND c.status = 'decided' AND c.outcome IN ('alias', 'by_rule')",
    ),
}


def alias_conflicts(connection: Connection, written: str, address_id: int, scope: Scope) -> list[Conflict]:
    """What recording ``written`` as an alias of an address would break."""
    key = normalised_alias(written)
    address = connection.execute(
        text("SELECT full_text, status, local_key FROM standard_address WHERE id = :id"), {"id": address_id}
    ).one_or_none()
    if address is None:
        return [Conflict("no_address", "没有这个标准地址，或不在您的数据范围内", blocking=True)]
    if address.status != "published":
        return [Conflict("not_published", "标准地址不是已发布状态", True, samples=(address.full_text,))]
    conflicts = [
        found
        for kind, (why, sql) in _ALIAS_TAKEN.items()
        if (found := _samples(connection, kind, why, sql, {"key": key, "id": address_id})) is not None
    ]
    parsed = parse(written, division_index(connection))
    rule = rule_book(connection).rule_for(parsed)
    if rule is not None:
        conflicts.append(
            Conflict(
                "rule_first", f"这类文本已按规则把“{rule.written}”读作“{rule.standard}”，别名不会起作用", blocking=True
            )
        )
    named = parsed.division_code or ""
    if not scope.whole_county and not (len(named) > 6 and scope.covers(named)):
        conflicts.append(Conflict("beyond_scope", "文本没有写明您范围内的乡镇或村，须由县级人员决定", blocking=True))
    return conflicts + _matched_otherwise(connection, written, address_id)


def _matched_otherwise(connection: Connection, written: str, address_id: int) -> list[Conflict]:
    """What the matcher says of the text today: records that were linked so would be linked otherwise."""
    match = match_many(connection, [written])[0]
    if match.candidate is None or match.candidate.address_id == address_id:
        return []
    confidence_class = match.candidate.confidence_class
    if confidence_class == "C":
        return []
    return [
        Conflict(
            "matched_otherwise",
            f"现在这个文本匹配到另一个标准地址（{confidence_class} 类），已有的关联会改变",
            blocking=confidence_class == "A",
            samples=(match.candidate.full_text,),
        )
    ]


# Served by ix_standard_address_division; road_key narrows within it.
_RULE = {
    "no_such_road": (
        "这个村（镇）没有这条标准路名",
        "SELECT 1 AS full_text WHERE NOT EXISTS (SELECT FROM standard_address a WHERE a.status = 'published' "
        "AND a.road_key = :standard AND a.division_code >= :division AND a.division_code < :division || '~')",
    ),
    "road_exists": (
        "这个村（镇）本来就有叫这个名字的路",
        "SELECT a.full_text FROM standard_address a WHERE a.status <> 'retired' AND a.road_key = :written "
        "AND a.division_code >= :division AND a.division_code < :division || '~'",
    ),
    "other_rule": (
        "已有规则与它冲突",
        "SELECT r.division_code || ' ' || r.written || '→' || r.standard AS full_text FROM address_rule r "
        "WHERE (starts_with(r.division_code, :division) OR starts_with(:division, r.division_code)) "
        "AND ((r.written = :written AND (r.standard <> :standard OR r.division_code = :division)) "
        "OR r.written = :standard OR r.standard = :written)",
    ),
    "other_decision": (
        "这条路的文本此前已判给不在标准路上的地址",
        "SELECT c.address_text AS full_text FROM correction c JOIN standard_address a ON a.id = c.address_id "
        "WHERE c.kind = 'match' AND c.status = 'decided' AND c.road_key = :written AND c.division_code >= :division "
        "AND c.division_code < :division || '~' AND a.road_key IS DISTINCT FROM :standard",
    ),
}


def rule_conflicts(connection: Connection, rule: RoadRule, scope: Scope) -> list[Conflict]:
    """What a rule would break: roads, rules, decisions and aliases of its division."""
    if not scope.covers(rule.division_code):
        return [Conflict("beyond_scope", "规则所在的村（镇）不在您的数据范围内", blocking=True)]
    values = {"division": rule.division_code, "written": rule.written, "standard": rule.standard}
    conflicts = [
        found
        for kind, (why, sql) in _RULE.items()
        if (found := _samples(connection, kind, why, sql, values)) is not None
    ]
    hidden = _hidden_aliases(connection, rule)
    if hidden:
        why = "这条路上已登记的别名会失去作用"
        conflicts.append(Conflict("alias_hidden", why, True, len(hidden), tuple(hidden[:SAMPLES])))
    return conflicts


def _hidden_aliases(connection: Connection, rule: RoadRule) -> list[str]:
    """Aliases written with the road of the rule: the rule would mend the text before the alias is looked up.

    Only those that mean an address which the mended text does not; all aliases of the division, read once.
    """
    rows = connection.execute(
        text(
            "SELECT x.alias_text, a.match_key FROM standard_address a JOIN address_alias x ON x.address_id = a.id "
            "WHERE strpos(x.match_key, :written) > 0 AND a.status = 'published' "
            "AND a.division_code >= left(:division, 9) AND a.division_code < left(:division, 9) || '~' LIMIT 5000"
        ),
        {"written": rule.written, "division": rule.division_code},
    ).all()
    index = division_index(connection)
    parsed = [(row, parse(row.alias_text, index)) for row in rows]
    return [
        row.alias_text
        for row, alias in parsed
        if road_of(alias) == rule.written
        and all(d.code.startswith(rule.division_code) for d in alias.divisions)
        and not row.match_key.endswith(alias.key.rpartition(rule.written)[2])
    ]


def _samples(connection: Connection, kind: str, why: str, sql: str, values: dict[str, Any]) -> Conflict | None:
    rows: Sequence[Any] = connection.execute(
        text(f"SELECT full_text, count(*) OVER () AS n FROM ({sql}) q LIMIT {SAMPLES}"),  # noqa: S608 - constants only
        values,
    ).all()
    if not rows:
        return None
    samples = () if kind == "no_such_road" else tuple(str(row.full_text) for row in rows)
    return Conflict(kind, why, True, rows[0].n, samples)
