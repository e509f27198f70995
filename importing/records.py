"""What the record of imports hands out: the imports, why rows were sent back, what should be looked at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict

from database.rights.scope import Role

#: JSON document: what an import did, by the names that `ImportReport` explains; ``{}`` until it has ended
Counts = dict[str, Any]
#: Rows and seconds of each step.
Stages = dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asked for, with the rights that the account had. mapping: its name, or that of a TOML file's key."""

    mapping: str
    publish: bool
    confirmed: bool
    sheet: str | None
    role: Role
    prefixes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """One import. state, stage: codes; rows_total: once the file was read; progressed_at: last sign of life.

    to_publish: False when it is only checked. error, error_code: why it failed, or was only checked; cancelled_by: who asked
    that it ends.
    """

    id: int
    mapping: str
    target: str
    file_name: str
    state: str
    stage: str | None
    rows_done: int
    rows_total: int | None
    progressed_at: datetime | None
    counts: Counts
    stages: Stages
    error: str | None
    error_code: str | None
    cancelled_by: str | None
    to_publish: bool
    created_by: str
    created_at: datetime
    published_at: datetime | None


class QuestionTold(TypedDict):
    """One oddity of a whole file, as the report of an import tells it; see ``whole_file``. share: to a thousandth of its rows or texts. mapping: the line that would mend it."""

    code: str
    share: float
    zh: str
    en: str
    column: str | None
    mapping: str | None


@dataclass(frozen=True, slots=True)
class RejectGroup:
    """Rows sent back for one reason. column_name: as the file names it; reason: the first such text; first_row: in the file."""

    reason_code: str
    column_name: str | None
    reason: str
    rows_n: int
    first_row: int


@dataclass(frozen=True, slots=True)
class WarningGroup:
    """Rows with one kind of warning. warning: the first such text; rows_n: those listed, at most 5,000; rows: the first of them."""

    warning_code: str
    column_name: str | None
    warning: str
    rows_n: int
    rows: list[int]
