"""The household file (一户一档), finding persons, revealing a number, recording a visit. Every look is audited."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, text
from sqlalchemy.exc import NoResultFound

from access.audit import record
from database.engine import current_day
from database.errors import OnemapError
from database.seal import Sealer, row_binding
from grid.postings import responsible_on
from grid.visits import OUTCOMES, NewVisit, record_visit
from layers.alerts.store import open_alerts_of_household
from layers.anomaly.ending import end_by_visit
from layers.importing.privacy import mask_numbers
from layers.looks import PURPOSE_MIN, Kind, LookLimits, admit_look, count_look, purpose_given

FIND_LIMIT = 20
#: The product is younger than this, so are its visits; clocks without a battery start in 1970, 1980, 2000 or 2010.
EARLIEST_VISIT = datetime(2020, 1, 1, tzinfo=UTC)
STATUS_LABELS: dict[str, str] = {
    "low_income": "低保", "five_guarantees": "五保", "disabled": "残疾", "left_behind": "留守", "elderly_alone": "独居老人",
    "key_care": "重点关爱", "veteran": "退役军人", "party_member": "党员", "relocated": "易地搬迁", "monitored": "防返贫监测",
}  # fmt: skip
RevealField = Literal["id_number", "phone"]
_SEALED: dict[RevealField, str] = {"id_number": "id_number_cipher", "phone": "phone_cipher"}


class HouseholdNotFound(OnemapError):
    """没有这一户，或不在您的数据范围内 | No such household, or outside your scope"""


class PersonNotFound(OnemapError):
    """没有这个人，或不在您的数据范围内 | No such person, or outside your scope"""


class VisitUidTaken(OnemapError):
    """这个走访编号已用于另一户 | This client_uid already belongs to a visit of another household"""


class PurposeMissing(OnemapError):
    """请写明查看用途 | State the purpose of the look"""


def get_household(connection: Connection, household_id: int) -> dict[str, Any]:
    """The whole file of a household; ID numbers and phones masked. Leaves an audit row. Raises HouseholdNotFound."""
    row = connection.execute(text(_HOUSEHOLD), {"id": household_id}).mappings().one_or_none()
    if row is None:
        raise HouseholdNotFound(str(household_id))
    record(connection, "view_household", target=f"household:{household_id}", grid_code=row["grid_code"])
    today = current_day(connection)
    address = None
    if row["address_id"] is not None:
        address = {
            "id": row["address_id"],
            "text": row["address_full_text"],
            "code": row["address_code"],
            "lon": row["lon"],
            "lat": row["lat"],
        }
    return {
        **{
            name: row[name]
            for name in ("id", "household_no", "kind", "head_name", "address_text", "grid_code", "cell_name")
        },
        "address": address,
        "responsible": [
            {"name": w["name"], "phone_masked": w["phone_masked"]}
            for w in responsible_on(connection, row["grid_code"], today)
        ],
        "status_codes": labelled(row["status_codes"]),
        "members": _members(connection, household_id),
        "dwellings": _rows(connection, _DWELLINGS, household_id),
        "visits": [
            {**v, "outcome_label": OUTCOMES.get(v["outcome"], v["outcome"])}
            for v in _rows(connection, _VISITS, household_id)
        ],
        "alerts": open_alerts_of_household(connection, household_id),
    }


def labelled(codes: list[str]) -> list[dict[str, str]]:
    """Status codes with their Chinese labels."""
    return [{"code": code, "label": STATUS_LABELS.get(code, code)} for code in codes]


def _members(connection: Connection, household_id: int) -> list[dict[str, Any]]:
    return [{**m, "status_codes": labelled(m["status_codes"])} for m in _rows(connection, _MEMBERS, household_id)]


def _rows(connection: Connection, sql: str, household_id: int) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(text(sql), {"id": household_id}).mappings()]


# Served by the primary keys; a household of no known cell shows the name of its village, town or county.
_HOUSEHOLD = """
SELECT h.id, h.household_no, h.kind, h.head_name, h.address_text, h.address_id, h.grid_code, h.status_codes,
       coalesce(c.name, d.name) AS cell_name, a.full_text AS address_full_text, a.code AS address_code, st_x(h.geom) AS lon, st_y(h.geom) AS lat
FROM household h LEFT JOIN standard_address a ON a.id = h.address_id LEFT JOIN grid_cell c ON c.code = h.grid_code
LEFT JOIN division d ON d.code = h.grid_code
WHERE h.id = :id
"""
# Served by uq_household_member_household_id_person_id_valid_from. Age and order by the year of birth: an age that changes on
# the birthday, or an order by days, would tell the day.
_MEMBERS = """
SELECT p.id AS person_id, p.name, p.sex, (extract(year FROM CURRENT_DATE) - extract(year FROM p.birth_date))::int AS age, m.relation,
       p.id_number_masked, p.phone_masked, p.status_codes
