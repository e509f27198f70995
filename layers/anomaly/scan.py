"""The scan: run the rules, turn findings into alerts, never twice for the same fingerprint.

A fingerprint is rule + subject + anchor. A new one raises an alert. One that is known only moves ``last_raised_at``:
status, verdict, notes and assignee survive every scan, so what was refuted stays refuted. A closed alert is not touched
at all while its fingerprint is the same; when what makes the finding changes (another household, a later visit that
lapsed again, a surge in another week) the anchor changes with it and a new alert is raised.

A new alert carries the latest change (异动) that brought it about: ``before`` and ``after`` in its facts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import Any

from sqlalchemy import Connection, text

from layers.anomaly.finding import Finding, Rule
from layers.anomaly.rules import RULES

BATCH = 5000


@dataclass(slots=True)
class ScanReport:
    """counts: for each rule how many alerts were raised and how many were found again."""

    counts: dict[str, dict[str, int]] = field(default_factory=dict)


# One scan of a county at a time; the lock ends with the transaction.
_LOCK = "SELECT pg_advisory_xact_lock(hashtext('onemap.scan'), hashtext(current_schema()))"

# Known fingerprints by uq_alert_fingerprint, changes by ix_change_record: compared with plain columns, for under
# row-level security an expression such as ->> is not leakproof and would keep the index out.
_UPSERT = """
WITH found AS MATERIALIZED (
    SELECT f.*, EXISTS (SELECT FROM alert known WHERE known.fingerprint = f.fingerprint) AS is_known
    FROM jsonb_to_recordset(CAST(:findings AS jsonb)) AS f(
        fingerprint text, subject_kind text, subject_id text, household_id bigint, title text, reason text, facts jsonb,
        grid_code text, lon float, lat float, records jsonb)
), explained AS (
    SELECT f.*, CASE WHEN c.id IS NULL THEN '{}' ELSE jsonb_build_object('before', c.before, 'after', c.after) END AS cause
    FROM found f LEFT JOIN LATERAL (
        SELECT c.id, c.before, c.after
        FROM jsonb_to_recordset(f.records) AS r(entity text, key text)
        JOIN change c ON c.entity = r.entity AND c.entity_id = r.key
        CROSS JOIN LATERAL (SELECT ARRAY(SELECT jsonb_array_elements_text(CAST(:watches AS jsonb) -> c.entity)) AS fields) w
        WHERE CASE WHEN w.fields = '{}' THEN c.operation = 'added' ELSE c.operation = 'changed' AND c.fields ?| w.fields END
        ORDER BY c.id DESC LIMIT 1
    ) c ON NOT f.is_known
), raised AS (
    INSERT INTO alert (fingerprint, rule, severity, subject_kind, subject_id, household_id, title, reason, facts,
                       grid_code, geom)
    SELECT fingerprint, :rule, :severity, subject_kind, subject_id, household_id, title, reason,
           facts || cause, grid_code, st_setsrid(st_point(lon, lat), 4490)
    FROM explained ORDER BY fingerprint
    ON CONFLICT (fingerprint) DO UPDATE SET last_raised_at = now() WHERE alert.status <> 'closed'
    RETURNING id, grid_code, xmax = 0 AS is_new
), stepped AS (
    INSERT INTO alert_step (alert_id, action, to_status, actor, reason, grid_code)
    SELECT id, 'raise', 'open', current_setting('onemap.actor'), :title, grid_code FROM raised WHERE is_new
)
SELECT count(*) FILTER (WHERE is_new) AS raised, count(*) FILTER (WHERE NOT is_new) AS again FROM raised
"""


def scan(connection: Connection, today: date, rules: Iterable[str] | None = None) -> ScanReport:
    """Run the named rules (default: all) as of ``today`` over everything in scope; returns the counts by rule.

    The connection carries the scope of the system. An unknown name raises KeyError.
    """
    connection.execute(text(_LOCK))
    report = ScanReport()
    # the most severe last: of alerts raised in one scan the list shows the latest first
    for name in rules if rules is not None else reversed(RULES):
        rule = RULES[name]
        counts = report.counts.setdefault(name, {"raised": 0, "again": 0})
        for batch in _batches(rule.find(connection, today)):
            row = connection.execute(text(_UPSERT), _parameters(rule, batch)).one()
            counts["raised"] += row.raised
            counts["again"] += row.again
    return report


def _batches(findings: Iterator[Finding]) -> Iterator[list[Finding]]:
    while batch := list(islice(findings, BATCH)):
        yield batch


def _parameters(rule: Rule, batch: Sequence[Finding]) -> dict[str, Any]:
    rows = {
        rule.fingerprint(f): {
            "subject_kind": f.subject_kind,
            "subject_id": f.subject_id,
            "household_id": f.household_id,
            "title": f.title,
            "reason": f.reason,
            "facts": f.facts,
            "grid_code": f.grid_code,
            "lon": f.lon,
            "lat": f.lat,
            "records": [{"entity": entity, "key": str(key)} for entity, key in f.records],
        }
        for f in batch
    }
    findings = [{"fingerprint": fingerprint, **row} for fingerprint, row in rows.items()]
    return {
        "findings": json.dumps(findings, ensure_ascii=False, default=str),
        "watches": json.dumps(rule.watches),
        "rule": rule.name,
        "severity": rule.severity,
        "title": rule.title,
    }
