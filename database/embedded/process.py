"""Is a server running on this data folder? Asked without credentials; a reused pid does not fool it."""

import contextlib
import os
import signal
import time
from pathlib import Path

from psycopg import pq

from database.embedded.layout import PORT, Layout


def ping(layout: Layout) -> pq.Ping:
    """OK: accepts connections; REJECT: starting or recovering; NO_RESPONSE: nobody listens on the socket."""
    socket_file = layout.socket_dir / f".s.PGSQL.{PORT}"
    if not socket_file.exists():
        return pq.Ping.NO_RESPONSE
    conninfo = f"host='{_escaped(str(layout.socket_dir))}' port={PORT} dbname=postgres connect_timeout=5"
    return pq.Ping(pq.PGconn.ping(conninfo.encode()))


def wait_until_ready(layout: Layout, *, seconds: float) -> bool:
    """Wait while a server starts or replays its log after a crash."""
    deadline = time.monotonic() + seconds
    while (answer := ping(layout)) is not pq.Ping.OK:
        if time.monotonic() > deadline or (answer is pq.Ping.NO_RESPONSE and server_pid(layout.data_dir) is None):
            return False
        time.sleep(0.05)
    return True


def recorded_pid(data_dir: Path) -> int | None:
    """The process id in postmaster.pid, whether or not it is alive."""
    try:
        first_line = (data_dir / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0]
        return abs(int(first_line))
    except (OSError, ValueError):
        return None


def server_pid(data_dir: Path) -> int | None:
    """The process id of the live server of this data folder, or None. A reused process id does not count."""
    pid = recorded_pid(data_dir)
    if pid is None or not _is_server_of(pid, data_dir):
        return None
    return pid


def drop_stale_lock_files(layout: Layout) -> bool:
    """Remove postmaster.pid and the socket's lock when their process is dead or no server of this data.

    PostgreSQL sees to dead processes itself, but trusts any live process (or zombie) with that number.
    Leftover children of a dead server are still noticed, by their shared memory. Returns whether there was a
    server that did not shut down properly.
    """
    if server_pid(layout.data_dir) is not None:
        return False
    for name in (f".s.PGSQL.{PORT}", f".s.PGSQL.{PORT}.lock"):
        (layout.socket_dir / name).unlink(missing_ok=True)
    pid_file = layout.data_dir / "postmaster.pid"
    if not pid_file.exists():
        return False
    pid_file.unlink(missing_ok=True)  # also an empty or garbled one: a disk that was full
    return True


def orphans(data_dir: Path) -> list[int]:
    """The processes of this data folder's server; without a live postmaster they are what it left behind."""
    numbers = (int(entry.name) for entry in Path("/proc").glob("[0-9]*"))
    return [pid for pid in numbers if _is_server_of(pid, data_dir)]


def end_orphans(layout: Layout, *, by_force: bool) -> int:
    """Tell what a dead postmaster left behind to end: one that computes does not notice by itself. Returns how many there were.

    Nothing is lost: what was committed is in the log that the next start replays. by_force: SIGKILL instead of SIGQUIT.
    """
    if server_pid(layout.data_dir) is not None:
        return 0
    found = orphans(layout.data_dir)
    for pid in found:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL if by_force else signal.SIGQUIT)
    return len(found)


def _is_server_of(pid: int, data_dir: Path) -> bool:
    process = Path(f"/proc/{pid}")
    if not Path("/proc/self").exists():  # no /proc: believe any live process
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True
    try:
        name = (process / "comm").read_text(encoding="utf-8").strip()
        return name in {"postgres", "postmaster"} and (process / "cwd").samefile(data_dir)
    except OSError:  # gone, a zombie, or another user's
        return False


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")