FROM household_member m JOIN person p ON p.id = m.person_id
WHERE m.household_id = :id AND m.valid_from <= CURRENT_DATE AND (m.valid_to IS NULL OR m.valid_to > CURRENT_DATE)
  AND p.death_date IS NULL
ORDER BY (m.relation = '户主') IS NOT TRUE, extract(year FROM p.birth_date), p.id
"""
# Served by ix_place_address.
_DWELLINGS = """
SELECT pl.id, pl.name, pl.occupancy FROM place pl JOIN household h ON h.address_id = pl.address_id
WHERE h.id = :id AND pl.kind IN ('dwelling', 'building') ORDER BY pl.kind DESC, pl.name LIMIT 20
"""
# Served by ix_visit_household.
_VISITS = """
SELECT v.id, v.visited_at, v.phone_time, coalesce(a.display_name, v.visitor) AS visitor, v.outcome, v.note
FROM visit v LEFT JOIN platform.account a ON a.username = v.visitor
WHERE v.household_id = :id ORDER BY v.visited_at DESC LIMIT 20
"""


_BETWEEN = re.compile(r"[\s\-‐-―−－_.·()（）]+")
_COUNTRY = re.compile(r"^(?:\+|00)86(?=1\d{10}$)|^86(?=1\d{10}$)")


def plain_number(written: str) -> str:
    """A number as it is kept: ordinary digits, nothing between them, X large."""
    return _BETWEEN.sub("", unicodedata.normalize("NFKC", written)).upper()


def plain_phone(written: str) -> str:
    """The same without the country's prefix before a mobile number: +86, 0086, 86."""
    return _COUNTRY.sub("", plain_number(written))


def find_persons(
    connection: Connection,
    sealer: Sealer,
    *,
    id_number: str | None = None,
    phone: str | None = None,
    name: str | None = None,
    purpose: str | None = None,
    limits: LookLimits | None = None,
) -> tuple[list[dict[str, Any]], bool]:
    """At most 20 persons, and whether there are more, by ID number or phone (through the keyed hash) or by exact name; numbers masked.

    A look: counted, limited and audited, found or not. limits: default those of the settings. Raises PurposeNeeded,
    LooksUsedUp, TooManyRequests: commit all the same, for the refusal is audited too. Served by ``uq_person_id_number_hash``,
    ``ix_person_phone_hash``, ``ix_person_name``.
    """
    by = "id_number" if id_number else "phone" if phone else "name"
    kind: Kind = "name" if by == "name" else "number"
    stated = mask_numbers(purpose.strip()) if purpose else None
    admit_look(connection, kind, action="find_person", target=f"by {by}", purpose=stated, limits=limits)
    conditions = {
        "id_number": "p.id_number_hash = ANY(:value)",
        "phone": "p.phone_hash = ANY(:value)",
        "name": "p.name = :value",
    }
    value: Any = (name or "").strip()
    if by != "name":
        value = sealer.index_candidates(plain_phone(phone) if phone else plain_number(id_number or ""))
    rows = connection.execute(
        text(
            "SELECT p.id AS person_id, p.name, p.id_number_masked, p.grid_code, (SELECT m.household_id "  # noqa: S608
            "FROM household_member m WHERE m.person_id = p.id AND (m.valid_to IS NULL OR m.valid_to > CURRENT_DATE) "
            "ORDER BY m.household_id LIMIT 1) "
            f"AS household_id FROM person p WHERE {conditions[by]} ORDER BY p.name, p.id LIMIT {FIND_LIMIT + 1}"
        ),
        {"value": value},
    )
    found = [dict(row) for row in rows.mappings()]
    shown = found[:FIND_LIMIT]
    count_look(connection, kind, found=bool(found))
    record(connection, "find_person", target=f"by {by}, {len(shown)} found", purpose=stated)
    return shown, len(found) > FIND_LIMIT


