"""Finished tiles in memory, bounded in bytes. The key holds county, role and scope: nobody is given another's tile."""

from __future__ import annotations

import gzip
import hashlib
import threading
from collections import OrderedDict, defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

from layers.tiles.tile import Tile
from layers.tiles.watch import Box
from mapserver.http.headers import NO_STORE

MVT = "application/vnd.mapbox-vector-tile"
HEADERS = {
    "Cache-Control": "private, no-cache",
    "Vary": "Cookie, Authorization, Accept-Encoding",
}
#: The other security headers of the application are about pages.
NO_SNIFFING = [(b"x-content-type-options", b"nosniff"), (b"cross-origin-resource-policy", b"same-origin")]
#: What an entry costs beside its bytes: the key, the headers, the places in the indexes.
OVERHEAD = 2000

Message = dict[str, Any]


class TileKey(NamedTuple):
    """Whose tile: everything its bytes depend on beside the data."""

    county: str
    role: str
    prefixes: tuple[str, ...]
    layers: tuple[str, ...]
    z: int
    x: int
    y: int


class Entry:
    """A finished tile: packed bytes, strong tags of both representations, the messages that send it.

    personal: about people; no browser keeps it, for the next at this desk may be somebody else.
    """

    __slots__ = ("etag", "not_modified", "packed", "packed_etag", "size", "start", "start_plain")

    def __init__(self, tile: Tile, *, personal: bool = False) -> None:
        digest = hashlib.sha256(tile.body).hexdigest()[:32]
        self.etag, self.packed_etag = f'"{digest}"'.encode(), f'"{digest}-gzip"'.encode()
        self.packed = gzip.compress(tile.body, compresslevel=4, mtime=0) if tile.body else b""
        self.size = len(self.packed) + OVERHEAD
        extra = {"X-Generalised": ",".join(tile.generalised)} if tile.generalised else {}
        headers = {**HEADERS, "Cache-Control": NO_STORE} if personal else HEADERS
        common = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        full_headers = [
            *common,
            *NO_SNIFFING,
            *((name.lower().encode(), value.encode()) for name, value in extra.items()),
        ]
        status = 200 if tile.body else 204
        kind = [(b"content-type", MVT.encode())] if tile.body else []
        packing = [(b"content-encoding", b"gzip"), (b"content-length", str(len(self.packed)).encode())]
        tag, packed_tag = [(b"etag", self.etag)], [(b"etag", self.packed_etag)]
        if not tile.body:
            packing = tag = packed_tag = []
        self.start = _start(status, [*full_headers, *kind, *packed_tag, *packing])
        length = [(b"content-length", str(len(tile.body)).encode())] if tile.body else []
        self.start_plain = _start(status, [*full_headers, *kind, *tag, *length])
        self.not_modified = _start(304, [*common, *packed_tag]), _start(304, [*common, *tag])

    def messages(self, *, packed: bool, if_none_match: bytes | None) -> tuple[Message, bytes]:
        """The start of the answer and its body. packed: the asker takes gzip."""
        tag = self.packed_etag if packed else self.etag
        if if_none_match is not None and self.packed and (if_none_match == tag or _names(if_none_match, tag)):
            return self.not_modified[0 if packed else 1], b""
        if packed:
            return self.start, self.packed
        return self.start_plain, gzip.decompress(self.packed) if self.packed else b""


def _start(status: int, headers: list[tuple[bytes, bytes]]) -> Message:
    return {"type": "http.response.start", "status": status, "headers": headers}


def _names(if_none_match: bytes, tag: bytes) -> bool:
    """RFC 9110, 13.1.2: a list of tags, weak comparison, or an asterisk."""
    tags = [one.strip().removeprefix(b"W/") for one in if_none_match.split(b",")]
    return tag in tags or b"*" in tags


class TileCache:
    """Least recently used first out. Every method may be called from any thread."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._entries: OrderedDict[TileKey, Entry] = OrderedDict()
        self._places: dict[tuple[str, int], dict[tuple[int, int], set[TileKey]]] = defaultdict(dict)
        self._lock = threading.Lock()
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, key: TileKey) -> bool:
        return key in self._entries

    def get(self, key: TileKey) -> Entry | None:
        """The finished tile, or None."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is not None:
                self._entries.move_to_end(key)
            return entry

    def put(self, key: TileKey, entry: Entry) -> None:
        """Keep a tile; what was not asked for longest goes when there is no room."""
        with self._lock:
            self._forget(key)
            self._entries[key] = entry
            self._places[key.county, key.z].setdefault((key.x, key.y), set()).add(key)
            self.bytes += entry.size
            while self.bytes > self._max_bytes and self._entries:
                self._forget(next(iter(self._entries)))

    def drop(self, county: str, boxes: Iterable[Box]) -> None:
        """Forget the tiles that may show one of these changes."""
        with self._lock:
            for (of, z), places in list(self._places.items()):
                if of == county and places:
                    for key in [key for box in boxes for key in _touched(box, z, places)]:
                        self._forget(key)

    def clear(self, county: str) -> None:
        """Forget every tile of a county."""
        with self._lock:
            for key in [key for key in self._entries if key.county == county]:
                self._forget(key)

    def _forget(self, key: TileKey) -> None:
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        self.bytes -= entry.size
        places = self._places[key.county, key.z]
        places[key.x, key.y].discard(key)
        if not places[key.x, key.y]:
            del places[key.x, key.y]


def _touched(box: Box, z: int, places: dict[tuple[int, int], set[TileKey]]) -> list[TileKey]:
    """The tiles of a zoom that may show the change, by whichever is shorter: its tiles or the tiles that are kept."""
    (x_from, y_from), (x_to, y_to) = box.tiles(z)
    if (x_to - x_from + 1) * (y_to - y_from + 1) > len(places):
        inside = [place for place in places if x_from <= place[0] <= x_to and y_from <= place[1] <= y_to]
    else:
        inside = [(x, y) for x in range(x_from, x_to + 1) for y in range(y_from, y_to + 1) if (x, y) in places]
    return [key for place in inside for key in places[place] if box.layer in key.layers]
