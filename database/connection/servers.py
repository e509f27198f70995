"""The servers of one process: the home server, which holds schema ``platform``, and those that other counties live on.

Which county lives where is asked of ``platform.county`` and relied on for ``TRUST_S``; a county nobody has heard of is looked up at
once. Of each server there is one pool, opened when it is first needed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from database.connection.address import url_at
from database.connection.server import Server, Size
from database.connection.work import Work

#: How long an answer to "which county lives where" is relied on.
TRUST_S = 5.0
#: As JSON, for a schema that is not migrated yet has no column ``server``.
_ADDRESSES = text("SELECT code, to_jsonb(c) ->> 'server' AS server FROM platform.county c")

#: Of the pool of a server elsewhere: the home server.
_home_of: WeakKeyDictionary[Engine, Server] = WeakKeyDictionary()


class Servers:
    """size: of each pool. work: the limits that connections have from the start."""

    def __init__(self, url: str, size: Size, work: Work) -> None:
        self._size, self._work = size, work
        self.home = Server(url, size, work, elsewhere=False)
        self._elsewhere: dict[str, Server] = {}
        self._addresses: dict[str, str | None] = {}
        self._looked_at = float("-inf")
        self._looking = threading.Lock()
        self._guard = threading.Lock()
        self._callbacks: list[Callable[[Engine], None]] = []

    def of(self, county: str) -> Server:
        """The server a county lives on; the home server of one that does not exist. Raises SQLAlchemyError when nobody can say."""
        if county not in self._addresses or time.monotonic() - self._looked_at > TRUST_S:
            self._look(needed=county not in self._addresses)
        address = self._addresses.get(county)
        return self.home if address is None else self._at(address)

    def elsewhere(self) -> list[tuple[Server, list[str]]]:
        """The other servers, each with the codes of its counties. Raises SQLAlchemyError when the home server is away."""
        self._look(needed=True)
        codes: dict[str, list[str]] = {}
        for county, address in self._addresses.items():
            if address is not None:
                codes.setdefault(address, []).append(county)
        return [(self._at(address), sorted(codes[address])) for address in sorted(codes)]

    def for_each(self, call: Callable[[Engine], None]) -> None:
        """Call with the engine of each server in use, now and when another is first used."""
        with self._guard:
            self._callbacks.append(call)
            engines = [server.engine for server in self.opened()]
        for engine in engines:
            call(engine)

    def opened(self) -> list[Server]:
        """The servers in use."""
        return [self.home, *self._elsewhere.values()]

    def _at(self, address: str) -> Server:
        server = self._elsewhere.get(address)
        if server is not None:
            return server
        with self._guard:
            server = self._elsewhere.get(address)
            if server is not None:
                return server
            server = Server(url_at(self.home.url, address), self._size, self._work, elsewhere=True)
            _home_of[server.engine] = self.home
            self._elsewhere[address] = server
            callbacks = list(self._callbacks)
        for call in callbacks:
            call(server.engine)
        return server

    def _look(self, *, needed: bool) -> None:
        """needed: what is known will not do. Otherwise whoever is first looks, and the others rely on it meanwhile."""
        if not self._looking.acquire(blocking=needed):
            return
        try:
            with self.home.begin() as connection:
                self._addresses = addresses_of_counties(connection)
        except SQLAlchemyError:
            if needed:
                raise
        finally:
            self._looked_at = time.monotonic()
            self._looking.release()


def addresses_of_counties(connection: Connection) -> dict[str, str | None]:
    """County → the address of its server, None for this one. connection: to the home server."""
    return {row.code: row.server for row in connection.execute(_ADDRESSES)}


def home_of(connection: Connection) -> Server | None:
    """The home server, of a connection to another one; None of a connection to the home server."""
    return _home_of.get(connection.engine)
