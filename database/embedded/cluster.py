"""The embedded cluster: create, start, share, stop. Several processes may share it."""

import contextlib
import fcntl
import logging
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal
from urllib.parse import quote

from psycopg import pq

from database.embedded import process
from database.embedded.binaries import ServerBinaries, find_binaries, list_binaries
from database.embedded.bootstrap import APP_ROLE, DATABASE, OWNER_ROLE, bootstrap_server
from database.embedded.errors import (
    ClusterInitError,
    ClusterStartError,
    ClusterStopError,
    ClusterVersionError,
)
from database.embedded.layout import PORT, Layout, choose_layout, record_data_dir, set_aside
from database.embedded.tuning import server_options
from database.installation.settings import Secrets, load_home_secrets, prepare_home

SUPERUSER_ROLE = "onemap_superuser"
Role = Literal["owner", "app", "superuser"]
State = Literal["absent", "stopped", "starting", "running"]

_START_SECONDS = 3600  # crash recovery of a large county may take long
#: How long the children of a dead server may go on: to end by themselves, then when they are told to; then nobody waits any more.
_LEFTOVER_PATIENCE_S = 1.0
_LEFTOVER_QUIT_S = 4.0
_LEFTOVER_SECONDS = 20
_READY_MARK = "bootstrap.done"
_BOOTSTRAP_VERSION = "2"
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ClusterInfo:
    """A running cluster. started_here: this call started it; otherwise it was running already."""

    data_dir: Path
    socket_dir: Path
    port: int
    major: int
    pid: int | None
    os_user: str | None
    started_here: bool


@dataclass(frozen=True)
class ClusterStatus:
    """absent: never created; stopped; starting: also crash recovery; running. major: None when absent."""

    state: State
    data_dir: Path
    socket_dir: Path
    pid: int | None
    major: int | None


