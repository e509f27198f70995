"""Which pixels have a value: by the file's mask, its alpha band, its value for no data; and values that nobody measured.

Many files say only by a strange value that there is none (−9999, −32768, 32767, −3.4e38, a rim of zeros) and do not declare
it. Such a file is refused, naming the value, so that it is declared with ``--nodata``.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.io import DatasetReader
from rasterio.windows import Window

from layers.raster.errors import RasterRefused
from layers.raster.kinds import Kind

#: no pixel is so large; what floating point writes for "none" is
IMMENSE = 1e30
#: values that stand for none and are no ordinary pixel of imagery
SENTINELS = (-9999.0, -32768.0, -99999.0, -2147483648.0)
#: a rim of zeros is doubted when so many of the outermost pixels are 0 and hardly any other value comes near: ground that
#: really sinks to 0 has the metres in between
RIM_SHARE, RIM_GAP_M, RIM_NEAR = 0.15, 5.0, 0.002
SHOWN = 4


def alpha_band(dataset: DatasetReader) -> int | None:
    """The number of the alpha band, if there is one."""
    return next(
        (b for b, meaning in zip(dataset.indexes, dataset.colorinterp, strict=True) if meaning == ColorInterp.alpha),
        None,
    )


def has_mask(dataset: DatasetReader) -> bool:
    """Whether a mask stands in the file or beside it, other than an alpha band."""
    flags = dataset.mask_flag_enums[0]
    return MaskFlags.per_dataset in flags and MaskFlags.alpha not in flags


def shown_pixels(dataset: DatasetReader, window: Window) -> Any:
    """Rows × columns: True where neither mask nor alpha band hides the pixel; None when there is neither."""
    shown = None
    if has_mask(dataset):
        shown = dataset.read_masks(1, window=window) != 0
    alpha = alpha_band(dataset)
    if alpha is not None:
        opaque = dataset.read(alpha, window=window) > 0
        shown = opaque if shown is None else shown & opaque
    return shown


def valid_pixels(pixels: Any, nodata: float | None, shown: Any) -> Any:
    """Bands × rows × columns: True where a pixel has a value. shown: see :func:`shown_pixels`."""
    floating = pixels.dtype.kind == "f"
    valid = np.isfinite(pixels) if floating else np.ones(pixels.shape, dtype=bool)
    if nodata is not None and not np.isnan(nodata):
        valid &= pixels != np.asarray(nodata).astype(pixels.dtype)
        if floating and abs(nodata) > IMMENSE:  # written with fewer digits than the pixels
            valid &= np.abs(pixels) < IMMENSE
    return valid if shown is None else valid & shown


class Doubts:
    """Counts values of one band that cannot be what the raster shows, one chunk after the other."""

    def __init__(self, kind: Kind, dtype: Any, shape: tuple[int, int]) -> None:
        self._kind = kind
        self._low, self._high = kind.plausible
        self._sentinels = np.array([value for value in SENTINELS if dtype.kind in "if" and kind.name == "imagery"])
        self._shape = shape
        self._found: Counter[float] = Counter()
        self._rim = self._rim_zeros = 0
        self._least = np.inf
        self._near = self._other = 0

    def add(self, band: Any, valid: Any, window: Window) -> None:
        """band, valid: rows × columns of the window."""
        values = band[valid]
        if values.size:
            wrong = (values < self._low) | (values > self._high)
            if self._sentinels.size:
                wrong |= np.isin(values, self._sentinels)
            if self._kind.name == "land_cover" and values.dtype.kind == "f":
                wrong |= values != np.floor(values)
            if wrong.any():
                kinds, counts = np.unique(values[wrong], return_counts=True)
                self._found.update(dict(zip(kinds.astype(float).tolist(), counts.tolist(), strict=True)))
            other = values[values != 0]
            if other.size:
                self._least = min(self._least, float(other.min()))
                self._near += int((np.abs(other.astype(np.float64)) < RIM_GAP_M).sum())
                self._other += other.size
        self._add_rim(band, valid, window)

    def _add_rim(self, band: Any, valid: Any, window: Window) -> None:
        rim = np.zeros(band.shape, dtype=bool)
        rim[:, [0, -1]] = True
        if window.row_off == 0:
            rim[0] = True
        if window.row_off + window.height >= self._shape[0]:
            rim[-1] = True
        self._rim += int(rim.sum())
        self._rim_zeros += int((rim & valid & (band == 0)).sum())

    def check(self, *, declared: bool) -> None:
        """Raise RasterRefused for values that nobody measured. declared: the user has said which value means none, or that none does."""
        if self._found:
            listed = "、".join(f"{value:g}（{count} 个像元）" for value, count in self._found.most_common(SHOWN))
            more = "…" if len(self._found) > SHOWN else ""
            value = self._found.most_common(1)[0][0]
            raise RasterRefused(
                f"有不可能是{self._kind.title}的值：{listed}{more}，多半是没有声明的无效值。用 --nodata {value:.9g} 指明；有几种时先用 gdalwarp "
                f"统一成一种。 / values that no {self._kind.name} has: {', '.join(f'{v:g} ({n} pixels)' for v, n in self._found.most_common(SHOWN))}"
                f"{more}, probably no-data that is not declared: say so with --nodata {value:.9g}; make one of several with gdalwarp first.",
                values=[one for one, _count in self._found.most_common(SHOWN)],
            )
        if declared or self._kind.name != "dem" or not self._other:
            return
        if self._rim_zeros >= RIM_SHARE * self._rim and self._near < RIM_NEAR * self._other:
            raise RasterRefused(
                f"边缘有 {self._rim_zeros} 个像元正好是 0，其余最小是 {self._least:g}：0 多半是没有声明的无效值。用 --nodata 0 指明；如果 0 是真的值，用 "
                f"--nodata nan。 / {self._rim_zeros} pixels of the rim are exactly 0, the smallest other value is {self._least:g}: 0 is probably "
                "no-data that is not declared. Say so with --nodata 0; if it is a value, say --nodata nan.",
                zeros=self._rim_zeros,
            )


def narrowed(dtype: Any, low: float, high: float) -> Any:
    """The type to store whole or odd numbers in that map servers do not all read: int8 and the 64-bit ones, half floats.

    low, high: of the valid values. Raises RasterRefused when they need more than 32 bits.
    """
    if dtype == np.float16:
        return np.dtype("float32")
    if dtype == np.int8:
        return np.dtype("int16")
    if dtype.kind not in "iu" or dtype.itemsize < 8:
        return dtype
    for name in ("uint8", "int16", "uint16", "int32", "uint32"):
        limits = np.iinfo(name)
        # one value of the type is left over for "no data"
        if limits.min <= low and high < limits.max:
            return np.dtype(name)
    raise RasterRefused(
        f"像元值 {low:g}–{high:g} 超出 32 位整数，请先用 gdal_translate -ot Float64 转换。 / the values {low:g} to {high:g} need more than 32 "
        "bits: run gdal_translate -ot Float64 first."
    )
