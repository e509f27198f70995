"""How a raster is drawn: stretched to grey or colours, as hillshade, as elevation for 3D maps, or under water."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from rio_tiler.colormap import cmap

from layers.raster.catalogue import RasterRow
from layers.raster.errors import StyleNotPossible

How = Literal["plain", "hillshade", "terrain-rgb", "flood"]
#: what a kind of one band is coloured with when nobody says
COLORMAPS = {"dem": "terrain", "population": "ylorrd"}
_NUMBER = re.compile(r"[+-]?\d{1,9}(\.\d{1,6})?")


@dataclass(frozen=True, slots=True)
class Style:
    """What the query asks for. Only what ``how`` uses is set.

    bands: from 1; empty means the usual ones. rescale: low and high for each band, or once for all; empty means the
    percentiles of the catalogue. azimuth, altitude: of the light, degrees. level_m: of the water, metres.
    """

    how: How = "plain"
    bands: tuple[int, ...] = ()
    rescale: tuple[tuple[float, float], ...] = ()
    colormap: str | None = None
    azimuth: float = 315.0
    altitude: float = 45.0
    level_m: float = 0.0


def style_of(
    raster: RasterRow,
    *,
    how: How = "plain",
    bands: str | None = None,
    rescale: str | None = None,
    colormap: str | None = None,
    azimuth: float = 315.0,
    altitude: float = 45.0,
    level_m: float = 0.0,
) -> Style:
    """The style that a query asks for. bands: '3,2,1'. rescale: 'low,high', several joined by ';'.

    Raises StyleNotPossible: relief of what is no DEM, a band or a colour map that there is not, one or three bands only.
    """
    if how != "plain":
        if raster.kind != "dem":
            raise StyleNotPossible(f"{how}：只用于高程 / for elevation (dem) only, {raster.name} is {raster.kind}")
        return {
            "hillshade": Style("hillshade", azimuth=azimuth % 360, altitude=altitude),
            "terrain-rgb": Style("terrain-rgb"),
            "flood": Style("flood", level_m=level_m),
        }[how]
    chosen = _bands(raster, bands)
    limits = _limits(rescale, len(chosen))
    if colormap is not None:
        if len(chosen) == 3 or (not chosen and raster.kind == "imagery" and len(raster.stretch) > 2):
            raise StyleNotPossible("色带只用于一个波段 / a colour map is for one band: add bands=1")
        colormap = colormap.lower()
        if colormap not in cmap.list():
            raise StyleNotPossible(
                f"没有色带 {colormap} / no colour map {colormap}; e.g. viridis, terrain, gray, ylorrd"
            )
    return Style(bands=chosen, rescale=limits, colormap=colormap)


def _bands(raster: RasterRow, text: str | None) -> tuple[int, ...]:
    if text is None:
        return ()
    parts = text.split(",")
    if len(parts) not in (1, 3) or not all(part.isdecimal() and 1 <= int(part) <= raster.bands for part in parts):
        raise StyleNotPossible(
            f"bands={text}：须为一个或三个波段，1–{raster.bands} / one or three bands, 1 to {raster.bands}"
        )
    return tuple(int(part) for part in parts)


def _limits(text: str | None, bands: int) -> tuple[tuple[float, float], ...]:
    if text is None:
        return ()
    limits = []
    for pair in text.split(";"):
        numbers = pair.split(",")
        if (
            len(numbers) != 2
            or not all(_NUMBER.fullmatch(n) for n in numbers)
            or float(numbers[0]) >= float(numbers[1])
        ):
            raise StyleNotPossible(f"rescale={text}：应为 低,高 / low,high is wanted, bands joined by ;")
        limits.append((float(numbers[0]), float(numbers[1])))
    if len(limits) not in (1, bands or 3, 3):
        raise StyleNotPossible(f"rescale={text}：一组，或每波段一组 / one pair, or one for each band")
    return tuple(limits)
