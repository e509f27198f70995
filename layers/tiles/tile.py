"""Tiles and their TileJSON, inside the entered scope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from database.connection.engine import Database
from database.errors import Missing
from database.rights.scope import Scope
from database.rights.statement import Statement
from grid.extent import county_bounds
from layers.base.catalogue import TILES, described
from layers.catalogue.tilejson import TileJson, VectorLayer
from layers.tiles.catalogue import LAYERS, MAX_ZOOM, TileLayer


class UnknownLayer(Missing):
    """没有这个图层 | No such tile layer"""


class TileOutOfRange(Missing):
    """瓦片编号超出范围 | No such tile: zoom, column or row out of range"""


def check_layers(names: Sequence[str]) -> None:
    """Raise UnknownLayer for a name that is not in the catalogue, for none, and for one given twice."""
    unknown = [name for name in names if name not in LAYERS and name not in TILES]
    if unknown or not names or len(set(names)) != len(names):
        raise UnknownLayer(
            f"{','.join(unknown or names)}；可用图层 / layers: {', '.join((*LAYERS, *TILES))}", layers=[*LAYERS, *TILES]
        )


@dataclass(frozen=True, slots=True)
class Tile:
    """body: a Mapbox vector tile, empty when there is nothing to see. generalised: layers whose rows are counted together."""

    body: bytes
    generalised: tuple[str, ...] = ()


#: One layer l of a tile, of whichever function makes it; the others are not run.
ANY_LAYER = (
    "LATERAL (SELECT body, generalised FROM tile_layer(l.name, {z}, {x}, {y}) WHERE l.name NOT IN ('base', 'names') "
    "UNION ALL SELECT body, generalised FROM base_tile({z}, {x}, {y}) WHERE l.name = 'base' "
    "UNION ALL SELECT body, generalised FROM name_tile({z}, {x}, {y}) WHERE l.name = 'names')"
)
_TILE = Statement(
    "SELECT string_agg(t.body, '' ORDER BY l.place) AS body, "
    "array_agg(l.name ORDER BY l.place) FILTER (WHERE t.generalised) AS generalised "
    "FROM unnest(CAST(%(layers)s AS text[])) WITH ORDINALITY AS l(name, place), "
    "<any layer> AS t".replace("<any layer>", ANY_LAYER.format(z="%(z)s", x="%(x)s", y="%(y)s"))
)

#: The same for one kind of record alone, which is most of what is wanted: nothing to plan but the call.
_ONE = Statement(
    "SELECT body, CASE WHEN generalised THEN ARRAY[CAST(%(layer)s AS text)] END AS generalised "
    "FROM tile_layer(%(layer)s, %(z)s, %(x)s, %(y)s)"
)


def read_tile(connection: Connection, names: Sequence[str], z: int, x: int, y: int) -> Tile:
    """These layers in one tile, XYZ scheme, extent 4096, and which of them are generalised.

    One statement: the layers of a tile concatenate (MVT 2.1, section 4.1). The same rows give the same bytes. Every
    feature carries n, how many rows it stands for in this tile; over the tiles of a zoom n adds up to the rows that the scope
    permits. Raises UnknownLayer, TileOutOfRange.
    """
    statement, parameters = _question(names, z, x, y)
    return _tile_of(connection.execute(statement.text, parameters).one())


def read_tile_at_once(database: Database, scope: Scope, names: Sequence[str], z: int, x: int, y: int) -> Tile:
    """The same in a transaction of its own, in one trip to the server."""
    return _tile_of(database.read_in_one_trip(scope, *_question(names, z, x, y)))


def _question(names: Sequence[str], z: int, x: int, y: int) -> tuple[Statement, dict[str, Any]]:
    check_layers(names)
    check_tile(z, x, y)
    if len(names) == 1 and names[0] in LAYERS:
        return _ONE, {"layer": names[0], "z": z, "x": x, "y": y}
    return _TILE, {"layers": list(names), "z": z, "x": x, "y": y}


def _tile_of(row: Any) -> Tile:
    return Tile(bytes(row.body or b""), tuple(row.generalised or ()))


def check_tile(z: int, x: int, y: int) -> None:
    """Raise TileOutOfRange for a zoom, column or row that no tile has."""
    if not (0 <= z <= MAX_ZOOM and 0 <= x < 2**z and 0 <= y < 2**z):
        raise TileOutOfRange(f"z={z} x={x} y={y}")


def get_tile(connection: Connection, names: Sequence[str], z: int, x: int, y: int) -> bytes:
    """The bytes of :func:`read_tile`."""
    return read_tile(connection, names, z, x, y).body


def get_tilejson(connection: Connection, names: Sequence[str], tiles_url: str) -> TileJson:
    """TileJSON 3.0.0 of these layers; bounds are those of the scope. tiles_url: template with {z}, {x}, {y}."""
    check_layers(names)
    chosen = [LAYERS[name] for name in names if name in LAYERS]
    public = [TILES[name] for name in names if name in TILES]
    document: TileJson = {
        "tilejson": "3.0.0",
        "name": "、".join([*(layer.title for layer in chosen), *(title for title, *_ in public)]),
        "scheme": "xyz",
        "tiles": [tiles_url],
        "minzoom": min([*(layer.minzoom for layer in chosen), *(lowest for _, _, lowest, _ in public)]),
        "maxzoom": MAX_ZOOM if chosen else max(highest for *_, highest in public),
        "vector_layers": [
            *(_vector_layer(layer) for layer in chosen),
            *(one for name in names if name in TILES for one in described(name)),
        ],
    }
    bounds = county_bounds(connection)
    if bounds is not None:
        document["bounds"] = bounds
        document["center"] = [(bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2, 11]
    return document


def _vector_layer(layer: TileLayer) -> VectorLayer:
    return {
        "id": layer.name,
        "description": layer.title,
        "minzoom": layer.minzoom,
        "maxzoom": MAX_ZOOM,
        "fields": {field.name: field.meaning for field in layer.fields},
        "geometry": layer.geometry,
        "generalisation": layer.generalisation,
    }
