"""Tiles of other servers, kept on disk up to a size; the ones unused for longest go first."""

from __future__ import annotations

import os
import secrets
import threading
import time
from pathlib import Path

#: Pruning ends at this share of the limit, and the size is measured again after so many writes: other processes write too.
DOWN_TO, MEASURED_EVERY = 0.9, 200


class KeptTiles:
    """A folder of tiles. max_mb: how large it may grow. max_days: older ones are asked for again."""

    def __init__(self, folder: Path, *, max_mb: int, max_days: float) -> None:
        self._folder, self._most, self._seconds = folder, max_mb * 2**20, max_days * 86_400
        self._lock = threading.Lock()
        self._writes, self._size = 0, 0

    def get(self, source: str, z: int, x: int, y: int) -> tuple[bytes, bool] | None:
        """A kept tile, and whether it is still young; None when there is none."""
        path = self._path(source, z, x, y)
        try:
            body = path.read_bytes()
            young = time.time() - path.stat().st_mtime < self._seconds
            os.utime(path, (time.time(), path.stat().st_mtime))  # read now; made when it was
        except OSError:
            return None
        return body, young

    def put(self, source: str, z: int, x: int, y: int, body: bytes) -> None:
        """Keep a tile, whole or not at all; a full disk keeps none."""
        path = self._path(source, z, x, y)
        draft = path.with_name(f".{secrets.token_hex(6)}")
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft.write_bytes(body)
            draft.replace(path)
        except OSError:
            draft.unlink(missing_ok=True)
            return
        with self._lock:
            self._size += len(body)
            if self._writes % MEASURED_EVERY == 0 or self._size > self._most:
                self._prune()
            self._writes += 1

    def _prune(self) -> None:
        """Measure the folder; over the limit remove what was read longest ago."""
        files = []
        for path in self._folder.rglob("*"):
            try:
                stat = path.stat()
            except OSError:
                continue
            if path.is_file():
                files.append((stat.st_atime, stat.st_size, path))
        self._size = sum(size for _, size, _ in files)
        if self._size <= self._most:
            return
        for _, size, path in sorted(files):
            path.unlink(missing_ok=True)
            self._size -= size
            if self._size <= self._most * DOWN_TO:
                return

    def _path(self, source: str, z: int, x: int, y: int) -> Path:
        return self._folder / source / str(z) / str(x) / str(y)