def reveal(
    connection: Connection,
    person_id: int,
    field: RevealField,
    *,
    purpose: str,
    sealer: Sealer,
    limits: LookLimits | None = None,
) -> str | None:
    """The ID number or phone itself, or None when none is recorded. Leaves an audit row in the same transaction.

    Raises PersonNotFound; PurposeMissing when the purpose has fewer than four characters; LooksUsedUp, TooManyRequests:
    commit all the same, for the refusal is audited too.
    """
    row = connection.execute(
        text(f"SELECT source, source_key, grid_code, {_SEALED[field]} AS sealed FROM person WHERE id = :id"),  # noqa: S608
        {"id": person_id},
    ).one_or_none()
    if row is None:
        raise PersonNotFound(str(person_id))
    if not purpose_given(purpose):
        raise PurposeMissing(f"至少 {PURPOSE_MIN} 个字 / at least {PURPOSE_MIN} characters")
    target, stated = f"person:{person_id} {field}", mask_numbers(purpose.strip())
    admit_look(
        connection, "reveal", action="reveal", target=target, purpose=stated, grid_code=row.grid_code, limits=limits
    )
    count_look(connection, "reveal", found=row.sealed is not None)
    record(connection, "reveal", target=target, purpose=stated, grid_code=row.grid_code)
    if row.sealed is None:
        return None
    return sealer.unseal(row.sealed, bound_to=row_binding("person", _SEALED[field], row.source, row.source_key))


#: A clock that differs less than this is not wrong: what it shows is kept, or now when it runs ahead.
CLOCK_SKEW = timedelta(minutes=5)
#: A visit is not made this long before the account, or the record of the household, existed: a day, for the zones.
BEFORE_ALL = timedelta(days=1)

# Since when this visitor may have visited this household: since their account, or their posting to the cell where that is
# older, and not before the record of the household. ix_change_record, and the postings of a worker.
_SINCE = """
SELECT greatest(
    least((SELECT a.created_at FROM platform.account a WHERE a.username = :visitor),
          (SELECT min(p.valid_from) FROM posting p JOIN grid_worker w ON w.id = p.worker_id
           WHERE w.username = :visitor AND p.cell_code IN (:cell, left(:cell, 15)))),
    (SELECT min(c.at) FROM change c WHERE c.entity = 'household' AND c.entity_id = CAST(:household AS text)
     AND c.operation = 'added'))
"""


def visit_household(
    connection: Connection, household_id: int, visit: NewVisit, visitor: str
) -> tuple[dict[str, Any], bool]:
    """Record a visit to a household; returns it and whether it is new. Raises HouseholdNotFound, VisitUidTaken.

    ``visit.grid_code`` is replaced by the household's own, so that whoever sees the household sees the visit. A visit is never
    lost to a wrong clock: a time in the future, or before the visitor's account or the household's record was there, becomes
    the time of arrival, and what the phone said is kept beside it (``phone_time``). The same ``client_uid`` for the same
    household returns the first visit. A visit ends the alerts that it answers.
    """
    grid_code = connection.scalar(text("SELECT grid_code FROM household WHERE id = :id"), {"id": household_id})
    if grid_code is None:
        raise HouseholdNotFound(str(household_id))
    since = connection.scalar(text(_SINCE), {"visitor": visitor, "cell": grid_code, "household": household_id})
    visited_at, phone_time = plausible_time(visit.visited_at, since, datetime.now(UTC))
    kept = replace(
        visit,
        visited_at=visited_at,
        phone_time=phone_time,
        grid_code=grid_code,
        household_id=household_id,
        note=None if visit.note is None else mask_numbers(visit.note),
    )
    try:
        recorded, new = record_visit(connection, kept, visitor)
    except NoResultFound:  # it exists where this account does not see
        raise VisitUidTaken(str(visit.client_uid)) from None
    if recorded["household_id"] != household_id:
        raise VisitUidTaken(str(visit.client_uid))
    if new:
        connection.execute(
            text(
                "UPDATE household SET last_visit_at = greatest(last_visit_at, CAST(:at AS timestamptz)) WHERE id = :id"
            ),
            {"id": household_id, "at": kept.visited_at},
        )
        end_by_visit(
            connection,
            household_id,
            visit_id=recorded["id"],
            visited_at=kept.visited_at,
            outcome=kept.outcome,
            outcome_label=recorded["outcome_label"],
            sure=phone_time is None,
        )
    return recorded, new


def plausible_time(phone: datetime, since: datetime | None, now: datetime) -> tuple[datetime, str | None]:
    """When a visit was made, and what the phone's clock said where that cannot be: then the visit was made now.

    since: since when there was somebody to make it, or None where nothing tells; then since the year of ``EARLIEST_VISIT``.
    """
    if phone > now:
        return now, None if phone - now <= CLOCK_SKEW else phone.isoformat()
    if phone < (since - BEFORE_ALL if since else EARLIEST_VISIT):
        return now, phone.isoformat()
    return phone, None
