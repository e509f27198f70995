"""The parent's side: a private folder with a copy of the file, a fresh Python that reads it there, questions and answers."""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import stat
import subprocess
import sys
import threading
import weakref
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from database.confinement.errors import (
    ConfinedEnded,
    ConfinedRefusal,
    ConfinementBusy,
    ConfinementFailed,
    ConfinementIncomplete,
)
from database.confinement.frames import Frame, FrameBroken, FrameLate, Message, read_frame, write_frame
from database.confinement.walls import NEEDED, Limits
from database.installation.processes import share_of
from database.installation.settings import get_settings
from database.installation.workspace import make_workspace, remove_workspace

PROJECT = Path(__file__).resolve().parent.parent.parent
START_SECONDS = 60
WAIT_SECONDS = 30
#: user numbers that no package hands out and systemd takes for the same purpose (DynamicUser=)
FIRST_USER, LAST_USER = 61184, 65519
#: what the child inherits of the environment: nothing that could be a secret
INHERITED = ("LD_LIBRARY_PATH", "GDAL_DATA", "PROJ_DATA", "PROJ_LIB", "TZ")
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "PYTHONUTF8": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
    "GDAL_CACHEMAX": "256",
    "GDAL_PAM_ENABLED": "NO",
    "GDAL_VRT_ENABLE_PYTHON": "NO",
    "GDAL_HTTP_MAX_RETRY": "0",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": "{none}",
    "OGR_SQLITE_ALLOW_EXTERNAL_ACCESS": "NO",
    "OGR_SQLITE_LOAD_EXTENSIONS": "",
    "OGR_SQLITE_LIST_VIRTUAL_OGR": "NO",
}
START = "import sys; sys.path.insert(0, sys.argv[1]); from database.confinement.child import main; main()"


@lru_cache(maxsize=1)
def _places() -> threading.BoundedSemaphore:
    return threading.BoundedSemaphore(share_of(get_settings().reader_processes))


