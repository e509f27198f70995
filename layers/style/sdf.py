"""Signed distance fields of characters, as MapLibre's text shader reads them.

A byte says how far a pixel's middle is from the outline: 255 · (1 − cutoff − d / radius), d in pixels at 24 px, positive outside
(Mapbox's sdf-glyph-foundry has the same constants). Distances are exact to a ninth of a pixel: the character is drawn nine
times as large and the nearest pixel of the other side is looked for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

SIZE = 24
BUFFER = 3
RADIUS = 8
CUTOFF = 0.25
#: Odd, so that the middle of a pixel is the middle of a small one.
FINER = 9
MIDDLE = FINER // 2
#: How far, in small pixels, a distance still changes the byte: outside and inside.
REACH_OUTSIDE = round(RADIUS * (1 - CUTOFF)) * FINER
REACH_INSIDE = round(RADIUS * CUTOFF) * FINER


@dataclass(frozen=True, slots=True)
class Glyph:
    """A drawn character. left, top: of the box of ink from the pen, in pixels, up positive. field: (height + 6) × (width + 6)."""

    width: int
    height: int
    left: int
    top: int
    advance: int
    field: bytes


def draw_glyph(font: ImageFont.FreeTypeFont, character: str) -> Glyph:
    """A character as a distance field. font: opened at SIZE × FINER pixels."""
    advance = round(font.getlength(character) / FINER)
    x0, y0, x1, y1 = font.getbbox(character, anchor="ls")  # of ink and advance together
    pen = (BUFFER * FINER - int(x0 // FINER) * FINER, BUFFER * FINER - int(y0 // FINER) * FINER)
    canvas = Image.new("L", (int(x1) + pen[0] + BUFFER * FINER, int(y1) + pen[1] + BUFFER * FINER))
    ImageDraw.Draw(canvas).text(pen, character, fill=255, font=font, anchor="ls")
    box = canvas.point(lambda value: 255 * (value >= 128)).getbbox()
    if box is None:
        return Glyph(0, 0, 0, 0, advance, b"")
    left, right = (box[0] - pen[0]) // FINER, -((pen[0] - box[2]) // FINER)
    above, below = (box[1] - pen[1]) // FINER, -((pen[1] - box[3]) // FINER)  # y grows downward
    width, height = right - left, below - above
    corner = (pen[0] + (left - BUFFER) * FINER, pen[1] + (above - BUFFER) * FINER)
    whole = canvas.crop((*corner, corner[0] + (width + 2 * BUFFER) * FINER, corner[1] + (height + 2 * BUFFER) * FINER))
    ink = np.asarray(whole) >= 128
    return Glyph(width, height, left, -above, advance, _field(ink).tobytes())


def _field(ink: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The bytes of a character drawn FINER times as large."""
    inside = ink[MIDDLE::FINER, MIDDLE::FINER]
    outward = _distance(ink, REACH_OUTSIDE)
    inward = _distance(~ink, REACH_INSIDE)
    # from middle to middle; the outline runs half a small pixel before it
    signed = np.where(inside, 0.5 - inward, outward - 0.5) / FINER
    value = 255 * (1 - CUTOFF - signed / RADIUS)
    return np.clip(np.rint(value), 0, 255).astype(np.uint8)


def _distance(there: NDArray[np.bool_], reach: int) -> NDArray[np.float32]:
    """From the middle of each FINER × FINER block to the nearest small pixel that is there; at most about `reach`.

    Exact Euclidean distance in two steps, columns and then rows (Felzenszwalb and Huttenlocher 2012).
    """
    rows = np.arange(there.shape[0], dtype=np.int32)[:, None]
    far = np.int32(reach + 1)
    before = np.maximum.accumulate(np.where(there, rows, -far - there.shape[0]), axis=0)[MIDDLE::FINER]
    after = np.minimum.accumulate(np.where(there, rows, 2 * there.shape[0] + far)[::-1], axis=0)[::-1][MIDDLE::FINER]
    middles = rows[MIDDLE::FINER]
    upright = np.minimum(np.minimum(middles - before, after - middles), far).astype(np.float32) ** 2
    padded = np.pad(upright, ((0, 0), (reach, reach)), constant_values=float(far) ** 2)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=1)[:, MIDDLE::FINER]
    across = np.arange(-reach, reach + 1, dtype=np.float32) ** 2
    nearest: NDArray[np.float32] = np.sqrt((windows + across).min(axis=2))
    return nearest
