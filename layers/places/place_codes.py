"""Place codes (场所码): a scannable code on a shop, hall or unit; scans are counted by the hour, nobody is recorded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from database.connection.records import records_of
from database.errors import Missing
from gazetteer.codes.token import Token, TokenKind, TokenUnknown
from gazetteer.plates.plates import public_row
from gazetteer.plates.tokens import IssuedToken, TokenTable, issue, latest, revoke
from layers.places.vocabulary import PlaceKind

# a dwelling's name may be that of its people; a door has a plate
PLACE_CODES = TokenTable(TokenKind.PLACE, "place_code", "place_id", "place", "o.kind NOT IN ('dwelling', 'parcel')")


class PlaceNotFound(Missing):
    """没有这个场所，或不在您的数据范围内，或住宅不设场所码 | No such place, outside your scope, or a dwelling"""


@dataclass(frozen=True, slots=True)
class PublicPlace:
    """What a place code shows to anybody."""

    name: str
    kind: str
    full_text: str | None
    town: str | None
    village: str | None
    service_name: str | None
    service_phone: str | None
    service_address: str | None
    service_hours: str | None


def scan_place(connection: Connection, token: Token, *, counted: bool = True) -> PublicPlace:
    """The public part behind a place code, and one scan more in this hour. connection: without scope.

    Raises TokenUnknown, the same for unknown and revoked codes.
    """
    call = "public_place(:serial, true)" if counted else "public_place(:serial, false)"
    row = public_row(connection, token, call) if token.kind is TokenKind.PLACE else None
    if row is None:
        raise TokenUnknown
    return PublicPlace(**{**row._mapping, "kind": PlaceKind.label_of(row.kind)})


def issue_place_code(connection: Connection, place_id: int, *, actor: str) -> IssuedToken:
    """The code of a place. Raises PlaceNotFound, TokenIssued."""
    issued = issue(connection, PLACE_CODES, place_id, actor=actor)
    if issued is None:
        raise PlaceNotFound(str(place_id))
    return issued


def reissue_place_code(connection: Connection, place_id: int, *, reason: str, actor: str) -> IssuedToken:
    """Revoke the valid code and issue another. Raises TokenMissing, RevocationUnexplained, PlaceNotFound."""
    revoke(connection, PLACE_CODES, place_id, reason=reason, actor=actor)
    return issue_place_code(connection, place_id, actor=actor)


@dataclass(frozen=True, slots=True)
class PlaceWithCode:
    """A place with its newest code, valid or not; None where it never had one."""

    place_id: int
    name: str
    kind: str
    token: IssuedToken | None


@dataclass(frozen=True, slots=True)
class ScansOfDay:
    """How often the code of a place was scanned on a day."""

    day: date
    place_id: int
    name: str
    scans: int


def get_place_code(connection: Connection, place_id: int) -> PlaceWithCode:
    """A place with its newest code (or None). Raises PlaceNotFound."""
    row = connection.execute(
        text("SELECT id AS place_id, name, kind FROM place WHERE id = :id"), {"id": place_id}
    ).one_or_none()
    if row is None:
        raise PlaceNotFound(str(place_id))
    return PlaceWithCode(**row._mapping, token=latest(connection, PLACE_CODES, place_id))


def count_scans(
    connection: Connection, *, place_id: int | None = None, first_day: date, last_day: date
) -> list[ScansOfDay]:
    """Scans a day and place in a period (both days included), newest first; the busiest place first within a day.

    Served by ``pk_place_scan`` for one place, ``ix_place_scan_grid_code`` for a narrow scope. At most 1000 rows.
    """
    rows = connection.execute(
        text(
            "SELECT s.hour::date AS day, s.place_id, p.name, sum(s.scans)::int AS scans FROM place_scan s "
            "JOIN place p ON p.id = s.place_id WHERE s.hour >= CAST(:first AS date) "
            "AND s.hour < CAST(:last AS date) + 1 AND (CAST(:place AS bigint) IS NULL OR s.place_id = :place) "
            "GROUP BY 1, 2, 3 ORDER BY 1 DESC, 4 DESC, 2 LIMIT 1000"
        ),
        {"first": first_day, "last": last_day, "place": place_id},
    )
    return records_of(ScansOfDay, rows)
