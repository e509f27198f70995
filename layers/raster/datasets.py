"""Open files, kept for the next tile. A GDAL dataset serves one thread at a time, so each is lent out and given back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import rasterio
from rasterio.errors import RasterioError
from rio_tiler.io.rasterio import Reader

from layers.raster.errors import RasterFileMissing

#: no search for side-car files; one request, one thread; blocks of all files in 128 MB
GDAL = {"GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR", "GDAL_NUM_THREADS": "1", "GDAL_CACHEMAX": 128}


class OpenFiles:
    """Idle readers by path, at most ``most`` in all; the one unused for longest is closed first.

    A file is named by its content, so a replaced raster is another path and an old reader is never lent for it.
    """

    def __init__(self, most: int = 32) -> None:
        self.most = most
        self._lock = threading.Lock()
        self._idle: list[tuple[Path, Reader]] = []

    @contextmanager
    def borrow(self, path: Path) -> Iterator[Reader]:
        """A reader of a file for this thread alone, within GDAL's settings. Raises RasterFileMissing."""
        with rasterio.Env(**GDAL):
            reader = self._take(path) or _open(path)
            try:
                yield reader
            except BaseException:
                _close(reader)
                raise
            for stale in self._give(path, reader):
                _close(stale)

    def _take(self, path: Path) -> Reader | None:
        with self._lock:
            for n in range(len(self._idle) - 1, -1, -1):
                if self._idle[n][0] == path:
                    return self._idle.pop(n)[1]
        return None

    def _give(self, path: Path, reader: Reader) -> list[Reader]:
        with self._lock:
            self._idle.append((path, reader))
            surplus = max(0, len(self._idle) - self.most)
            stale, self._idle = self._idle[:surplus], self._idle[surplus:]
        return [one for _, one in stale]

    def close(self) -> None:
        """Close every idle reader."""
        with self._lock:
            idle, self._idle = self._idle, []
        for _, reader in idle:
            _close(reader)


def _open(path: Path) -> Reader:
    """A reader of a file of ours, opened as a GeoTIFF and as nothing else."""
    try:
        return Reader(str(path), dataset=rasterio.open(path, driver="GTiff"))
    except RasterioError as error:
        raise RasterFileMissing(f"{path.name} 打不开 / cannot be opened", file=path.name) from error


def _close(reader: Reader) -> None:
    reader.close()  # type: ignore[no-untyped-call]
    dataset: Any = reader.dataset
    dataset.close()  # the reader closes only what it opened


#: of this process
OPEN_FILES = OpenFiles()
