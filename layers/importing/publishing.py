"""Publishing rows into one table: compare with what is there, write the changes (异动), insert, update. Set-based."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from psycopg import sql

from layers.importing.stage import Stage

GeometryState = Literal["none", "point", "outline"]


@dataclass(frozen=True, slots=True)
class Table:
    """A table that takes rows of the stage.

    columns: what is copied, named alike in the stage. visible: what a change shows (never a cipher or a hash).
    key: column of the table that holds the record's key; sourced: the key is (source, source_key).
    """

    name: str
    columns: Sequence[str]
    visible: Sequence[str]
    id_column: str = "id"
    key: str = "source_key"
    stage_key: str = "source_key"
    sourced: bool = True
    hashed: bool = True
    stamped: bool = True
    gridded: bool = True
    geometry: GeometryState = "none"


def compare_rows(stage: Stage, table: Table) -> None:
    """Set entity_id (surrogate keys only) and outcome of each row by the record's key and hash."""
    stage.run(
        "UPDATE stage_row s SET outcome = {outcome} {entity} FROM {table} t WHERE {same}",
        table=sql.Identifier(table.name),
        outcome=sql.SQL("CASE WHEN t.row_hash = s.row_hash THEN 'unchanged' ELSE 'changed' END")
        if table.hashed
        else sql.SQL("'changed'"),
        entity=sql.SQL(", entity_id = t.id") if table.id_column == "id" else sql.SQL(""),
        same=_same_record(table),
    )


def publish_rows(stage: Stage, table: Table, *, entity: str | None = None) -> None:
    """Write changes, update changed rows, insert added ones. Afterwards outcome is final for every row.

    A row whose hash differs but whose visible state does not (a mapping was edited) counts as unchanged.
    """
    write_differences(stage, table, entity=entity)
    update_rows(stage, table)
    insert_rows(stage, table)
    write_additions(stage, table, entity=entity)


def write_differences(stage: Stage, table: Table, *, entity: str | None = None) -> None:
    """A change row for each record that will be changed: only what differs, before and after."""
    stage.run("DROP TABLE IF EXISTS pg_temp.stage_diff")
    stage.run(
        """
        CREATE TEMP TABLE stage_diff ON COMMIT DROP AS
        SELECT s.row_no, t.{id}::text AS entity_id, d.fields, d.before, d.after,
               {grid} AS grid_code
        FROM stage_row s
        JOIN {table} t ON {same}
        CROSS JOIN LATERAL (
            SELECT jsonb_agg(a.key ORDER BY a.key) AS fields,
                   jsonb_object_agg(a.key, b.value) AS before, jsonb_object_agg(a.key, a.value) AS after
            FROM jsonb_each({after}) a JOIN jsonb_each({before}) b ON b.key = a.key
            WHERE a.value IS DISTINCT FROM b.value
        ) d
        WHERE s.outcome = 'changed' AND d.fields IS NOT NULL
        """,
        id=sql.Identifier(table.id_column),
        table=sql.Identifier(table.name),
        same=_same_record(table, by_id=True),
        grid=sql.SQL("coalesce(s.grid_code, t.grid_code)") if table.gridded else sql.SQL("t.grid_code"),
        after=_state(table, "s", stage),
        before=_state(table, "t", stage),
    )
    stage.run(
        "INSERT INTO change (batch_id, entity, entity_id, operation, fields, before, after, actor, grid_code) "
        "SELECT %(batch)s, %(entity)s, entity_id, 'changed', fields, before, after, %(actor)s, grid_code "
        "FROM stage_diff ORDER BY row_no",
        entity=entity or table.name,
    )
    stage.run(
        "UPDATE stage_row s SET outcome = 'same' WHERE s.outcome = 'changed' "
        "AND NOT EXISTS (SELECT FROM stage_diff d WHERE d.row_no = s.row_no)"
    )


