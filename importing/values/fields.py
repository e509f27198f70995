"""The fields of a target: what kind of value each is, and the columns it becomes in the stage table."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How a text becomes a value; see ``standardise``."""

    TEXT = "text"  # free text; numbers of persons inside are masked
    NAME = "name"  # a name: a lost character is an error
    ADDRESS = "address"  # an address as written; a lost character goes to review
    CODE = "code"  # spaces removed
    DATE = "date"
    TIME = "time"  # date and time
    INTEGER = "integer"
    NUMBER = "number"
    LIST = "list"  # codes separated by 、,;|
    ID_NUMBER = "id_number"  # sealed
    PHONE = "phone"  # sealed


SEALED = {Kind.ID_NUMBER, Kind.PHONE}

SQL_TYPES = {
    Kind.TEXT: "text",
    Kind.NAME: "text",
    Kind.ADDRESS: "text",
    Kind.CODE: 'text COLLATE "C"',
    Kind.DATE: "date",
    Kind.TIME: "timestamptz",
    Kind.INTEGER: "bigint",
    Kind.NUMBER: "double precision",
    Kind.LIST: "jsonb",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a target. allowed: the only values. pattern: a regular expression it must match whole.

    past: a date that may not lie in the future. expected: what the pattern means, Chinese and English.
    """

    name: str
    kind: Kind = Kind.TEXT
    required: bool = False
    allowed: frozenset[str] | None = None
    pattern: str | None = None
    expected: tuple[str, str] = ("", "")
    past: bool = False

    def stage_columns(self) -> list[tuple[str, str]]:
        """Name and SQL type of each column this field takes in the stage table."""
        if self.kind in SEALED:
            return [
                (f"{self.name}_cipher", "bytea"),
                (f"{self.name}_hash", "bytea"),
                (f"{self.name}_older", "bytea[]"),  # the same by older keys, while there are some
                (f"{self.name}_masked", "text"),
            ]
        return [(self.name, SQL_TYPES[self.kind])]


def one_of(*values: str) -> frozenset[str]:
    """The allowed values of a field."""
    return frozenset(str(value) for value in values)
