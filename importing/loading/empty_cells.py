"""Empty cells (空单元格): does a cell without a value take the record's value away? Per column ``empty`` of the mapping says.

keep (the default): the record keeps its value. clear: it loses it. reject: the row is sent back. A column that the file
does not have is not empty, and touches nothing. Done once for every target, on the staged rows, before addresses are
matched: what is kept is matched, compared and published as if the file had said it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from psycopg import sql

from database.tables.base import CountyBase
from importing.stage.publishing import Table, keep_positions, same_record
from importing.stage.stage import Stage
from importing.targets.base import Target
from importing.values.fields import SEALED, Field, Kind

#: Who has a record already: rows that would change it, and rows that are as they were.
KNOWN = sql.SQL("s.outcome IN ('changed', 'unchanged')")


@dataclass(frozen=True, slots=True)
class _Cell:
    """A field that the file fills. tested: the column that is empty when the cell was; columns: what is kept with it."""

    label: str
    tested: str
    columns: tuple[str, ...]
    kept: bool
    kept_if: sql.Composable

    @property
    def empty(self) -> sql.Composable:
        return _is_empty("s", self.tested)

    @property
    def known(self) -> sql.Composable:
        return sql.SQL("NOT ({})").format(_is_empty("t", self.tested))


def fill_empty_cells(stage: Stage, target: Target, extra: Sequence[str] = ()) -> None:
    """Give the empty cells of known records the value that is kept, count what is kept and cleared, send back new rows
    without what every record needs. extra: columns of the file that go to ``attributes``."""
    table = target.stored()
    if table is None:
        return
    cells = list(_cells(stage, target, table))
    _count(stage, table, cells)
    _keep(stage, table, cells)
    _keep_attributes(stage, table, extra)
    _keep_positions(stage, table)
    _fill_defaults(stage, target, table)


def count_rejected(stage: Stage) -> None:
    """The cells whose rows were sent back for being empty."""
    for column, n in stage.rows(
        "SELECT column_name, count(DISTINCT row_no)::int FROM stage_reject WHERE reason_code = 'missing_value' "
        "AND column_name IS NOT NULL GROUP BY 1 ORDER BY 1"
    ):
        stage.count_empty(column, "rejected", n)


def _cells(stage: Stage, target: Target, table: Table) -> Iterator[_Cell]:
    for field in target.fields:
        columns = _stored_columns(field, table)
        if not stage.maps(field.name) or not columns or field.name in (table.key, table.stage_key):
            continue
        condition = target.kept_if.get(field.name)
        yield _Cell(
            stage.column_of(field.name) or field.name,
            f"{field.name}_hash" if field.kind in SEALED else field.name,
            columns,
            stage.mapping.empty_of(field.name) != "clear",
            sql.SQL(condition) if condition else sql.SQL("true"),
        )


def _stored_columns(field: Field, table: Table) -> tuple[str, ...]:
    return tuple(name for name, _kind in field.stage_columns() if name in table.columns)


def _is_empty(alias: str, column: str) -> sql.Composable:
    return sql.SQL("({0}.{1} IS NULL OR {0}.{1}::text = '[]')").format(sql.SQL(alias), sql.Identifier(column))


def _count(stage: Stage, table: Table, cells: Sequence[_Cell]) -> None:
    """One pass over the rows of known records, joined by the record's key."""
    if not cells:
        return
    counted = [
        part
        for cell in cells
        for part in (
            sql.SQL("count(*) FILTER (WHERE {} AND {} AND {})::int").format(
                cell.empty, cell.known, cell.kept_if if cell.kept else sql.SQL("false")
            ),
            sql.SQL("count(*) FILTER (WHERE {} AND {} AND s.outcome = 'changed' AND NOT {})::int").format(
                cell.empty, cell.known, cell.kept_if if cell.kept else sql.SQL("false")
            ),
        )
    ]
    found = stage.rows(
        "SELECT {counted} FROM stage_row s JOIN {table} t ON {same} WHERE {known}",
        counted=sql.SQL(", ").join(counted),
        table=sql.Identifier(table.name),
        same=same_record(table, by_id=True),
        known=KNOWN,
    )[0]
    for place, cell in enumerate(cells):
        stage.count_empty(cell.label, "kept", found[2 * place])
        stage.count_empty(cell.label, "cleared", found[2 * place + 1])


