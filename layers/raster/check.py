"""Reading a raster file from beginning to end before anything is made of it.

Runs in a confined process (``child``). Only drivers whose files hold all their pixels themselves are opened: a VRT, or a
name such as ``/vsicurl/…``, could make the server read other files or addresses.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.crs import CRS
from rasterio.enums import ColorInterp
from rasterio.errors import CRSError, RasterioError
from rasterio.io import DatasetReader
from rasterio.warp import transform_bounds
from rasterio.windows import Window

from database.geodesy.crs import Bounds, metres_per_degree
from layers.raster.errors import RasterNotReferenced, RasterRefused, RasterTooLarge, RasterUnreadable
from layers.raster.kinds import Kind

#: driver → how its files begin (ASCII grids in any case)
DRIVERS = {
    "GTiff": (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    "JP2OpenJPEG": (b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"),
    "AAIGrid": (b"ncols", b"nrows", b"xllc"),
}
MAX_BANDS = 16
CHUNK_PIXELS = 4_000_000
#: pixels of a band kept for the percentiles
SAMPLE = 1_000_000
MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Source:
    """What a file says of itself. bounds: west, south, east, north in EPSG:4490. bands: those that count, from 1.

    nodata: None when no value of the pixels' type means none. declared: the user has said what it is, or that there is none.
    """

    path: Path
    name: str
    sha256: str
    crs: CRS
    width: int
    height: int
    bands: tuple[int, ...]
    dtype: str
    nodata: float | None
    bounds: Bounds
    resolution_m: float
    unit: str | None
    declared: bool = False


def sha256_of(path: Path) -> str:
    """The hash of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def open_source(path: Path, name: str) -> DatasetReader:
    """Open a file of the user's. name: for the message. Raises RasterUnreadable, also for what is no ordinary file."""
    if not path.is_file():
        raise RasterUnreadable(f"不是文件 / not a file: {path}", path=str(path))
    try:
        with path.open("rb") as file:
            start = file.read(16)
        for driver, starts in DRIVERS.items():
            if start.startswith(starts) or start.lower().startswith(starts):
                return rasterio.open(path, driver=driver)
        raise RasterioError(f"begins with {start!r}")
    except (RasterioError, OSError) as error:
        raise RasterUnreadable(
            f"{name} 不是 GeoTIFF、JPEG 2000 或 ASCII grid；其他格式请先用 QGIS 或 gdal_translate 转成 GeoTIFF。 / "
            f"{name} is no GeoTIFF, JPEG 2000 or ASCII grid; convert other formats to GeoTIFF with QGIS or gdal_translate first.",
            path=name,
        ) from error


def inspect(
    path: Path,
    kind: Kind,
    *,
    name: str,
    max_mb: int,
    crs: str | None = None,
    nodata: float | None = None,
    band: int | None = None,
) -> Source:
    """What a file says of itself, without reading its pixels. crs, nodata: what the user declares, stronger than the file.

    name: of the file, for messages. Raises RasterUnreadable, RasterNotReferenced, RasterTooLarge, RasterRefused (bands, kinds of number, scaled values).
    """
    with open_source(path, name) as dataset:
        bands = _bands(dataset, kind, band)
        system = _crs(dataset, crs)
        unpacked = dataset.width * dataset.height * sum(np.dtype(dataset.dtypes[b - 1]).itemsize for b in bands)
        if max(unpacked, path.stat().st_size) > max_mb * MEGABYTE:
            raise RasterTooLarge(
                f"展开后 {unpacked // MEGABYTE} MB，上限 {max_mb} MB（ONEMAP_MAX_RASTER_MB）；请先裁到本县范围，或提高上限。 / "
                f"{unpacked // MEGABYTE} MB unpacked, the limit is {max_mb} MB (ONEMAP_MAX_RASTER_MB): clip it to the county, or raise the limit.",
                megabytes=unpacked // MEGABYTE,
            )
        bounds = _bounds_4490(dataset, system)
        lon_m, lat_m = metres_per_degree((bounds[1] + bounds[3]) / 2)
        across = (bounds[2] - bounds[0]) * lon_m / dataset.width, (bounds[3] - bounds[1]) * lat_m / dataset.height
        return Source(
            path=path,
            name=name,
            sha256=sha256_of(path),
            crs=system,
            width=dataset.width,
            height=dataset.height,
            bands=bands,
            dtype=dataset.dtypes[bands[0] - 1],
            nodata=_nodata(dataset, bands[0], nodata),
            bounds=bounds,
            resolution_m=round(sum(across) / 2, 3),
            unit=dataset.units[bands[0] - 1],
            declared=nodata is not None,
        )


