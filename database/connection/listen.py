"""LISTEN on a channel of the server, on a connection of one's own, for as long as the process has its pool."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

import psycopg
import structlog
from sqlalchemy import Engine

log = structlog.get_logger()

#: How long one wait for a notification lasts; also how soon the thread notices that it shall stop.
WAIT_S = 1.0
#: Even without a NOTIFY the listener calls ``on_reconnect`` so often: a pooler or a sharded server may lose notifications.
CHECK_S = 60.0
RETRY_S = (0.2, 1.0, 2.0)
CONNECT_S = 3


class Listener(threading.Thread):
    """A daemon thread. on_notify: called with the payloads that came together. on_reconnect: called after every (re)connection
    and every minute, for notifications that were lost. Errors of either are logged, never fatal."""

    def __init__(
        self, engine: Engine, channel: str, on_notify: Callable[[set[str]], None], on_reconnect: Callable[[], None]
    ) -> None:
        super().__init__(name=f"listen-{channel}", daemon=True)
        self._url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._channel = channel
        self._on_notify = on_notify
        self._on_reconnect = on_reconnect
        self._stopped = threading.Event()
        self.connected = threading.Event()
        self.backend_pid: int | None = None

    def run(self) -> None:
        """Listen until stopped; a lost connection is made again."""
        failures = 0
        while not self._stopped.is_set():
            try:
                with psycopg.connect(
                    self._url, autocommit=True, application_name="onemap-listen", connect_timeout=CONNECT_S
                ) as connection:
                    connection.execute(psycopg.sql.SQL("LISTEN {}").format(psycopg.sql.Identifier(self._channel)))
                    self.backend_pid = connection.info.backend_pid
                    failures = 0
                    self.connected.set()
                    self._listen(connection)
            except psycopg.Error as error:
                self.connected.clear()
                if failures == 0 and not self._stopped.is_set():
                    log.warning("listen.lost", channel=self._channel, error=type(error).__name__)
                self._stopped.wait(RETRY_S[min(failures, len(RETRY_S) - 1)])
                failures += 1

    def stop(self) -> None:
        """End the thread within about a second."""
        self._stopped.set()

    def _listen(self, connection: psycopg.Connection[tuple[object, ...]]) -> None:
        waited = CHECK_S
        while not self._stopped.is_set():
            if waited >= CHECK_S:
                waited = 0.0 if self._guarded(self._on_reconnect) else CHECK_S - WAIT_S
            payloads = {notify.payload for notify in connection.notifies(timeout=WAIT_S, stop_after=1)}
            payloads |= {notify.payload for notify in connection.notifies(timeout=0)}
            waited += WAIT_S
            if payloads and not self._guarded(partial(self._on_notify, payloads)):
                waited = CHECK_S

    def _guarded(self, work: Callable[[], None]) -> bool:
        """Whether the work was done; what failed is done again, with everything else, within about a second."""
        try:
            work()
        except Exception as error:
            cause = getattr(error, "orig", error)
            state = getattr(cause, "sqlstate", None)
            log.warning("listen.failed", channel=self._channel, error=type(cause).__name__, sqlstate=state)
            return False
        return True
