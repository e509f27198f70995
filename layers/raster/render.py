"""From an open file to the bytes of a map tile, through rio-tiler."""

from __future__ import annotations

import colorsys
import hashlib
import math
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import shapely
from morecantile import Tile
from rasterio.features import geometry_mask
from rasterio.transform import from_bounds
from rasterio.windows import Window
from rio_tiler.colormap import cmap
from rio_tiler.io.rasterio import Reader
from rio_tiler.utils import non_alpha_indexes
from rio_tiler.utils import render as encode

from layers.raster import terrain
from layers.raster.catalogue import RasterRow
from layers.raster.datasets import OPEN_FILES
from layers.raster.errors import RasterTileOutOfRange
from layers.raster.styles import COLORMAPS, Style

SIZE = 256
MAX_ZOOM = 22
ImageFormat = Literal["png", "webp"]
#: changes when the same pixels and style give another picture
RENDERER = 1
PNG: dict[str, Any] = {"ZLEVEL": 3}
#: quality is effort here; more saves 2 % and costs a third of the time
WEBP_EXACT: dict[str, Any] = {"LOSSLESS": "YES", "QUALITY": 0}
WEBP_SHADES: dict[str, Any] = {"QUALITY": 82}


def check_tile(z: int, x: int, y: int) -> None:
    """Raise RasterTileOutOfRange for a tile that cannot be."""
    if not (0 <= z <= MAX_ZOOM and 0 <= x < 2**z and 0 <= y < 2**z):
        raise RasterTileOutOfRange(f"z={z} x={x} y={y}")


def tile_tag(
    raster: RasterRow, style: Style, z: int, x: int, y: int, image: ImageFormat, outline: Sequence[Any] | None
) -> str:
    """A name for the tile's content, known before a pixel is read: the file, the style, the ground the scope covers."""
    ground = b"" if outline is None else b"|".join(shapely.to_wkb(part) for part in outline)
    facts = f"{RENDERER}|{raster.tile_sha256}|{raster.stretch}|{style}|{z}/{x}/{y}.{image}|{outline is None}|".encode()
    return hashlib.sha256(facts + ground).hexdigest()[:32]


def render_tile(
    path: Path,
    raster: RasterRow,
    style: Style,
    z: int,
    x: int,
    y: int,
    image: ImageFormat,
    outline: Sequence[Any] | None = None,
) -> bytes:
    """A tile of 256 × 256 pixels (XYZ, EPSG:3857); see-through where there is nothing to see.

    path: of the raster's ``tile_file``. outline: polygons in EPSG:3857 outside of which nothing is shown; None: no limit.
    Raises RasterFileMissing.
    """
    with OPEN_FILES.borrow(path) as reader:
        pixels = read_tile(reader, raster, style, z, x, y)
        palette = reader.colormap if style.how == "plain" else None
        box = tuple(reader.tms.xy_bounds(Tile(x, y, z)))
    margin = 1 if style.how == "hillshade" else 0
    if outline is not None:
        hidden = outside(outline, box)
        pixels.mask = np.ma.getmaskarray(pixels) | np.pad(hidden, margin, mode="edge")
    colours, opacity = colour(pixels, raster, style, palette, terrain.ground_resolution_m(z, y))
    if image == "png":
        return bytes(encode(colours, opacity, img_format="PNG", **PNG))
    shades = style.how in ("plain", "hillshade") and raster.kind in ("imagery", "dem")
    return bytes(encode(colours, opacity, img_format="WEBP", **(WEBP_SHADES if shades else WEBP_EXACT)))


def read_tile(reader: Reader, raster: RasterRow, style: Style, z: int, x: int, y: int) -> Any:
    """The values of a tile, a masked array bands × rows × columns; for hillshade with a margin of one pixel.

    Only the part inside the file is asked for: a read beyond its edge, be it by a rounding error, leaves the overviews aside,
    and where a low zoom shows the whole county every tile reaches beyond it (measured: 300 ms and more instead of 15).
    """
    bands = style.bands or usual_bands(reader)
    margin = 1 if style.how == "hillshade" else 0
    size = SIZE + 2 * margin
    box = reader.tms.xy_bounds(Tile(x, y, z))
    pixel_m = (box.right - box.left) / SIZE
    west, north = box.left - margin * pixel_m, box.top + margin * pixel_m
    left, bottom, right, top = reader.bounds
    c0, c1 = _inside((left - west) / pixel_m, (right - west) / pixel_m, size)
    r0, r1 = _inside((north - top) / pixel_m, (north - bottom) / pixel_m, size)
    values = np.ma.array(np.zeros((len(bands), size, size), dtype=raster.dtype), mask=True)
    if c0 < c1 and r0 < r1:
        exact = raster.kind in ("land_cover", "population") or bool(reader.colormap)
        file: Any = reader.dataset
        step = file.transform.a
        across = _span((west - left) / step, c0, c1, pixel_m / step, file.width)
        down = _span((top - north) / step, r0, r1, pixel_m / step, file.height)
        part = reader.read(
            indexes=bands,
            window=Window(across[0], down[0], across[1] - across[0], down[1] - down[0]),
            width=c1 - c0,
            height=r1 - r0,
            resampling_method="nearest" if exact else "bilinear",
        )
        values[:, r0:r1, c0:c1] = part.array
    return np.ma.masked_invalid(values, copy=False) if values.dtype.kind == "f" else values


