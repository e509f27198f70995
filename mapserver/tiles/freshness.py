"""What this process knows of a county's changes, and for how long it may rely on it.

The truth is the table ``tile_change``. A look at it is good for 50 milliseconds; a finished tile is given only while the last look is,
so a change is seen within 50 ms of its commit whether or not any NOTIFY came; when one comes, at once.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from dataclasses import dataclass, field

from database.connection.engine import Database
from database.rights.scope import Scope
from layers.tiles.watch import OLDEST_S, Box, current_moment, read_changes_at_once
from mapserver.door.gate import Gate
from mapserver.tiles.cache import Entry, TileCache, TileKey

#: How long a look at the changes is relied on.
TRUST_S = 0.05
#: While tiles are asked for, the next look begins when the last one is so old.
AHEAD_S = 0.03
#: So many sets of changes are remembered for tiles that were being made meanwhile.
REMEMBERED = 64


@dataclass
class _County:
    lock: threading.Lock = field(default_factory=threading.Lock)
    moment: str | None = None
    looked_at: float = float("-inf")
    generation: int = 0
    recent: deque[tuple[int, list[Box] | None]] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    looking: asyncio.Task[int] | None = None


class Freshness:
    """The changes of the counties that are asked for; drops the tiles they touch from the cache."""

    def __init__(self, database: Database, cache: TileCache, gate: Gate) -> None:
        self._database, self._gate = database, gate
        self._cache = cache
        self._counties: dict[str, _County] = {}

    def is_fresh(self, county: str) -> bool:
        """True while the last look is good. Begins the next one before it ends, so that nobody waits while many ask."""
        state = self._counties.get(county)
        if state is None:
            return False
        age = time.monotonic() - state.looked_at
        if age > AHEAD_S:
            self._begin(state, county)
        return age <= TRUST_S

    def _begin(self, state: _County, county: str) -> asyncio.Task[int]:
        if state.looking is None or state.looking.done():
            state.looking = asyncio.create_task(self.look_again(county))
            state.looking.add_done_callback(lambda done: done.cancelled() or done.exception())  # nobody may wait for it
        return state.looking

    async def look_again(self, county: str) -> int:
        """A look in a thread. Raises ServerBusy."""
        return await self._gate.run(lambda: self.look(county))

    async def ensure(self, county: str) -> int:
        """Look again unless the last look is good; returns the generation. Those who wait together share one look."""
        state = self._counties.setdefault(county, _County())
        if time.monotonic() - state.looked_at > TRUST_S:
            await asyncio.shield(self._begin(state, county))
        return state.generation

    def generation(self, county: str) -> int | None:
        """The generation of the last look, however old; None before the first. A tile made from now on shows at least what it saw."""
        state = self._counties.get(county)
        return None if state is None or state.moment is None else state.generation

    def doubt(self, county: str) -> None:
        """A NOTIFY came: the last look is good no longer."""
        state = self._counties.get(county)
        if state is not None:
            state.looked_at = min(state.looked_at, time.monotonic() - TRUST_S)

    def look(self, county: str) -> int:
        """Read what committed since the last look and drop what it touches; returns the generation, which grows with changes."""
        state = self._counties.setdefault(county, _County())
        with state.lock:
            started = time.monotonic()
            scope = Scope.of_system(county, "tiles")
            boxes: list[Box] | None = None
            if state.moment is None or started - state.looked_at > OLDEST_S:
                with self._database.transaction(scope) as connection:
                    state.moment = current_moment(connection)
            else:
                state.moment, boxes = read_changes_at_once(self._database, scope, state.moment)
            if boxes is None:
                self._cache.clear(county)
            elif boxes:
                self._cache.drop(county, boxes)
            if boxes is None or boxes:
                state.generation += 1
                state.recent.append((state.generation, boxes))
            state.looked_at = started
            return state.generation

    def keep(self, key: TileKey, entry: Entry, generation: int) -> None:
        """Keep a tile that was made after this generation, unless something touched it meanwhile."""
        state = self._counties[key.county]
        with state.lock:
            later = [boxes for number, boxes in state.recent if number > generation]
            if len(later) < state.generation - generation:
                return  # more happened than is remembered
            if not any(boxes is None or _hit(boxes, key) for boxes in later):
                self._cache.put(key, entry)


def _hit(boxes: list[Box], key: TileKey) -> bool:
    return any(box.touches(key.layers, key.z, key.x, key.y) for box in boxes)
