"""The libraries that a process holds in memory, one a county: built at the first question, kept fresh, let go when idle.

``library_of(connection)`` answers what the transaction may know: everything committed, and its own changes. The truth is
the table ``address_touch``; a listener only makes the work be done before somebody asks. A library holds the whole
county; what a scope may see of it is decided by row-level security, in ``gazetteer/matching/index/sight.py``.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

import structlog
from sqlalchemy import Connection, Engine, NullPool, create_engine, event, text
from sqlalchemy.exc import DBAPIError

from database.connection.listen import Listener
from database.rights.scope import Scope, enter_scope
from gazetteer.matching.index.build import Moment, build, read_moment, read_records
from gazetteer.matching.index.inherited import inherited_libraries
from gazetteer.matching.index.library import Library

log = structlog.get_logger()

CHANNEL = "onemap_address"
#: what ``platform.enter_scope`` says of a county that is not there (any more)
NO_COUNTY = "OM404"
#: More changed addresses than this are not kept beside the large segment: it is built again.
MANY_CHANGES = 10_000
#: A library nobody asked for this long is let go; the next question builds it again.
IDLE_S = 3600.0
#: A library that saw no touch for longer than touches are kept (a day) must not trust them.
OLDEST_S = 12 * 3600.0

#: served by ``ix_address_touch_xid``
_TOUCHED = text(
    "SELECT coalesce(t.xid = CAST(CAST(pg_current_xact_id_if_assigned() AS text) AS bigint), false) AS own, "
    "t.id, t.address_ids FROM address_touch t "
    "WHERE t.xid >= :oldest AND NOT pg_visible_in_snapshot(CAST(CAST(t.xid AS text) AS xid8), "
    "CAST(:snapshot AS pg_snapshot))"
)


@dataclass
class _Entry:
    """One county's library and what it has seen. lock: held while it is built or brought up to date."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    library: Library | None = None
    moment: Moment | None = None
    last_check: float = 0.0
    last_use: float = 0.0


