"""Door plates with a QR code (门牌二维码): issuing them one by one or for a village, and what a scan shows to anybody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, literal, literal_column, select, text
from sqlalchemy.dialects.postgresql import insert

from access.audit.record import record
from database.errors import Invalid
from database.rights.scope import county_schema, within_prefix
from database.upgrade.counties import has_county
from gazetteer.codes.token import Token, TokenKind, TokenUnknown
from gazetteer.library.models import StandardAddress
from gazetteer.plates.models import PlateToken
from gazetteer.plates.tokens import SERIAL, IssuedToken, TokenTable, issue, revoke

# a plate belongs on a gate, a building, an entrance or a door, not on a road or a village
LOWEST_DEPTH = 8
PLATES = TokenTable(
    TokenKind.PLATE,
    "plate_token",
    "address_id",
    "standard_address",
    f"o.status = 'published' AND o.depth >= {LOWEST_DEPTH}",
)


class PlateNotPossible(Invalid):
    """只有已发布、到门牌号的地址才能制作门牌 | Only a published address with a number carries a plate"""


@dataclass(frozen=True, slots=True)
class PublicPlate:
    """What a plate shows to anybody: the address and whom to turn to. No person, no number of a record."""

    full_text: str
    code: str
    town: str | None
    village: str | None
    service_name: str | None
    service_phone: str | None
    service_address: str | None
    service_hours: str | None


@dataclass(frozen=True, slots=True)
class Plate:
    """A valid plate, for the printer."""

    code: str
    full_text: str
    serial: bytes
    version: int
    issued_at: datetime


def find_public_plate(connection: Connection, token: Token) -> PublicPlate:
    """The public part behind a plate's token. connection: without scope; the county is the token's.

    Raises TokenUnknown, the same for a serial that never was, one that was revoked and an address no longer published.
    """
    row = public_row(connection, token, "public_plate(:serial)") if token.kind is TokenKind.PLATE else None
    if row is None:
        raise TokenUnknown
    return PublicPlate(**row._mapping)


def public_row(connection: Connection, token: Token, call: str) -> Row[Any] | None:
    """The one row of a public look-up function in the token's county. call: a constant, with :serial in it."""
    if not has_county(connection, token.county):
        return None
    return connection.execute(
        text(f"SELECT * FROM {county_schema(token.county)}.{call}"),  # noqa: S608
        {"serial": token.serial},
    ).one_or_none()


def issue_plate(connection: Connection, address_id: int, *, actor: str) -> IssuedToken:
    """The first plate of an address. Raises PlateNotPossible (also out of scope), TokenIssued."""
    issued = issue(connection, PLATES, address_id, actor=actor)
    if issued is None:
        raise PlateNotPossible(str(address_id))
    return issued


def reissue_plate(connection: Connection, address_id: int, *, reason: str, actor: str) -> IssuedToken:
    """Revoke the valid plate and issue another. Raises TokenMissing, RevocationUnexplained, PlateNotPossible."""
    revoke(connection, PLATES, address_id, reason=reason, actor=actor)
    return issue_plate(connection, address_id, actor=actor)


def issue_plates(connection: Connection, prefix: str, *, actor: str) -> int:
    """Issue a plate to every address under a grid prefix that may carry one and has none; returns how many are new.

    One statement; served by ``ix_standard_address_grid_code`` and ``uq_plate_token_valid``. Raises InvalidScope.
    """
    address, token = StandardAddress.__table__, PlateToken.__table__.alias("t")
    version = (
        select(text("coalesce(max(t.version), 0) + 1"))
        .select_from(token)
        .where(token.c.address_id == address.c.id)
        .scalar_subquery()
    )
    has_plate = select(token.c.id).where(token.c.address_id == address.c.id, token.c.status == "valid").exists()
    plateless = select(address.c.id, literal_column(SERIAL), version, literal(actor), address.c.grid_code).where(
        within_prefix(address.c.grid_code, prefix),
        address.c.status == "published",
        address.c.depth >= LOWEST_DEPTH,
        ~has_plate,
    )
    columns = ["address_id", "serial", "version", "issued_by", "grid_code"]
    statement = insert(PlateToken).from_select(columns, plateless).on_conflict_do_nothing()
    made = connection.execute(statement.execution_options(preserve_rowcount=True)).rowcount
    record(connection, "issue_plates", target=f"grid:{prefix}, {made} new")
    return made


def list_plates(connection: Connection, prefix: str) -> Iterator[Plate]:
    """The valid plates under a grid prefix, by address code. Served by ``ix_standard_address_grid_code``."""
    address, token = StandardAddress.__table__, PlateToken.__table__
    rows = connection.execute(
        select(address.c.code, address.c.full_text, token.c.serial, token.c.version, token.c.issued_at)
        .join(token, token.c.address_id == address.c.id)
        .where(within_prefix(address.c.grid_code, prefix), token.c.status == "valid", address.c.status == "published")
        .order_by(address.c.code)
        .execution_options(stream_results=True, yield_per=5000)
    )
    for row in rows:
        yield Plate(row.code, row.full_text, bytes(row.serial), row.version, row.issued_at)
