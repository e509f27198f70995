"""PMTiles, version 3: one file that a browser reads piece by piece."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import IO

from pmtiles.reader import MmapSource, Reader, all_tiles
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer

from layers.packs.pack import NotAPack, Pack, pack_of


def write_pmtiles(pack: Pack, file: IO[bytes]) -> None:
    """The pack as an archive; tiles in the order of the format, equal tiles once. There must be at least one tile."""
    writer = Writer(file)
    for number, body in sorted((zxy_to_tileid(*tile), body) for tile, body in pack.tiles.items()):
        writer.write_tile(number, body)
    west, south, east, north = (round(degree * 1e7) for degree in pack.bounds)
    writer.finalize(
        {
            "tile_type": TileType.MVT,
            "tile_compression": Compression.GZIP,
            "min_lon_e7": west,
            "min_lat_e7": south,
            "max_lon_e7": east,
            "max_lat_e7": north,
            "center_zoom": 11,
            "center_lon_e7": (west + east) // 2,
            "center_lat_e7": (south + north) // 2,
        },
        pack.metadata(),
    )


def read_pmtiles(path: Path) -> Pack:
    """The pack in an archive. Raises NotAPack."""
    try:
        with path.open("rb") as file:
            source = MmapSource(file)
            return pack_of(Reader(source).metadata(), dict(all_tiles(source)))
    except (ValueError, OSError, EOFError, struct.error, IndexError) as error:
        raise NotAPack(f"{path.name}: {error}") from error
    except Exception as error:
        if type(error).__module__.startswith("pmtiles"):  # the library's own errors share no parent
            raise NotAPack(f"{path.name}: {error}") from error
        raise