def _bands(dataset: DatasetReader, kind: Kind, band: int | None) -> tuple[int, ...]:
    alpha = [b for b, meaning in zip(dataset.indexes, dataset.colorinterp, strict=True) if meaning == ColorInterp.alpha]
    data = tuple(b for b in dataset.indexes if b not in alpha)
    if band is not None and band not in dataset.indexes:
        raise RasterRefused(f"没有第 {band} 波段，共 {dataset.count} 个 / no band {band}, there are {dataset.count}")
    chosen = (band,) if band is not None else (*data, *alpha)
    if not chosen or len(chosen) > MAX_BANDS or (kind.single_band and band is None and len(data) != 1):
        raise RasterRefused(
            f"{kind.title}应有一个波段，文件有 {dataset.count} 个；用 --band 指明 / {kind.name} needs one band, the file has "
            f"{dataset.count}: say which with --band (imagery: at most {MAX_BANDS})",
            bands=dataset.count,
        )
    chosen = chosen if not kind.single_band else chosen[:1]
    kinds = {dataset.dtypes[b - 1] for b in chosen}
    if len(kinds) != 1 or np.dtype(kinds.pop()).kind not in "iuf":
        raise RasterRefused("各波段须为同一种整数或浮点类型 / the bands must be of one integer or floating-point type")
    if any((dataset.scales[b - 1], dataset.offsets[b - 1]) != (1.0, 0.0) for b in chosen):
        raise RasterRefused(
            "像元值带有比例系数；请先还原：gdal_translate -unscale -ot Float32 / the values are scaled: "
            "run gdal_translate -unscale -ot Float32 first"
        )
    return chosen


def _nodata(dataset: DatasetReader, band: int, declared: float | None) -> float | None:
    """The value for no data, as far as pixels of this type can hold it. declared: what the user says; NaN: none is."""
    dtype = np.dtype(dataset.dtypes[band - 1])
    nodata = declared if declared is not None else dataset.nodatavals[band - 1]
    if nodata is None or dtype.kind == "f":
        return None if nodata is None else float(nodata)
    if np.isnan(nodata):
        return None
    limits = np.iinfo(dtype)
    if nodata != int(nodata) or not limits.min <= nodata <= limits.max:
        if declared is None:  # no pixel can have it
            return None
        raise RasterRefused(
            f"无效值 {nodata:g} 超出像元类型 {dtype}（{limits.min}–{limits.max}）/ no pixel of type {dtype} can be {nodata:g}"
        )
    return float(nodata)


def _crs(dataset: DatasetReader, declared: str | None) -> CRS:
    if dataset.transform.is_identity:
        detail = (
            "没有地理配准（仿射变换），请在 QGIS 中配准 / no affine transform: georeference it, in QGIS for instance"
        )
        if dataset.gcps[0] or dataset.rpcs:
            detail = (
                "只有控制点或 RPC，请先用 gdalwarp 校正 / only control points or RPCs: rectify it with gdalwarp first"
            )
        raise RasterNotReferenced(detail)
    if declared is not None:
        try:
            return CRS.from_user_input(declared)
        except CRSError:
            raise RasterNotReferenced(
                f"不认识坐标系 {declared} / unknown reference system: {declared}; 例 / for instance EPSG:4549"
            ) from None
    if dataset.crs is None or not (dataset.crs.is_geographic or dataset.crs.is_projected):
        raise RasterNotReferenced(
            "文件没有写明坐标系；用 --crs 指明，如 --crs EPSG:4549 / the file names no reference system: "
            "say which with --crs, for instance --crs EPSG:4549"
        )
    return dataset.crs


