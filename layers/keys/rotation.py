"""Keys added, rotated and retired while the server runs: ``onemap keys``.

A new version is first made known, so that every process can find what it makes; when the imports that did not know it have
ended, it becomes the current one, and every value is sealed and hashed anew. Searches and imports meanwhile try the hashes of
every known version.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from sqlalchemy import text

from access.audit.record import record_platform
from database.connection.engine import Database
from database.connection.turn import wait_for_turn
from database.errors import Missing, Taken
from database.installation.keys import Key, KeyRing, KeySource, Suite
from database.installation.settings import Settings, change_keys
from database.rights.scope import Scope
from database.secrets.reseal import Resealed, SealedTable, check_complete, count_by_key, reseal_table
from database.secrets.seal import Sealer, header
from database.upgrade.counties import county_codes
from layers.keys.sealed_tables import COUNTY_TABLES, PLATFORM_TABLES

#: by then every running process has looked at the secrets file again
NOTICE_S = 1.0
MOST_PASSES = 5
LOCK_FILE = "keys.lock"
_ACTOR = "keys"

Progress = Callable[[str, int], None]


class KeyUnknown(Missing):
    """没有这个版本的密钥 | There is no key of this version"""


class KeysBusy(Taken):
    """另一个密钥操作正在进行 | Another command is changing the keys"""


class KeyInUse(Taken):
    """密钥仍在使用，不能停用 | The key is still in use and cannot be retired"""


@dataclass
class KeyUse:
    """One version. values: sealed with it. unbound: of these, in the first format."""

    key: Key
    current: bool
    values: int = 0
    unbound: int = 0


@dataclass
class Rotation:
    """What a rotation did. left: values that could not be sealed anew, named by table and key."""

    version: int
    suite: Suite
    added: bool
    rows: dict[str, int] = field(default_factory=dict)
    closed: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)

    @property
    def finished(self) -> bool:
        """Nothing is left of older versions."""
        return not self.closed and not self.twice


class KeyKeeper:
    """The keys of an installation and everything sealed with them. source: as the running processes have it."""

    def __init__(self, database: Database, settings: Settings, source: KeySource) -> None:
        self._database = database
        self._settings = settings
        self._source = source
        self._sealer = Sealer(source)

    def list_keys(self) -> list[KeyUse]:
        """Every version with the number of values it sealed. Raises SealedColumnUnknown."""
        ring = self._source.ring(now=True)
        uses = {version: KeyUse(key, version == ring.current) for version, key in sorted(ring.keys.items())}
        by_header = {header(key): version for version, key in ring.keys.items()}
        for start, n in self._count().items():
            version = 1 if len(start) == 1 else by_header.get(start)
            if version in uses:
                uses[version].values += n
                uses[version].unbound += n if len(start) == 1 else 0
        return list(uses.values())

    def add(self) -> Key:
        """Make a new version known, in the suite of the settings; nothing is sealed with it yet."""
        with self._alone():
            return self._add()

    def _add(self) -> Key:
        return self._change("key_add", lambda ring: _with_new(ring, self._settings.crypto_suite)).newest

    def rotate(self, progress: Progress | None = None, *, new: bool = False) -> Rotation:
        """Make the newest version the current one and seal everything anew.

        A version is added when the newest is current already and nothing is left to do; so after an interruption the same
        call goes on. Raises KeysBusy. new: add one in any case. Values that do not open, and hashes that are there twice, are named and left.
        """
        with self._alone():
            return self._rotate(progress, new)

    def _rotate(self, progress: Progress | None, new: bool) -> Rotation:
        self._check()
        ring = self._source.ring(now=True)
        added = new or (ring.newest.version == ring.current and not self._left(ring))
        if added:
            self._add()
        self._activate()
        ring = self._source.ring(now=True)
        done = Rotation(ring.current, ring.key.suite, added)
        for _ in range(MOST_PASSES):
            found = self._pass(done, progress)
            self._wait_for_imports()  # what they seal with the key of before is visible now
            if not found or not self._left(ring):
                break
        if done.finished and not self._left(ring):
            self._change("key_rotate", lambda ring: replace(ring, unbound=False))
        return done

    def retire(self, version: int) -> None:
        """Forget a version. Raises KeyUnknown, KeysBusy; KeyInUse while it is current or any value still needs it."""
        with self._alone():
            self._retire(version)

    def _retire(self, version: int) -> None:
        self._check()
        self._wait_for_imports()
        use = next((use for use in self.list_keys() if use.key.version == version), None)
        if use is None:
            raise KeyUnknown(str(version))
        if use.current or use.values:
            raise KeyInUse(
                "当前密钥 / it is current" if use.current else f"{use.values} 个值 / values: onemap keys rotate",
                values=use.values,
            )
        self._change("key_retire", lambda ring: _without(ring, version))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One change of the keys at a time; the system gives the lock back when a process is killed. Raises KeysBusy."""
        with (self._settings.home / LOCK_FILE).open("ab") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise KeysBusy from None
            yield

    def _activate(self) -> None:
        ring = self._source.ring(now=True)
        if ring.newest.version == ring.current:
            return
        time.sleep(NOTICE_S)  # every process shall know the key before a row has its hash
        self._wait_for_imports()  # and so shall every import, which computes its hashes when it begins
        self._change("key_rotate", lambda ring: replace(ring, current=ring.newest.version))
        time.sleep(NOTICE_S)

    def _pass(self, done: Rotation, progress: Progress | None) -> int:
        """Every table once; returns how many rows were written."""
        rows, done.closed, done.twice = 0, [], []
        for county, tables in self._places():
            for table in tables:
                found = self._reseal(county, table, progress)
                rows += found.rows
                done.rows[table.name] = done.rows.get(table.name, 0) + found.rows
                done.closed += [f"{county or 'platform'} {name}" for name in found.closed]
                done.twice += [f"{county or 'platform'} {name}" for name in found.twice]
        return rows

    def _reseal(self, county: str | None, table: SealedTable, progress: Progress | None) -> Resealed:
        def tell(n: int) -> None:
            if progress is not None:
                progress(table.name, n)

        return reseal_table(lambda: self._begin(county), table, self._sealer, tell)

    def _begin(self, county: str | None):  # type: ignore[no-untyped-def]
        return self._database.platform() if county is None else self._database.transaction(_scope(county))

    def _places(self) -> list[tuple[str | None, tuple[SealedTable, ...]]]:
        with self._database.platform() as connection:
            codes = county_codes(connection)
        return [(None, PLATFORM_TABLES), *((code, COUNTY_TABLES) for code in codes)]

    def _count(self) -> dict[bytes, int]:
        counts: dict[bytes, int] = {}
        for county, tables in self._places():
            with self._begin(county) as connection:
                for table in tables:
                    for start, n in count_by_key(connection, table).items():
                        counts[start] = counts.get(start, 0) + n
        return counts

    def _left(self, ring: KeyRing) -> int:
        return sum(n for start, n in self._count().items() if start != header(ring.key))

    def _check(self) -> None:
        for county, tables in self._places():
            if county is not None:
                with self._begin(county) as connection:
                    check_complete(connection, [*tables, *PLATFORM_TABLES])

    def _wait_for_imports(self) -> None:
        for county, _tables in self._places():
            if county is not None:
                with self._begin(county) as connection:
                    connection.execute(text("SET LOCAL lock_timeout = 0"))
                    connection.execute(text("SET LOCAL statement_timeout = 0"))
                    wait_for_turn(connection, county)

    def _change(self, action: str, change: Callable[[KeyRing], KeyRing]) -> KeyRing:
        ring = change_keys(self._settings.home, change)
        with self._database.platform() as connection:
            record_platform(connection, action, actor=_ACTOR, target=f"key:{ring.newest.version}")
        return self._source.ring(now=True)


def _scope(county: str) -> Scope:
    return Scope.of_system(county, _ACTOR)


def _with_new(ring: KeyRing, suite: Suite) -> KeyRing:
    key = Key.fresh(ring.newest.version + 1, suite)
    return replace(ring, keys={**ring.keys, key.version: key})


def _without(ring: KeyRing, version: int) -> KeyRing:
    return replace(ring, keys={number: key for number, key in ring.keys.items() if number != version})
