"""Sealed values made anew with the current key, online: small transactions, in the order of the primary key.

What is left to do is seen from the values themselves (their first bytes name the key), so work that was killed is simply begun
again. A row that somebody else writes meanwhile is left to the next pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from psycopg import sql
from psycopg.errors import UniqueViolation
from sqlalchemy import Connection

from database.connection.engine import raw
from database.errors import Unavailable
from database.secrets.seal import HEADER_BYTES, Sealer, UnsealFailed, row_binding

#: a transaction lasts about a second
BATCH_ROWS = 2000
#: what the name of a column of sealed values holds
SEALED_NAMES = "cipher|sealed|secret"


class SealedColumnUnknown(Unavailable):
    """有一列密文不在换钥清单里 | A sealed column is missing from the list of those that are rotated"""


@dataclass(frozen=True)
class SealedColumn:
    """A column of sealed values. index: the column of its keyed hash, to search by, where there is one."""

    cipher: str
    index: str | None = None


@dataclass(frozen=True)
class SealedTable:
    """A table with sealed values. key: its primary key, with types. identity: the columns its values are bound to.

    schema: None is the county's own. binding: column and identity → what a value is bound to. batch: rows a transaction.
    """

    name: str
    columns: tuple[SealedColumn, ...]
    identity: tuple[str, ...]
    key: tuple[tuple[str, str], ...] = (("id", "bigint"),)
    schema: str | None = None
    binding: Callable[..., str] | None = None
    batch: int = BATCH_ROWS

    def bound_to(self, column: str, *identity: object) -> str:
        """What a value of the row is bound to."""
        return self.binding(column, *identity) if self.binding else row_binding(self.name, column, *identity)

    @property
    def identifier(self) -> sql.Identifier:
        """The table's name in SQL."""
        return sql.Identifier(self.schema, self.name) if self.schema else sql.Identifier(self.name)


@dataclass
class Resealed:
    """What a pass did. closed: values that did not open; twice: rows whose value another row has already; by table and key."""

    rows: int = 0
    closed: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)


Row = tuple[Any, ...]
Begin = Callable[[], Any]


def reseal_table(
    begin: Begin, table: SealedTable, sealer: Sealer, progress: Callable[[int], None] | None = None
) -> Resealed:
    """One pass over a table. begin: opens a transaction of the right scope, as a context manager giving its connection."""
    done = Resealed()
    last: Row | None = None
    while True:
        with begin() as connection:
            rows = _stale(connection, table, sealer.current_header, last)
            if rows:
                done.rows += _write(connection, table, list(_made_anew(table, sealer, rows, done)), done)
        if not rows:
            return done
        last = rows[-1][: len(table.key)]
        if progress is not None:
            progress(len(rows))


def count_by_key(connection: Connection, table: SealedTable) -> dict[bytes, int]:
    """How many values of the table begin with which header; the first format counts as one byte."""
    counts: dict[bytes, int] = {}
    for column in table.columns:
        found = raw(connection).execute(
            sql.SQL(
                "SELECT substring({c} FROM 1 FOR CASE get_byte({c}, 0) WHEN 1 THEN 1 ELSE %s END), count(*) "
                "FROM {table} WHERE {c} IS NOT NULL GROUP BY 1"
            ).format(c=sql.Identifier(column.cipher), table=table.identifier),
            (HEADER_BYTES,),
        )
        for start, n in found:
            counts[bytes(start)] = counts.get(bytes(start), 0) + n
    return counts


def check_complete(connection: Connection, tables: Sequence[SealedTable]) -> None:
    """Raises SealedColumnUnknown when the database has a column of sealed values that is not in the list."""
    declared = {(table.schema or "", table.name, column.cipher) for table in tables for column in table.columns}
    found = raw(connection).execute(
        "SELECT CASE table_schema WHEN current_schema() THEN '' ELSE table_schema END, table_name, column_name "
        "FROM information_schema.columns WHERE data_type = 'bytea' AND column_name ~ %s "
        "AND table_schema IN (current_schema(), 'platform') AND table_name NOT LIKE 'procrastinate%%'",
        (SEALED_NAMES,),
    )
    missing = sorted(f"{schema}.{table}.{column}".lstrip(".") for schema, table, column in set(found) - declared)
    if missing:
        raise SealedColumnUnknown("、".join(missing))


