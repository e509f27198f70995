"""The household file (一户一档), finding persons, revealing a number. Every look is audited."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Literal

from sqlalchemy import Connection, Result, text

from access.administration.account_names import display_names
from access.audit.record import record
from database.connection.engine import current_day
from database.connection.records import records_of
from database.errors import Invalid, Missing
from database.secrets.seal import Sealer, row_binding
from grid.postings import responsible_on
from layers.people.looks import PURPOSE_MIN, LookLimits, admit_look, count_look, purpose_given
from layers.people.masking import mask_numbers
from layers.people.records import (
    AddressOfHousehold,
    Dwelling,
    FoundPerson,
    HouseholdFile,
    HouseholdVisit,
    Member,
    labelled,
)
from layers.people.vocabulary import LookKind
from layers.visits.vocabulary import VisitOutcome

FIND_LIMIT = 20
RevealField = Literal["id_number", "phone"]
_SEALED: dict[RevealField, str] = {"id_number": "id_number_cipher", "phone": "phone_cipher"}


class HouseholdNotFound(Missing):
    """没有这一户，或不在您的数据范围内 | No such household, or outside your scope"""


class PersonNotFound(Missing):
    """没有这个人，或不在您的数据范围内 | No such person, or outside your scope"""


class PurposeMissing(Invalid):
    """请写明查看用途 | State the purpose of the look"""


def get_household(connection: Connection, household_id: int) -> HouseholdFile:
    """The whole file of a household but its alerts; ID numbers and phones masked. Leaves an audit row. Raises HouseholdNotFound."""
    row = connection.execute(text(_HOUSEHOLD), {"id": household_id}).one_or_none()
    if row is None:
        raise HouseholdNotFound(str(household_id))
    record(connection, "view_household", target=f"household:{household_id}", grid_code=row.grid_code)
    address = None
    if row.address_id is not None:
        address = AddressOfHousehold(row.address_id, row.address_full_text, row.address_code, row.lon, row.lat)
    return HouseholdFile(
        id=row.id,
        household_no=row.household_no,
        kind=row.kind,
        head_name=row.head_name,
        address=address,
        address_text=row.address_text,
        grid_code=row.grid_code,
        cell_name=row.cell_name,
        responsible=responsible_on(connection, row.grid_code, current_day(connection)),
        status_codes=labelled(row.status_codes),
        members=[
            Member(**{**m._mapping, "status_codes": labelled(m.status_codes)})
            for m in _rows(connection, _MEMBERS, household_id)
        ],
        dwellings=records_of(Dwelling, _rows(connection, _DWELLINGS, household_id)),
        visits=_visits(connection, household_id),
    )


def _visits(connection: Connection, household_id: int) -> list[HouseholdVisit]:
    visits = _rows(connection, _VISITS, household_id).all()
    names = display_names(connection, (visit.visitor for visit in visits))
    return [
        HouseholdVisit(
            **{**visit._mapping, "visitor": names.get(visit.visitor, visit.visitor)},
            outcome_label=VisitOutcome.label_of(visit.outcome),
        )
        for visit in visits
    ]


def _rows(connection: Connection, sql: str, household_id: int) -> Result[Any]:
    return connection.execute(text(sql), {"id": household_id})


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
WHERE m.household_id = :id AND is_present_member(m.valid_from, m.valid_to, p.death_date, CURRENT_DATE)
ORDER BY (m.relation = '户主') IS NOT TRUE, extract(year FROM p.birth_date), p.id
"""
# Served by ix_place_address.
_DWELLINGS = """
SELECT pl.id, pl.name, pl.occupancy FROM place pl JOIN household h ON h.address_id = pl.address_id
WHERE h.id = :id AND pl.kind IN ('dwelling', 'building') ORDER BY pl.kind DESC, pl.name LIMIT 20
"""
# Served by ix_visit_household.
_VISITS = """
SELECT v.id, v.visited_at, v.phone_time, v.visitor, v.outcome, v.note
FROM visit v WHERE v.household_id = :id ORDER BY v.visited_at DESC LIMIT 20
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
) -> tuple[list[FoundPerson], bool]:
    """At most 20 persons, and whether there are more, by ID number or phone (through the keyed hash) or by exact name; numbers masked.

    A look: counted, limited and audited, found or not. limits: default those of the settings. Raises PurposeNeeded,
    LooksUsedUp, TooManyRequests: commit all the same, for the refusal is audited too. Served by ``uq_person_id_number_hash``,
    ``ix_person_phone_hash``, ``ix_person_name``.
    """
    by = "id_number" if id_number else "phone" if phone else "name"
    kind = LookKind.NAME if by == "name" else LookKind.NUMBER
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
            "FROM household_member m WHERE m.person_id = p.id AND is_current(m.valid_from, m.valid_to, CURRENT_DATE) "
            "ORDER BY m.household_id LIMIT 1) "
            f"AS household_id FROM person p WHERE {conditions[by]} ORDER BY p.name, p.id LIMIT {FIND_LIMIT + 1}"
        ),
        {"value": value},
    )
    found = records_of(FoundPerson, rows)
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

    Raises PersonNotFound; PurposeMissing when the purpose has fewer than PURPOSE_MIN characters; LooksUsedUp, TooManyRequests:
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
        connection,
        LookKind.REVEAL,
        action="reveal",
        target=target,
        purpose=stated,
        grid_code=row.grid_code,
        limits=limits,
    )
    count_look(connection, LookKind.REVEAL, found=row.sealed is not None)
    record(connection, "reveal", target=target, purpose=stated, grid_code=row.grid_code)
    if row.sealed is None:
        return None
    return sealer.unseal(row.sealed, bound_to=row_binding("person", _SEALED[field], row.source, row.source_key))
