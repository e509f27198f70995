"""Turns: of many requests that arrive in one moment, a few begin in each round of the event loop, so that no round is long.

Without them five hundred requests at once are read, routed and queued in one round, and ``/healthz`` waits behind them all.
"""

from __future__ import annotations

import asyncio
from collections import deque


class Turns:
    """a_round: how many begin in one round; the others follow in the next ones, first come, first served."""

    def __init__(self, a_round: int = 2) -> None:
        self._a_round = self._left = a_round
        self._queue: deque[asyncio.Future[None]] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def take(self) -> None:
        """Returns when it is this request's turn."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._left = loop, self._a_round
            loop.call_soon(self._next_round)
        if self._left and not self._queue:
            self._left -= 1
            return
        place = loop.create_future()
        self._queue.append(place)
        await place

    def _next_round(self) -> None:
        self._left = self._a_round
        while self._queue and self._left:
            place = self._queue.popleft()
            if not place.done():
                self._left -= 1
                place.set_result(None)
        if self._left == self._a_round:
            self._loop = None  # nobody came: rest until somebody does
        elif self._loop is not None:
            self._loop.call_soon(self._next_round)
