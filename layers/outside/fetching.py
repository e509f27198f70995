"""A tile of another server: from those kept, else asked for once, looked at, and kept. No address of a user's is ever asked.

Only hosts of the configuration are reached, redirects are not followed, an answer must be a picture of a known kind and size.
"""

from __future__ import annotations

import asyncio
import logging
import time
from urllib.parse import quote, urlencode, urlsplit

import httpx
import structlog

from database.errors import Missing, Unavailable
from layers.outside.sources import OutsideMap
from layers.outside.tile_folder import KeptTiles
from layers.outside.wmts import Tiles, read_capabilities

log = structlog.get_logger()
# their lines hold the whole address, and with it the key
for _noisy in ("httpx", "httpcore"):
    logging.getLogger(_noisy).setLevel(logging.WARNING)

MOST_BYTES, MOST_CAPABILITIES = 2 * 2**20, 8 * 2**20
#: Seconds for one answer; after a failure the server is left alone so long; requests to other servers at the same time.
ANSWER_SECONDS, PAUSE_SECONDS, AT_ONCE = 10.0, 5.0, 8
#: First bytes of a picture → its media type.
PICTURES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"RIFF": "image/webp"}
BROWSER = {"User-Agent": "onemap", "Accept": "image/*,application/xml;q=0.9"}


class OutsideTileMissing(Missing):
    """外部底图没有这个瓦片 | The outside base map has no such tile"""


class OutsideMapUnavailable(Unavailable):
    """外部底图暂时取不到 | The outside base map cannot be reached at present"""


def media_of(body: bytes) -> str | None:
    """The media type of a picture by its first bytes; None when it is none."""
    for start, media in PICTURES.items():
        if body.startswith(start) and (media != "image/webp" or body[8:12] == b"WEBP"):
            return media
    return None


class OutsideTiles:
    """Tiles of other servers for one process. Close it at the end."""

    def __init__(self, kept: KeptTiles) -> None:
        self._kept = kept
        self._client = httpx.AsyncClient(
            follow_redirects=False, timeout=ANSWER_SECONDS, trust_env=False, headers=BROWSER,
            limits=httpx.Limits(max_connections=AT_ONCE),
        )  # fmt: skip
        self._places = asyncio.Semaphore(AT_ONCE)
        self._under_way: dict[tuple[str, int, int, int], asyncio.Task[bytes]] = {}
        self._offers: dict[str, Tiles] = {}
        self._rest_until: dict[str, float] = {}

    async def close(self) -> None:
        """Give back the connections."""
        await self._client.aclose()

    async def tile(self, source: OutsideMap, z: int, x: int, y: int) -> tuple[bytes, str]:
        """Bytes and media type of a tile. An old one is better than none when the other server is away.

        Raises OutsideTileMissing, OutsideMapUnavailable.
        """
        rows = 2**z if source.grid == "w" else max(2 ** (z - 1), 1)
        if not (source.minzoom <= z <= source.maxzoom and 0 <= x < 2**z and 0 <= y < rows):
            raise OutsideTileMissing(f"{source.name} {z}/{x}/{y}")
        kept = await asyncio.to_thread(self._kept.get, source.folder, z, x, y)
        if kept is None or not kept[1]:
            try:
                kept = await self._once(source, z, x, y), True
            except OutsideMapUnavailable:
                if kept is None:
                    raise
        media = media_of(kept[0])
        if media is None:  # damaged on disk
            raise OutsideMapUnavailable(source.name)
        return kept[0], media

    async def _once(self, source: OutsideMap, z: int, x: int, y: int) -> bytes:
        """Many who ask for one tile ask the other server once."""
        key = (source.folder, z, x, y)
        task = self._under_way.get(key)
        if task is None:
            task = self._under_way[key] = asyncio.create_task(self._fetch(source, z, x, y))
            task.add_done_callback(lambda _done: self._under_way.pop(key, None))
        return await asyncio.shield(task)

    async def _fetch(self, source: OutsideMap, z: int, x: int, y: int) -> bytes:
        if time.monotonic() < self._rest_until.get(source.name, 0.0):
            raise OutsideMapUnavailable(source.name)
        address = await self._address(source, z, x, y)
        body = await self._ask(source, address, MOST_BYTES)
        if media_of(body) is None:
            raise self._failed(source, "no picture")
        await asyncio.to_thread(self._kept.put, source.folder, z, x, y, body)
        return body

    async def _address(self, source: OutsideMap, z: int, x: int, y: int) -> str:
        if source.template is not None:
            flipped = 2**z - 1 - y
            slots = {"{z}": z, "{x}": x, "{y}": y, "{-y}": flipped}
            template = source.template
        else:
            offer = await self._offer(source)
            if z not in offer.matrices:
                raise OutsideTileMissing(f"{source.name} {z}/{x}/{y}")
            slots = {"{TileMatrix}": quote(offer.matrices[z], safe=""), "{TileRow}": y, "{TileCol}": x}
            template = offer.template
        for slot, value in slots.items():
            template = template.replace(slot, str(value))
        return template

    async def _offer(self, source: OutsideMap) -> Tiles:
        """How the WMTS is asked, read once. A template that names another host than the configuration is not used."""
        if source.name not in self._offers:
            assert source.capabilities is not None and source.layer is not None
            body = await self._ask(source, source.capabilities, MOST_CAPABILITIES)
            found = await asyncio.to_thread(
                read_capabilities, body, source.layer, source.matrix_set, source.grid, source.capabilities
            )
            if found is None:
                raise self._failed(source, "capabilities")
            self._offers[source.name] = found
        return self._offers[source.name]

    async def _ask(self, source: OutsideMap, address: str, most: int) -> bytes:
        parts = urlsplit(address)
        if parts.netloc != source.host or parts.scheme not in ("http", "https"):
            raise self._failed(source, "another host")
        if source.key is not None:
            address += ("&" if parts.query else "?") + urlencode([source.key])
        try:
            async with self._places, asyncio.timeout(ANSWER_SECONDS), self._client.stream("GET", address) as answer:
                if answer.status_code in (204, 404):
                    raise OutsideTileMissing(source.name)
                if answer.status_code != 200:
                    raise self._failed(source, f"status {answer.status_code}")
                body = bytearray()
                async for piece in answer.aiter_bytes():
                    body += piece
                    if len(body) > most:
                        raise self._failed(source, "too large")
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError) as error:
            raise self._failed(source, type(error).__name__) from None
        return bytes(body)

    def _failed(self, source: OutsideMap, why: str) -> OutsideMapUnavailable:
        """The error, without the address, which holds the key; the server is left alone for a while."""
        self._rest_until[source.name] = time.monotonic() + PAUSE_SECONDS
        log.warning("outside_map.failed", map=source.name, why=why)
        return OutsideMapUnavailable(f"{source.name}：{why}")
