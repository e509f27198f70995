"""The embedded server is kept alive by those who use it for long: the web server and the worker.

A postmaster that dies (kill -9, out of memory) is started again at once, behind the lock of the cluster, by whichever
process notices first. One that was shut down in order gets a few seconds, for somebody may be starting it anew; then it is started
too: whoever wants it down stops its users first.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from database.embedded import process
from database.embedded.cluster import EmbeddedCluster
from database.errors import OnemapError

LOOK_S = 0.5
#: After an orderly end somebody else may be about to start it.
GRACE_S = 5.0
#: Between attempts that fail, and how long they are made before the process that needs the database ends.
AGAIN_S = (1.0, 2.0, 5.0)
GIVEN_UP_S = 60.0
log = logging.getLogger(__name__)

Lost = Callable[[Exception], None]


class ClusterKeeper(threading.Thread):
    """A daemon thread. lost: called once, from this thread, when the server could not be started for a minute."""

    def __init__(self, cluster: EmbeddedCluster, lost: Lost) -> None:
        super().__init__(name="onemap-keeper", daemon=True)
        self._cluster, self._lost = cluster, lost
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Keep it no longer; returns when no start is under way."""
        self._stopped.set()
        if self.is_alive() and threading.current_thread() is not self:
            self.join()

    def run(self) -> None:
        """Look until stopped."""
        data_dir = self._cluster.layout.data_dir
        missed_at: float | None = None
        while not self._stopped.wait(LOOK_S):
            if process.server_pid(data_dir) is not None:
                missed_at = None
                continue
            missed_at = missed_at or time.monotonic()
            in_order = not (data_dir / "postmaster.pid").exists()
            if in_order and time.monotonic() - missed_at < GRACE_S:
                continue
            if not self._start_again():
                return
            missed_at = None

    def _start_again(self) -> bool:
        """Whether it runs again; otherwise `lost` was called, or nobody uses it any more."""
        began, failures = time.monotonic(), 0
        log.error("the embedded database is down; it is started again / 内置数据库已停止，正在重新启动")
        while True:
            try:
                info = self._cluster.revive()
            except (OnemapError, OSError) as error:
                failures += 1
                log.error(
                    "the embedded database does not start (%s); see %s / 内置数据库无法启动",
                    type(error).__name__, self._cluster.layout.data_dir / "start.log",
                )  # fmt: skip
                if time.monotonic() - began > GIVEN_UP_S:
                    self._lost(error)
                    return False
                if self._stopped.wait(AGAIN_S[min(failures, len(AGAIN_S)) - 1]):
                    return False
            else:
                if info is not None and info.started_here:
                    seconds = time.monotonic() - began
                    log.warning("the embedded database runs again after %.1f s / 内置数据库已恢复", seconds)
                return info is not None
