"""One pack, one file: the format is the file's extension, and a file is whole or not there."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from database.errors import Invalid
from layers.packs.mbtiles_file import read_mbtiles, write_mbtiles
from layers.packs.pack import Pack
from layers.packs.pmtiles_file import read_pmtiles, write_pmtiles

FORMATS = (".pmtiles", ".mbtiles")


class UnknownPackFormat(Invalid):
    """离线包的扩展名应为 .pmtiles 或 .mbtiles | A pack ends in .pmtiles or .mbtiles"""


def check_format(path: Path) -> None:
    """Raise UnknownPackFormat for an extension that is none of ours."""
    if path.suffix.lower() not in FORMATS:
        raise UnknownPackFormat(path.name)


def write_pack(pack: Pack, path: Path) -> int:
    """Write the file, readable for its owner alone; returns its bytes. An older file of this name stays until the new one is whole.

    Raises UnknownPackFormat.
    """
    check_format(path)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".pack-") as folder:
        made = Path(folder) / path.name
        if path.suffix.lower() == ".pmtiles":
            with made.open("wb") as file:
                write_pmtiles(pack, file)
        else:
            write_mbtiles(pack, made)
        made.chmod(0o600)
        with made.open("rb") as file:
            os.fsync(file.fileno())
        made.replace(path)
    return path.stat().st_size


def read_pack(path: Path) -> Pack:
    """The pack in a file of either format. Raises UnknownPackFormat, NotAPack."""
    check_format(path)
    return read_pmtiles(path) if path.suffix.lower() == ".pmtiles" else read_mbtiles(path)
