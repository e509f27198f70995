"""The life of printed tokens: issued, revoked, issued again. The same for door plates and for place codes.

A serial is nine random bytes from two ``gen_random_uuid()`` (their version bits left out). One token at most is valid
for a thing; a partial unique index sees to that when two clerks issue at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from access.audit.record import record
from database.errors import Invalid, Taken
from gazetteer.codes.token import TokenKind

#: SQL of a fresh serial.
SERIAL = "substring(uuid_send(gen_random_uuid()) FROM 1 FOR 6) || substring(uuid_send(gen_random_uuid()) FROM 11 FOR 3)"
REASON_MIN = 2


class TokenIssued(Taken):
    """已有有效的二维码；如需更换请用“重制” | A valid code exists already; issue it again instead"""


class TokenMissing(Taken):
    """目前没有有效的二维码 | There is no valid code at present"""


class RevocationUnexplained(Invalid):
    """请写明作废原因 | State why the code is revoked"""


@dataclass(frozen=True, slots=True)
class TokenTable:
    """Where the tokens of one kind stand. table, key, owner: constants of the program, never input.

    owner: the table of the things themselves; issuable: condition (alias o) for things that may carry a token.
    """

    kind: TokenKind
    table: str
    key: str
    owner: str
    issuable: str


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token as recorded. serial: what :class:`gazetteer.codes.token.Token` prints."""

    id: int
    serial: bytes
    version: int
    status: str
    issued_by: str
    issued_at: datetime
    revoked_by: str | None
    revoked_at: datetime | None
    reason: str | None


def latest(connection: Connection, table: TokenTable, owner_id: int) -> IssuedToken | None:
    """The newest token of a thing, valid or revoked; None when it never had one. Served by ``uq_…_version``."""
    row = connection.execute(
        text(
            "SELECT id, serial, version, status, issued_by, issued_at, revoked_by, revoked_at, reason "  # noqa: S608
            f"FROM {table.table} WHERE {table.key} = :owner ORDER BY version DESC LIMIT 1"
        ),
        {"owner": owner_id},
    ).one_or_none()
    return None if row is None else IssuedToken(**{**row._mapping, "serial": bytes(row.serial)})


def issue(connection: Connection, table: TokenTable, owner_id: int, *, actor: str) -> IssuedToken | None:
    """A new token for a thing; None when the thing is out of scope or may carry none. Audited.

    Raises TokenIssued when it has a valid one, also when another clerk was faster.
    """
    found = connection.execute(
        text(f"SELECT o.grid_code FROM {table.owner} o WHERE o.id = :owner AND {table.issuable}"),  # noqa: S608
        {"owner": owner_id},
    ).one_or_none()
    if found is None:
        return None
    made = connection.execute(
        text(
            f"INSERT INTO {table.table} ({table.key}, serial, version, issued_by, grid_code) "  # noqa: S608
            f"SELECT :owner, {SERIAL}, 1 + coalesce((SELECT max(version) FROM {table.table} "
            f"WHERE {table.key} = :owner), 0), :actor, :grid_code ON CONFLICT DO NOTHING RETURNING id"
        ),
        {"owner": owner_id, "actor": actor, "grid_code": found.grid_code},
    ).one_or_none()
    if made is None:
        raise TokenIssued(str(owner_id))
    record(connection, f"issue_{table.table}", target=f"{table.owner}:{owner_id}", grid_code=found.grid_code)
    return latest(connection, table, owner_id)


def revoke(connection: Connection, table: TokenTable, owner_id: int, *, reason: str, actor: str) -> IssuedToken:
    """Make the valid token of a thing worthless at once. Audited. Raises TokenMissing, RevocationUnexplained."""
    if len(reason.strip()) < REASON_MIN:
        raise RevocationUnexplained
    row = connection.execute(
        text(
            f"UPDATE {table.table} SET status = 'revoked', revoked_by = :actor, revoked_at = now(), reason = :reason "  # noqa: S608
            f"WHERE {table.key} = :owner AND status = 'valid' RETURNING grid_code"
        ),
        {"owner": owner_id, "actor": actor, "reason": reason.strip()},
    ).one_or_none()
    if row is None:
        raise TokenMissing(str(owner_id))
    record(
        connection,
        f"revoke_{table.table}",
        target=f"{table.owner}:{owner_id}",
        purpose=reason.strip(),
        grid_code=row.grid_code,
    )
    revoked = latest(connection, table, owner_id)
    assert revoked is not None
    return revoked


def owner_of(connection: Connection, table: TokenTable, serial: bytes) -> int | None:
    """The thing behind a valid token, when the scope shows it. Served by the unique index on the serial."""
    found = connection.scalar(
        text(f"SELECT {table.key} FROM {table.table} WHERE serial = :serial AND status = 'valid'"),  # noqa: S608
        {"serial": serial},
    )
    return None if found is None else int(found)
