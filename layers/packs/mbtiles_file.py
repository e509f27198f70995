"""MBTiles 1.3: an SQLite database of tiles, which QGIS and GDAL open as it is."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

from layers.packs.pack import NotAPack, Pack, pack_of


def write_mbtiles(pack: Pack, path: Path) -> None:
    """The pack as a new database. Rows are counted from the south (TMS), as the format wants."""
    own = pack.metadata()
    metadata = {
        "name": own["name"],
        "description": own["description"],
        "type": own["type"],
        "format": "pbf",
        "version": "1",
        "bounds": ",".join(f"{degree:.7f}" for degree in pack.bounds),
        "center": f"{(pack.bounds[0] + pack.bounds[2]) / 2:.7f},{(pack.bounds[1] + pack.bounds[3]) / 2:.7f},11",
        "minzoom": str(min(z for z, _, _ in pack.tiles)),
        "maxzoom": str(max(z for z, _, _ in pack.tiles)),
        "json": json.dumps({"vector_layers": own["vector_layers"]}, ensure_ascii=False),
        "onemap": json.dumps(own["onemap"]),
    }
    database = sqlite3.connect(path)
    try:
        with database:
            database.execute("CREATE TABLE metadata (name text PRIMARY KEY, value text)")
            database.execute(
                "CREATE TABLE tiles (zoom_level integer, tile_column integer, tile_row integer, tile_data blob)"
            )
            database.executemany("INSERT INTO metadata VALUES (?, ?)", metadata.items())
            rows = ((z, x, 2**z - 1 - y, body) for (z, x, y), body in sorted(pack.tiles.items()))
            database.executemany("INSERT INTO tiles VALUES (?, ?, ?, ?)", rows)
            database.execute("CREATE UNIQUE INDEX tile_index ON tiles (zoom_level, tile_column, tile_row)")
    finally:
        database.close()


def read_mbtiles(path: Path) -> Pack:
    """The pack in a database. Raises NotAPack."""
    try:
        database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            rows = dict(database.execute("SELECT name, value FROM metadata"))
            tiles = {
                (z, x, 2**z - 1 - row): bytes(body)
                for z, x, row, body in database.execute(
                    "SELECT zoom_level, tile_column, tile_row, tile_data FROM tiles"
                )
            }
        finally:
            database.close()
        metadata = {"name": rows["name"], "onemap": json.loads(rows["onemap"]), **json.loads(rows["json"])}
    except (sqlite3.Error, KeyError, ValueError) as error:
        raise NotAPack(f"{path.name}: {error}") from error
    return pack_of(metadata, tiles)
