"""Statement triggers on every table that a tile shows: they keep ``tile_count`` and ``tile_change`` right, whoever changes a row.

``tile_count`` is a sum of deltas: a writer only ever adds rows, so writers never wait for each other. The functions belong to
``onemap_tiles``. Where old and new rows are joined, nested loops are off: PL/pgSQL keeps the plan of a session's first call, made for
the row count of that call's transition tables.
"""

from __future__ import annotations

from collections.abc import Iterator

from layers.catalogue.kind import Field, Kind, Parts
from layers.catalogue.registry import KINDS
from layers.tiles.functions.grids import HALF_M, WORLD_M
from layers.tiles.functions.pieces import areas, columns, parts_of, records
from layers.tiles.functions.statement import TRANSITIONS, statement_trigger

LEVELS = [14, 15, 16, 17, 18]
LAST = 2**18 - 1
CHANGES = "INSERT INTO tile_change (layer, col_from, row_from, col_to, row_to, grid_code)"
#: After a change: who waits for it is told, and now and then the deltas are added up.
TELL_AND_SETTLE = """;
    IF FOUND THEN
        PERFORM pg_notify('onemap_tile', '{county}');
        IF (pg_current_xact_id()::text)::bigint % 32 = 0 THEN PERFORM settle_tile_counts(); END IF;
    END IF"""


def tile_number(value: str) -> str:
    """Column (or row, of the negated ordinate) at zoom 18 of a Web-Mercator coordinate in metres."""
    return f"least({LAST}, greatest(0, floor(({value} + {HALF_M}) / {WORLD_M} * 262144)::int))"


# a record stands where the middle of its box is; for a point that is the point
MIDDLE = (
    f"{tile_number('(st_xmin(r.geom_3857) + st_xmax(r.geom_3857)) / 2')} AS col, "
    f"{tile_number('-(st_ymin(r.geom_3857) + st_ymax(r.geom_3857)) / 2')} AS row"
)
BOX = (
    f"{tile_number('st_xmin(r.geom_3857)')} AS col_from, {tile_number('-st_ymax(r.geom_3857)')} AS row_from, "
    f"{tile_number('st_xmax(r.geom_3857)')} AS col_to, {tile_number('-st_ymin(r.geom_3857)')} AS row_to"
)


def trigger_functions() -> Iterator[tuple[str, str]]:
    """Name and text of every trigger function, its trigger beside it."""
    for kind in records():
        yield from _watch(kind, kind.table.name, {verb: _record_body(kind, verb) for verb in TRANSITIONS})
        field = parts_of(kind)
        if field is not None and field.parts is not None:
            parts = field.parts
            yield from _watch(kind, parts.table, {verb: _parts_body(kind, parts, verb) for verb in TRANSITIONS}, parts)
    for kind in areas():
        yield from _watch(kind, kind.table.name, {verb: _area_body(kind, verb) for verb in TRANSITIONS})


def counted_parts(kind: Kind, row: str) -> str:
    """How many parts a record has, 0 for a kind without."""
    field = parts_of(kind)
    return "0" if field is None else field.expression(row)


def _watch(kind: Kind, table: str, bodies: dict[str, str], parts: Parts | None = None) -> Iterator[tuple[str, str]]:
    for verb, body in bodies.items():
        yield statement_trigger(
            f"tile_{table}_{verb}", "tile", verb, table,
            comment=f"keeps counts and changes of the layer {kind.name}",
            body=body + TELL_AND_SETTLE,
            jit=False,
            joins=verb == "update" and parts is None,
            grants=_grants(parts) if verb == "insert" else "",
        )  # fmt: skip
    emptied = (
        f"DELETE FROM tile_count WHERE layer = '{kind.name}'; "
        f"{CHANGES} VALUES ('{kind.name}', 0, 0, {LAST}, {LAST}, '{{county}}')"
    )  # fmt: skip
    yield statement_trigger(
        f"tile_{table}_truncate", "tile", "truncate", table,
        comment=f"empties the counts of the layer {kind.name}", body=emptied + TELL_AND_SETTLE, jit=False,
    )  # fmt: skip


def _grants(parts: Parts | None) -> str:
    """What the owner reads of the parts of a record."""
    if parts is None:
        return ""
    read = ", ".join(dict.fromkeys([parts.key, *parts.columns()]))
    return f"GRANT SELECT ({read}) ON {{schema}}.{parts.table} TO onemap_tiles;"


def _changed(kind: Kind, verb: str) -> str:
    """Old states (sign -1) and new states (1) of the rows that a statement really changed."""
    if verb == "insert":
        return "SELECT 1 AS sign, n.* FROM new_rows n"
    if verb == "delete":
        return "SELECT -1 AS sign, o.* FROM old_rows o"
    key, watched = kind.key, [*columns(kind), "grid_code", "geom_3857"]
    differs = f"({', '.join('n.' + c for c in watched)}) IS DISTINCT FROM ({', '.join('o.' + c for c in watched)})"
    both = f"JOIN new_rows n ON n.{key} = o.{key} WHERE {differs}"
    # a row whose key changed is one that went and one that came
    return (
        f"SELECT -1 AS sign, o.* FROM old_rows o {both} UNION ALL "
        f"SELECT 1, n.* FROM old_rows o {both} UNION ALL "
        f"SELECT -1, o.* FROM old_rows o WHERE NOT EXISTS (SELECT FROM new_rows n WHERE n.{key} = o.{key}) UNION ALL "
        f"SELECT 1, n.* FROM new_rows n WHERE NOT EXISTS (SELECT FROM old_rows o WHERE o.{key} = n.{key})"
    )


