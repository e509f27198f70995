"""Tiles and their TileJSON, inside the entered scope."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, text

from database.errors import OnemapError
from layers.overview import county_bounds
from layers.tiles.catalogue import LAYERS, MAX_ZOOM


class UnknownLayer(OnemapError):
    """没有这个图层 | No such tile layer"""


class TileOutOfRange(OnemapError):
    """瓦片编号超出范围 | No such tile: zoom, column or row out of range"""


def check_layers(names: Sequence[str]) -> None:
    """Raise UnknownLayer for a name that is not in the catalogue, for none, and for one given twice."""
    unknown = [name for name in names if name not in LAYERS]
    if unknown or not names or len(set(names)) != len(names):
        raise UnknownLayer(f"{','.join(unknown or names)}；可用图层 / layers: {', '.join(LAYERS)}", layers=list(LAYERS))


def get_tile(connection: Connection, names: Sequence[str], z: int, x: int, y: int) -> bytes:
    """A Mapbox vector tile with these layers, XYZ scheme, extent 4096; empty bytes when there is nothing to see.

    One round trip: the layers of a tile concatenate (MVT 2.1, section 4.1). Raises UnknownLayer, TileOutOfRange.
    """
    check_layers(names)
    if not (0 <= z <= MAX_ZOOM and 0 <= x < 2**z and 0 <= y < 2**z):
        raise TileOutOfRange(f"z={z} x={x} y={y}")
    parts = " || ".join(f"tile_layer(:layer{n}, :z, :x, :y)" for n in range(len(names)))
    layers = {f"layer{n}": name for n, name in enumerate(names)}
    tile = connection.scalar(text(f"SELECT {parts}"), {**layers, "z": z, "x": x, "y": y})
    return bytes(tile or b"")


def get_tilejson(connection: Connection, names: Sequence[str], tiles_url: str) -> dict[str, Any]:
    """TileJSON 3.0.0 of these layers; bounds are those of the scope. tiles_url: template with {z}, {x}, {y}."""
    check_layers(names)
    chosen = [LAYERS[name] for name in names]
    document: dict[str, Any] = {
        "tilejson": "3.0.0",
        "name": "、".join(layer.title for layer in chosen),
        "scheme": "xyz",
        "tiles": [tiles_url],
        "minzoom": min(layer.minzoom for layer in chosen),
        "maxzoom": MAX_ZOOM,
        "vector_layers": [
            {
                "id": layer.name,
                "description": layer.title,
                "minzoom": layer.minzoom,
                "maxzoom": MAX_ZOOM,
                "fields": layer.fields,
            }
            for layer in chosen
        ],
    }
    bounds = county_bounds(connection)
    if bounds is not None:
        document["bounds"] = bounds
        document["center"] = [(bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2, 11]
    return document