def _bounds_4490(dataset: DatasetReader, crs: CRS) -> Bounds:
    bounds: Bounds = tuple(dataset.bounds)
    if not is_storage_like(crs):
        try:
            bounds = transform_bounds(crs, CRS.from_epsg(4490), *bounds)
        except RasterioError:
            bounds = (np.nan,) * 4
    west, south, east, north = min(bounds[::2]), min(bounds[1::2]), max(bounds[::2]), max(bounds[1::2])
    if not np.isfinite([west, south, east, north]).all() or west >= east or south >= north:
        raise RasterNotReferenced(
            f"按 {crs.to_string()} 算不出经纬度范围，坐标系可能写错；用 --crs 改正 / no bounds in degrees follow from "
            f"{crs.to_string()}: the reference system seems wrong, correct it with --crs"
        )
    return west, south, east, north


def is_storage_like(crs: CRS) -> bool:
    """Whether coordinates are EPSG:4490, or EPSG:4326, which is taken as equal (below a decimetre)."""
    return crs.to_epsg() in (4490, 4326)


def chunks(dataset: DatasetReader) -> Iterator[Window]:
    """Windows over the whole file, in the order of its blocks, of at most about CHUNK_PIXELS."""
    block = max(1, dataset.block_shapes[0][0])
    rows = max(block, CHUNK_PIXELS // max(1, dataset.width) // block * block)
    for top in range(0, dataset.height, rows):
        yield Window(0, top, dataset.width, min(rows, dataset.height - top))


def read_chunk(dataset: DatasetReader, bands: tuple[int, ...], window: Window) -> Any:
    """The pixels of a window, bands × rows × columns. Raises RasterUnreadable that says where the file breaks off."""
    try:
        return dataset.read(list(bands), window=window)
    except RasterioError as error:
        first, last = int(window.row_off), int(window.row_off + window.height)
        raise RasterUnreadable(
            f"第 {first}–{last} 行（共 {dataset.height} 行）读不出来，文件可能没有传完整；请重新拷贝。 / rows {first}–{last} of "
            f"{dataset.height} cannot be read, the file may be cut off: copy it again.",
            row=first,
        ) from error


class Tally:
    """Minimum, maximum and a sample of the valid values of each band, one chunk after the other."""

    def __init__(self, bands: int, pixels: int) -> None:
        self.step = max(1, pixels // SAMPLE)
        self.low, self.high = [np.inf] * bands, [-np.inf] * bands
        self.samples: list[list[Any]] = [[] for _ in range(bands)]

    def add(self, pixels: Any, valid: Any) -> None:
        """pixels, valid: bands × rows × columns."""
        for n, band in enumerate(pixels):
            values = band[valid[n]]
            if values.size:
                self.low[n] = min(self.low[n], float(values.min()))
                self.high[n] = max(self.high[n], float(values.max()))
                self.samples[n].append(values[:: self.step].astype(np.float64))

    @property
    def empty(self) -> bool:
        """No valid value in any band."""
        return not any(self.samples)

    def stretch(self) -> list[list[float]]:
        """2nd and 98th percentile of each band; equal ones are set apart, for they will be divided by."""
        limits = []
        for sample in self.samples:
            low, high = np.percentile(np.concatenate(sample), (2, 98)) if sample else (0.0, 1.0)
            limits.append([round(float(low), 6), round(float(high if high > low else low + 1), 6)])
        return limits