class Registry:
    """The libraries of one database."""

    def __init__(self, engine: Engine) -> None:
        # connections of its own: a pool emptied by waiting requests could never serve the one they wait for
        self._engine = create_engine(engine.url, poolclass=NullPool, hide_parameters=True)
        self._entries: dict[str, _Entry] = {}
        self._guard = threading.Lock()
        self.closed = False
        url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        for county, found in inherited_libraries(url).items():
            self._entries[county] = _Entry(
                threading.Lock(), found.library, found.moment, found.last_check, time.monotonic()
            )
        self.listener = Listener(engine, CHANNEL, self._on_notify, self.refresh)
        self.listener.start()
        event.listen(engine, "engine_disposed", lambda _engine: self.close())

    def close(self) -> None:
        """Stop listening and let every library go."""
        self.closed = True
        self.listener.stop()
        self._entries.clear()

    def library(self, connection: Connection) -> Library:
        """The county's library as the transaction sees it, its own changes included."""
        county, filenode = connection.execute(
            text("SELECT substr(current_schema(), 2), coalesce(pg_relation_filenode('standard_address'), 0)::bigint")
        ).one()
        with self._guard:
            entry = self._entries.setdefault(county, _Entry())
        entry.last_use = time.monotonic()
        library, moment = entry.library, entry.moment
        if (
            library is None
            or moment is None
            or moment.filenode != filenode
            or time.monotonic() - entry.last_check > OLDEST_S
        ):
            library, moment = self._renew(county, entry, filenode)
        touched = connection.execute(_TOUCHED, {"oldest": moment.oldest, "snapshot": moment.snapshot}).all()
        if any(not row.own for row in touched):
            library = self._catch_up(county, entry)
        return _with_own(connection, library, [row for row in touched if row.own])

    def lend(self, county: str) -> tuple[Library, Moment] | None:
        """A library for the registry of a forked process, which shares its memory; None when there is none."""
        entry = self._entries.get(county)
        if entry is None or entry.library is None or entry.moment is None:
            return None
        return entry.library, entry.moment

    def adopt(self, county: str, snapshot: tuple[Library, Moment]) -> None:
        """Take over a library that another process built."""
        now = time.monotonic()
        self._entries[county] = _Entry(threading.Lock(), snapshot[0], snapshot[1], now, now)

    def refresh(self) -> None:
        """Bring every library up to date; let go what nobody asks for."""
        for county, entry in list(self._entries.items()):
            if time.monotonic() - entry.last_use > IDLE_S:
                self._entries.pop(county, None)
        self._on_notify(set(self._entries))

    def _on_notify(self, counties: set[str]) -> None:
        """Catch up with these counties. One that fails does not keep the others waiting; the failure is raised after them."""
        failed: DBAPIError | None = None
        for county in counties:
            entry = self._entries.get(county)
            try:
                if entry is not None and entry.library is not None:
                    self._catch_up(county, entry)
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) == NO_COUNTY:
                    self._entries.pop(county, None)
                else:
                    failed = error
        if failed is not None:
            raise failed

    def _renew(self, county: str, entry: _Entry, filenode: int) -> tuple[Library, Moment]:
        """Build the library; a second asker waits for the first and takes its work."""
        with entry.lock:
            fresh = time.monotonic() - entry.last_check <= OLDEST_S
            if entry.library is None or entry.moment is None or entry.moment.filenode != filenode or not fresh:
                self._build(county, entry)
            assert entry.library is not None and entry.moment is not None
            return entry.library, entry.moment

    def _build(self, county: str, entry: _Entry) -> None:
        start = time.perf_counter()
        with self._system(county) as connection:
            moment = read_moment(connection)
            library = build(connection)
        entry.library, entry.moment, entry.last_check = library, moment, time.monotonic()
        seconds = round(time.perf_counter() - start, 2)
        log.info("address_index.built", county=county, addresses=len(library), seconds=seconds)

    def _catch_up(self, county: str, entry: _Entry) -> Library:
        """Apply all committed changes since the library's moment."""
        with entry.lock:
            library, moment = entry.library, entry.moment
            if library is None or moment is None:
                self._build(county, entry)
                assert entry.library is not None
                return entry.library
            with self._system(county) as connection:
                now = read_moment(connection)
                parameters = {"oldest": moment.oldest, "snapshot": moment.snapshot}
                ids = {i for row in connection.execute(_TOUCHED, parameters) for i in row.address_ids}
                small = len(ids) + len(library.changed) <= MANY_CHANGES
                if ids and small and now.filenode == moment.filenode:
                    library = library.with_changes(ids, read_records(connection, ids))
            if not small or now.filenode != moment.filenode:
                self._build(county, entry)
            else:
                entry.library, entry.moment, entry.last_check = library, now, time.monotonic()
            assert entry.library is not None
            return entry.library

    @contextmanager
    def _system(self, county: str) -> Any:
        with self._engine.begin() as connection:
            enter_scope(connection, Scope.of_system(county, "address-index"))
            yield connection


def _with_own(connection: Connection, library: Library, own: Sequence[Any]) -> Library:
    """The library with the transaction's own changes; kept with the connection for the next question of the same."""
    if not own:
        return library
    key = (id(library), max(row.id for row in own), len(own))
    cached = connection.info.get("own_addresses")
    if cached is not None and cached[0] == key:
        return cached[1]  # type: ignore[no-any-return]
    ids = {i for row in own for i in row.address_ids}
    small = len(ids) <= MANY_CHANGES
    mine = library.with_changes(ids, read_records(connection, ids)) if small else build(connection)
    connection.info["own_addresses"] = (key, mine, library)
    return mine


_registries: WeakKeyDictionary[Engine, Registry] = WeakKeyDictionary()
_registries_guard = threading.Lock()


def registry_of(engine: Engine) -> Registry:
    """The registry of a pool's database, made at the first question."""
    with _registries_guard:
        found = _registries.get(engine)
        if found is None or found.closed or not found.listener.is_alive():
            found = _registries[engine] = Registry(engine)
        return found


def library_of(connection: Connection) -> Library:
    """The library of the county that the transaction has entered, as the transaction may know it."""
    return registry_of(connection.engine).library(connection)
