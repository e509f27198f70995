"""The SQL functions of tiles, written from the layer catalogue: one tile in either grid, what triggers keep right, what counts should say.

Each is a template beside this file (``*.sql``) that holds everything but what differs from kind to kind, and a module that writes
that. The grids, Web Mercator and CGCS2000, are two readings of one text (``grids``).
"""

from __future__ import annotations

from collections.abc import Iterator

from database.functions.texts import register
from layers.tiles.functions.counts import count_differences
from layers.tiles.functions.outlines import outline_functions
from layers.tiles.functions.tile import tile_functions
from layers.tiles.functions.triggers import trigger_functions


def functions() -> Iterator[tuple[str, str]]:
    """Name and text of each."""
    yield from tile_functions()
    yield from trigger_functions()
    yield from outline_functions()
    yield count_differences()


register("layers", functions)
