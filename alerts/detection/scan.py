"""The scan: run the rules, turn findings into alerts, never twice for the same fingerprint.

A fingerprint is rule + subject + anchor. A new one raises an alert. One that is known only moves ``last_raised_at``:
status, verdict, notes and assignee survive every scan, so what was refuted stays refuted. A closed alert is not touched
at all while its fingerprint is found. What is no longer found ends, see ``ending``. When what makes the finding changes (another household, a later visit that
lapsed again, a surge in another week) the anchor changes with it and a new alert is raised.

A new alert carries the latest change (异动) that brought it about: ``before`` and ``after`` in its facts.

A finding that crosses scopes is several alerts, one a side, each with words, steps and verdict of its own; ``finding_key``
joins them, and ``alert_whole`` says the whole of it. Closing one side closes nothing elsewhere: each checks its own.
Such an alert takes its words anew at every scan, for where the other side lies may have changed; its verdict stays.

An alert keeps its facts under the keys and codes of its rule, with the rule's version; title and reason in Chinese are worded
from them here, for the search; other languages when they are read (``alerts/wording.py``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import Any

from sqlalchemy import Connection, text

from alerts.detection import ending
from alerts.detection.ending import Ended, take_up_again
from alerts.detection.finding import Finding
from alerts.detection.rule import AnomalyRule
from alerts.detection.rules import RULES

BATCH = 5000


@dataclass(slots=True)
class ScanReport:
    """counts: for each rule how many alerts were raised and how many were found again. ended: how many were not."""

    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    ended: dict[str, Ended] = field(default_factory=dict)


# One scan of a county at a time; the lock ends with the transaction.
_LOCK = "SELECT pg_advisory_xact_lock(hashtext('onemap.scan'), hashtext(current_schema()))"

# Known fingerprints by uq_alert_fingerprint, changes by ix_change_record: compared with plain columns, for under
# row-level security an expression such as ->> is not leakproof and would keep the index out.
# A side hears of the change that its own grid code holds; the whole of the finding, of whichever is the latest, in full.
_UPSERT = """
WITH found AS MATERIALIZED (
    SELECT f.*, EXISTS (
        SELECT FROM alert known WHERE known.fingerprint = f.fingerprint AND known.ceased_at IS NULL) AS etag_matches
    FROM jsonb_to_recordset(CAST(:findings AS jsonb)) AS f(
        fingerprint text, finding_key text, subject_kind text, subject_id text, household_id bigint, title text, reason text,
        facts jsonb, grid_code text, lon float, lat float, records jsonb, whole_reason text, whole_facts jsonb, places text[])
), causes AS MATERIALIZED (
    SELECT f.fingerprint, c.id, c.grid_code, c.before, c.after, place_within(c.grid_code, f.grid_code) AS here
    FROM found f CROSS JOIN jsonb_to_recordset(f.records) AS r(entity text, key text)
    JOIN change c ON c.entity = r.entity AND c.entity_id = r.key
    CROSS JOIN LATERAL (SELECT ARRAY(SELECT jsonb_array_elements_text(CAST(:watches AS jsonb) -> c.entity)) AS fields) w
    WHERE NOT f.etag_matches
      AND CASE WHEN w.fields = '{}' THEN c.operation = 'added' ELSE c.operation = 'changed' AND c.fields ?| w.fields END
), explained AS (
    SELECT f.*, CASE WHEN own.id IS NULL THEN '{}' ELSE jsonb_build_object('before', own.before, 'after', own.after) END AS cause,
           coalesce(latest.cause, '{}') AS whole_cause,
           f.places || CASE WHEN latest.also IS NULL THEN '{}' ELSE ARRAY[latest.grid_code, latest.also] END AS all_places,
           f.whole_reason IS NOT NULL OR latest.also IS NOT NULL AS crosses
    FROM found f
    LEFT JOIN LATERAL (SELECT c.* FROM causes c WHERE c.fingerprint = f.fingerprint AND c.here ORDER BY c.id DESC LIMIT 1) own ON true
    LEFT JOIN LATERAL (
        SELECT c.grid_code, coalesce(w.also_grid_code, CASE WHEN NOT c.here THEN c.grid_code END) AS also,
               jsonb_build_object('before', coalesce(w.before, c.before), 'after', coalesce(w.after, c.after)) AS cause
        FROM causes c LEFT JOIN change_whole w ON w.change_id = c.id
        WHERE c.fingerprint = f.fingerprint AND (c.here OR f.whole_reason IS NOT NULL) ORDER BY c.id DESC LIMIT 1
    ) latest ON true
), raised AS (
    INSERT INTO alert (fingerprint, finding_key, rule, severity, subject_kind, subject_id, household_id, title, reason, facts,
                       rule_version, grid_code, geom)
    SELECT fingerprint, finding_key, :rule, :severity, subject_kind, subject_id, household_id, title, reason,
           facts || cause, :rule_version, grid_code, st_setsrid(st_point(lon, lat), 4490)
    FROM explained ORDER BY fingerprint
    ON CONFLICT (fingerprint) WHERE ceased_at IS NULL DO UPDATE SET last_raised_at = now(),
        finding_key = coalesce(excluded.finding_key, alert.finding_key),
        reason = CASE WHEN excluded.finding_key IS NULL OR excluded.grid_code <> alert.grid_code
                 THEN alert.reason ELSE excluded.reason END,
        facts = CASE WHEN excluded.finding_key IS NULL OR excluded.grid_code <> alert.grid_code
                THEN alert.facts ELSE alert.facts || excluded.facts END,
        rule_version = CASE WHEN excluded.finding_key IS NULL OR excluded.grid_code <> alert.grid_code
                       THEN alert.rule_version ELSE excluded.rule_version END
    WHERE alert.status <> 'closed'
    RETURNING id, fingerprint, grid_code, xmax = 0 AS is_new
), told_whole AS (
    INSERT INTO alert_whole (alert_id, reason, facts, grid_code, also_grid_code)
    SELECT r.id, coalesce(e.whole_reason, e.reason), coalesce(e.whole_facts, e.facts) || e.whole_cause, r.grid_code,
           common_grid_code(e.all_places || CASE WHEN e.grid_code <> r.grid_code THEN ARRAY[e.grid_code] ELSE '{}' END)
    FROM raised r JOIN explained e USING (fingerprint) WHERE e.crosses ORDER BY r.id
    ON CONFLICT (alert_id) DO UPDATE SET reason = excluded.reason, facts = alert_whole.facts || excluded.facts,
        also_grid_code = common_grid_code(ARRAY[alert_whole.also_grid_code, excluded.also_grid_code])
), stepped AS (
    INSERT INTO alert_step (alert_id, action, to_status, actor, reason, grid_code)
    SELECT id, 'raise', 'open', current_setting('onemap.actor'), :title, grid_code FROM raised WHERE is_new
)
SELECT count(*) FILTER (WHERE is_new) AS raised, count(*) FILTER (WHERE NOT is_new) AS again FROM raised
"""


def scan(
    connection: Connection, today: date, rules: Iterable[str] | None = None, *, end_unfound: bool = True
) -> ScanReport:
    """Run the named rules (default: all) as of ``today`` over everything in scope; returns the counts by rule.

    The connection carries the scope of the system. end_unfound: False for a day gone by, which says nothing of what holds
    today. An unknown name raises KeyError.
    """
    connection.execute(text(_LOCK))
    report = ScanReport()
    for name in rules if rules is not None else RULES:
        rule = RULES[name]
        counts = report.counts.setdefault(name, {"raised": 0, "again": 0})
        found: set[str] = set()
        for batch in _batches(rule.find(connection, today, rule.defaults)):
            values = _parameters(rule, batch)
            fingerprints = {rule.fingerprint(finding) for finding in batch}
            take_up_again(connection, fingerprints, today)
            row = connection.execute(text(_UPSERT), values).one()
            counts["raised"] += row.raised
            counts["again"] += row.again
            found |= fingerprints
        if end_unfound:
            report.ended[name] = ending.end_unfound(connection, name, found, today)
    return report


def _batches(findings: Iterator[Finding]) -> Iterator[list[Finding]]:
    while batch := list(islice(findings, BATCH)):
        yield batch


def _parameters(rule: AnomalyRule, batch: Sequence[Finding]) -> dict[str, Any]:
    rows = {
        rule.fingerprint(f): {
            "finding_key": rule.finding_key(f),
            "subject_kind": f.subject_kind,
            "subject_id": f.subject_id,
            "household_id": f.household_id,
            "title": rule.say_title(f.facts),
            "reason": rule.say_reason(f.facts),
            "facts": f.facts,
            "grid_code": f.grid_code,
            "lon": f.lon,
            "lat": f.lat,
            "records": [{"entity": entity, "key": str(key)} for entity, key in f.records],
            "whole_reason": rule.say_reason(f.whole.facts) if f.whole else None,
            "whole_facts": f.whole.facts if f.whole else None,
            "places": f.whole.places if f.whole else (),
        }
        for f in batch
    }
    findings = [{"fingerprint": fingerprint, **row} for fingerprint, row in rows.items()]
    return {
        "findings": json.dumps(findings, ensure_ascii=False, default=str),
        "watches": json.dumps(rule.watches),
        "rule": rule.name,
        "rule_version": rule.version,
        "severity": rule.severity,
        "title": rule.title,
    }
