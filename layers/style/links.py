"""The addresses that a style served here names."""

from __future__ import annotations

from layers.style.palette import Palette
from layers.style.style import Links


def links_of(base: str, county: str, palette: Palette, fonts_version: str) -> Links:
    """The map server's own addresses. base: its root, with or without a last slash. fonts_version: changes with the fonts.

    The sprite's address has no query: QGIS adds `@2x.json` to its end.
    """
    root = base.rstrip("/")
    return Links(
        tiles=f"{root}/tiles/{county}/{{layers}}/{{z}}/{{x}}/{{y}}.mvt",
        sprite=f"{root}/style/sprites/{palette.name}",
        glyphs=f"{root}/style/fonts/{{fontstack}}/{{range}}.pbf?v={fonts_version}",
    )
