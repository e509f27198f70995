"""Elevation as pictures: shaded relief, Mapbox terrain-RGB, and water of one level."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

MERCATOR_M = 2 * math.pi * 6378137.0
WATER = (38, 110, 196)
#: opacity at the shore, and what each metre of depth adds, up to a limit
SHORE, PER_M, DEEPEST = 110, 18, 215


def ground_resolution_m(z: int, y: int, size: int = 256) -> float:
    """Metres on the ground of a pixel in the middle of a tile row (XYZ), on the Mercator sphere."""
    tiles: int = 2**z
    lat = math.atan(math.sinh(math.pi * (1 - 2 * (y + 0.5) / tiles)))
    return MERCATOR_M / tiles / size * math.cos(lat)


def hillshade(elevation: Any, resolution_m: float, *, azimuth: float, altitude: float) -> Any:
    """Shaded relief, 0 to 255, after Horn 1981 (Hill shading and the reflectance map): the gradient over 3 × 3 pixels.

    elevation: metres, (rows + 2) × (columns + 2): a margin of one pixel, so that neighbouring tiles meet without a seam.
    azimuth: of the light, degrees clockwise from north; altitude: above the horizon, degrees. Returns rows × columns, uint8.
    """
    e = np.asarray(elevation, dtype=np.float32)
    rise = e[:, 2:] - e[:, :-2]
    across = rise[:-2] + 2 * rise[1:-1] + rise[2:]
    down = (e[2:, :-2] - e[:-2, :-2]) + 2 * (e[2:, 1:-1] - e[:-2, 1:-1]) + (e[2:, 2:] - e[:-2, 2:])
    dx, dy = across / (8 * resolution_m), down / (8 * resolution_m)  # dy grows southwards, with the rows
    light, height = math.radians(azimuth), math.radians(altitude)
    # the light comes from (sin azimuth, -cos azimuth) in columns and rows
    lit = math.sin(height) - math.cos(height) * (dx * math.sin(light) - dy * math.cos(light))
    return np.clip(255 * lit / np.sqrt(1 + dx * dx + dy * dy), 0, 255).astype(np.uint8)


def terrain_rgb(elevation: Any) -> Any:
    """Mapbox terrain-RGB: metres = -10000 + 0.1 · (65536 R + 256 G + B). Returns 3 × rows × columns, uint8."""
    steps = np.clip(np.rint((np.asarray(elevation, dtype=np.float64) + 10000.0) * 10), 0, 2**24 - 1).astype(np.uint32)
    return np.stack([steps >> 16, steps >> 8 & 255, steps & 255]).astype(np.uint8)


def flood(elevation: Any, level_m: float) -> tuple[Any, Any]:
    """Colours (3 × rows × columns) and opacity (rows × columns) of water standing at ``level_m``; deeper is denser."""
    depth = level_m - np.asarray(elevation, dtype=np.float32)
    opacity = np.where(depth > 0, np.clip(SHORE + PER_M * depth, SHORE, DEEPEST), 0).astype(np.uint8)
    colours = np.broadcast_to(np.array(WATER, dtype=np.uint8)[:, None, None], (3, *opacity.shape))
    return np.ascontiguousarray(colours), opacity
