"""Changes pushed to open maps: which tiles to ask for again, never what is in them, and only inside the reader's scope.

NOTIFY makes it quick; without it the county is looked at every second while somebody reads. Each reader asks for
its own changes in a transaction of its own scope, so row-level security decides what it is told.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial

import orjson
import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from access.accounts.accounts import Account
from database.connection.engine import Database
from database.connection.listen import Listener
from layers.tiles.watch import BOX_ZOOM, CHANNEL, current_moment, read_changes
from mapserver.door.gate import Gate, ServerBusy
from mapserver.tiles.freshness import Freshness
from mapserver.tiles.rights import permitted_layers

log = structlog.get_logger()

#: How often a county is looked at while somebody reads and no NOTIFY comes.
LOOK_S = 1.0
#: Changes that come together are told together.
GATHER_S = 0.05
#: A line is sent at least so often, so that a dead connection is noticed on both sides.
HEARTBEAT_S = 15.0


class ChangeFeed:
    """Readers of this process, a listener, and one look-out a county while it has readers."""

    def __init__(self, database: Database, freshness: Freshness, gate: Gate) -> None:
        self._database, self._gate = database, gate
        self._freshness = freshness
        self._readers: dict[str, set[asyncio.Event]] = defaultdict(set)
        self._rung: dict[str, asyncio.Event] = {}
        self._lookouts: dict[str, asyncio.Task[None]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self.closed = False
        self._listeners: list[Listener] = []
        database.for_each_server(self._listen)

    def close(self) -> None:
        """Stop listening; every reader ends."""
        self.closed = True
        for listener in self._listeners:
            listener.stop()
        for readers in self._readers.values():
            for news in readers:
                news.set()

    async def read(self, account: Account, since: str | None) -> AsyncIterator[bytes | None]:
        """Lines of text/event-stream; None where nothing happened for a while, so that the caller may look at the account again.

        since: the Last-Event-ID of a reader that comes back, already checked.
        """
        news = asyncio.Event()
        self._enter(account.county, news)
        try:
            try:
                moment = since if since is not None else await self._gate.run(lambda: self._now(account))
            except (ServerBusy, SQLAlchemyError):
                return  # the reader comes back by itself
            yield _message(moment, "ready", {"zoom": BOX_ZOOM})
            news.set()  # what happened since
            while not self.closed:
                try:
                    await asyncio.wait_for(news.wait(), HEARTBEAT_S)
                except TimeoutError:
                    yield None
                    continue
                await asyncio.sleep(GATHER_S)
                news.clear()
                try:
                    moment, boxes = await self._gate.run(partial(self._changes, account, moment))
                except (ServerBusy, SQLAlchemyError) as error:
                    news.set()  # told in the next round; the database may be away for a moment
                    if isinstance(error, SQLAlchemyError):
                        await asyncio.sleep(LOOK_S)
                        yield None
                    continue
                if boxes:
                    yield _message(moment, "change", {"zoom": BOX_ZOOM, "layers": boxes})
        finally:
            self._readers[account.county].discard(news)

    def _now(self, account: Account) -> str:
        with self._database.transaction(account.scope) as connection:
            return current_moment(connection)

    def _changes(self, account: Account, since: str) -> tuple[str, dict[str, list[list[int]]]]:
        allowed = permitted_layers(account.role)
        with self._database.transaction(account.scope) as connection:
            moment, boxes = read_changes(connection, since)
        by_layer: dict[str, list[list[int]]] = {}
        for box in boxes:
            if box.layer in allowed:
                by_layer.setdefault(box.layer, []).append(list(box[1:]))
        return moment, by_layer

    def _enter(self, county: str, news: asyncio.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._readers[county].add(news)
        lookout = self._lookouts.get(county)
        if lookout is None or lookout.done():
            self._rung[county] = asyncio.Event()
            self._lookouts[county] = asyncio.create_task(self._look_out(county))

    def _listen(self, engine: Engine) -> None:
        """One listener a server."""
        listener = Listener(engine, CHANNEL, self._on_notify, lambda: None)
        self._listeners.append(listener)
        if not self.closed:
            listener.start()

    def _on_notify(self, counties: set[str]) -> None:
        """Called by the listener's thread."""
        for county in counties:
            self._freshness.doubt(county)
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._ring, counties)

    def _ring(self, counties: set[str]) -> None:
        for county in counties & self._rung.keys():
            self._rung[county].set()

    async def _look_out(self, county: str) -> None:
        """Look at each NOTIFY, and every second; wake the readers when something changed."""
        generation: int | None = None
        while self._readers[county] and not self.closed:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._rung[county].wait(), LOOK_S)
            self._rung[county].clear()
            try:
                now = await self._freshness.look_again(county)
            except (ServerBusy, SQLAlchemyError) as error:
                log.warning("tiles.look-out", county=county, error=type(error).__name__)
                continue
            if now != generation:
                generation = now
                for news in self._readers[county]:
                    news.set()


def _message(moment: str, event: str, data: dict[str, object]) -> bytes:
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (moment.encode(), event.encode(), orjson.dumps(data))
