"""Admission: so many pieces of work at once as there are connections, a short queue in front, and a clear answer to the rest.

A piece of work runs in one worker thread from taking its connection to giving it back: nobody who holds a connection
waits for a thread, and nobody who holds a thread waits for a connection.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from contextvars import copy_context
from typing import TypeVar

from database.errors import Unavailable

T = TypeVar("T")


class ServerBusy(Unavailable):
    """系统繁忙，请稍后再试 | The server is busy; try again later

    ``facts["retry_after_s"]``: whole seconds to wait; sent as ``Retry-After``.
    """


class Gate:
    """slots: work at the same time, a thread each. queue: how many may wait. patience_s: for how long. First come, first served."""

    def __init__(self, name: str, slots: int, *, queue: int, patience_s: float) -> None:
        self._slots = self._free = slots
        self._most, self._patience_s = queue, patience_s
        self._queue: deque[asyncio.Future[None]] = deque()
        self._threads = ThreadPoolExecutor(slots, thread_name_prefix=f"onemap-{name}")

    @property
    def busy(self) -> int:
        """How many slots are taken."""
        return self._slots - self._free

    @property
    def waiting(self) -> int:
        """How many wait for a slot."""
        return len(self._queue)

    def close(self) -> None:
        """Take no more work; what is under way ends by itself."""
        self._threads.shutdown(wait=False)

    def wait(self, seconds: float) -> int:
        """Wait until the work under way has ended, but not longer; returns how much has not."""
        until = time.monotonic() + seconds
        while self.busy and time.monotonic() < until:
            time.sleep(0.02)
        return self.busy

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """A slot for as long as the block lasts. Raises ServerBusy when the queue is full or does not move."""
        await self._enter()
        try:
            yield
        finally:
            self._leave()

    async def run(self, work: Callable[[], T]) -> T:
        """What the work returns, done in a thread with a slot of its own. Raises ServerBusy, and what the work raises."""
        async with self.slot():
            return await self.run_inside(work)

    async def run_inside(self, work: Callable[[], T]) -> T:
        """The same for one who holds a slot already."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, copy_context().run, work)

    async def _enter(self) -> None:
        if self._free and not self._queue:
            self._free -= 1
            return
        if len(self._queue) >= self._most:
            raise self._refusal()
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(place)
        try:
            async with asyncio.timeout(self._patience_s):
                await place
        except BaseException as error:
            if place.done() and not place.cancelled():
                self._leave()  # the slot came in the same moment
            elif place in self._queue:
                self._queue.remove(place)
            if isinstance(error, TimeoutError):
                raise self._refusal() from None
            raise

    def _leave(self) -> None:
        while self._queue:
            place = self._queue.popleft()
            if not place.done():
                place.set_result(None)
                return
        self._free += 1

    def _refusal(self) -> ServerBusy:
        seconds = max(1, math.ceil(self._patience_s))
        return ServerBusy(f"请在 {seconds} 秒后再试 / try again in {seconds} s", retry_after_s=seconds)
