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
from rasterio.enums import ColorInterp, MaskFlags, Resampling
from rasterio.io import DatasetReader
from rasterio.shutil import copy
from rasterio.vrt import WarpedVRT

from layers.raster.check import Source, Tally, chunks, is_storage_like, open_source, read_chunk
from layers.raster.errors import RasterRefused
from layers.raster.kinds import Kind, warp_resampling

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
    """Read the source to its end and write it plainly. Raises RasterUnreadable, RasterRefused when no pixel is valid."""
    with open_source(source.path, source.name) as dataset:
        tally = Tally(len(source.bands), source.width * source.height, source.nodata)
        palette = _palette(dataset, source)
        masked = not kind.single_band and MaskFlags.per_dataset in dataset.mask_flag_enums[0] and source.nodata is None
        masked = masked and ColorInterp.alpha not in dataset.colorinterp
        with rasterio.open(target, "w", **_plain(dataset, source)) as out:
            for window in chunks(dataset):
                pixels = read_chunk(dataset, source.bands, window)
                tally.add(pixels)
                out.write(pixels, window=window)
                if masked:
                    out.write_mask(dataset.dataset_mask(window=window), window=window)
            out.colorinterp = [dataset.colorinterp[b - 1] for b in source.bands]
            if palette:
                out.write_colormap(1, palette)
        if tally.empty:
            raise RasterRefused("没有一个有效像元 / not a single pixel has a value")
        nodata = source.nodata
        if nodata is None and kind.single_band:
            nodata = free_value(np.dtype(source.dtype), tally.low[0], tally.high[0])
            with rasterio.open(target, "r+") as out:
                out.nodata = nodata
    return Staged(target, nodata, tally.stretch(), bool(palette))


def _plain(dataset: DatasetReader, source: Source) -> dict[str, Any]:
    crs = STORAGE if is_storage_like(source.crs) else source.crs
    return {
        "driver": "GTiff", "width": source.width, "height": source.height, "count": len(source.bands), "dtype": source.dtype,
        "crs": crs, "transform": dataset.transform, "nodata": source.nodata, "tiled": True, "blockxsize": 512, "blockysize": 512,
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
    with rasterio.open(staged.path) as plain:
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
    with rasterio.open(staged.path) as plain:
        copy(plain, target, **COG, **options)
