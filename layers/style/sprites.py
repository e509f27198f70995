"""The sheet of icons of a theme and the index that says where each of them lies, at 1x and 2x."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from PIL import Image

from layers.style.icons import ICONS, Pen
from layers.style.palette import get_theme

Ratio = Literal[1, 2]
#: Empty pixels between icons, at 1x, so that none bleeds into its neighbour.
GAP = 1


@dataclass(frozen=True, slots=True)
class Sheet:
    """png: the picture. index: JSON, name → x, y, width, height in its pixels, and pixelRatio."""

    png: bytes
    index: bytes


def find_sheet(name: str) -> Sheet:
    """The sheet a file name means: a theme, or a theme and `@2x`. Raises UnknownTheme."""
    theme = name.removesuffix("@2x")
    get_theme(theme)
    return sprite_sheet(theme, 1 if theme == name else 2)


@lru_cache
def sprite_sheet(theme: str, ratio: Ratio) -> Sheet:
    """The icons of a theme side by side. Raises UnknownTheme."""
    palette = get_theme(theme)
    width = sum((side + GAP) * ratio for _, side in ICONS.values())
    height = max(side for _, side in ICONS.values()) * ratio
    sheet = Image.new("RGBA", (width, height))
    index: dict[str, dict[str, int]] = {}
    x = 0
    for name, (draw, side) in ICONS.items():
        pen = Pen(side * ratio)
        draw(pen, palette)
        sheet.paste(pen.image(), (x, 0))
        index[name] = {"x": x, "y": 0, "width": side * ratio, "height": side * ratio, "pixelRatio": ratio}
        x += (side + GAP) * ratio
    file = io.BytesIO()
    sheet.save(file, "PNG", optimize=True)
    return Sheet(file.getvalue(), json.dumps(index, separators=(",", ":")).encode())
