"""A tile for an account: from memory while nothing changed, else made once for all who wait for it."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress

from access.accounts.accounts import Account
from access.sign_in.limits import Limit
from database.connection.engine import Database
from database.connection.work import work_of_tiles
from database.installation.processes import place
from database.rights.scope import Scope
from layers.tiles.catalogue import is_personal
from layers.tiles.tile import check_tile, read_tile_at_once
from mapserver.door.account_cache import MOST, CachedAccount
from mapserver.door.door import Door
from mapserver.tiles.cache import Entry, TileCache, TileKey
from mapserver.tiles.feed import ChangeFeed
from mapserver.tiles.freshness import TRUST_S, Freshness
from mapserver.tiles.rights import check_permitted


class Quota:
    """Tiles of a second, by credential. They are taken from the limit a few at a time: a tile given from memory costs less than an
    act that all processes count."""

    def __init__(self, most: int) -> None:
        self._limit = Limit("tiles", f"{most}/second", moving=False)
        self._at_once = max(1, most // (16 * place().count))
        self._taken: dict[bytes, tuple[int, float]] = {}

    def take(self, credential: bytes) -> None:
        """One more. Raises TooManyRequests when the second's are used up."""
        left, until = self._taken.get(credential, (0, 0.0))
        if left == 0 or until <= time.monotonic():
            if len(self._taken) >= MOST:
                self._taken.clear()
            self._limit.hit(credential.hex(), self._at_once)
            left, until = self._at_once, time.monotonic() + 1.0
        self._taken[credential] = left - 1, until


class TileService:
    """The finished tiles of this process; opened with the application."""

    def __init__(self, door: Door) -> None:
        settings = door.context.settings
        self._gate = door.work
        self._database: Database = door.context.database.of(work_of_tiles(settings))
        self.cache = TileCache(settings.tile_cache_mb * 2**20)
        self.freshness = Freshness(self._database, self.cache, door.looks)
        self.accounts = door.accounts
        self._quota = Quota(settings.tiles_per_second)
        self.feed = ChangeFeed(self._database, self.freshness, door.looks)
        self._making: dict[tuple[TileKey, int], tuple[asyncio.Task[Entry], float]] = {}

    def close(self) -> None:
        """Stop listening; open feeds end."""
        self.feed.close()

    def at_hand(self, key: TileKey) -> Entry | None:
        """The finished tile, when the last look at the changes is good still; in this order, for a look may drop it."""
        return self.cache.get(key) if key in self.cache and self.freshness.is_fresh(key.county) else None

    async def warm(self, key: TileKey) -> Entry | None:
        """The finished tile, when there is one that no change has touched."""
        if key not in self.cache:
            return None
        if not self.freshness.is_fresh(key.county):
            with suppress(Exception):  # the ordinary way asks again and reports what is wrong
                await self.freshness.ensure(key.county)
            if not self.freshness.is_fresh(key.county):
                return None
        return self.cache.get(key)

    def count(self, cached: CachedAccount) -> None:
        """Count a tile given to a credential. Raises TooManyRequests when it had its tiles of this second."""
        self._quota.take(cached.credential)

    async def tile(self, account: Account, layers: tuple[str, ...], z: int, x: int, y: int) -> Entry:
        """The tile as this account may see it. Raises UnknownLayer, NotPermitted, TileOutOfRange."""
        check_permitted(layers, account)
        check_tile(z, x, y)
        key = key_of(account, layers, z, x, y)
        generation = self.freshness.generation(key.county)
        if generation is None or key in self.cache:
            generation = await self.freshness.ensure(key.county)
            entry = self.cache.get(key)
            if entry is not None:
                return entry
        # what is made from now on is fresh by itself; whoever saw another generation, or comes long after it was begun, makes their own:
        # the one under way may have begun before the change
        making, begun = self._making.get((key, generation), (None, 0.0))
        if making is None or time.monotonic() - begun > TRUST_S:
            making = asyncio.create_task(self._gate.run(lambda: self._make(account.scope, key, generation)))
            self._making[key, generation] = making, time.monotonic()
            making.add_done_callback(lambda done: self._made(done, key, generation))
        return await asyncio.shield(making)

    def _made(self, making: asyncio.Task[Entry], key: TileKey, generation: int) -> None:
        if self._making.get((key, generation), (None,))[0] is making:
            del self._making[key, generation]
        if not making.cancelled():
            making.exception()  # whoever still waits is told; nobody may wait any more

    def _make(self, scope: Scope, key: TileKey, generation: int) -> Entry:
        tile = read_tile_at_once(self._database, scope, key.layers, key.z, key.x, key.y)
        entry = Entry(tile, personal=is_personal(key.layers))
        self.freshness.keep(key, entry, generation)
        return entry


def key_of(account: Account, layers: tuple[str, ...], z: int, x: int, y: int) -> TileKey:
    """Under which key the tile of this account is kept."""
    return TileKey(account.county, account.role.value, account.prefixes, layers, z, x, y)
