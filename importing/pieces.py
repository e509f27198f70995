"""Files in pieces, as they are kept in the database: each small enough to be encrypted and written at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

PIECE_BYTES = 1 << 20


def pieces_of(file: BinaryIO) -> Iterator[bytes]:
    """The bytes of a file, ``PIECE_BYTES`` at a time."""
    while piece := file.read(PIECE_BYTES):
        yield piece