def _inside(first: float, last: float, size: int) -> tuple[int, int]:
    """The whole pixels between two positions, cut to 0–size."""
    return min(max(math.ceil(first - 1e-6), 0), size), max(min(math.floor(last + 1e-6), size), 0)


def _span(start: float, first: int, last: int, scale: float, size: int) -> tuple[float, float]:
    """Where pixels first–last of a tile lie in the file, cut to it; in 1/1024 of a pixel, which sums keep exactly."""
    ends = (start + first * scale, start + last * scale)
    lower, upper = (min(max(round(end * 1024) / 1024, 0.0), float(size)) for end in ends)
    return lower, upper


def usual_bands(reader: Reader) -> tuple[int, ...]:
    """The first three bands where there are so many, else the first."""
    data = non_alpha_indexes(reader.dataset)
    return tuple(data[:3]) if len(data) >= 3 else tuple(data[:1])


def outside(outline: Sequence[Any], box: tuple[float, ...]) -> Any:
    """Which pixels of a tile have their middle outside all polygons; 256 × 256, boolean. box: of the tile, EPSG:3857."""
    if not outline:
        return np.ones((SIZE, SIZE), dtype=bool)
    return geometry_mask(outline, (SIZE, SIZE), from_bounds(*box, SIZE, SIZE))


def colour(pixels: Any, raster: RasterRow, style: Style, palette: Any, resolution_m: float) -> tuple[Any, Any]:
    """Colours (bands × rows × columns, uint8) and opacity (rows × columns, uint8), or no opacity for terrain-RGB."""
    hidden = np.ma.getmaskarray(pixels).all(axis=0)
    if style.how == "terrain-rgb":
        return terrain.terrain_rgb(pixels[0].filled(0)), None
    if style.how == "flood":
        colours, opacity = terrain.flood(pixels[0].filled(0), style.level_m)
        return colours, np.where(hidden, 0, opacity).astype(np.uint8)
    if style.how == "hillshade":
        shade = terrain.hillshade(pixels[0].filled(0), resolution_m, azimuth=style.azimuth, altitude=style.altitude)
        return shade[None], np.where(_beside(hidden), 0, 255).astype(np.uint8)
    shown = np.where(hidden, 0, 255).astype(np.uint8)
    values = pixels.filled(0)
    if style.colormap is None and (palette or raster.kind == "land_cover"):
        table = palette_of(tuple(sorted(palette.items()))) if palette else classes()
        return lookup(values[0], table, shown)
    grey = stretched(values, raster, style)
    name = style.colormap or (COLORMAPS.get(raster.kind) if len(grey) == 1 else None)
    return lookup(grey[0], ramp(name), shown) if name else (grey, shown)


def _beside(hidden: Any) -> Any:
    """Pixels of which one of the nine around is hidden: their slope would be that of a hole. Without the margin."""
    across = hidden[:, :-2] | hidden[:, 1:-1] | hidden[:, 2:]
    return across[:-2] | across[1:-1] | across[2:]


def stretched(values: Any, raster: RasterRow, style: Style) -> Any:
    """Values brought to 0–255 between their limits; 8-bit imagery stays as it is unless limits are given."""
    if raster.kind == "imagery" and values.dtype == np.uint8 and not style.rescale:
        return values
    bands = style.bands or tuple(range(1, len(values) + 1))
    stretches = [raster.stretch[b - 1] if b <= len(raster.stretch) else [0.0, 1.0] for b in bands]
    limits = np.array(style.rescale or stretches, dtype=np.float32)
    low, high = limits[:, :1, None], limits[:, 1:, None]
    return np.clip((values.astype(np.float32) - low) * (255 / (high - low)), 0, 255).astype(np.uint8)


def lookup(values: Any, table: Any, shown: Any) -> tuple[Any, Any]:
    """Colours from a table of 256 × RGBA; values beyond 255 take the colour of their remainder."""
    colours = table[values.astype(np.int64) % 256]
    opacity = np.where(shown > 0, colours[..., 3], 0).astype(np.uint8)
    return np.ascontiguousarray(np.moveaxis(colours[..., :3], -1, 0)), opacity


@lru_cache(maxsize=256)
def ramp(name: str) -> Any:
    """A colour map of rio-tiler as a table of 256 × RGBA."""
    colours = cmap.get(name)
    return np.array([colours[n] for n in range(256)], dtype=np.uint8)


@lru_cache(maxsize=32)
def palette_of(colours: tuple[tuple[int, tuple[int, ...]], ...]) -> Any:
    """The file's own colours as a table of 256 × RGBA."""
    table = np.zeros((256, 4), dtype=np.uint8)
    for value, rgba in colours:
        if 0 <= value < 256:
            table[value] = rgba
    return table


@lru_cache(maxsize=1)
def classes() -> Any:
    """Colours for classes that have none of their own: hues a golden angle apart, so that near numbers differ."""
    table = np.full((256, 4), 255, dtype=np.uint8)
    for n in range(256):
        hue = n * 0.61803398875 % 1
        table[n, :3] = [round(255 * part) for part in colorsys.hls_to_rgb(hue, 0.4 + 0.15 * (n % 3), 0.6)]
    return table