def boxes(layer: str, source: str) -> str:
    """SELECT of the boxes to tell: one a grid code and tile of zoom 12. source: a relation with the columns of BOX."""
    return (
        f"SELECT '{layer}', min(p.col_from), min(p.row_from), max(p.col_to), max(p.row_to), p.grid_code FROM {source} p "
        "GROUP BY p.col_from >> 6, p.row_from >> 6, p.grid_code"
    )


def _record_body(kind: Kind, verb: str) -> str:
    """Deltas of every level, and boxes; also of the areas in which records of this kind are counted."""
    statement = f"""
    WITH changed AS MATERIALIZED ({_changed(kind, verb)}),
    placed AS MATERIALIZED (
        SELECT r.sign, r.grid_code, {counted_parts(kind, "r")} AS members, {MIDDLE}, {BOX}
        FROM changed r WHERE r.geom_3857 IS NOT NULL AND {kind.shown("r")}
    ), counted AS (
        INSERT INTO tile_count (layer, level, cell, grid_code, n, members)
        SELECT '{kind.name}', l.level, b.cell >> 2 * (18 - l.level), b.grid_code, sum(b.n), sum(b.members)
        FROM (SELECT tile_cell(p.col, p.row) AS cell, p.grid_code, sum(p.sign) AS n, sum(p.sign * p.members) AS members
              FROM placed p GROUP BY p.col, p.row, p.grid_code
              HAVING sum(p.sign) <> 0 OR sum(p.sign * p.members) <> 0) b
        CROSS JOIN unnest(ARRAY{LEVELS}) AS l(level)
        GROUP BY l.level, b.cell >> 2 * (18 - l.level), b.grid_code HAVING sum(b.n) <> 0 OR sum(b.members) <> 0
    )"""
    selects = [boxes(kind.name, "placed")]
    for area, _ in _counted_in(kind):
        # areas show how many of these lie in them, also those without a point
        statement += f""", around_{area.name} AS MATERIALIZED (
        SELECT r.grid_code, {BOX} FROM {area.table.name} r WHERE {area.shown("r")} AND r.{area.key} IN (
            SELECT left(c.grid_code, 15) FROM changed c UNION SELECT c.grid_code FROM changed c)
    )"""
        selects.append(boxes(area.name, f"around_{area.name}"))
    return f"{statement}\n    {CHANGES} {' UNION ALL '.join(selects)}"


def _counted_in(kind: Kind) -> list[tuple[Kind, Field]]:
    """The areas that count records of this kind, and their field."""
    return [(area, field) for area in KINDS.values() for field in area.fields if field.counts == kind.name]


def _area_body(kind: Kind, verb: str) -> str:
    """Boxes only."""
    return f"""
    WITH changed AS MATERIALIZED ({_changed(kind, verb)}),
    placed AS MATERIALIZED (SELECT r.grid_code, {BOX} FROM changed r WHERE r.geom_3857 IS NOT NULL)
    {CHANGES} {boxes(kind.name, "placed")}"""


def _parts_body(kind: Kind, parts: Parts, verb: str) -> str:
    """Parts of records. The record is locked (FOR SHARE), so that it does not move meanwhile without them; it is found by its key for
    each part, whatever the session planned for."""
    states = {
        "insert": "SELECT 1 AS sign, n.* FROM new_rows n",
        "delete": "SELECT -1 AS sign, o.* FROM old_rows o",
        "update": "SELECT 1 AS sign, n.* FROM new_rows n UNION ALL SELECT -1, o.* FROM old_rows o",
    }[verb]
    return f"""
    WITH net AS MATERIALIZED (
        SELECT c.{parts.key}, sum(c.sign) AS n FROM ({states}) c WHERE {parts.present.replace("{p}", "c")}
        GROUP BY c.{parts.key} HAVING sum(c.sign) <> 0
    ), home AS MATERIALIZED (
        SELECT net.n, h.grid_code, h.geom_3857 FROM net JOIN {kind.table.name} h ON h.id = net.{parts.key}
        ORDER BY h.id FOR SHARE OF h
    ), placed AS MATERIALIZED (
        SELECT 0 AS sign, r.n AS members, r.grid_code, {MIDDLE}, {BOX} FROM home r WHERE r.geom_3857 IS NOT NULL
    ), summed AS MATERIALIZED (
        SELECT tile_cell(p.col, p.row) AS cell, p.grid_code, sum(p.members) AS members FROM placed p
        GROUP BY p.col, p.row, p.grid_code
    ), counted AS (
        INSERT INTO tile_count (layer, level, cell, grid_code, n, members)
        SELECT '{kind.name}', l.level, s.cell >> 2 * (18 - l.level), s.grid_code, 0, sum(s.members)
        FROM summed s CROSS JOIN unnest(ARRAY{LEVELS}) AS l(level)
        GROUP BY l.level, s.cell >> 2 * (18 - l.level), s.grid_code HAVING sum(s.members) <> 0
    )
    {CHANGES} {boxes(kind.name, "placed")}"""
