"""The end of an alert whose condition no longer holds, found by a scan or brought about by a visit.

While nobody has acted on it, such an alert ends by itself: its state is cleared (已自行消除), its history names what ended
it. One that a person has acted on keeps its state and only says so (``ceased_at``, a step ``cease``): that person settles it,
gives a verdict or goes on. So does a closed one, for then the same finding may be raised again when it comes back. What
holds again while the alert is still in somebody's hands is the same alert (a step ``recur``); after an end it is a new one.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, text

from alerts.detection.rules import RULES
from alerts.lifecycle import ENDED, AlertSystemStep


@dataclass(frozen=True, slots=True)
class Ended:
    """cleared: alerts that ended by themselves. ceased: those in somebody's hands, or closed, that now say so."""

    cleared: int
    ceased: int


# Another alert of the rule about the same subject by ix_alert_subject, the steps of people by ix_alert_step_alert. A step that
# a person takes at the same moment wins: the row is locked, and its status read again.
_END = """
WITH gone AS MATERIALIZED (
    SELECT a.id, a.status, a.grid_code, a.status = 'open' AND NOT EXISTS (
               SELECT FROM alert_step s WHERE s.alert_id = a.id AND s.action <> ALL(:system)) AS by_itself,
           (SELECT max(o.id) FROM alert o WHERE o.subject_kind = a.subject_kind AND o.subject_id = a.subject_id
            AND o.rule = a.rule AND o.id > a.id AND o.ceased_at IS NULL) AS instead
    FROM alert a WHERE a.ceased_at IS NULL AND {which} ORDER BY a.id FOR UPDATE
), ended AS (
    UPDATE alert SET ceased_at = now(), version = version + 1,
           status = CASE WHEN g.by_itself THEN 'cleared' ELSE alert.status END
    FROM gone g WHERE alert.id = g.id
    RETURNING alert.id, g.status AS from_status, alert.status, alert.grid_code, g.by_itself, g.instead
), stepped AS (
    INSERT INTO alert_step (alert_id, action, from_status, to_status, actor, reason, evidence, grid_code)
    SELECT id, CASE WHEN by_itself THEN 'clear' ELSE 'cease' END, from_status, status, current_setting('onemap.actor'),
           :reason || CASE WHEN instead IS NULL THEN '' ELSE '同一对象现有另一条同类预警（编号 ' || instead || '）。' END,
           CAST(:evidence AS jsonb) || CASE WHEN instead IS NULL THEN '{{}}' ELSE jsonb_build_object('alert_id', instead) END,
           grid_code
    FROM ended ORDER BY id
)
SELECT count(*) FILTER (WHERE by_itself) AS cleared, count(*) FILTER (WHERE NOT by_itself) AS ceased FROM ended
"""
_UNFOUND = "a.rule = :rule AND NOT EXISTS (SELECT FROM unnest(CAST(:found AS text[])) f WHERE f = a.fingerprint)"
_OF_HOUSEHOLD = "a.household_id = :household AND a.rule = ANY(:rules)"  # ix_alert_household_id

# Served by ix_alert_ceased and uq_alert_fingerprint.
_RECUR = """
WITH back AS MATERIALIZED (
    SELECT DISTINCT ON (a.fingerprint) a.id FROM unnest(CAST(:found AS text[])) f
    JOIN alert a ON a.fingerprint = f AND a.ceased_at IS NOT NULL AND a.status <> ALL(:ended)
    WHERE NOT EXISTS (SELECT FROM alert o WHERE o.fingerprint = f AND o.ceased_at IS NULL)
    ORDER BY a.fingerprint, a.id DESC
), recurred AS (
    UPDATE alert SET ceased_at = NULL, version = version + 1 FROM back WHERE alert.id = back.id
    RETURNING alert.id, alert.status, alert.grid_code
)
INSERT INTO alert_step (alert_id, action, from_status, to_status, actor, reason, grid_code)
SELECT id, 'recur', status, status, current_setting('onemap.actor'), :reason, grid_code FROM recurred ORDER BY id
"""


def end_unfound(connection: Connection, rule: str, found: Collection[str], today: date) -> Ended:
    """End the alerts of a rule whose fingerprint a whole scan of the rule, as of ``today``, did not find."""
    reason = f"{today:%Y-%m-%d} 检查时不再发现这一情况。"
    values = {"rule": rule, "found": list(found), "reason": reason, "evidence": "{}"}
    return _end(connection, _UNFOUND, values)


def take_up_again(connection: Connection, found: Collection[str], today: date) -> None:
    """Alerts still in somebody's hands whose condition had ceased and was found again go on as the same alerts."""
    reason = f"{today:%Y-%m-%d} 检查时再次发现这一情况。"
    connection.execute(text(_RECUR), {"found": list(found), "ended": sorted(ENDED), "reason": reason})


def end_by_visit(
    connection: Connection,
    household_id: int,
    *,
    visit_id: int,
    visited_at: datetime,
    outcome: str,
    outcome_label: str,
    sure: bool,
) -> Ended:
    """End the alerts of a household that this visit answers, by the rules that say so; under the visitor's own scope.

    sure: whether visited_at is when it was made, and not when it arrived from a phone with a wrong clock; the history says so.
    """
    on, today = connection.execute(
        text("SELECT CAST(:at AS timestamptz)::date AS on, CURRENT_DATE AS today"), {"at": visited_at}
    ).one()
    rules = [r.name for r in RULES.values() if r.ended_by_visit and r.ended_by_visit(outcome, on, today)]
    if not rules:
        return Ended(0, 0)
    when = f"{on:%Y-%m-%d} 已走访" if sure else f"{on:%Y-%m-%d} 收到走访（手机时钟不准，确切时间不详）"
    reason = f"{when}，{outcome_label}。"
    evidence = json.dumps({"visit_id": visit_id})
    values = {"household": household_id, "rules": rules, "reason": reason, "evidence": evidence}
    return _end(connection, _OF_HOUSEHOLD, values)


def _end(connection: Connection, which: str, values: dict[str, Any]) -> Ended:
    row = connection.execute(text(_END.format(which=which)), values | {"system": list(AlertSystemStep)}).one()
    return Ended(row.cleared, row.ceased)
