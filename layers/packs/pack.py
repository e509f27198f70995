"""What a pack holds, whatever the file: tiles, the files that draw them, and what they are of."""

from __future__ import annotations

import base64
import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypedDict

from database.errors import Invalid
from layers.catalogue.tilejson import VectorLayer

Tile = tuple[int, int, int]
#: A tile that a delta takes away: an empty vector tile, packed.
REMOVED = gzip.compress(b"", mtime=0)


class NotAPack(Invalid):
    """不是本系统的离线包 | Not an offline pack of this system"""


class OwnMetadata(TypedDict):
    """What only we say of a pack. files: name → base64."""

    scope: str
    made_at: str
    identity: str
    base: str | None
    maxzoom: int
    bounds: list[float]
    removed: list[str]
    files: dict[str, str]


class PackMetadata(TypedDict):
    """The metadata of the file, as any reader of MBTiles 1.3 and PMTiles 3 knows them, and our own."""

    name: str
    description: str
    type: str
    format: str
    vector_layers: list[VectorLayer]
    onemap: OwnMetadata


@dataclass(frozen=True, slots=True)
class Pack:
    """tiles: zoom, column, row (XYZ) → vector tile packed with gzip. files: name → bytes: style/…, sprites/…, fonts/….

    scope: the grid code it is of. bounds: west, south, east, north in degrees. layers: `vector_layers` of TileJSON 3. base: the
    identity of the pack a delta is to be laid over. removed: files the delta takes away.
    """

    scope: str
    title: str
    made_at: datetime
    bounds: tuple[float, float, float, float]
    layers: list[VectorLayer]
    tiles: dict[Tile, bytes]
    files: dict[str, bytes]
    maxzoom: int
    base: str | None = None
    identity: str = ""
    removed: tuple[str, ...] = field(default=())

    def made_identity(self) -> str:
        """A hash of tiles and files: two packs with the same are the same."""
        digest = hashlib.sha256(self.scope.encode())
        for tile, body in sorted(self.tiles.items()):
            digest.update(b"%d/%d/%d " % tile + hashlib.sha256(body).digest())
        for name, body in sorted(self.files.items()):
            digest.update(name.encode() + b" " + hashlib.sha256(body).digest())
        return digest.hexdigest()[:32]

    def metadata(self) -> PackMetadata:
        """The metadata of the file."""
        return {
            "name": self.title,
            "description": f"{self.title} {self.made_at:%Y-%m-%d %H:%M}",
            "type": "overlay",
            "format": "pbf",
            "vector_layers": self.layers,
            "onemap": {
                "scope": self.scope,
                "made_at": self.made_at.isoformat(),
                "identity": self.identity,
                "base": self.base,
                "maxzoom": self.maxzoom,
                "bounds": list(self.bounds),
                "removed": list(self.removed),
                "files": {name: base64.b64encode(body).decode() for name, body in sorted(self.files.items())},
            },
        }


def pack_of(metadata: Mapping[str, Any], tiles: dict[Tile, bytes]) -> Pack:
    """The pack behind the metadata of a file. Raises NotAPack."""
    try:
        own = metadata["onemap"]
        west, south, east, north = own["bounds"]
        return Pack(
            scope=own["scope"],
            title=metadata["name"],
            made_at=datetime.fromisoformat(own["made_at"]),
            bounds=(west, south, east, north),
            layers=metadata["vector_layers"],
            tiles=tiles,
            files={name: base64.b64decode(body) for name, body in own["files"].items()},
            maxzoom=own["maxzoom"],
            base=own["base"],
            identity=own["identity"],
            removed=tuple(own["removed"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise NotAPack(f"{type(error).__name__}: {error}") from error
