"""TileJSON 3.0 of a raster."""

from __future__ import annotations

from layers.catalogue.tilejson import TileJson
from layers.raster.catalogue import RasterRow
from layers.raster.styles import Style


def tilejson(raster: RasterRow, style: Style, tiles_url: str) -> TileJson:
    """TileJSON 3.0.0 of a raster in a style. tiles_url: template with {z}, {x}, {y}. ``tileSize`` and, of terrain-RGB,
    ``encoding`` stand beside it under the names that MapLibre's sources use.
    """
    document: TileJson = {
        "tilejson": "3.0.0",
        "name": raster.title,
        "scheme": "xyz",
        "tiles": [tiles_url],
        "minzoom": raster.minzoom,
        "maxzoom": raster.maxzoom,
        "bounds": list(raster.bounds),
        "center": [
            (raster.bounds[0] + raster.bounds[2]) / 2,
            (raster.bounds[1] + raster.bounds[3]) / 2,
            min(raster.minzoom + 2, raster.maxzoom),
        ],
        "vector_layers": [],
        "tileSize": 256,
    }
    if raster.attribution:
        document["attribution"] = raster.attribution
    if style.how == "terrain-rgb":
        document["encoding"] = "mapbox"
    return document
