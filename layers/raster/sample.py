"""Values at points: of a few bands at one point, or of a DEM at a million, without ever holding more than a square of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from database.geodesy.crs import from_4490
from layers.raster.catalogue import RasterRow
from layers.raster.datasets import OPEN_FILES

Floats = NDArray[np.float64]
#: side of the squares that are read one after the other, pixels
SQUARE = 1024


def values_at(path: Path, raster: RasterRow, lon: float, lat: float) -> list[float | None] | None:
    """The values of every band at a point (EPSG:4490, degrees); None outside the file, None in the list for no data.

    Of a DEM between the four pixels around (bilinear), as for addresses; of everything else those of the pixel itself.
    """
    with OPEN_FILES.borrow(path) as reader:
        dataset: Any = reader.dataset
        if raster.kind == "dem":
            value = float(bilinear(dataset, np.array([lon]), np.array([lat]))[0])
            inside = raster.bounds[0] <= lon <= raster.bounds[2] and raster.bounds[1] <= lat <= raster.bounds[3]
            return [None if np.isnan(value) else round(value, 2)] if inside else None
        x, y = from_4490([lon], [lat], raster.crs)
        row, col = dataset.index(float(x[0]), float(y[0]))
        if not (0 <= row < dataset.height and 0 <= col < dataset.width):
            return None
        pixel = dataset.read(window=Window(col, row, 1, 1), masked=True)[:, 0, 0]
        return [None if hidden else float(v) for v, hidden in zip(pixel.data, np.ma.getmaskarray(pixel), strict=True)]


def bilinear(dataset: Any, lons: Floats, lats: Floats) -> Floats:
    """Values of band 1 between the four pixels around each point; NaN outside and where the nearest pixel has no value.

    Pixels without a value are left out and the weights of the others raised. Coordinates in the system of the dataset.
    """
    to_pixel = ~dataset.transform
    cols = to_pixel.a * lons + to_pixel.b * lats + to_pixel.c - 0.5
    rows = to_pixel.d * lons + to_pixel.e * lats + to_pixel.f - 0.5
    found = np.full(len(lons), np.nan)
    inside = (cols >= -0.5) & (cols <= dataset.width - 0.5) & (rows >= -0.5) & (rows <= dataset.height - 0.5)
    cols, rows = np.clip(cols, 0, dataset.width - 1), np.clip(rows, 0, dataset.height - 1)
    squares = (rows // SQUARE).astype(np.int64) * (dataset.width // SQUARE + 1) + (cols // SQUARE).astype(np.int64)
    order = np.flatnonzero(inside)[np.argsort(squares[inside], kind="stable")]
    for group in np.split(order, np.flatnonzero(np.diff(squares[order])) + 1):
        if group.size:
            found[group] = _in_square(dataset, cols[group], rows[group])
    return found


def _in_square(dataset: Any, cols: Floats, rows: Floats) -> Floats:
    """The values of points that lie in one square: one read of it, with the pixels next to it."""
    left, top = int(cols.min()), int(rows.min())
    right, bottom = min(int(cols.max()) + 2, dataset.width), min(int(rows.max()) + 2, dataset.height)
    pixels = dataset.read(1, window=Window(left, top, right - left, bottom - top), masked=True)
    values = np.ma.masked_invalid(pixels.astype(np.float64)).filled(0.0)
    valid = ~np.ma.getmaskarray(np.ma.masked_invalid(pixels.astype(np.float64)))
    c, r = cols - left, rows - top
    c0, r0 = np.floor(c).astype(np.int64), np.floor(r).astype(np.int64)
    c1, r1 = np.minimum(c0 + 1, values.shape[1] - 1), np.minimum(r0 + 1, values.shape[0] - 1)
    dc, dr = c - c0, r - r0
    total, weight = np.zeros(len(c)), np.zeros(len(c))
    for row, col, share in (
        (r0, c0, (1 - dr) * (1 - dc)),
        (r0, c1, (1 - dr) * dc),
        (r1, c0, dr * (1 - dc)),
        (r1, c1, dr * dc),
    ):
        usable = valid[row, col] * share
        total += values[row, col] * usable
        weight += usable
    nearest = valid[np.where(dr < 0.5, r0, r1), np.where(dc < 0.5, c0, c1)]
    return np.where(nearest & (weight > 0), total / np.where(weight > 0, weight, 1), np.nan)
