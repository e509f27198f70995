"""``tile_layer`` and ``tile_layer_4490``: one layer of a tile, in the entered scope.

Points belong to the one tile that holds them (half-open: column and row by whole numbers), carry no margin, and every feature
carries ``n``. Up to zoom 12 records are counts (``tile_count``, 64 x 64 to a tile); above, they are rows, and counts made on the fly
where a tile holds more than the budget. Outlines carry n = 1 in the one tile that holds the middle of their box and 0 in the
others, so that n adds up over the tiles of a zoom for them too.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from layers.catalogue.kind import Field, Kind
from layers.tiles.catalogue import BUDGET, COUNTED_TO, CROWDED_BUDGET, CROWDED_ZOOMS, DETAIL_FROM
from layers.tiles.functions.grids import GRIDS, Grid
from layers.tiles.functions.pieces import SCOPE, areas, columns, grants, parts_of, records, template

_FOLDER = Path(__file__).parent
#: From this zoom on whether points are too many is found by reading them; below, by their counts, for there may be 100,000.
COUNTED_ON_THE_WAY_FROM = 16


def tile_functions() -> Iterator[tuple[str, str]]:
    """Name and text, for each grid."""
    kinds = [*areas(), *records()]
    crowded = ", ".join(map(str, CROWDED_ZOOMS))
    for grid in GRIDS:
        yield grid.function, template(
            _FOLDER, "tile",
            comment=grid.comment,
            function=grid.function,
            declared=grid.declared.strip(),
            budget=f"CASE WHEN z IN ({crowded}) THEN {CROWDED_BUDGET} ELSE {BUDGET} END",
            counted_to=str(COUNTED_TO),
            branches="\n".join(_branch(grid, kind) for kind in kinds),
            grants="\n".join(grants(kind) for kind in kinds),
        )  # fmt: skip


def _branch(grid: Grid, kind: Kind) -> str:
    if kind.is_area:
        return f"    WHEN '{kind.name}' THEN {_outlines(grid, kind)}"
    rows_from = "true" if kind.rows_from <= COUNTED_TO else f"z > {COUNTED_TO}"
    counted = f"{grid.counts_in} t.layer = '{kind.name}' AND t.level = store AND {SCOPE}"
    # near by there are seldom too many: points are read at once and counted while they are
    over_budget = f"budget < (SELECT coalesce(sum(t.n), 0) FROM {counted})"
    over_budget = over_budget if kind.geometry == "mixed" else f"z < {COUNTED_ON_THE_WAY_FROM} AND {over_budget}"
    return f"""
    WHEN '{kind.name}' THEN
        generalised := NOT ({rows_from}) OR {over_budget};
        IF NOT generalised THEN {_rows(grid, kind)}
        END IF;
        IF NOT generalised THEN NULL;
        ELSIF z > {COUNTED_TO} THEN {_crowds(grid, kind)}
        ELSE {_counts(grid, kind, counted)}
        END IF;"""


def _body(kind: Kind, select: str) -> str:
    """Statement that sets body. st_asmvt leaves out a row without a geometry: a filter for it here would compute each twice, in the scan."""
    return f"body := (SELECT coalesce(st_asmvt(q, '{kind.name}', 4096, 'geom'), '') FROM ({select}) q);"


def _value(field: Field, row: str) -> str:
    """What a tile carries of a field."""
    value = field.expression(row, on_tile=True)
    if field.type == "integer" and (field.sql or field.parts):
        value += "::int"
    if field.type == "date":
        value += "::text"
    return f"CASE WHEN z >= {field.tile} THEN {value} END" if field.tile else value


# OFFSET 0 in the statements below: the rows are found first, by place or by scope; the wish for an order shall not choose the
# index of the primary key instead, and what is computed once is not computed again. Indexes: ix_*_tile.
def _rows(grid: Grid, kind: Kind) -> str:
    """Every row a feature with its attributes, n = 1; sorted, so that the same rows are the same bytes."""
    listed = "".join(f", {_value(field, 't')} AS {field.name}" for field in kind.tile_fields())
    names = "".join(f", p.{field.name}" for field in kind.tile_fields())
    table, shown = kind.table.name, kind.shown("t")
    if kind.geometry == "mixed":  # an outline is drawn in every tile it reaches; it counts in one
        return _body(kind, f"""
            SELECT p.id{names}, (p.px >> 12 = x AND p.py >> 12 = y)::int AS n,
                   CASE WHEN p.px >> 12 = x AND p.py >> 12 = y
                        THEN coalesce(CASE WHEN NOT p.is_point THEN p.outline END, st_point(p.px & 4095, p.py & 4095))
                        WHEN NOT p.is_point THEN p.outline END AS geom
            FROM (SELECT t.id{listed}, {grid.pixels(mixed=True)}, st_geometrytype(t.{grid.geometry}) = 'ST_Point' AS is_point,
                         st_asmvtgeom(t.{grid.geometry}, box, 4096, 64, true) AS outline
                  FROM {table} t WHERE t.geom_3857 && reach AND {shown} AND {SCOPE} OFFSET 0) p ORDER BY p.id""")  # fmt: skip
    return f"""
        SELECT coalesce(st_asmvt(q, '{kind.name}', 4096, 'geom'), ''), count(*) > budget INTO body, generalised FROM (
            SELECT p.id{names}, 1 AS n, st_point(p.px & 4095, p.py & 4095) AS geom FROM (
                SELECT * FROM (
                    SELECT t.id{listed}, {grid.pixels(mixed=False)}
                    FROM {table} t WHERE t.geom_3857 && near AND {shown} AND {SCOPE} OFFSET 0
                ) r WHERE r.px >> 12 = x AND r.py >> 12 = y LIMIT budget + 1
            ) p ORDER BY p.id) q;"""


def _crowds(grid: Grid, kind: Kind) -> str:
    """Rows counted on the fly by squares, row by row, 64 x 64 to a tile; a row alone keeps its id, and near by its attributes."""
    parts = parts_of(kind)
    single = [field for field in kind.tile_fields() if field is not parts]
    listed = "".join(f", {_value(field, 't')} AS {field.name}" for field in single)
    each = f", {_value(parts, 't')} AS {parts.name}" if parts else ""
    summed = f", sum(p.{parts.name})::int AS {parts.name}" if parts else ""
    named = f", g.{parts.name}" if parts else ""
    table, shown = kind.table.name, kind.shown("t")
    return _body(kind, f"""
        SELECT CASE WHEN g.n = 1 THEN g.one END AS id{listed}{named}, g.n,
               st_point((g.square & 63) * 64 + 32, (g.square >> 6) * 64 + 32) AS geom
        FROM (SELECT ((p.py & 4032) | (p.px >> 6 & 63))::int AS square, count(*)::int AS n, min(p.id) AS one{summed}
              FROM (SELECT t.id, {grid.pixels(mixed=kind.geometry == "mixed")}{each}
                    FROM {table} t WHERE t.geom_3857 && near AND {shown} AND {SCOPE} OFFSET 0) p
              WHERE p.px >> 12 = x AND p.py >> 12 = y GROUP BY 1) g
        LEFT JOIN {table} t ON t.id = g.one AND g.n = 1 AND z >= {DETAIL_FROM} ORDER BY g.square""")  # fmt: skip


def _counts(grid: Grid, kind: Kind, counted: str) -> str:
    """Precomputed counts, 64 x 64 to a tile. Index: ix_tile_count_cell."""
    parts = parts_of(kind)
    members = f", nullif(c.members, 0)::int AS {parts.name}" if parts else ""
    squares = grid.squares.replace("{counted}", counted)
    return _body(kind, f"""
        SELECT c.n::int AS n{members}, st_point(c.px, c.py) AS geom FROM ({squares}) c ORDER BY c.place""")  # fmt: skip


def _outlines(grid: Grid, kind: Kind) -> str:
    """Outlines: the generalised one, else the outline itself thinned here. Indexes: ix_*_tile, pk_tile_shape."""
    listed = "".join(f", {_value(field, 'p')} AS {field.name}" for field in kind.tile_fields())
    read = ", ".join(dict.fromkeys([*columns(kind), "grid_code", "geom_3857", grid.geometry]))
    outline = f"t.{grid.geometry}"
    drawn = f"""st_asmvtgeom(coalesce({grid.generalised},
                           CASE WHEN z < 14 THEN st_simplifypreservetopology({outline}, tolerance) ELSE {outline} END
                       ), box, 4096, 64, true)"""
    return _body(kind, f"""
        SELECT p.id{listed}, p.here::int AS n,
               CASE WHEN NOT st_isempty(p.outline) THEN p.outline WHEN p.here THEN st_point(p.px & 4095, p.py & 4095) END AS geom
        FROM (SELECT c.*, c.px >> 12 = x AND c.py >> 12 = y AS here FROM (
                SELECT t.code AS id, t.*, {grid.pixels(mixed=True)},
                       {f"CASE {grid.inside} ELSE {drawn} END" if grid.inside else drawn} AS outline
                FROM (SELECT {read} FROM {kind.table.name}) t
                LEFT JOIN tile_shape s ON s.layer = '{kind.name}' AND s.code = t.code AND s.band = zoom_band
                WHERE t.geom_3857 && reach AND {kind.shown("t")} AND {_levels(kind)} AND {SCOPE} OFFSET 0) c) p
        ORDER BY p.id""")  # fmt: skip


def _levels(kind: Kind) -> str:
    """The levels that a zoom shows."""
    steps = sorted({zoom for zoom in kind.levels.values() if zoom > 0})
    shown = [f"ARRAY{[level for level, zoom in kind.levels.items() if zoom <= most]!r}::text[]" for most in (0, *steps)]
    if not steps:
        return f"t.level = ANY ({shown[0]})"
    cases = " ".join(f"WHEN z < {step} THEN {levels}" for step, levels in zip(steps, shown, strict=False))
    return f"t.level = ANY (CASE {cases} ELSE {shown[-1]} END)"
