"""What a column of the database can hold. A value beyond it sends its row back; met by the database it would end the import."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation

from sqlalchemy import BigInteger, Column, Integer, Numeric, SmallInteger, String, Table, UniqueConstraint
from sqlalchemy.types import Double, Float

from database.tables.base import CountyBase
from importing.values.fields import Field, Kind
from importing.values.reasons import Problem

#: characters of a key, a code, a name, an address, and of every text in an index (its entries hold 2,700 bytes)
LONGEST = 500
_SHORT = {Kind.CODE, Kind.NAME, Kind.ADDRESS}
BIGGEST = 2**63 - 1

Limit = Callable[[str], Problem | None]


def limit_of(field: Field, table_name: str, column: str | None) -> Limit | None:
    """A check of one field's standardised values, or None where every value fits. column: of the file, for the message."""
    table = CountyBase.metadata.tables.get(table_name)
    target = table.c.get(field.name) if table is not None else None
    if field.kind is Kind.INTEGER:
        most = _biggest(target)
        return lambda text: _too_large(text, column, most) if abs(int(text)) > most else None
    if field.kind is Kind.NUMBER and target is not None and _is_decimal(target):
        return _decimal_limit(target, column)
    longest = _longest(field, target, table)
    if longest is None:
        return None
    return lambda text: long_text(column, len(text), longest) if len(text) > longest else None


def long_text(column: str | None, found: int, most: int = LONGEST) -> Problem:
    """The problem of a text that is too long; the text itself is not repeated."""
    return Problem("text_too_long", column, {"found": found, "most": most})


def limits_of(fields: Sequence[tuple[Field, str | None]], table_name: str) -> list[tuple[str, Limit]]:
    """The checks of several fields, by name."""
    found = [(field.name, limit_of(field, table_name, column)) for field, column in fields]
    return [(name, limit) for name, limit in found if limit is not None]


def _biggest(target: Column[object] | None) -> int:
    kind = target.type if target is not None else None
    if isinstance(kind, SmallInteger):
        return 2**15 - 1
    return 2**31 - 1 if isinstance(kind, Integer) and not isinstance(kind, BigInteger) else BIGGEST


def _is_decimal(target: Column[object]) -> bool:
    return (
        isinstance(target.type, Numeric)
        and not isinstance(target.type, Float | Double)
        and target.type.precision is not None
    )


def _decimal_limit(target: Column[object], column: str | None) -> Limit:
    assert isinstance(target.type, Numeric)
    most = 10 ** ((target.type.precision or 0) - (target.type.scale or 0))

    def check(text: str) -> Problem | None:
        try:
            return _too_large(text, column, most - 1) if abs(Decimal(text)) >= most else None
        except InvalidOperation:
            return Problem("bad_number", column, {"value": text[:40]})

    return check


def _too_large(text: str, column: str | None, most: int) -> Problem:
    return Problem("number_too_large", column, {"value": text[:40], "most": most})


def _longest(field: Field, target: Column[object] | None, table: Table | None) -> int | None:
    declared = target.type.length if target is not None and isinstance(target.type, String) else None
    short = field.kind in _SHORT or (
        field.kind is Kind.TEXT and target is not None and table is not None and _indexed(target, table)
    )
    lengths = [length for length in (declared, LONGEST if short else None) if length is not None]
    return min(lengths, default=None)


def _indexed(target: Column[object], table: Table) -> bool:
    """Whether a B-tree holds the column's values."""
    indexes = [index for index in table.indexes if index.dialect_options["postgresql"]["using"] in (False, "btree")]
    unique = [one for one in table.constraints if isinstance(one, UniqueConstraint)]
    return any(target.name in index.columns for index in indexes) or any(target.name in one.columns for one in unique)
