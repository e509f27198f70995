"""Where the embedded cluster lives on this machine, and which operating-system user runs it."""

import hashlib
import json
import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from database.embedded.errors import ClusterInitError, ClusterOwnershipError
from database.installation.settings import CLUSTER_RECORD_FILE, prepare_home

PORT = 5432  # only the name of the socket file; nothing listens on TCP
_SOCKET_LIMIT_BYTES = 107
_FALLBACK_ROOT = Path("/var/lib/onemap")


@dataclass(frozen=True)
class ServerUser:
    """The operating-system user who runs the server when root starts it."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True)
class Layout:
    """data_dir: the cluster. socket_dir: its private socket. user: None means the user of this process."""

    home: Path
    data_dir: Path
    socket_dir: Path
    user: ServerUser | None

    def run(self, command: list[str], *, timeout_s: float | None = 120) -> subprocess.CompletedProcess[str]:
        """Run a server program as the server's user, untouched by PG… variables of the caller."""
        return _run_as(self.user, command, timeout_s=timeout_s)

    @property
    def recorded(self) -> bool:
        """Whether this home has a cluster already."""
        return (self.home / CLUSTER_RECORD_FILE).exists()

    def prepare_socket_dir(self) -> None:
        """Create the socket folder, open to the server's user only."""
        uid = self.user.uid if self.user else os.geteuid()
        parent = self.socket_dir.parent
        if parent != self.home:
            parent.mkdir(mode=0o755, exist_ok=True)
        self.socket_dir.mkdir(mode=0o700, exist_ok=True)
        found = self.socket_dir.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {uid, os.geteuid()}:
            raise ClusterOwnershipError(f"{self.socket_dir}", path=str(self.socket_dir))
        self.socket_dir.chmod(0o700)
        if self.user:
            os.chown(self.socket_dir, self.user.uid, self.user.gid)


def choose_layout(home: Path) -> Layout:
    """Decide, and for a new home prepare, where the cluster lives and who runs it.

    The data folder is `home/cluster`; when root starts it and the server's user cannot reach that folder (a
    clone under /root), it is `/var/lib/onemap/<hash of home>`. The choice is recorded in `home/cluster.json`.
    """
    prepare_home(home)
    recorded = _recorded_data_dir(home)
    if os.geteuid() != 0:
        data_dir = recorded or home / "cluster"
        if data_dir.exists() and data_dir.stat().st_uid != os.geteuid():
            owner = data_dir.stat().st_uid
            raise ClusterOwnershipError(
                f"{data_dir} 由用户 {owner} 创建；请用同一用户（或 root）运行。 / "
                f"{data_dir} was made by user {owner}; run as that user, or as root.",
                path=str(data_dir),
            )
        return Layout(home, data_dir, _socket_dir(home, reachable=True), None)
    user = _server_user(home, recorded)
    reachable = _open_path_for(user, home)
    if recorded is None:
        recorded = home / "cluster" if reachable else _FALLBACK_ROOT / _hash_of(home)
    return Layout(home, recorded, _socket_dir(home, reachable=reachable), user)


def record_data_dir(layout: Layout, major: int) -> None:
    """Remember where the data is, relative to home when inside it, so that home may be moved."""
    inside = layout.data_dir.is_relative_to(layout.home)
    place = str(layout.data_dir.relative_to(layout.home)) if inside else str(layout.data_dir)
    path = layout.home / CLUSTER_RECORD_FILE
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps({"data_dir": place, "major": major}), encoding="utf-8")
    draft.replace(path)


def set_aside(data_dir: Path) -> None:
    """Keep, under another name, the data of an earlier home at the same path whose secrets are gone."""
    if data_dir.exists():
        moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
        shutil.move(data_dir, data_dir.with_name(f"{data_dir.name}.before-{moment}"))


def _recorded_data_dir(home: Path) -> Path | None:
    path = home / CLUSTER_RECORD_FILE
    if not path.exists():
        return None
    return home / str(json.loads(path.read_text(encoding="utf-8"))["data_dir"])


def _server_user(home: Path, data_dir: Path | None) -> ServerUser:
    """The owner of the data if there is any, else the owner of home, else `postgres`, else a new `onemap`."""
    for path in (data_dir, home):
        if path is not None and path.exists() and path.stat().st_uid != 0:
            entry = pwd.getpwuid(path.stat().st_uid)
            return ServerUser(entry.pw_name, entry.pw_uid, entry.pw_gid)
    for name in ("postgres", "onemap"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return ServerUser(entry.pw_name, entry.pw_uid, entry.pw_gid)
    command = [
        "useradd",
        "--system",
        "--user-group",
        "--no-create-home",
        "--shell",
        "/usr/sbin/nologin",
        "onemap",
    ]
    made = _run_as(None, command, timeout_s=60)
    if made.returncode != 0:
        raise ClusterInitError(made.stderr.strip(), command=" ".join(command))
    entry = pwd.getpwnam("onemap")
    return ServerUser(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _open_path_for(user: ServerUser, home: Path) -> bool:
    """Let the server's group pass through home (not list it); say whether the whole path is passable."""
    if home.stat().st_uid != user.uid:
        os.chown(home, -1, user.gid)
        home.chmod(0o710)
    return _run_as(user, ["/usr/bin/test", "-x", str(home)], timeout_s=20).returncode == 0


def _socket_dir(home: Path, *, reachable: bool) -> Path:
    wanted = home / "run"
    socket_file = f"{wanted}/.s.PGSQL.{PORT}"
    if reachable and len(os.fsencode(socket_file)) <= _SOCKET_LIMIT_BYTES and "," not in str(wanted):
        return wanted
    if os.geteuid() == 0:
        return Path("/run/onemap") / _hash_of(home)
    private = os.environ.get("XDG_RUNTIME_DIR")
    parent = Path(private) if private and Path(private).is_dir() else Path("/tmp")  # noqa: S108 - owner checked
    return parent / f"onemap-{_hash_of(home)}"


def _hash_of(home: Path) -> str:
    return hashlib.sha256(os.fsencode(home.resolve())).hexdigest()[:12]


def _run_as(
    user: ServerUser | None, command: list[str], *, timeout_s: float | None
) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    environment["LC_ALL"] = "C.UTF-8"
    return subprocess.run(  # noqa: S603 - fixed programs, no shell
        command,
        capture_output=True,
        text=True,
        errors="replace",
        stdin=subprocess.DEVNULL,
        cwd="/",
        env=environment,
        timeout=timeout_s,
        check=False,
        user=user.uid if user else None,
        group=user.gid if user else None,
        extra_groups=[] if user else None,
    )
