"""Statement triggers around what is generalised: outlines of areas that changed are dropped, and where new ones came is told;
where features of the base map changed is told.
"""

from __future__ import annotations

from collections.abc import Iterator

from layers.base.catalogue import BASE
from layers.tiles.functions.pieces import areas
from layers.tiles.functions.statement import statement_trigger
from layers.tiles.functions.triggers import BOX, CHANGES, LAST, boxes, tile_number

TELL = """;
    IF FOUND THEN PERFORM pg_notify('onemap_tile', '{county}'); END IF"""
#: What a generalised outline follows from.
WATCHED = ("geom_3857", "grid_code", "valid_to")


def outline_functions() -> Iterator[tuple[str, str]]:
    """Name and text of every trigger function, its trigger beside it."""
    for kind in areas():
        yield from _dropped(kind.name, kind.table.name, kind.key)
    for verb in ("insert", "update"):
        yield statement_trigger(
            f"tile_shape_{verb}", "tile", verb, "tile_shape", comment="notes where generalised outlines came",
            body=f"{CHANGES} {_COME}{TELL}", transitions="NEW TABLE AS new_rows",
        )  # fmt: skip
    for verb, rows in _ROWS.items():
        yield statement_trigger(
            f"tile_base_feature_{verb}", "tile", verb, "base_feature", comment="tells which tiles of the base map changed",
            body=f"{CHANGES} {rows}{TELL}", joins=True, jit=False,
        )  # fmt: skip


def _dropped(layer: str, table: str, key: str) -> Iterator[tuple[str, str]]:
    old, new = (", ".join(f"{row}.{column}" for column in WATCHED) for row in ("o", "n"))
    which = {
        "update": f"SELECT o.{key} FROM old_rows o LEFT JOIN new_rows n ON n.{key} = o.{key} WHERE ({new}) IS DISTINCT FROM ({old})",
        "delete": f"SELECT o.{key} FROM old_rows o",
        "truncate": None,
    }
    for verb, changed in which.items():
        yield statement_trigger(
            f"tile_shape_{table}_{verb}", "tile_shape", verb, table, comment="drops the generalised outlines of what changed",
            body=f"DELETE FROM tile_shape WHERE layer = '{layer}'" + (f" AND code IN ({changed})" if changed else ""),
            joins=verb == "update", jit=verb != "update",
        )  # fmt: skip


#: One box a layer and grid code.
_COME = (
    f"SELECT r.layer, {tile_number('min(st_xmin(r.geom_3857))')}, {tile_number('-max(st_ymax(r.geom_3857))')}, "
    f"{tile_number('max(st_xmax(r.geom_3857))')}, {tile_number('-min(st_ymin(r.geom_3857))')}, r.grid_code "
    "FROM new_rows r GROUP BY r.layer, r.grid_code"
)
_PLACES = {
    "insert": "SELECT geom_3857, grid_code FROM new_rows",
    "update": "SELECT geom_3857, grid_code FROM old_rows UNION ALL SELECT geom_3857, grid_code FROM new_rows",
    "delete": "SELECT geom_3857, grid_code FROM old_rows",
}
_ROWS = {verb: boxes(BASE, f"(SELECT {BOX}, r.grid_code FROM ({places}) r)") for verb, places in _PLACES.items()} | {
    "truncate": f"VALUES ('{BASE}', 0, 0, {LAST}, {LAST}, '{{county}}')"
}
