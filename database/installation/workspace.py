"""Private folders (私有目录) for files that live as long as one piece of work: uploads, results, rejected rows, confined readers.

They lie below ``ONEMAP_HOME/work``, closed to everybody else, are removed at the end, and swept when a process starts: a
folder's name tells the process that made it, and the folder of a dead process is a leftover.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from database.installation.settings import get_settings, prepare_home

FOLDER = "work"
#: Folders of temporary files in use, the newest last: a process may hold two applications.
_in_use: list[Path] = []


def make_workspace(purpose: str) -> Path:
    """A new private folder (0700); whoever asks for it removes it. purpose: a word for its name."""
    home = get_settings().home
    prepare_home(home)
    parent = home / FOLDER
    # an older or foreign folder of this name is closed as well
    parent.mkdir(mode=0o700, exist_ok=True)
    if parent.stat().st_mode & 0o077:
        parent.chmod(0o700)
    folder = parent / f"{purpose}-{os.getpid()}-{_started(os.getpid())}-{secrets.token_hex(8)}"
    folder.mkdir(mode=0o700)
    return folder


def remove_workspace(folder: Path) -> None:
    """Remove a private folder with all that is in it."""
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def workspace(purpose: str) -> Iterator[Path]:
    """A private folder for the length of a block."""
    folder = make_workspace(purpose)
    try:
        yield folder
    finally:
        remove_workspace(folder)


def sweep_workspaces(home: Path) -> int:
    """Remove what processes that are gone have left; returns how many folders. The living are left alone."""
    swept = 0
    for folder in (home / FOLDER).glob("*"):
        if not _alive(folder.name):
            remove_workspace(folder)
            swept += 1
    return swept


def use_private_temporary_folder() -> Path:
    """From now on temporary files of libraries (parts of a workbook, bodies being received) lie in a private folder too.

    Sweeps what the dead have left first. Give the folder back with ``leave_temporary_folder`` at the end of the process.
    """
    sweep_workspaces(get_settings().home)
    folder = make_workspace("tmp")
    _in_use.append(folder)
    tempfile.tempdir = str(folder)
    return folder


def leave_temporary_folder(folder: Path) -> None:
    """End what ``use_private_temporary_folder`` began, with all that is left there."""
    if folder in _in_use:
        _in_use.remove(folder)
        tempfile.tempdir = str(_in_use[-1]) if _in_use else None
    remove_workspace(folder)


def _alive(name: str) -> bool:
    parts = name.rsplit("-", 3)
    if len(parts) != 4 or not parts[1].isdigit():
        return False
    process = int(parts[1])
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass
    return _started(process) == parts[2]


def _started(process: int) -> str:
    """When a process started, so that a number used again is not taken for it; "0" where /proc is absent."""
    try:
        return (
            Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[19]
        )
    except (OSError, IndexError):
        return "0"
