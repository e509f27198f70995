"""Publishing rows into one table: compare with what is there, write the changes (异动), insert, update. Set-based.

A change says what differs, but no personal number, of a day of birth only the year, and of a place that its own grid code
does not hold only that there is one; the whole of that goes into ``change_whole``, seen by who sees both places.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, LiteralString

from psycopg import sql

from importing.stage.stage import Stage

GeometryState = Literal["none", "point", "outline"]


#: What a change says in place of a value of a place its grid code does not hold.
OUTSIDE = "（辖区外）"


@dataclass(frozen=True, slots=True)
class Placed:
    """Columns that tell of a place: of the address that a column names, or of the record's own (no address)."""

    names: Sequence[str]
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table that takes rows of the stage.

    columns: what is copied, named alike in the stage. visible: what a change shows (never a cipher or a hash).
    secret: what a change names and never shows, with the column that tells whether it differs. years: dates of which a
    change shows the year. placed: which of the visible columns tell of which place; position and grid code tell of the
    record's own.
    key: column of the table that holds the record's key; sourced: the key is (source, source_key).
    """

    name: str
    columns: Sequence[str]
    visible: Sequence[str]
    secret: Mapping[str, str] = field(default_factory=dict)
    years: Sequence[str] = ()
    placed: Sequence[Placed] = ()
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
        same=same_record(table),
    )


def keep_positions(stage: Stage, table: Table, *, moves_with_address: bool) -> None:
    """Records whose row has no position keep theirs. moves_with_address: only where the address is written as before."""
    still = sql.SQL("true")
    if moves_with_address and "address_text" in table.columns and stage.maps("address_text"):
        still = sql.SQL("s.address_text IS NOT DISTINCT FROM t.address_text")
    stage.run(
        "UPDATE stage_row s SET geom = t.geom FROM {table} t WHERE {same} AND s.outcome = 'changed' "
        "AND s.geom IS NULL AND t.geom IS NOT NULL AND {still}",
        table=sql.Identifier(table.name),
        same=same_record(table, by_id=True),
        still=still,
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
        SELECT nextval(pg_get_serial_sequence('change', 'id')) AS id, q.* FROM (
        SELECT s.row_no, t.{id}::text AS entity_id, d.fields, {shown_before} AS before, {shown_after} AS after,
               g.grid_code, {places_before} AS places_before, {places_after} AS places_after
        FROM stage_row s
        JOIN {table} t ON {same}
        CROSS JOIN LATERAL (SELECT {grid} AS grid_code) g
        CROSS JOIN LATERAL (
            SELECT jsonb_agg(a.key ORDER BY a.key) AS fields,
                   jsonb_object_agg(a.key, b.value) AS before, jsonb_object_agg(a.key, a.value) AS after
            FROM jsonb_each({after}) a JOIN jsonb_each({before}) b ON b.key = a.key
            WHERE a.value IS DISTINCT FROM b.value
        ) d
        WHERE s.outcome = 'changed' AND d.fields IS NOT NULL ORDER BY s.row_no) q
        """,
        id=sql.Identifier(table.id_column),
        table=sql.Identifier(table.name),
        same=same_record(table, by_id=True),
        grid=sql.SQL("coalesce(s.grid_code, t.grid_code)") if table.gridded else sql.SQL("t.grid_code"),
        after=_state(table, "s", stage),
        before=_state(table, "t", stage),
        shown_before=_shown(table, "d.before"),
        shown_after=_shown(table, "d.after"),
        places_before=_places(table, "t", stage),
        places_after=_places(table, "s", stage),
    )
    _write_changes(stage, entity or table.name, "'changed'")
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
        same=same_record(table, by_id=True),
    )
    if table.hashed:
        stage.run(
            "UPDATE {table} t SET row_hash = s.row_hash FROM stage_row s WHERE {same} AND s.outcome = 'same'",
            table=sql.Identifier(table.name),
            same=same_record(table, by_id=True),
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
    stage.run("DROP TABLE IF EXISTS pg_temp.stage_diff")
    stage.run(
        """
        CREATE TEMP TABLE stage_diff ON COMMIT DROP AS
        SELECT nextval(pg_get_serial_sequence('change', 'id')) AS id, q.* FROM (
        SELECT s.row_no, t.{id}::text AS entity_id, '[]'::jsonb AS fields, NULL::jsonb AS before, {after} AS after,
               t.grid_code, '{{}}'::jsonb AS places_before, {places} AS places_after
        FROM stage_row s JOIN {table} t ON {same} WHERE s.outcome = 'added' ORDER BY s.row_no) q
        """,
        id=sql.Identifier(table.id_column),
        table=sql.Identifier(table.name),
        after=_shown(table, sql.SQL("jsonb_strip_nulls({})").format(_state(table, "t", stage, everything=True))),
        places=_places(table, "t", stage, everything=True),
        same=same_record(table),
    )
    _write_changes(stage, entity or table.name, "'added'")


def _write_changes(stage: Stage, entity: str, operation: LiteralString) -> None:
    """The rows of ``stage_diff`` as changes; what their grid code does not hold is left out there and kept beside it.

    ``stage_hidden`` has only the changes that leave something out: they are few.

    places_before, places_after: key of a state → grid code of the place it tells of.
    """
    stage.run("DROP TABLE IF EXISTS pg_temp.stage_hidden")
    stage.run(
        """
        CREATE TEMP TABLE stage_hidden ON COMMIT DROP AS
        SELECT d.id, h.* FROM stage_diff d
        CROSS JOIN LATERAL (
            SELECT jsonb_object_agg(key, %(outside)s::text) FILTER (WHERE side = 'before') AS hidden_before,
                   jsonb_object_agg(key, %(outside)s::text) FILTER (WHERE side = 'after') AS hidden_after,
                   array_agg(DISTINCT code) AS codes
            FROM (SELECT 'before' AS side, key, value AS code FROM jsonb_each_text(d.places_before) WHERE d.before ? key
                  UNION ALL SELECT 'after', key, value FROM jsonb_each_text(d.places_after) WHERE d.after ? key) p
            WHERE NOT place_within(p.code, d.grid_code)
              AND jsonb_typeof(CASE side WHEN 'before' THEN d.before ELSE d.after END -> key) <> 'null'
        ) h
        WHERE h.codes IS NOT NULL
        """,
        outside=OUTSIDE,
    )
    stage.run(
        "INSERT INTO change (id, batch_id, entity, entity_id, operation, fields, before, after, actor, grid_code) "
        "SELECT d.id, %(batch)s, %(entity)s, d.entity_id, {operation}, d.fields, d.before || coalesce(h.hidden_before, '{{}}'), "
        "d.after || coalesce(h.hidden_after, '{{}}'), %(actor)s, d.grid_code "
        "FROM stage_diff d LEFT JOIN stage_hidden h USING (id)",
        entity=entity,
        operation=sql.SQL(operation),
    )
    stage.run(
        "INSERT INTO change_whole (change_id, before, after, grid_code, also_grid_code) "
        "SELECT id, d.before, d.after, d.grid_code, common_grid_code(h.codes) FROM stage_diff d JOIN stage_hidden h USING (id)"
    )


def _copied(table: Table, stage: Stage) -> list[str]:
    """The columns to copy: those the stage has; what a mapping does not fill stays as it is."""
    names = [name for name in table.columns if name in stage.stage_columns]
    if table.geometry != "none" and stage.geometry:
        names.append("geom")
    return names


def same_record(table: Table, *, by_id: bool = False) -> sql.Composable:
    """The condition that the record ``t`` is that of the staged row ``s``. by_id: entity_id is known."""
    if by_id and table.id_column == "id":
        return sql.SQL("t.id = s.entity_id")
    same = sql.SQL("t.{} = s.{}").format(sql.Identifier(table.key), sql.Identifier(table.stage_key))
    return sql.SQL("t.source = %(source)s AND {}").format(same) if table.sourced else same


def _hash_of(alias: str, name: str, column: str) -> sql.Composable:
    """The hash of a secret; while keys are rotated, equal numbers are equal whichever key the record's hash is by."""
    template = "t.{0}" if alias == "t" else "CASE WHEN t.{0} = ANY(s.{1}) THEN t.{0} ELSE s.{0} END"
    return sql.SQL(template).format(sql.Identifier(column), sql.Identifier(f"{name}_older"))


def _state(table: Table, alias: str, stage: Stage, *, everything: bool = False) -> sql.Composable:
    """The visible state of a record as jsonb; both sides of a comparison build it alike."""
    copied = set(_copied(table, stage)) | {name for name in table.visible if everything}
    pairs: list[sql.Composable] = [
        sql.SQL("{}, {}.{}").format(sql.Literal(name), sql.SQL(alias), sql.Identifier(name))
        for name in table.visible
        if name in copied
    ]
    pairs += [
        sql.SQL("{}, encode({}, 'hex')").format(sql.Literal(name), _hash_of(alias, name, column))
        for name, column in table.secret.items()
        if column in copied and not everything
    ]
    if table.gridded:
        pairs.append(sql.SQL("'grid_code', coalesce({}.grid_code, t.grid_code)").format(sql.SQL(alias)))
    if table.geometry != "none" and (stage.geometry or everything):
        pairs.append(_geometry_state(table.geometry, alias))
    return sql.SQL("jsonb_build_object({})").format(sql.SQL(", ").join(pairs))


def _shown(table: Table, state: LiteralString | sql.Composable) -> sql.Composable:
    """The part of a state that a change may show: no secrets, years for dates."""
    whole = sql.SQL(state) if isinstance(state, str) else state
    if not table.secret and not table.years:
        return whole
    return sql.SQL(
        "coalesce((SELECT jsonb_object_agg(e.key, CASE WHEN e.key = ANY({years}) THEN "
        "to_jsonb(left(e.value #>> '{{}}', 4)) ELSE e.value END) FROM jsonb_each({state}) AS e "
        "WHERE e.key <> ALL({secret})), '{{}}')"
    ).format(years=sql.Literal(list(table.years)), state=whole, secret=sql.Literal(list(table.secret)))


def _places(table: Table, alias: LiteralString, stage: Stage, *, everything: bool = False) -> sql.Composable:
    """For each visible key that tells of a place the grid code of that place, as jsonb."""
    there = set(_copied(table, stage)) | {name for name in table.visible if everything}
    own = sql.SQL("coalesce({}.grid_code, t.grid_code)").format(sql.SQL(alias))
    parts: list[sql.Composable] = [sql.SQL("'{{}}'::jsonb").format()]
    if table.gridded:
        parts.append(_all_at(("grid_code", *_POSITION[table.geometry]), own))
    for placed in table.placed:
        code = own
        if placed.address is not None:
            row = alias if placed.address in there else "t"
            code = sql.SQL("coalesce((SELECT a.grid_code FROM standard_address a WHERE a.id = {}.{}), {})").format(
                sql.SQL(row), sql.Identifier(placed.address), own
            )
        parts.append(_all_at([name for name in placed.names if name in there], code))
    return sql.SQL(" || ").join(parts)


def _all_at(names: Sequence[str], code: sql.Composable) -> sql.Composable:
    """jsonb of the names, each with the same grid code; the code is looked up once."""
    return sql.SQL("jsonb_object({}::text[], array_fill(({})::text, ARRAY[{}]))").format(
        sql.Literal(list(names)), code, sql.Literal(len(names))
    )


_POSITION: dict[GeometryState, tuple[str, ...]] = {
    "none": (),
    "point": ("lon", "lat"),
    "outline": ("outline", "area_m2"),
}


def _geometry_state(kind: GeometryState, alias: str) -> sql.Composable:
    template = (
        "'lon', round(st_x({0}.geom)::numeric, 7), 'lat', round(st_y({0}.geom)::numeric, 7)"
        if kind == "point"
        else "'outline', left(md5(st_asbinary({0}.geom)), 12), 'area_m2', round(st_area({0}.geom::geography)::numeric)"
    )
    return sql.SQL(template).format(sql.SQL(alias))
