"""Running the rules: find, then bring ``address_finding`` up to date. Running again doubles nothing.

A finding that is found again moves ``last_seen_at``; one that is gone becomes fixed; one that a person ignored stays
ignored. Of a rule that hits more than ``STORED_PER_RULE`` addresses the first ones by id are kept, the count is whole.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, text

from database.connection.engine import raw
from database.errors import Missing
from database.rights.scope import Scope
from gazetteer.quality.points import Library
from gazetteer.quality.rule import Found, QualityRule, RuleSet

STORED_PER_RULE = 100_000


class UnknownRule(Missing):
    """没有这条质量规则 | No such quality rule"""


@dataclass(slots=True)
class CheckReport:
    """One run. found: rule → addresses it found; seconds: rule → time, with 'prepare' and 'store'."""

    run_id: int
    addresses_n: int = 0
    found: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


def rules_of(sets: Iterable[RuleSet]) -> dict[str, QualityRule]:
    """All rules of several sets, by name. A name used twice raises ValueError."""
    rules: dict[str, QualityRule] = {}
    for rule_set in sets:
        if twice := rules.keys() & rule_set.rules.keys():
            raise ValueError(f"two rules are named {twice}")
        rules |= rule_set.rules
    return rules


def get_rule(sets: Iterable[RuleSet], name: str) -> QualityRule:
    """A rule by name. Raises UnknownRule."""
    rules = rules_of(sets)
    if name not in rules:
        raise UnknownRule(name, rule=name)
    return rules[name]


def start_run(connection: Connection, scope: Scope) -> int:
    """Record that a run begins; returns its number. It belongs to the first unit of the scope."""
    return int(
        connection.execute(
            text("INSERT INTO quality_run (actor, addresses_n, grid_code) VALUES (:actor, 0, :grid) RETURNING id"),
            {"actor": scope.actor, "grid": scope.prefixes[0]},
        ).scalar_one()
    )


def finish_run(connection: Connection, report: CheckReport) -> None:
    """Record what a run found and how long each rule took."""
    rules = {
        name: {"found_n": n, "seconds": round(report.seconds.get(name, 0.0), 3)} for name, n in report.found.items()
    }
    connection.execute(
        text(
            "UPDATE quality_run SET addresses_n = :n, rules = CAST(:rules AS jsonb), finished_at = clock_timestamp() "
            "WHERE id = :id"
        ),
        {"id": report.run_id, "n": report.addresses_n, "rules": json.dumps(rules)},
    )


def check(
    connection: Connection, scope: Scope, sets: Sequence[RuleSet], *, only: Iterable[str] | None = None
) -> CheckReport:
    """Run rules over everything the scope shows, in this transaction. only: names; default all. Raises UnknownRule."""
    report = CheckReport(start_run(connection, scope))
    run_rules(connection, scope, sets, report, only=only)
    finish_run(connection, report)
    return report


def run_rules(
    connection: Connection,
    scope: Scope,
    sets: Sequence[RuleSet],
    report: CheckReport,
    *,
    only: Iterable[str] | None = None,
) -> None:
    """Run rules and store their findings; adds to ``report``. The part of ``check`` that may run on several connections."""
    names = set(rules_of(sets)) if only is None else set(only)
    for name in sorted(names):
        get_rule(sets, name)
    begun = time.perf_counter()
    library = Library(connection)
    for rule_set in sets:
        if names & rule_set.rules.keys() or rule_set is sets[0]:
            rule_set.prepare(connection)
            for table in rule_set.tables_of(names):
                connection.execute(text(f"DROP TABLE IF EXISTS pg_temp.{table}"))
                raw(connection).execute(rule_set.tables[table].encode())
                connection.execute(text(f"ANALYZE pg_temp.{table}"))
    report.addresses_n = connection.scalar(text("SELECT count(*) FROM pg_temp.quality_address")) or 0
    report.seconds["prepare"] = time.perf_counter() - begun
    for rule_set in sets:
        for name in sorted(names & rule_set.rules.keys()):
            begun = time.perf_counter()
            report.found[name] = run_rule(library, rule_set.rules[name])
            report.seconds[name] = time.perf_counter() - begun
    begun = time.perf_counter()
    _store(connection, rules_of(sets), sorted(names), report.run_id, whole=scope.prefixes == (scope.county,))
    report.seconds["store"] = time.perf_counter() - begun


def run_rule(library: Library, rule: QualityRule) -> int:
    """Put what a rule finds into ``pg_temp.quality_found``; returns how many."""
    connection = library.connection
    if rule.find is not None:
        # a whole list first: while a COPY runs, the rule could ask the connection nothing
        return _copy_found(connection, rule.name, list(rule.find(library)))
    query = rule.query or f"SELECT a.id, {rule.facts} FROM pg_temp.quality_address a WHERE {rule.where}"  # noqa: S608
    # straight through the driver: the SQL of a rule is a constant that may hold % and :
    cursor = raw(connection).execute(
        f"INSERT INTO pg_temp.quality_found (rule, address_id, facts) "  # noqa: S608 - constants of the rule's module
        f"SELECT DISTINCT ON (address_id) '{rule.name}', f.address_id, f.facts FROM ({query}) AS f(address_id, facts)".encode()
    )
    return cursor.rowcount


def _copy_found(connection: Connection, name: str, found: Sequence[Found]) -> int:
    with (
        raw(connection).cursor() as cursor,
        cursor.copy("COPY pg_temp.quality_found (rule, address_id, facts) FROM STDIN") as copy,
    ):
        for address_id, facts in found:
            copy.write_row((name, address_id, json.dumps(facts, ensure_ascii=False)))
    return len(found)


# Served by uq_address_finding_rule_address_id, and by the unique index of the temporary tables.
_UPSERT = """
INSERT INTO address_finding AS known (rule, severity, address_id, division_code, facts, run_id, grid_code)
SELECT f.rule, CAST(:severities AS jsonb) ->> f.rule, f.address_id, a.division_code, f.facts, :run, a.grid_code
FROM (SELECT *, row_number() OVER (PARTITION BY rule ORDER BY address_id) AS place FROM pg_temp.quality_found) f
JOIN pg_temp.quality_address a ON a.id = f.address_id
WHERE f.place <= :stored
ORDER BY f.rule, f.address_id
ON CONFLICT (rule, address_id) DO UPDATE SET
    facts = excluded.facts, severity = excluded.severity, division_code = excluded.division_code,
    grid_code = excluded.grid_code, run_id = excluded.run_id, last_seen_at = now(), gone_at = NULL,
    state = CASE known.state WHEN 'fixed' THEN 'open' ELSE known.state END
"""
_GONE = """
UPDATE address_finding known SET gone_at = now(), state = CASE known.state WHEN 'open' THEN 'fixed' ELSE known.state END
WHERE known.rule = ANY(:rules) AND known.gone_at IS NULL AND NOT EXISTS (
    SELECT FROM pg_temp.quality_found f WHERE f.rule = known.rule AND f.address_id = known.address_id)
"""


def _store(
    connection: Connection, rules: dict[str, QualityRule], names: list[str], run_id: int, *, whole: bool
) -> None:
    connection.execute(text("CREATE INDEX ON pg_temp.quality_found (rule, address_id)"))
    connection.execute(text("ANALYZE pg_temp.quality_found"))
    severities = json.dumps({name: rules[name].severity for name in names})
    connection.execute(text(_UPSERT), {"severities": severities, "run": run_id, "stored": STORED_PER_RULE})
    judged = [name for name in names if whole or not rules[name].wide]
    connection.execute(text(_GONE), {"rules": judged})
