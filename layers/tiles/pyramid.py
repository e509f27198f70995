"""Every tile of a scope that holds anything, all layers together, zoom by zoom."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import morecantile
from sqlalchemy import Connection, text

from grid.extent import county_bounds
from layers.tiles.catalogue import LAYERS
from layers.tiles.tile import ANY_LAYER, check_layers

Tile = tuple[int, int, int]
#: So many tiles are made in one statement.
BATCH = 64
#: From this zoom on every layer shows something wherever it has anything, so below an empty tile there is nothing.
COMPLETE_FROM = max(layer.minzoom for layer in LAYERS.values())

_TILES = text(
    "SELECT t.x, t.y, string_agg(m.body, '' ORDER BY l.place) AS body "
    "FROM unnest(CAST(:columns AS int[]), CAST(:rows AS int[])) AS t(x, y), "
    "unnest(CAST(:layers AS text[])) WITH ORDINALITY AS l(name, place), "
    "<any layer> AS m GROUP BY t.x, t.y ORDER BY t.x, t.y".replace(
        "<any layer>", ANY_LAYER.format(z=":z", x="t.x", y="t.y")
    )
)


def read_pyramid(connection: Connection, names: Sequence[str], maxzoom: int) -> Iterator[tuple[Tile, bytes]]:
    """Zoom, column, row (XYZ) and vector tile, from zoom 0 to ``maxzoom``, only tiles that hold something of the entered scope.

    Goes from each tile that holds something to the four below it; at the lowest zooms, where some layers are still empty, also wherever
    the scope's outlines are. Raises UnknownLayer.
    """
    check_layers(names)
    open_tiles = {(0, 0)}
    outlines = _outlines(connection)
    for z in range(maxzoom + 1):
        full: set[tuple[int, int]] = set()
        asked = sorted(open_tiles)
        for at in range(0, len(asked), BATCH):
            columns, rows = zip(*asked[at : at + BATCH], strict=True)
            told = {"layers": list(names), "z": z, "columns": list(columns), "rows": list(rows)}
            for x, y, body in connection.execute(_TILES, told):
                if body:
                    full.add((x, y))
                    yield (z, x, y), bytes(body)
        if z < COMPLETE_FROM:
            full |= {(x >> (COMPLETE_FROM - z), y >> (COMPLETE_FROM - z)) for x, y in outlines}
        open_tiles = {(2 * x + i, 2 * y + j) for x, y in full for i in (0, 1) for j in (0, 1)}


def _outlines(connection: Connection) -> set[tuple[int, int]]:
    """The tiles of the zoom from which on nothing is missing, under the outlines of the scope."""
    bounds = county_bounds(connection)
    if bounds is None:
        return set()
    west, south, east, north = bounds
    grid = morecantile.tms.get("WebMercatorQuad")
    return {(tile.x, tile.y) for tile in grid.tiles(west, south, east, north, zooms=[COMPLETE_FROM])}
