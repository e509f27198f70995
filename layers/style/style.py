"""The style document: what a theme, the permitted layers and the addresses of tiles, sprite and glyphs make of the tiles.

Pure: the same arguments give the same document. The map server asks with its own addresses, an offline pack with `pmtiles://`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NotRequired, TypedDict

from layers.base.catalogue import BASE, MAXZOOM, MINZOOM, NAMES, TILES
from layers.catalogue.registry import KINDS
from layers.style.areas import name_layers, outline_layers, scope_layers, shade_layers, washed
from layers.style.base_map import base_of, built_layers, ground_layers, label_layers, water_layers
from layers.style.colour import contrast
from layers.style.expressions import Layer
from layers.style.palette import Palette, colour_in
from layers.style.records import ABOVE, NEAR, record_layers, record_sources

#: Pixels of the smaller side of the map on which the document opens.
OPENS_ON = 640


@dataclass(frozen=True, slots=True)
class Links:
    """Absolute addresses. tiles: a template with {layers}, {z}, {x}, {y}, or one address of all layers (TileJSON, `pmtiles://…`).

    sprite: without extension. glyphs: a template with {fontstack} and {range}. maxzoom: the highest zoom that has tiles.
    """

    tiles: str
    sprite: str
    glyphs: str
    maxzoom: int = 18


@dataclass(frozen=True, slots=True)
class Source:
    """Tiles that are asked for together. layers: none where the catalogue says which (``record_sources``). maxzoom: above it the same tiles are drawn larger."""

    name: str
    layers: tuple[str, ...]
    minzoom: int
    maxzoom: int


#: Names of areas stand at one point each, in tiles of their own: an area that is cut by the edge of a tile is named once.
SOURCES = (
    Source(BASE, (BASE,), MINZOOM, MAXZOOM),
    Source("ground", ("divisions", "cells"), 0, 14),
    Source(NEAR, (), 8, 16),
    Source(ABOVE, (), 0, 16),
    Source(NAMES, (NAMES,), 0, MAXZOOM),
)
#: Source layer → the tile that carries it, where the two have different names.
TILE_OF = {layer.name: tile for tile, (_, layers, _, _) in TILES.items() for layer in layers}


class StyleDocument(TypedDict):
    """A style (MapLibre Style Specification 8). metadata: theme and legend of ours; center: lon, lat in degrees, EPSG:4490."""

    version: int
    name: str
    metadata: dict[str, Any]
    sources: dict[str, dict[str, Any]]
    sprite: str
    glyphs: str
    layers: list[Layer]
    center: NotRequired[list[float]]
    zoom: NotRequired[float]


def style_document(
    palette: Palette, allowed: Sequence[str], links: Links, *, bounds: Sequence[float] | None = None
) -> StyleDocument:
    """A style. allowed: tile layers that may be asked for; of others the document knows nothing.

    bounds: west, south, east, north in degrees; outside them no tile is asked for, and the map opens on them.
    """
    sources, of_records = {}, record_sources()
    for source in SOURCES:
        layers = [layer for layer in source.layers or of_records[source.name] if layer in allowed]
        if layers:
            sources[source.name] = _source(source, layers, links, bounds)
    drawn = [
        *scope_layers(palette),
        *ground_layers(palette),
        *shade_layers(palette),
        *water_layers(palette),
        *built_layers(palette),
        *outline_layers(palette),
        *label_layers(palette),
        *record_layers(palette),
        *name_layers(palette),
    ]
    document: StyleDocument = {
        "version": 8,
        "name": f"一张图 · {palette.title}",
        "metadata": {"onemap:theme": palette.name, "onemap:legend": _legend(palette, allowed)},
        "sources": sources,
        "sprite": links.sprite,
        "glyphs": links.glyphs,
        "layers": [
            {"id": "outside", "type": "background", "paint": {"background-color": palette.outside}},
            *(layer for layer in drawn if tile_of(layer["source-layer"]) in allowed),
        ],
    }
    if bounds is not None:
        document["center"] = [round((bounds[0] + bounds[2]) / 2, 6), round((bounds[1] + bounds[3]) / 2, 6)]
        document["zoom"] = _zoom_of(bounds)
    return document


def tile_of(source_layer: str) -> str:
    """The tile that carries a source layer: its own name, or the base map, or the names."""
    return TILE_OF.get(source_layer, source_layer)


def _legend(palette: Palette, allowed: Sequence[str]) -> dict[str, Any]:
    """The colours that a legend needs: of layers, of severities, and the shades of cells by waiting alerts."""
    colours = {kind.name: colour_in(palette, kind.colour) for kind in KINDS.values() if kind.name in allowed}
    road = base_of(palette).roads["main_road"]
    return {
        "layers": {BASE: max(road.fill, road.casing, key=lambda colour: contrast(colour, palette.ground)), **colours},
        "severity": {"high": palette.alert_high, "medium": palette.alert_medium, "low": palette.alert_low},
        "focus": {"glow": palette.glow, "ring": palette.focus},
        "shades": [{"from": wash.alerts, "colour": washed(wash)} for wash in palette.washes],
    }


def _zoom_of(bounds: Sequence[float]) -> float:
    """The zoom at which the bounds fill a map OPENS_ON pixels wide and high; the world is 512 pixels wide at zoom 0."""
    west, south, east, north = bounds
    stretch = math.cos(math.radians((south + north) / 2))
    span = max(east - west, (north - south) / stretch, 1e-4)
    return round(min(math.log2(360 / span * OPENS_ON / 512), 17), 1)


def _source(source: Source, layers: list[str], links: Links, bounds: Sequence[float] | None) -> dict[str, Any]:
    document: dict[str, Any] = {"type": "vector"}
    if "{z}" in links.tiles:
        document["tiles"] = [links.tiles.replace("{layers}", ",".join(layers))]
    else:
        document["url"] = links.tiles
    document["minzoom"] = min(source.minzoom, links.maxzoom)
    document["maxzoom"] = min(source.maxzoom, links.maxzoom)
    if bounds is not None:
        document["bounds"] = [round(bound, 6) for bound in bounds]
    return document
