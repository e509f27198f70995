"""Every tile of a scope that holds anything, all layers together, zoom by zoom."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import morecantile
from sqlalchemy import Connection, text

from grid.extent import county_bounds
from layers.base.catalogue import BASE, MAXZOOM
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

    Goes from each tile that holds something to the four below it; where some layers are still empty, also wherever the scope's
    outlines are. The base map, which everybody sees, is taken under the bounds of the scope only. Raises UnknownLayer.
    """
    check_layers(names)
    open_tiles = {(0, 0)}
    complete_from = MAXZOOM if BASE in names else COMPLETE_FROM
    own = [name for name in names if name != BASE]
    for z in range(maxzoom + 1):
        full: set[tuple[int, int]] = set()
        under = _under(connection, z)
        for wanted, tiles in ((list(names), open_tiles & under), (own, open_tiles - under)):
            for (x, y), body in _made(connection, wanted, z, sorted(tiles)):
                full.add((x, y))
                yield (z, x, y), body
        if z < complete_from:
            full |= under
        open_tiles = {(2 * x + i, 2 * y + j) for x, y in full for i in (0, 1) for j in (0, 1)}


def _made(
    connection: Connection, names: list[str], z: int, tiles: list[tuple[int, int]]
) -> Iterator[tuple[tuple[int, int], bytes]]:
    """Those of the tiles that hold anything."""
    for at in range(0, len(tiles) if names else 0, BATCH):
        columns, rows = zip(*tiles[at : at + BATCH], strict=True)
        parameters = {"layers": names, "z": z, "columns": list(columns), "rows": list(rows)}
        for x, y, body in connection.execute(_TILES, parameters):
            if body:
                yield (x, y), bytes(body)


def _under(connection: Connection, z: int) -> set[tuple[int, int]]:
    """The tiles of a zoom under the bounds of the scope's outlines."""
    bounds = county_bounds(connection)
    if bounds is None:
        return set()
    west, south, east, north = bounds
    grid = morecantile.tms.get("WebMercatorQuad")
    return {(tile.x, tile.y) for tile in grid.tiles(west, south, east, north, zooms=[z])}
