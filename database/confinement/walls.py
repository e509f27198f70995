"""What a confined process cannot pass. Raised by the process itself, after it has loaded all code it needs and before the file.

Where root starts it: a root folder of its own, a user that nobody else is, no network. Otherwise the same as far as the
kernel lets an ordinary user (own user namespace); Landlock and seccomp stand in both cases. ``raise_walls`` says which stand.
"""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from database.confinement import syscalls

MEGABYTE = 1024 * 1024
MOST_FILES = 64
MOST_THREADS = 256


#: what must stand at the least: one of each line
NEEDED = (frozenset({"root", "files"}), frozenset({"network", "calls"}))


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one confined process. memory_mb: beyond what its own code takes. file_mb: of the largest file it may write."""

    memory_mb: int
    cpu_seconds: int
    file_mb: int
    answer_seconds: int

    def as_dict(self) -> dict[str, int]:
        """For the request to the child."""
        return {"memory_mb": self.memory_mb, "cpu_seconds": self.cpu_seconds, "file_mb": self.file_mb}


def bring_along(folders: Iterable[Path], *, owned_by_other: bool) -> None:
    """Put the files of some folders at the same place below the current folder, where they will be found when it is the root.

    owned_by_other: the process will be another user, so that links do: it cannot write to what they share.
    """
    for folder in folders:
        target = Path.cwd() / folder.relative_to(folder.anchor)
        target.mkdir(mode=0o755, parents=True)
        for file in folder.iterdir():
            if not file.is_file():
                continue
            try:
                if not owned_by_other:
                    raise OSError
                os.link(file, target / file.name)
            except OSError:
                shutil.copyfile(file, target / file.name)


def raise_walls(limits: dict[str, int], *, user: int | None, parent: int, hidden: str) -> list[str]:
    """Raise every wall that the kernel allows around this process, whose folder is the current one. Returns their names.

    user: number of the user to become, when started by root. parent: process number of who started it. hidden: the home of
    the installation, never readable.
    """
    folder = str(Path.cwd())
    walls = [*_limit(limits, own_user=user is not None)]
    namespaces = syscalls.CLONE_NEWNET | syscalls.CLONE_NEWIPC | syscalls.CLONE_NEWNS
    if user is None:
        namespaces |= syscalls.CLONE_NEWUSER
    if syscalls.unshare(namespaces):
        walls.append("network")
    readable: Iterable[str] = code_folders(Path(hidden))
    with contextlib.suppress(PermissionError):
        os.chroot(folder)
        os.chdir("/")
        walls.append("root")
        folder, readable = "/", ()
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
        walls.append("user")
    # after the user: changing it takes the promise back
    syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() not in (parent, 0):
        os._exit(1)
    if syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1):
        walls.append("privileges")
    if syscalls.restrict_files(readable, [folder]):
        walls.append("files")
    if syscalls.forbid_system_calls():
        walls.append("calls")
    return walls


def _limit(limits: dict[str, int], *, own_user: bool) -> Iterable[str]:
    taken = _address_space()
    file_bytes = limits["file_mb"] * MEGABYTE
    wanted: list[tuple[int, Any, Any]] = [
        (resource.RLIMIT_CPU, limits["cpu_seconds"], limits["cpu_seconds"] + 5),
        (resource.RLIMIT_FSIZE, file_bytes, file_bytes),
        (resource.RLIMIT_NOFILE, MOST_FILES, MOST_FILES),
        (resource.RLIMIT_CORE, 0, 0),
    ]
    if taken:
        most = taken + limits["memory_mb"] * MEGABYTE
        wanted.append((resource.RLIMIT_AS, most, most))
    if own_user:  # else the other processes of the user would count
        wanted.append((resource.RLIMIT_NPROC, MOST_THREADS, MOST_THREADS))
    for kind, soft, hard in wanted:
        _, most = resource.getrlimit(kind)
        if most != resource.RLIM_INFINITY:
            soft, hard = min(soft, most), min(hard, most)
        resource.setrlimit(kind, (soft, hard))
    yield "limits"


def _address_space() -> int:
    """Bytes of address space this process has now; 0 where /proc is absent."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    except (OSError, ValueError):
        return 0


def code_folders(hidden: Path) -> list[str]:
    """Where Python and the packages lie, for code that is loaded late; without the folder ``hidden``, should it lie inside."""
    system = ["/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/share/zoneinfo", "/dev/null", "/dev/urandom"]
    places = {sys.prefix, sys.base_prefix, *(path for path in sys.path if Path(path).is_absolute()), *system}
    return sorted({str(part) for place in places for part in _without(Path(place).resolve(), hidden.resolve())})


def _without(folder: Path, hidden: Path) -> Iterable[Path]:
    if folder.is_relative_to(hidden) and folder.name != "site-packages":
        return
    if not hidden.is_relative_to(folder):
        yield folder
        return
    with contextlib.suppress(OSError):
        for part in folder.iterdir():
            if part != hidden:
                yield from _without(part, hidden) if hidden.is_relative_to(part) else (part,)
