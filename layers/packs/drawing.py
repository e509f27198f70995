"""What draws a pack without a server: styles, sprites, and of the lettering only the characters that its names have."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import orjson
from sqlalchemy import Connection

from layers.style.fonts import WEIGHTS, FontLibrary
from layers.style.glyphs import FontFilesMissing, encode
from layers.style.palette import THEMES
from layers.style.sdf import FINER, SIZE, draw_glyph
from layers.style.sprites import find_sheet
from layers.style.style import Links, StyleDocument, style_document
from layers.tiles.names import characters


def drawing_files(
    connection: Connection, library: FontLibrary, layers: Sequence[str], bounds: Sequence[float], maxzoom: int
) -> dict[str, bytes]:
    """Name → bytes: style/{theme}.json, sprites/{theme}{,@2x}.{json,png}, fonts/{font}/{range}.pbf, of the entered scope.

    The styles name them as ``pack://{name}`` and the tiles as ``pmtiles://pack``. Raises FontFilesMissing.
    """
    if not library:
        raise FontFilesMissing
    files: dict[str, bytes] = {}
    lettered: dict[str, set[str]] = defaultdict(set)
    for theme, palette in THEMES.items():
        links = Links("pmtiles://pack", f"pack://sprites/{theme}", "pack://fonts/{fontstack}/{range}.pbf", maxzoom)
        document = style_document(palette, layers, links, bounds=bounds)
        files[f"style/{theme}.json"] = orjson.dumps(document)
        for name in (theme, f"{theme}@2x"):
            sheet = find_sheet(name)
            files[f"sprites/{name}.json"], files[f"sprites/{name}.png"] = sheet.index, sheet.png
        for font, layer in _texts(document):
            lettered[font].add(layer)
    for font, named in sorted(lettered.items()):
        files |= _glyphs(library, font, characters(connection, sorted(named)))
    return files


def _texts(document: StyleDocument) -> Iterable[tuple[str, str]]:
    """Font and tile layer of every style layer that writes names."""
    for layer in document["layers"]:
        if "text-field" in layer.get("layout", {}):
            yield layer["layout"]["text-font"][0], layer["source-layer"]


def _glyphs(library: FontLibrary, font: str, wanted: set[str]) -> dict[str, bytes]:
    """The glyph files of the ranges these characters are in, with no others in them."""
    drawn = defaultdict(list)
    there = [code for code in sorted(map(ord, wanted)) if library.codes(code, code)]
    for face, codes in library.open(there, WEIGHTS[font], SIZE * FINER):
        for code in codes:
            drawn[code // 256 * 256].append((code, draw_glyph(face, chr(code))))
    return {f"fonts/{font}/{start}-{start + 255}.pbf": encode(font, start, glyphs) for start, glyphs in drawn.items()}
