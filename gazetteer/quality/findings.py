"""Reading the findings: counts by rule and village, drill-down by page, and ignoring what is right as it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from database.connection.records import records_of
from database.errors import Missing, Taken
from database.paging import Cursor, Page
from gazetteer.quality.sight import visible_facts


class FindingNotFound(Missing):
    """没有这条质量问题，或不在您的数据范围内 | No such finding, or outside your scope"""


class FindingClosed(Taken):
    """这条问题已不存在，无需忽略 | The finding is gone already; there is nothing to ignore"""


# Served by ix_address_finding_open.
_COUNTS = """
SELECT f.rule, f.division_code, d.name AS division_name, count(*)::int AS open_n
FROM address_finding f LEFT JOIN division d ON d.code = f.division_code
WHERE f.state = 'open' AND (CAST(:rule AS text) IS NULL OR f.rule = :rule)
  AND (CAST(:village AS text) IS NULL OR f.division_code = :village)
GROUP BY 1, 2, 3 ORDER BY 1, 2
"""
_STATES = "SELECT rule, state, count(*)::int AS n FROM address_finding GROUP BY 1, 2"
_COLUMNS = (
    "f.id, f.rule, f.severity, f.state, f.address_id, a.code, a.full_text, a.status, st_x(a.geom) AS lon, "
    "st_y(a.geom) AS lat, f.division_code, f.grid_code, f.facts, f.ignored_reason, f.ignored_by, f.first_seen_at, "
    "f.last_seen_at, f.gone_at"
)


@dataclass(frozen=True, slots=True)
class OpenFindings:
    """How many findings of a rule are open in a village."""

    rule: str
    division_code: str | None
    division_name: str | None
    open_n: int


@dataclass(frozen=True, slots=True)
class ListedFinding:
    """A finding with its address. lon, lat in EPSG:4490. facts: under the rule's keys; addresses outside the scope are not named."""

    id: int
    rule: str
    severity: str
    state: str
    address_id: int
    code: str
    full_text: str
    status: str
    lon: float | None
    lat: float | None
    division_code: str
    grid_code: str
    facts: dict[str, Any]
    ignored_reason: str | None
    ignored_by: str | None
    first_seen_at: datetime
    last_seen_at: datetime
    gone_at: datetime | None


@dataclass(frozen=True, slots=True)
class QualityRun:
    """A run of the rules that ended."""

    id: int
    actor: str
    started_at: datetime
    finished_at: datetime
    addresses_n: int
    rules: dict[str, Any]


def count_findings(
    connection: Connection, *, rule: str | None = None, village: str | None = None
) -> list[OpenFindings]:
    """The open findings by rule and village."""
    rows = connection.execute(text(_COUNTS), {"rule": rule, "village": village})
    return records_of(OpenFindings, rows)


def count_states(connection: Connection) -> dict[str, dict[str, int]]:
    """Rule → state (open, fixed, ignored) → number of findings."""
    counts: dict[str, dict[str, int]] = {}
    for rule, state, n in connection.execute(text(_STATES)):
        counts.setdefault(rule, {})[state] = n
    return counts


def last_run(connection: Connection) -> QualityRun | None:
    """The latest run that ended; None before the first."""
    row = connection.execute(
        text(
            "SELECT id, actor, started_at, finished_at, addresses_n, rules FROM quality_run "
            "WHERE finished_at IS NOT NULL ORDER BY id DESC LIMIT 1"
        )
    ).one_or_none()
    return None if row is None else QualityRun(**row._mapping)


_CURSOR = Cursor("findings", int)


def list_findings(
    connection: Connection,
    *,
    rule: str | None = None,
    village: str | None = None,
    state: str = "open",
    after: str | None = None,
    limit: int = 50,
) -> Page[ListedFinding]:
    """A page of findings by number. Raises CursorInvalid.

    Served by ``ix_address_finding_open`` and ``ix_address_finding_village``; without rule and village by the primary key.
    """
    conditions = ["f.state = :state", "f.id > :after"]
    if rule is not None:
        conditions.append("f.rule = :rule")
    if village is not None:
        conditions.append("f.division_code = :village")
    rows = connection.execute(
        text(
            f"SELECT {_COLUMNS} FROM address_finding f JOIN standard_address a ON a.id = f.address_id "  # noqa: S608
            f"WHERE {' AND '.join(conditions)} ORDER BY f.id LIMIT :limit"
        ),
        {"state": state, "after": _CURSOR.first(after) or 0, "rule": rule, "village": village, "limit": limit + 1},
    )
    return _CURSOR.page(_as_seen(connection, records_of(ListedFinding, rows)), limit, lambda finding: (finding.id,))


def get_finding(connection: Connection, finding_id: int) -> ListedFinding:
    """One finding with its address. Raises FindingNotFound."""
    row = connection.execute(
        text(
            f"SELECT {_COLUMNS} FROM address_finding f JOIN standard_address a ON a.id = f.address_id "  # noqa: S608
            "WHERE f.id = :id"
        ),
        {"id": finding_id},
    ).one_or_none()
    if row is None:
        raise FindingNotFound(str(finding_id))
    return _as_seen(connection, [ListedFinding(**row._mapping)])[0]


def _as_seen(connection: Connection, found: list[ListedFinding]) -> list[ListedFinding]:
    """The findings, what the scope does not show taken out of their facts."""
    facts = visible_facts(connection, [one.facts for one in found])
    return [replace(one, facts=shown) for one, shown in zip(found, facts, strict=True)]


def ignore_finding(connection: Connection, finding_id: int, *, reason: str, actor: str) -> ListedFinding:
    """Say that the address is right as it is; later runs leave it ignored. Raises FindingNotFound, FindingClosed."""
    ignored = connection.execute(
        text(
            "UPDATE address_finding SET state = 'ignored', ignored_reason = :reason, ignored_by = :actor "
            "WHERE id = :id AND state <> 'fixed'"
        ),
        {"id": finding_id, "reason": reason, "actor": actor},
    ).rowcount
    finding = get_finding(connection, finding_id)
    if not ignored:
        raise FindingClosed(str(finding_id))
    return finding
