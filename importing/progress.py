"""How far an import is, for whoever waits for it (进度): written on a connection of its own while the import's transaction runs.

The same look hears that the import is to end; then its running statement is cancelled, and its next safe point raises.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

import psycopg
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from database.connection.engine import Database, raw
from database.rights.scope import Scope
from importing.errors import ImportCancelled
from importing.vocabulary import ImportStage

#: Called with the stage and the rows it has done.
Progress = Callable[[ImportStage, int], None]
#: How often it is said how far the import is, and heard whether it goes on.
BEAT_S = 1.0
#: How long one waits until the database has taken the word that a statement ends.
_CANCEL_S = 5.0
_BEAT = text(
    "UPDATE import_batch SET stage = :stage, rows_done = :done, rows_total = coalesce(:total, rows_total), "
    "progressed_at = clock_timestamp() WHERE id = :id AND state = 'staged' RETURNING cancelled_by"
)


class Watch:
    """The progress of one import, as a context manager around its transaction.

    shown: is told as well, at once and in the thread of the work. No value of a row passes through here.
    """

    def __init__(self, database: Database, scope: Scope, batch_id: int, shown: Progress | None = None) -> None:
        self._database = database
        self._scope = scope
        self._batch_id = batch_id
        self._shown = shown
        self._stage = ImportStage.READ
        self._done = 0
        self._total: int | None = None
        self._driver: psycopg.Connection[object] | None = None
        self._guard = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat_on, name=f"import-{batch_id}", daemon=True)
        #: who asked that the import ends
        self.cancelled_by: str | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def follow(self, connection: Connection) -> None:
        """From now on the statement that runs on this connection is ended with the import."""
        with self._guard:
            self._driver = raw(connection)

    def leave(self, connection: Connection) -> None:
        """The work on this connection is over. One on which a statement may still be cancelled is not used again."""
        with self._guard:
            self._driver = None
        if self.cancelled_by is not None:
            connection.invalidate()

    def count(self, rows: int) -> None:
        """The rows of the file, once it was read."""
        self._total = rows

    def report(self, stage: ImportStage, done: int) -> None:
        """A safe point: say what is done. Raises ImportCancelled when the import is to end."""
        self._stage, self._done = stage, done
        if self.cancelled_by is not None:
            raise ImportCancelled(self.cancelled_by, by=self.cancelled_by)
        if self._shown is not None:
            self._shown(stage, done)

    def _beat_on(self) -> None:
        while not self._ended.wait(BEAT_S):
            if self.cancelled_by is None:
                # a database that is away ends the import itself
                with suppress(SQLAlchemyError, psycopg.Error):
                    self._beat()
            if self.cancelled_by is not None:
                self._cancel()

    def _beat(self) -> None:
        values = {"stage": self._stage, "done": self._done, "total": self._total, "id": self._batch_id}
        with self._database.transaction(self._scope) as connection:
            found = connection.execute(_BEAT, values).one_or_none()
        if found is not None:
            self.cancelled_by = found.cancelled_by

    def _cancel(self) -> None:
        with self._guard, suppress(psycopg.Error):
            if self._driver is not None:
                self._driver.cancel_safe(timeout=_CANCEL_S)