class Room:
    """One confined process and its folder. Use as a context manager, or call ``close``; garbage collection closes it too."""

    def __init__(
        self,
        reader: str,
        files: Mapping[str, Path],
        work: Message,
        limits: Limits,
    ) -> None:
        """reader: module with ``prepare(work)``, which returns the function that answers questions. files: name in the room →
        file to copy there. Raises ConfinementBusy, ConfinementFailed.
        """
        if not _places().acquire(timeout=WAIT_SECONDS):
            raise ConfinementBusy(retry_after_s=WAIT_SECONDS)
        self._seconds = limits.answer_seconds
        self.walls: list[str] = []
        folder: Path | None = None
        process: subprocess.Popen[bytes] | None = None
        try:
            folder = make_workspace("reader")
            user = _free_user() if os.geteuid() == 0 else None
            for name, path in files.items():
                shutil.copyfile(path, folder / name)
                _give(folder / name, user, 0o400)
            _give(folder, user, 0o700)
            process = _start(folder)
        except BaseException:
            _end(process, folder)
            raise
        self.folder = folder
        self._process = process
        self._finalizer = weakref.finalize(self, _end, process, folder)
        try:
            request = {
                "reader": reader, "work": work, "limits": limits.as_dict(), "user": user, "parent": os.getpid(),
                "hidden": str(get_settings().home),
            }  # fmt: skip
            self.walls = list(self._exchange(request, START_SECONDS)[0]["walls"])
            _check_walls(self.walls)
        except ConfinedEnded as error:
            self.close()
            raise ConfinementFailed(error.detail) from None
        except BaseException:
            self.close()
            raise

    def ask(self, question: Message, seconds: int | None = None) -> Frame:
        """Ask and wait for the answer. Raises ConfinedRefusal for what is wrong with the file, ConfinedEnded."""
        return self._exchange(question, seconds or self._seconds)

    def send(self, question: Message) -> None:
        """Ask without waiting; ``receive`` gives the answer. Raises ConfinedEnded."""
        try:
            assert self._process.stdin is not None
            write_frame(self._process.stdin.fileno(), question)
        except (BrokenPipeError, ValueError):
            raise self._ended() from None

    def receive(self, seconds: int | None = None) -> Frame:
        """The answer to the oldest question that has none. Raises ConfinedRefusal, ConfinedEnded."""
        assert self._process.stdout is not None
        try:
            content, blob = read_frame(self._process.stdout.fileno(), seconds or self._seconds)
        except FrameLate:
            self._kill()
            raise ConfinedEnded(why="time") from None
        except (FrameBroken, ValueError, OSError):
            raise self._ended() from None
        if "ended" in content:
            raise ConfinedEnded(why=str(content["ended"]))
        if "error" in content:
            facts = content.get("facts")
            raise ConfinedRefusal(
                str(content["error"]), str(content.get("detail", "")), facts if isinstance(facts, dict) else {}
            )
        return content, blob

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def take(self, *names: str) -> list[Path]:
        """End the process and give the files it made, which stay until ``close``. Raises ConfinedEnded for what is no plain file.

        A link in their place would lead whoever reads or moves them, with the rights of this process, to another file.
        """
        self._kill()
        self._process.wait()
        paths = [self.folder / name for name in names]
        for path in paths:
            try:
                found = path.lstat()
            except OSError:
                raise ConfinedEnded(why="crash") from None
            if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
                raise ConfinedEnded(why="crash")
        return paths

    def close(self) -> None:
        """End the process and remove the folder; again does nothing."""
        self._finalizer()

    def __enter__(self) -> Room:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _exchange(self, question: Message, seconds: int) -> Frame:
        self.send(question)
        return self.receive(seconds)

    def _kill(self) -> None:
        _kill(self._process)

    def _ended(self) -> ConfinedEnded:
        try:
            code = self._process.wait(2)
        except subprocess.TimeoutExpired:
            self._kill()
            code = self._process.wait()
        why = {-signal.SIGXCPU: "time", -signal.SIGKILL: "memory", -signal.SIGXFSZ: "size"}.get(code, "crash")
        return ConfinedEnded(why=why, code=code)


def _check_walls(walls: list[str]) -> None:
    """Raise ConfinementIncomplete where files or the network stay open to the reader, unless the setting allows it."""
    if get_settings().reader_without_walls or all(one & set(walls) for one in NEEDED):
        return
    raise ConfinementIncomplete(
        f"只有 {'、'.join(walls)}。请用 root 启动，或启用 Landlock（内核 5.13 以上）或用户命名空间；或设置 ONEMAP_READER_WITHOUT_WALLS=true 并自担"
        f"风险。 / only {', '.join(walls)} stand: start as root, or enable Landlock (kernel 5.13) or user namespaces; or set "
        "ONEMAP_READER_WITHOUT_WALLS=true at your own risk.",
        walls=walls,
    )


def _free_user() -> int:
    """The number of a user that does not exist: what belongs to it belongs to this process alone."""
    while True:
        user = FIRST_USER + secrets.randbelow(LAST_USER - FIRST_USER)
        try:
            pwd.getpwuid(user)
        except KeyError:
            return user


def _give(path: Path, user: int | None, mode: int) -> None:
    path.chmod(mode)
    if user is not None:
        os.chown(path, user, user)


def _start(folder: Path) -> subprocess.Popen[bytes]:
    environment = ENVIRONMENT | {name: os.environ[name] for name in INHERITED if name in os.environ}
    try:
        return subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-I", "-B", "-c", START, str(PROJECT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env=environment,
            start_new_session=True,
            close_fds=True,
            bufsize=0,
        )
    except OSError as error:
        raise ConfinementFailed(type(error).__name__) from None


def _kill(process: subprocess.Popen[bytes]) -> None:
    """With all it may have started: the session is its own."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()


def _end(process: subprocess.Popen[bytes] | None, folder: Path | None) -> None:
    try:
        if process is not None:
            _kill(process)
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
        if folder is not None:
            remove_workspace(folder)
    finally:
        _places().release()
