"""One parent and its children: each does its own work for as long as the parent lives; one that dies is started again.

The parent only waits. It forks, so that what was built before (the application, the address indexes) stands once in memory for all.
It has no threads of its own while it forks. When it dies, however it dies, its children stop.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

log = structlog.get_logger()

Work = Callable[[], int]

#: Exit codes of a child after which nothing is gained by starting it again: the database is lost; it could not begin.
LOST, NOT_BEGUN = 3, 4
#: One that lived so long is started again at once; before, it is waited for, longer each time.
LIVED_S = 5.0
AGAIN_S = (0.2, 1.0, 2.0, 5.0)
_STOP = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
_SIGNALS = _STOP | {signal.SIGCHLD}


@dataclass
class _Child:
    """pid: 0 while it does not run. due: when it is to be started again."""

    name: str
    work: Work
    pid: int = 0
    began: float = 0.0
    due: float = 0.0
    failures: int = 0


class Supervisor:
    """works: what each child does, by a name for the log; it returns the exit code. stop_s: how long children may take to stop."""

    def __init__(self, works: Sequence[tuple[str, Work]], *, stop_s: float) -> None:
        self._children = [_Child(name, work) for name, work in works]
        self._stop_s = stop_s

    def run(self) -> int:
        """Until a signal comes (0), a child says that the database is lost (LOST), or one cannot even begin the first time (NOT_BEGUN)."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        alive, self._alive = os.pipe()
        self._watched = alive
        try:
            while True:
                for child in self._children:
                    if not child.pid and child.due <= time.monotonic():
                        self._start(child, before)
                signal_info = self._wait()
                ended = self._reap()
                if signal_info is not None and signal_info.si_signo in _STOP:
                    return 0
                for child, code in ended:
                    if code == LOST or (code == NOT_BEGUN and child.failures == 0):
                        return code
                    self._again(child, code)
        finally:
            self._stop()
            os.close(alive)
            os.close(self._alive)
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _wait(self) -> signal.struct_siginfo | None:
        """Until a signal comes, or the next child is due."""
        due = [child.due for child in self._children if not child.pid]
        seconds = max(0.0, min(due) - time.monotonic()) if due else 3600.0
        return signal.sigtimedwait(_SIGNALS, seconds)

    def _start(self, child: _Child, mask: set[int | signal.Signals]) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        child.began = time.monotonic()
        child.pid = os.fork()
        if child.pid:
            return
        code = 1
        try:
            os.close(self._alive)
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            threading.Thread(target=_follow, args=(self._watched,), name="onemap-parent", daemon=True).start()
            code = child.work()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
        except KeyboardInterrupt:
            code = 0
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _reap(self) -> list[tuple[_Child, int]]:
        """The children that have ended, with their exit codes; minus the number of the signal that killed one."""
        ended = []
        for child in self._children:
            if child.pid:
                pid, status = os.waitpid(child.pid, os.WNOHANG)
                if pid:
                    child.pid = 0
                    ended.append((child, os.waitstatus_to_exitcode(status)))
        return ended

    def _again(self, child: _Child, code: int) -> None:
        lived = time.monotonic() - child.began
        wait_s = 0.0 if lived > LIVED_S else AGAIN_S[min(child.failures, len(AGAIN_S) - 1)]
        child.failures = 1 if lived > LIVED_S else child.failures + 1
        child.due = time.monotonic() + wait_s
        log.warning("serve.process_ended", process=child.name, exit_code=code, again_in_s=wait_s)

    def _stop(self) -> None:
        """All together; what has not ended in time is killed."""
        until = time.monotonic() + self._stop_s
        for child in self._children:
            if child.pid:
                os.kill(child.pid, signal.SIGTERM)
        while any(child.pid for child in self._children):
            left = until - time.monotonic()
            if left <= 0:
                for child in self._children:
                    if child.pid:
                        log.error("serve.process_killed", process=child.name)
                        os.kill(child.pid, signal.SIGKILL)
                        os.waitpid(child.pid, 0)
                        child.pid = 0
                return
            signal.sigtimedwait({signal.SIGCHLD}, min(left, 1.0))
            self._reap()


def _follow(alive: int) -> None:
    """Stop this process when the other end of the pipe is closed: the parent has died."""
    os.read(alive, 1)
    os.kill(os.getpid(), signal.SIGTERM)
