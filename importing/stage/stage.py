"""The stage (暂存): a temporary table of one import, and the small tools every step uses on it.

``stage_row`` holds the standardised rows, ``stage_reject`` the rows sent back. Both vanish with the transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, LiteralString

import orjson
from psycopg import sql
from sqlalchemy import Connection

from database.connection.engine import raw
from database.secrets.seal import Sealer
from importing.mappings.mapping import Mapping
from importing.records import QuestionTold
from importing.vocabulary import ImportStage

COMMON_COLUMNS = (
    ("row_no", "integer"),
    ("source_key", 'text COLLATE "C"'),
    ("row_hash", "bytea"),
)
WORK_COLUMNS = (
    ("outcome", "text NOT NULL DEFAULT 'added'"),
    ("entity_id", "bigint"),
    ("grid_code", 'varchar(17) COLLATE "C"'),
)


@dataclass
class Stage:
    """One import under way. geometry: the rows have a position or an outline."""

    connection: Connection
    mapping: Mapping
    county: str
    batch_id: int
    actor: str
    sealer: Sealer
    today: date
    geometry: bool = False
    #: a safe point between two steps: told what is done, it may end the import
    report: Callable[[ImportStage, int], None] = lambda _stage, _rows: None
    stage_columns: set[str] = field(default_factory=set)
    reviews: dict[str, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    #: known rows that were found unchanged before anything was matched
    set_aside: int = 0
    notices: list[str] = field(default_factory=list)
    #: what is odd about the whole file
    questions: list[QuestionTold] = field(default_factory=list)
    #: kind of warning → rows
    warnings: dict[str, int] = field(default_factory=dict)
    #: column of the file → cells kept, cleared, rejected
    empty_cells: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def source(self) -> str:
        """What is recorded as the source of the records."""
        return self.mapping.source_name

    def count_empty(self, column: str, what: str, n: int) -> None:
        """Add to the report: n empty cells of a column that were kept, cleared or rejected."""
        if n:
            entry = self.empty_cells.setdefault(column, {"kept": 0, "cleared": 0, "rejected": 0})
            entry[what] += n

    def maps(self, name: str) -> bool:
        """True when the mapping fills this field."""
        return name in self.mapping.columns

    def column_of(self, name: str) -> str | None:
        """The column of the file behind a field, for messages."""
        spec = self.mapping.columns.get(name)
        return next(iter(spec.sources()), None) if spec else None

    def run(self, template: LiteralString, /, **values: Any) -> int:
        """Execute one statement; returns the number of rows it touched.

        ``{name}`` in the template is filled from values that are ``psycopg.sql`` objects; ``%(name)s`` are parameters.
        Every statement may use the parameters source, batch, actor, county and today.
        """
        cursor = raw(self.connection).execute(*self._statement(template, values))
        return max(cursor.rowcount, 0)

    def run_in_sets(self, template: LiteralString, /, **values: Any) -> int:
        """The same without nested loops, for a statement that compares the whole file with the whole table.

        The statistics know nothing of what this import has just written; a loop planned for one row ran over 77,598.
        """
        self.run("SET LOCAL enable_nestloop = off")
        touched = self.run(template, **values)
        self.run("SET LOCAL enable_nestloop = on")
        return touched

    def rows(self, template: LiteralString, /, **values: Any) -> list[tuple[Any, ...]]:
        """The rows of a query; see :meth:`run`."""
        return raw(self.connection).execute(*self._statement(template, values)).fetchall()

    def value(self, template: LiteralString, /, **values: Any) -> Any:
        """The first value of a query."""
        found = self.rows(template, **values)
        return found[0][0] if found else None

    def _statement(self, template: LiteralString, values: dict[str, Any]) -> tuple[sql.Composed, dict[str, Any]]:
        parts = {name: value for name, value in values.items() if isinstance(value, sql.Composable)}
        parameters: dict[str, Any] = {
            "source": self.source,
            "batch": self.batch_id,
            "actor": self.actor,
            "county": self.county,
            "today": self.today,
        }
        parameters.update({name: value for name, value in values.items() if name not in parts})
        return sql.SQL(template).format(**parts), parameters

    def copy(self, table: str, columns: Sequence[str], lines: Iterable[str]) -> None:
        """COPY lines of the text format into a table."""
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
        )
        with raw(self.connection).cursor().copy(statement) as copy:
            copy.write("".join(lines))

    def reject(self, code: str, field_name: str | None, query: LiteralString, /, **values: Any) -> int:
        """Send rows back: the query gives row_no and facts (jsonb). They leave the stage. Returns how many."""
        self.run(
            "INSERT INTO stage_reject (row_no, reason_code, column_name, facts) "
            "SELECT q.row_no, %(reject_code)s, %(reject_column)s, q.facts FROM ({query}) AS q(row_no, facts)",
            query=self._statement(query, values)[0],
            reject_code=code,
            reject_column=self.column_of(field_name) or field_name if field_name else None,
            **values,
        )
        return self.run(
            "DELETE FROM stage_row s USING stage_reject r WHERE r.row_no = s.row_no AND r.reason_code = %(code)s",
            code=code,
        )

    def analyse(self) -> None:
        """Statistics for the planner, after rows came in."""
        self.run("ANALYZE stage_row")


def create_stage(stage: Stage, columns: Sequence[tuple[str, str]]) -> None:
    """Make the temporary tables. columns: name and SQL type of the target's own columns."""
    all_columns = [*COMMON_COLUMNS, *columns, *WORK_COLUMNS]
    if stage.geometry:
        all_columns.append(("geom", "geometry(Geometry, 4490)"))
    stage.stage_columns = {name for name, _kind in all_columns}
    stage.run("DROP TABLE IF EXISTS pg_temp.stage_row, pg_temp.stage_reject, pg_temp.stage_warning")
    stage.run(
        "CREATE TEMP TABLE stage_row ({columns}) ON COMMIT DROP",
        columns=sql.SQL(", ").join(
            sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind)) for name, kind in all_columns
        ),
    )
    stage.run(
        "CREATE TEMP TABLE stage_reject (row_no integer NOT NULL, reason_code text NOT NULL, column_name text, "
        "facts jsonb, row_cipher bytea) ON COMMIT DROP"
    )
    stage.run(
        "CREATE TEMP TABLE stage_warning (row_no integer NOT NULL, warning_code text NOT NULL, column_name text, "
        "facts jsonb) ON COMMIT DROP"
    )


def copy_line(values: Iterable[str | None]) -> str:
    """One line of COPY's text format."""
    return "\t".join([_NULL if value is None else escaped(value) for value in values]) + "\n"


_NULL = "\\N"
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def escaped(value: str) -> str:
    """A value with the characters COPY reads specially escaped."""
    if value.isalnum():
        return value
    return value.translate(_ESCAPES)


def as_json(value: Any) -> str:
    """JSON text; keys sorted, so that equal values are equal texts."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
