"""From a checked source to cloud-optimised GeoTIFFs: one for values, one for tiles.

The file for values keeps the source's own pixels where its grid is already geographic, and is warped once, to EPSG:4490,
where it is not. The file for tiles lies in EPSG:3857 on the grid of the tiles, so that a tile is read and not warped (from
EPSG:4490 each tile took fifty times as long). Imagery is only looked at: it has the second file alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.crs import CRS
from rasterio.enums import ColorInterp, Resampling
from rasterio.io import DatasetReader
from rasterio.shutil import copy
from rasterio.vrt import WarpedVRT

from layers.raster.check import Source, Tally, chunks, is_storage_like, open_source, read_chunk
from layers.raster.errors import RasterRefused
from layers.raster.kinds import Kind, warp_resampling
from layers.raster.validity import Doubts, alpha_band, has_mask, narrowed, shown_pixels, valid_pixels

STORAGE = CRS.from_epsg(4490)
COG = {
    "driver": "COG",
    "COMPRESS": "DEFLATE",
    "PREDICTOR": "YES",
    "BLOCKSIZE": "256",
    "BIGTIFF": "IF_SAFER",
    "NUM_THREADS": "ALL_CPUS",
}


@dataclass(frozen=True, slots=True)
class Staged:
    """A plain GeoTIFF with exactly the bands, reference system and nodata value that count. palette: it has colours."""

    path: Path
    nodata: float | None
    stretch: list[list[float]]
    palette: bool


def stage(source: Source, kind: Kind, target: Path) -> Staged:
    """Read the source to its end and write it plainly: what is hidden or has no value stands as the value for no data.

    Raises RasterUnreadable; RasterRefused when no pixel is valid, or values occur that cannot be.
    """
    with open_source(source.path, source.name) as dataset:
        plan = _plan(dataset, source, kind)
        tally = _read_through(dataset, source, kind, plan)
        dtype = narrowed(plan.dtype, min(tally.low), max(tally.high))
        nodata = source.nodata if dtype == plan.dtype else None
        if nodata is None and plan.needs_nodata:
            nodata = free_value(dtype, min(tally.low), max(tally.high))
        palette = _palette(dataset, source)
        with rasterio.open(target, "w", **_plain(dataset, source, plan.bands, dtype, nodata)) as out:
            for window in chunks(dataset):
                pixels = read_chunk(dataset, plan.bands, window)
                shown = shown_pixels(dataset, window)
                if nodata is not None:
                    valid = valid_pixels(pixels, source.nodata, shown)
                    pixels = np.where(valid, pixels, 0).astype(dtype)
                    pixels[~valid] = nodata
                out.write(pixels, window=window)
                if nodata is None and plan.masked:
                    out.write_mask(shown, window=window)
            out.colorinterp = [dataset.colorinterp[b - 1] for b in plan.bands]
            if palette:
                out.write_colormap(1, palette)
    return Staged(target, nodata, tally.stretch(), bool(palette))


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is written. needs_nodata: pixels without a value are told by a value; else by a mask or the alpha band."""

    bands: tuple[int, ...]
    dtype: np.dtype[Any]
    needs_nodata: bool
    masked: bool


def _plan(dataset: DatasetReader, source: Source, kind: Kind) -> _Plan:
    """Imagery of 8 or 16 bits keeps mask and alpha band. All else has a value for no data: map servers read alpha of no other type."""
    dtype = np.dtype(source.dtype)
    alpha = alpha_band(dataset)
    if not kind.single_band and dtype.name in ("uint8", "uint16") and source.nodata is None:
        return _Plan(source.bands, dtype, False, has_mask(dataset) and alpha is None)
    return _Plan(tuple(b for b in source.bands if b != alpha), dtype, True, False)


def _read_through(dataset: DatasetReader, source: Source, kind: Kind, plan: _Plan) -> Tally:
    """Every pixel once, before any is written. Raises RasterRefused."""
    tally = Tally(len(plan.bands), source.width * source.height)
    doubts = [Doubts(kind, plan.dtype, (source.height, source.width)) for _ in plan.bands]
    for window in chunks(dataset):
        pixels = read_chunk(dataset, plan.bands, window)
        valid = valid_pixels(pixels, source.nodata, shown_pixels(dataset, window))
        tally.add(pixels, valid)
        for n, doubt in enumerate(doubts):
            doubt.add(pixels[n], valid[n], window)
    if tally.empty:
        raise RasterRefused("没有一个有效像元 / not a single pixel has a value")
    for doubt in doubts:
        doubt.check(declared=source.declared or source.nodata is not None)
    return tally


def _plain(
    dataset: DatasetReader, source: Source, bands: tuple[int, ...], dtype: np.dtype[Any], nodata: float | None
) -> dict[str, Any]:
    crs = STORAGE if is_storage_like(source.crs) else source.crs
    return {
        "driver": "GTiff", "width": source.width, "height": source.height, "count": len(bands), "dtype": dtype.name,
        "crs": crs, "transform": dataset.transform, "nodata": nodata, "tiled": True, "blockxsize": 512, "blockysize": 512,
        "compress": "zstd", "zstd_level": 1, "bigtiff": "if_safer",
    }  # fmt: skip


def _palette(dataset: DatasetReader, source: Source) -> dict[int, tuple[int, ...]]:
    if len(source.bands) != 1 or dataset.colorinterp[source.bands[0] - 1] != ColorInterp.palette:
        return {}
    colours: dict[int, tuple[int, ...]] = dataset.colormap(source.bands[0])
    return colours


def free_value(dtype: np.dtype[Any], low: float, high: float) -> float:
    """A value for 'no data' that no pixel has. Raises RasterRefused when every value of the type is in use."""
    if dtype.kind == "f":
        return float("nan")
    limits = np.iinfo(dtype)
    if high < limits.max:
        return float(limits.max)
    if low > limits.min:
        return float(limits.min)
    raise RasterRefused(
        "文件没有无效值标记，各种取值又都用到了；用 --nodata 指明 / the file names no nodata value and uses them all: say which with --nodata"
    )


def write_values(staged: Staged, kind: Kind, unit: str | None, target: Path) -> None:
    """The COG for values, EPSG:4490; the source's own pixels where its grid is geographic and stands upright."""
    with rasterio.open(staged.path, driver="GTiff") as plain:
        options = COG | {"OVERVIEW_RESAMPLING": kind.overview.upper()}
        if plain.crs == STORAGE and plain.transform.is_rectilinear and plain.transform.e < 0 < plain.transform.a:
            copy(plain, target, **options)
            return
        resampling = Resampling["nearest" if staged.palette else warp_resampling(kind, unit)]
        with WarpedVRT(plain, crs=STORAGE, resampling=resampling, nodata=staged.nodata) as warped:
            copy(warped, target, **options)


def write_tiles(staged: Staged, kind: Kind, target: Path) -> None:
    """The COG for tiles, EPSG:3857, on the grid of the tiles. Imagery loses no resolution; the rest takes the nearest zoom."""
    smooth = kind.name in ("imagery", "dem") and not staged.palette
    options = {
        "TILING_SCHEME": "GoogleMapsCompatible",
        "ZOOM_LEVEL_STRATEGY": "UPPER" if kind.name == "imagery" else "AUTO",
        "WARP_RESAMPLING": "BILINEAR" if smooth else "NEAREST",
        "OVERVIEW_RESAMPLING": "NEAREST" if staged.palette else kind.overview.upper(),
    }
    with rasterio.open(staged.path, driver="GTiff") as plain:
        copy(plain, target, **COG, **options)