def _keep(stage: Stage, table: Table, cells: Sequence[_Cell]) -> None:
    kept = [cell for cell in cells if cell.kept]
    if not kept:
        return
    assignments = [
        sql.SQL("{0} = CASE WHEN {1} AND {2} THEN t.{0} ELSE s.{0} END").format(
            sql.Identifier(column), cell.empty, cell.kept_if
        )
        for cell in kept
        for column in cell.columns
    ]
    stage.run(
        "UPDATE stage_row s SET {assignments} FROM {table} t WHERE {same} AND s.outcome = 'changed' AND ({some})",
        assignments=sql.SQL(", ").join(assignments),
        table=sql.Identifier(table.name),
        same=same_record(table, by_id=True),
        some=sql.SQL(" OR ").join(cell.empty for cell in kept),
    )


def _keep_attributes(stage: Stage, table: Table, extra: Sequence[str]) -> None:
    """Other columns of the file: those it does not have, and those that are empty, stay."""
    if "attributes" not in table.columns or "attributes" not in stage.stage_columns:
        return
    kept = stage.mapping.empty != "clear"
    for column, n in stage.rows(
        "SELECT k, count(*)::int FROM stage_row s JOIN {table} t ON {same} CROSS JOIN unnest(%(extra)s::text[]) AS k "
        "WHERE {known} AND t.attributes ? k AND NOT s.attributes ? k GROUP BY k ORDER BY k",
        table=sql.Identifier(table.name),
        same=same_record(table, by_id=True),
        known=KNOWN if kept else sql.SQL("s.outcome = 'changed'"),
        extra=list(extra),
    ):
        stage.count_empty(column, "kept" if kept else "cleared", n)
    stage.run(
        "UPDATE stage_row s SET attributes = t.attributes - %(gone)s::text[] || s.attributes FROM {table} t "
        "WHERE {same} AND s.outcome = 'changed'",
        table=sql.Identifier(table.name),
        same=same_record(table, by_id=True),
        gone=[] if kept else list(extra),
    )


def _keep_positions(stage: Stage, table: Table) -> None:
    """A row without a position leaves the record where it is; where the record moves with its address, that decides."""
    if table.geometry == "none" or not stage.geometry:
        return
    label = stage.mapping.position.lon if stage.mapping.position is not None else "_geometry"
    kept = stage.mapping.empty_position != "clear"
    n = stage.value(
        "SELECT count(*)::int FROM stage_row s JOIN {table} t ON {same} WHERE {known} AND s.geom IS NULL AND t.geom IS NOT NULL",
        table=sql.Identifier(table.name),
        same=same_record(table, by_id=True),
        known=KNOWN if kept else sql.SQL("s.outcome = 'changed'"),
    )
    stage.count_empty(label, "kept" if kept else "cleared", n)
    if kept:
        keep_positions(stage, table, moves_with_address=True)


def _fill_defaults(stage: Stage, target: Target, table: Table) -> None:
    """What a record must have: its default, or the row is sent back."""
    columns = CountyBase.metadata.tables[table.name].columns
    for field in target.fields:
        name = field.name
        if name not in table.columns or not stage.maps(name) or field.kind in SEALED or columns[name].nullable:
            continue
        default = columns[name].server_default
        if default is not None:
            stage.run(
                "UPDATE stage_row SET {column} = {default} WHERE {column} IS NULL AND outcome <> 'unchanged'",
                column=sql.Identifier(name),
                default=sql.SQL(str(default.arg)),  # type: ignore[attr-defined]
            )
        elif name not in target.given:
            stage.reject(
                "missing_value",
                name,
                "SELECT row_no, '{{}}'::jsonb FROM stage_row WHERE {column} IS NULL AND outcome <> 'unchanged'",
                column=sql.Identifier(name),
            )
    for field in target.fields:
        if field.kind is Kind.LIST and stage.maps(field.name):
            stage.run(
                "UPDATE stage_row SET {column} = '[]' WHERE {column} IS NULL AND outcome <> 'unchanged'",
                column=sql.Identifier(field.name),
            )
