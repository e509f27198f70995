"""TileJSON 3.0.0: what a client must know of tiles before it asks for one."""

from __future__ import annotations

from typing import NotRequired, TypedDict


class VectorLayer(TypedDict):
    """A layer inside vector tiles (section 3.3). fields: name → meaning. geometry, generalisation: of ours, beside the standard."""

    id: str
    description: str
    minzoom: int
    maxzoom: int
    fields: dict[str, str]
    geometry: NotRequired[str]
    generalisation: NotRequired[str]


class TileJson(TypedDict):
    """The document. bounds: west, south, east, north; center: lon, lat, zoom, all EPSG:4490.

    tileSize, encoding: of rasters, under the names that MapLibre's sources use.
    """

    tilejson: str
    name: str
    scheme: str
    tiles: list[str]
    minzoom: int
    maxzoom: int
    vector_layers: list[VectorLayer]
    bounds: NotRequired[list[float]]
    center: NotRequired[list[float]]
    attribution: NotRequired[str]
    tileSize: NotRequired[int]
    encoding: NotRequired[str]