def update_rows(stage: Stage, table: Table) -> None:
    """Bring changed records up to date; records of outcome ``same`` get only their new hash."""
    assignments: list[sql.Composable] = [
        sql.SQL("{0} = s.{0}").format(sql.Identifier(name)) for name in _copied(table, stage) if name != table.key
    ]
    if table.hashed:
        assignments.append(sql.SQL("row_hash = s.row_hash"))
    if table.stamped:
        assignments.append(sql.SQL("updated_at = now()"))
    if table.gridded:
        assignments.append(sql.SQL("grid_code = coalesce(s.grid_code, t.grid_code)"))
    stage.run(
        "UPDATE {table} t SET {assignments} FROM stage_row s WHERE {same} AND s.outcome = 'changed'",
        table=sql.Identifier(table.name),
        assignments=sql.SQL(", ").join(assignments),
        same=_same_record(table, by_id=True),
    )
    if table.hashed:
        stage.run(
            "UPDATE {table} t SET row_hash = s.row_hash FROM stage_row s WHERE {same} AND s.outcome = 'same'",
            table=sql.Identifier(table.name),
            same=_same_record(table, by_id=True),
        )
    stage.run("UPDATE stage_row SET outcome = 'unchanged' WHERE outcome = 'same'")


def insert_rows(stage: Stage, table: Table) -> None:
    """Insert what is new, in file order."""
    names = list(_copied(table, stage))
    values: list[sql.Composable] = [sql.SQL("s.{}").format(sql.Identifier(name)) for name in names]
    if table.sourced:
        names += ["source", "source_key"]
        values += [sql.SQL("%(source)s"), sql.SQL("s.source_key")]
    if table.hashed:
        names.append("row_hash")
        values.append(sql.SQL("s.row_hash"))
    if table.gridded:
        names.append("grid_code")
        values.append(sql.SQL("s.grid_code"))
    stage.run(
        "INSERT INTO {table} ({names}) SELECT {values} FROM stage_row s WHERE s.outcome = 'added' ORDER BY s.row_no",
        table=sql.Identifier(table.name),
        names=sql.SQL(", ").join(map(sql.Identifier, names)),
        values=sql.SQL(", ").join(values),
    )


def write_additions(stage: Stage, table: Table, *, entity: str | None = None) -> None:
    """A change row for each new record, with its state."""
    stage.run(
        "INSERT INTO change (batch_id, entity, entity_id, operation, after, actor, grid_code) "
        "SELECT %(batch)s, %(entity)s, t.{id}::text, 'added', jsonb_strip_nulls({after}), %(actor)s, t.grid_code "
        "FROM stage_row s JOIN {table} t ON {same} WHERE s.outcome = 'added' ORDER BY s.row_no",
        entity=entity or table.name,
        id=sql.Identifier(table.id_column),
        table=sql.Identifier(table.name),
        after=_state(table, "t", stage, everything=True),
        same=_same_record(table),
    )


def _copied(table: Table, stage: Stage) -> list[str]:
    """The columns to copy: those the stage has; what a mapping does not fill stays as it is."""
    names = [name for name in table.columns if name in stage.stage_columns]
    if table.geometry != "none" and stage.geometry:
        names.append("geom")
    return names


def _same_record(table: Table, *, by_id: bool = False) -> sql.Composable:
    if by_id and table.id_column == "id":
        return sql.SQL("t.id = s.entity_id")
    same = sql.SQL("t.{} = s.{}").format(sql.Identifier(table.key), sql.Identifier(table.stage_key))
    return sql.SQL("t.source = %(source)s AND {}").format(same) if table.sourced else same


def _state(table: Table, alias: str, stage: Stage, *, everything: bool = False) -> sql.Composable:
    """The visible state of a record as jsonb; both sides of a comparison build it alike."""
    copied = set(_copied(table, stage)) | {name for name in table.visible if everything}
    pairs: list[sql.Composable] = [
        sql.SQL("{}, {}.{}").format(sql.Literal(name), sql.SQL(alias), sql.Identifier(name))
        for name in table.visible
        if name in copied
    ]
    if table.gridded:
        pairs.append(sql.SQL("'grid_code', coalesce({}.grid_code, t.grid_code)").format(sql.SQL(alias)))
    if table.geometry != "none" and (stage.geometry or everything):
        pairs.append(_geometry_state(table.geometry, alias))
    return sql.SQL("jsonb_build_object({})").format(sql.SQL(", ").join(pairs))


def _geometry_state(kind: GeometryState, alias: str) -> sql.Composable:
    template = (
        "'lon', round(st_x({0}.geom)::numeric, 7), 'lat', round(st_y({0}.geom)::numeric, 7)"
        if kind == "point"
        else "'outline', left(md5(st_asbinary({0}.geom)), 12), 'area_m2', round(st_area({0}.geom::geography)::numeric)"
    )
    return sql.SQL(template).format(sql.SQL(alias))