def _stale(connection: Connection, table: SealedTable, header: bytes, last: Row | None) -> list[Row]:
    """The next rows, by primary key, with a value of another key: key, identity, values."""
    key = [sql.Identifier(name) for name, _kind in table.key]
    columns = [sql.Identifier(column.cipher) for column in table.columns]
    stale = sql.SQL(" OR ").join(
        sql.SQL("substring({} FROM 1 FOR {}) <> {}").format(c, sql.Literal(HEADER_BYTES), sql.Placeholder())
        for c in columns
    )
    after: sql.Composable = sql.SQL("TRUE")
    if last is not None:
        after = sql.SQL("({}) > ({})").format(
            sql.SQL(", ").join(key), sql.SQL(", ").join([sql.Placeholder()] * len(key))
        )
    statement = sql.SQL("SELECT {} FROM {} WHERE {} AND ({}) ORDER BY {} LIMIT {}").format(
        sql.SQL(", ").join([*key, *map(sql.Identifier, table.identity), *columns]),
        table.identifier,
        after,
        stale,
        sql.SQL(", ").join(key),
        sql.Literal(table.batch),
    )
    return raw(connection).execute(statement, [*(last or ()), *[header] * len(columns)], binary=True).fetchall()


def _made_anew(table: SealedTable, sealer: Sealer, rows: list[Row], done: Resealed) -> Iterator[Row]:
    """Per row: key, then per column the value of before, the new value and the new hash."""
    width, identity_width = len(table.key), len(table.identity)
    for row in rows:
        identity, values = row[width : width + identity_width], row[width + identity_width :]
        cells: list[bytes | None] = []
        try:
            for column, old in zip(table.columns, values, strict=True):
                cells += _anew(table, column, sealer, old, identity)
        except UnsealFailed:
            done.closed.append(f"{table.name} {'/'.join(map(str, row[:width]))}")
            continue
        yield (*row[:width], *cells)


def _anew(
    table: SealedTable, column: SealedColumn, sealer: Sealer, old: bytes | None, identity: Row
) -> tuple[bytes | None, ...]:
    if old is None:
        return (None, None, None)
    bound_to = table.bound_to(column.cipher, *identity)
    plain = sealer.unseal_bytes(old, bound_to=bound_to)
    new_hash = sealer.index(plain.decode()) if column.index else None
    return old, sealer.seal_bytes(plain, bound_to=bound_to), new_hash


def _write(connection: Connection, table: SealedTable, rows: list[Row], done: Resealed) -> int:
    """Update a batch; where a hash is there already, row by row, leaving those out."""
    if not rows:
        return 0
    try:
        with raw(connection).transaction():
            return _update(connection, table, rows)
    except UniqueViolation:
        if len(rows) == 1:
            done.twice.append(f"{table.name} {'/'.join(map(str, rows[0][: len(table.key)]))}")
            return 0
    return sum(_write(connection, table, [row], done) for row in rows)


def _update(connection: Connection, table: SealedTable, rows: list[Row]) -> int:
    names = [name for name, _kind in table.key]
    kinds = [kind for _name, kind in table.key]
    assignments, same = [], []
    for i, column in enumerate(table.columns):
        old, new, new_hash = (f"{part}{i}" for part in ("old", "new", "hash"))
        names += [old, new, new_hash]
        kinds += ["bytea"] * 3
        cipher = sql.Identifier(column.cipher)
        assignments.append(sql.SQL("{} = n.{}").format(cipher, sql.Identifier(new)))
        if column.index:
            assignments.append(sql.SQL("{} = n.{}").format(sql.Identifier(column.index), sql.Identifier(new_hash)))
        same.append(sql.SQL("t.{} IS NOT DISTINCT FROM n.{}").format(cipher, sql.Identifier(old)))
    same += [sql.SQL("t.{0} = n.{0}").format(sql.Identifier(name)) for name, _kind in table.key]
    statement = sql.SQL("UPDATE {} t SET {} FROM unnest({}) AS n({}) WHERE {}").format(
        table.identifier,
        sql.SQL(", ").join(assignments),
        sql.SQL(", ").join(sql.SQL("%b::{}[]").format(sql.SQL(kind)) for kind in kinds),
        sql.SQL(", ").join(map(sql.Identifier, names)),
        sql.SQL(" AND ").join(same),
    )
    return raw(connection).execute(statement, [list(column) for column in zip(*rows, strict=True)]).rowcount