class EmbeddedCluster:
    """A private PostGIS cluster in `home`, reached through a Unix socket only.

    fsync: None reads ONEMAP_EMBEDDED_FSYNC; off is for tests. postgres_bin: folder of initdb and pg_ctl.
    """

    def __init__(self, home: Path, *, fsync: bool | None = None, postgres_bin: Path | None = None) -> None:
        self.home = Path(os.path.abspath(home))  # noqa: PTH100 - symbolic links stay as written
        self.postgres_bin = postgres_bin
        self.fsync = os.environ.get("ONEMAP_EMBEDDED_FSYNC", "on").lower() != "off" if fsync is None else fsync
        self._layout: Layout | None = None
        self._secrets: Secrets | None = None
        self._use: IO[bytes] | None = None

    @property
    def layout(self) -> Layout:
        """Where the cluster lives; decided once per object."""
        if self._layout is None:
            self._layout = choose_layout(self.home)
        return self._layout

    @property
    def secrets(self) -> Secrets:
        """Passwords of this home, created on first use."""
        if self._secrets is None:
            self._secrets = load_home_secrets(self.home)
        return self._secrets

    def start(self) -> ClusterInfo:
        """Create the cluster if there is none, start it if it is not running, and return when it is ready.

        It stays running until somebody calls `stop`. Waits for crash recovery. Several processes may call
        this at once. Raises PostgresMissingError, PostgisMissingError, ClusterVersionError, ClusterInitError,
        ClusterStartError, SecretsMissingError.
        """
        with self._lock():
            return self._start_locked()

    def acquire(self) -> ClusterInfo:
        """Like `start`, and count this process as a user of the cluster until `release`."""
        with self._lock():
            info = self._start_locked()
            if self._use is None:
                self._use = (self.home / "cluster.users").open("ab")
                fcntl.flock(self._use, fcntl.LOCK_SH)
            if info.started_here:
                self._auto_stop_mark.touch()
            return info

    def revive(self) -> ClusterInfo | None:
        """Start it again for those who use it, when it is not running; None when this process does not use it any more.

        Raises what `start` raises.
        """
        with self._lock():
            if self._use is None:
                return None
            stops_itself = self._auto_stop_mark.exists()
            info = self._start_locked()
            if stops_itself:
                self._auto_stop_mark.touch()
            return info

    def release(self) -> bool:
        """Give up `acquire`. The last user out stops a cluster that `acquire` started; true if so."""
        if self._use is None or not self.home.exists():
            return False
        with self._lock():
            use, self._use = self._use, None
            with use:
                try:
                    fcntl.flock(use, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    return False  # others still use it; the last of them stops it
                if not self._auto_stop_mark.exists():
                    return False
                return self._stop_locked()

    def let_go(self) -> None:
        """In a process just forked: close its copy of the parent's mark of use; the parent's own stays."""
        if self._use is not None:
            self._use.close()
            self._use = None

    def stop(self) -> bool:
        """Shut the server down now (open transactions are rolled back). Returns whether it was running."""
        if not self.home.exists():
            return False
        with self._lock():
            return self._stop_locked()

    def status(self) -> ClusterStatus:
        """What the cluster is doing. Starts and creates nothing."""
        if not self.home.exists():
            absent = self.home / "cluster"
            return ClusterStatus("absent", absent, self.home / "run", None, None)
        layout = self.layout
        major = self._data_major()
        answer = process.ping(layout)
        pid = process.server_pid(layout.data_dir)
        state: State
        if major is None:
            state = "absent"
        elif answer is pq.Ping.OK:
            state = "running"
        else:
            state = "starting" if pid is not None else "stopped"
        return ClusterStatus(state, layout.data_dir, layout.socket_dir, pid, major)

    def dsn(self, role: Role = "app", *, database: str = DATABASE) -> str:
        """A `postgresql://` URL for one role. It holds the password: never log it."""
        name, password = {
            "owner": (OWNER_ROLE, self.secrets.owner_password),
            "app": (APP_ROLE, self.secrets.app_password),
            "superuser": (SUPERUSER_ROLE, self.secrets.superuser_password),
        }[role]
        host = quote(str(self.layout.socket_dir), safe="")
        return f"postgresql://{name}:{quote(password, safe='')}@/{database}?host={host}&port={PORT}"

    @property
    def _auto_stop_mark(self) -> Path:
        return self.home / "cluster.autostop"

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        prepare_home(self.home)
        with (self.home / "cluster.lock").open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _start_locked(self) -> ClusterInfo:
        layout = self.layout
        secrets = self.secrets
        running = layout.recorded and process.wait_until_ready(layout, seconds=_START_SECONDS)
        if not running:
            self._run_server(self._ready_data_dir(secrets))
        self._bootstrap(secrets)
        user = layout.user.name if layout.user else None
        pid = process.server_pid(layout.data_dir)
        major = self._data_major() or 0
        return ClusterInfo(layout.data_dir, layout.socket_dir, PORT, major, pid, user, not running)

    def _ready_data_dir(self, secrets: Secrets) -> ServerBinaries:
        """The data folder exists and fits the returned programs."""
        if not self.layout.recorded:
            binaries = find_binaries(self.postgres_bin)
            self._initialise(binaries, secrets)
            record_data_dir(self.layout, binaries.major)
            return binaries
        major = self._data_major()
        if major is None:
            raise ClusterInitError(
                f"{self.layout.data_dir} 已丢失或损坏；请从备份恢复，或删除 {self.home} 重新开始。 / "
                f"{self.layout.data_dir} is gone or damaged; restore it from a backup, or remove "
                f"{self.home} to start anew.",
                path=str(self.layout.data_dir),
            )
        if not any(server.major == major for server in list_binaries(self.postgres_bin)):
            raise ClusterVersionError(
                f"{self.layout.data_dir} 由 PostgreSQL {major} 创建，本机没有这一版本。请安装："
                f"sudo apt-get install postgresql-{major} postgresql-{major}-postgis-3；或在装有旧版本的"
                "机器上用 pg_dump 备份，移走该目录后用 pg_restore 恢复。 / "
                f"{self.layout.data_dir} was made by PostgreSQL {major}, which this machine lacks. "
                f"Install it: sudo apt-get install postgresql-{major} postgresql-{major}-postgis-3; or "
                "back it up with pg_dump where the old version is, move the folder away and pg_restore.",
                data_major=major,
                path=str(self.layout.data_dir),
            )
        return find_binaries(self.postgres_bin, major=major)

    def _initialise(self, binaries: ServerBinaries, secrets: Secrets) -> None:
        layout = self.layout
        layout.data_dir.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        if process.server_pid(layout.data_dir) is not None:  # an earlier home at this path left it running
            layout.run([binaries.program("pg_ctl"), "stop", "-w", "-m", "fast", "-D", str(layout.data_dir)])
        set_aside(layout.data_dir)
        draft = layout.data_dir.with_name(f"{layout.data_dir.name}.new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        password_file = draft.with_name(f"{draft.name}.password")  # the server's user can reach it here
        try:
            password_file.unlink(missing_ok=True)
            descriptor = os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(secrets.superuser_password + "\n")
            if layout.user:
                os.chown(draft, layout.user.uid, layout.user.gid)
                os.chown(password_file, layout.user.uid, layout.user.gid)
            command = [binaries.program("initdb"), "-D", str(draft), f"--username={SUPERUSER_ROLE}"]
            command += ["--encoding=UTF8", "--locale=C.UTF-8", "--auth=scram-sha-256", "--data-checksums"]
            command += [f"--pwfile={password_file}"] + ([] if self.fsync else ["--no-sync"])
            made = layout.run(command, timeout_s=300)
            if made.returncode != 0:
                raise ClusterInitError((made.stderr or made.stdout).strip()[-2000:])
        finally:
            password_file.unlink(missing_ok=True)
        draft.rename(layout.data_dir)
        (self.home / _READY_MARK).unlink(missing_ok=True)

    def _run_server(self, binaries: ServerBinaries) -> None:
        layout = self.layout
        if process.drop_stale_lock_files(layout):
            _log.warning("the embedded database was not shut down properly; it recovers now")
        self._auto_stop_mark.unlink(missing_ok=True)
        layout.prepare_socket_dir()
        log_file = layout.data_dir / "start.log"
        command = [binaries.program("pg_ctl"), "start", "-s", "-w", "-t", str(_START_SECONDS)]
        command += ["-D", str(layout.data_dir), "-l", str(log_file)]
        command += ["-o", server_options(layout, fsync=self.fsync)]
        began = time.monotonic()
        while True:
            if log_file.exists():
                os.truncate(log_file, 0)
            if layout.run(command, timeout_s=None).returncode == 0:
                break
            # After kill -9 the children of the dead server need a moment to notice; one that computes never does.
            reason, waited = self._log_tail(), time.monotonic() - began
            if "shared memory block" not in reason or waited > _LEFTOVER_SECONDS:
                raise ClusterStartError(reason, path=str(layout.data_dir))
            if waited > _LEFTOVER_PATIENCE_S:
                process.end_orphans(layout, by_force=waited > _LEFTOVER_QUIT_S)
            time.sleep(0.2)
        if not process.wait_until_ready(layout, seconds=_START_SECONDS):
            raise ClusterStartError(self._log_tail(), path=str(layout.data_dir))

    def _stop_locked(self) -> bool:
        layout = self.layout
        if process.server_pid(layout.data_dir) is None:
            return False
        binaries = find_binaries(self.postgres_bin, major=self._data_major())
        command = [binaries.program("pg_ctl"), "stop", "-s", "-w", "-D", str(layout.data_dir)]
        if layout.run([*command, "-m", "fast", "-t", "60"]).returncode != 0:
            stopped = layout.run([*command, "-m", "immediate", "-t", "60"])  # the log is replayed at next start
            if stopped.returncode != 0 and process.server_pid(layout.data_dir) is not None:
                raise ClusterStopError(stopped.stderr.strip())
        self._auto_stop_mark.unlink(missing_ok=True)
        return True

    def _bootstrap(self, secrets: Secrets) -> None:
        mark = self.home / _READY_MARK
        if mark.exists() and mark.read_text(encoding="ascii") == _BOOTSTRAP_VERSION:
            return
        bootstrap_server(
            self.dsn("superuser", database="postgres"),
            owner_password=secrets.owner_password,
            app_password=secrets.app_password,
        )
        mark.write_text(_BOOTSTRAP_VERSION, encoding="ascii")

    def _data_major(self) -> int | None:
        try:
            return int((self.layout.data_dir / "PG_VERSION").read_text(encoding="ascii").strip())
        except (OSError, ValueError):
            return None

    def _log_tail(self) -> str:
        """The last lines the server wrote before it gave up."""
        logs = [self.layout.data_dir / "start.log"]
        logs += sorted(self.layout.data_dir.glob("log/*.log"), key=lambda path: path.stat().st_mtime)[-1:]
        lines = [line for path in logs if path.exists() for line in path.read_text(errors="replace").splitlines()[-15:]]
        return "\n".join(lines)
