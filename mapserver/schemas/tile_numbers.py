"""Zoom, column and row of a tile as a path has them: what is no number of a tile is a tile that does not exist."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator

from layers.tiles.tile import TileOutOfRange

#: No grid has so many rows or columns.
MOST_DIGITS = 10


def _tile_number(written: Any) -> int:
    text = str(written)
    if not (text.isascii() and text.removeprefix("-").isdecimal() and len(text) <= MOST_DIGITS):
        raise TileOutOfRange(text[:40])
    return int(text)


#: Raises TileOutOfRange, which is a 404, where FastAPI would say that the request is not valid.
TileNumber = Annotated[int, BeforeValidator(_tile_number)]
