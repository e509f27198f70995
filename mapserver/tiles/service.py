"""A tile for an account: from memory while nothing changed, else made once for all who wait for it."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from access.accounts import Account
from database.engine import Database
from database.scope import Scope
from layers.tiles.catalogue import is_personal
from layers.tiles.tile import check_tile, read_tile
from mapserver.context import Context
from mapserver.tiles.cache import Entry, TileCache, TileKey
from mapserver.tiles.feed import ChangeFeed
from mapserver.tiles.freshness import Freshness
from mapserver.tiles.known_accounts import KnownAccounts
from mapserver.tiles.rights import check_permitted


class TileService:
    """The finished tiles of this process; opened with the application."""

    def __init__(self, context: Context) -> None:
        self._database: Database = context.database
        self.cache = TileCache(context.settings.tile_cache_mb * 2**20)
        self.freshness = Freshness(context.database, self.cache)
        self.accounts = KnownAccounts(context)
        self.feed = ChangeFeed(context.database, self.freshness)
        self._making: dict[tuple[TileKey, int], asyncio.Task[Entry]] = {}

    def close(self) -> None:
        """Stop listening; open feeds end."""
        self.feed.close()

    async def warm(self, key: TileKey) -> Entry | None:
        """The finished tile, when there is one that no change has touched."""
        if not self.freshness.is_fresh(key.county):
            if key not in self.cache:
                return None
            with suppress(Exception):  # the ordinary way asks again and reports what is wrong
                await self.freshness.ensure(key.county)
            if not self.freshness.is_fresh(key.county):
                return None
        return self.cache.get(key)

    async def tile(self, account: Account, layers: tuple[str, ...], z: int, x: int, y: int) -> Entry:
        """The tile as this account may see it. Raises UnknownLayer, NotPermitted, TileOutOfRange."""
        check_permitted(layers, account)
        check_tile(z, x, y)
        key = key_of(account, layers, z, x, y)
        generation = await self.freshness.ensure(key.county)
        entry = self.cache.get(key)
        if entry is not None:
            return entry
        # whoever saw another generation makes their own: the one under way may have begun before the change
        making = self._making.get((key, generation))
        if making is None:
            making = asyncio.create_task(asyncio.to_thread(self._make, account.scope, key, generation))
            self._making[key, generation] = making
            making.add_done_callback(lambda _done: self._making.pop((key, generation), None))
        return await asyncio.shield(making)

    def _make(self, scope: Scope, key: TileKey, generation: int) -> Entry:
        with self._database.transaction(scope) as connection:
            tile = read_tile(connection, key.layers, key.z, key.x, key.y)
        entry = Entry(tile, personal=is_personal(key.layers))
        self.freshness.keep(key, entry, generation)
        return entry


def key_of(account: Account, layers: tuple[str, ...], z: int, x: int, y: int) -> TileKey:
    """Under which key the tile of this account is kept."""
    return TileKey(account.county, account.role.value, account.prefixes, layers, z, x, y)
