"""``tile_count_differences``: what the counts should say, from the rows."""

from __future__ import annotations

from pathlib import Path

from layers.tiles.functions.pieces import records, template
from layers.tiles.functions.triggers import LEVELS, MIDDLE, counted_parts

_FOLDER = Path(__file__).parent


def count_differences() -> tuple[str, str]:
    """Name and text."""
    truth = "\n          UNION ALL ".join(
        f"SELECT '{kind.name}' AS layer, tile_cell(p.col, p.row) AS cell, p.grid_code, count(*) AS n, sum(p.members) AS members "
        f"FROM (SELECT r.grid_code, {counted_parts(kind, 'r')} AS members, {MIDDLE} FROM {kind.table.name} r "
        f"WHERE r.geom_3857 IS NOT NULL AND {kind.shown('r')}) p GROUP BY p.col, p.row, p.grid_code"
        for kind in records()
    )
    name = "tile_count_differences"
    return name, template(_FOLDER, name, truth=truth, levels=str(LEVELS))
