"""The scan: run the rules, turn findings into alerts, never twice for the same fingerprint.

A fingerprint is rule + subject + anchor. A new one raises an alert. One that is known only moves ``last_raised_at``:
status, verdict, notes and assignee survive every scan. A closed alert stays closed while its fingerprint is the same;
when what makes the finding changes (another household, a later visit that lapsed again, another week) the anchor
changes with it and a new alert is raised.
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


# Served by uq_alert_fingerprint.
_UPSERT = """
WITH found AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(CAST(:findings AS jsonb)) AS f(
        fingerprint text, subject_kind text, subject_id text, household_id bigint, title text, reason text, facts jsonb,
        grid_code text, lon float, lat float)
), raised AS (
    INSERT INTO alert (fingerprint, rule, severity, subject_kind, subject_id, household_id, title, reason, facts,
                       grid_code, geom)
    SELECT fingerprint, :rule, :severity, subject_kind, subject_id, household_id, title, reason, facts, grid_code,
           st_setsrid(st_point(lon, lat), 4490)
    FROM found
    ON CONFLICT (fingerprint) DO UPDATE SET last_raised_at = now() WHERE alert.status <> 'closed'
    RETURNING id, grid_code, first_raised_at = now() AND version = 1 AND xmax = 0 AS is_new
), stepped AS (
    INSERT INTO alert_step (alert_id, action, to_status, actor, reason, grid_code)
    SELECT id, 'raise', 'open', 'scan', :title, grid_code FROM raised WHERE is_new
)
SELECT count(*) FILTER (WHERE is_new) AS raised, count(*) FILTER (WHERE NOT is_new) AS again FROM raised
"""


def scan(connection: Connection, today: date, rules: Iterable[str] | None = None) -> ScanReport:
    """Run the named rules (default: all) as of ``today`` over everything in scope; returns the counts by rule."""
    report = ScanReport()
    for name in rules if rules is not None else RULES:
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
            "fingerprint": rule.fingerprint(f),
            "subject_kind": f.subject_kind,
            "subject_id": f.subject_id,
            "household_id": f.household_id,
            "title": f.title,
            "reason": f.reason,
            "facts": f.facts,
            "grid_code": f.grid_code,
            "lon": f.lon,
            "lat": f.lat,
        }
        for f in batch
    }
    findings = json.dumps(list(rows.values()), ensure_ascii=False, default=str)
    return {"findings": findings, "rule": rule.name, "severity": rule.severity, "title": rule.title}
