"""A slow line before a server: so many bits a second for all connections together, and a round trip of so many seconds.

Unlike the browser's own throttling it holds for workers and the service worker too, and counts every byte.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from typing import Self

_PIECE = 4096


class SlowLine:
    """``with SlowLine(port, mbit, round_trip_s) as line``: ``line.url`` leads to the server on that port of this machine."""

    def __init__(self, port: int, *, mbit: float, round_trip_s: float) -> None:
        self._port, self._bytes_s, self._half_s = port, mbit * 125_000, round_trip_s / 2
        self._free_at = 0.0
        self.bytes = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        opened = asyncio.run_coroutine_threadsafe(asyncio.start_server(self._serve, "127.0.0.1", 0), self._loop)
        self.url = f"http://127.0.0.1:{opened.result(10).sockets[0].getsockname()[1]}"
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(2 * self._half_s)  # the handshake
        with suppress(OSError):
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port)
            await asyncio.gather(
                self._pass(reader, far_writer, down=False),
                self._pass(far_reader, writer, down=True),
                return_exceptions=True,
            )
            far_writer.close()
        writer.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, down: bool) -> None:
        pieces: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(maxsize=64)
        ahead = asyncio.create_task(self._deliver(pieces, writer))
        while piece := await reader.read(_PIECE):
            now = self._loop.time()
            if down:
                self.bytes += len(piece)
                self._free_at = max(now, self._free_at) + len(piece) / self._bytes_s
                await pieces.put((self._free_at + self._half_s, piece))
                await asyncio.sleep(max(self._free_at - now, 0))
            else:
                await pieces.put((now + self._half_s, piece))
        await pieces.put((0.0, b""))
        await ahead

    async def _deliver(self, pieces: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
        while True:
            due, piece = await pieces.get()
            await asyncio.sleep(max(due - self._loop.time(), 0))
            if not piece:
                with suppress(OSError):
                    writer.write_eof()
                return
            writer.write(piece)
            await writer.drain()
