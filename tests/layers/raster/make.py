"""Small rasters for tests, over the four cells of tests/world.py (120.00–120.04 E, 30.50–30.51 N)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.transform import from_bounds

WEST, SOUTH, EAST, NORTH = 119.99, 30.49, 120.05, 30.52
WIDTH, HEIGHT = 240, 120  # 0.00025 degrees, about 24 m


def slope() -> Any:
    """Metres that rise from west to east: 0 at 119.99, 60 at 120.05; 0.25 a pixel, at the pixel's middle."""
    return np.tile((np.arange(WIDTH) + 0.5) * 60 / WIDTH, (HEIGHT, 1)).astype("float32")


def write(path: Path, pixels: Any, *, crs: str | None = "EPSG:4490", bounds: Any = None, **profile: Any) -> Path:
    """Write pixels (rows × columns, or bands × rows × columns) as a plain GeoTIFF."""
    bands = pixels if pixels.ndim == 3 else pixels[None]
    count, height, width = bands.shape
    transform = from_bounds(*(bounds or (WEST, SOUTH, EAST, NORTH)), width, height)
    colours = profile.pop("colours", None)
    with rasterio.open(
        path, "w", driver="GTiff", width=width, height=height, count=count, dtype=bands.dtype, crs=crs,
        transform=transform, **profile,
    ) as out:  # fmt: skip
        out.write(bands)
        if colours:
            out.write_colormap(1, colours)
    return path
