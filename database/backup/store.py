"""The folder of backups: one folder a backup, named after its moment; the keys in a folder of their own beside it."""

from __future__ import annotations

import fcntl
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from database.backup.errors import BackupNotFound, BackupUnderWay
from database.backup.manifest import FILE
from database.backup.programs import disk_errors

_NAME = re.compile(r"onemap-\d{8}T\d{6}")
_UNFINISHED = ".unfinished"


def keys_folder(out: Path) -> Path:
    """Where the keys of the backups of a folder go unless told otherwise: beside it, so that whoever copies it copies no key."""
    return out.with_name(f"{out.name}-keys")


def keys_file(folder: Path, backup: Path) -> Path:
    """The keys of one backup."""
    return folder / f"{backup.name}.secrets.json"


@contextmanager
def new_backup(out: Path, moment: datetime) -> Iterator[tuple[Path, Path]]:
    """A draft to write into, and the name it gets when the block ends well; otherwise nothing of it stays.

    Raises BackupUnderWay, BackupError.
    """
    with disk_errors(out):
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (out / ".lock").open("ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BackupUnderWay(str(out)) from None
            for leftover in out.glob(f"onemap-*{_UNFINISHED}"):
                shutil.rmtree(leftover)
            while (final := out / f"onemap-{moment:%Y%m%dT%H%M%S}").exists():
                moment += timedelta(seconds=1)
            draft = final.with_name(final.name + _UNFINISHED)
            draft.mkdir(mode=0o700)
            try:
                yield draft, final
                draft.rename(final)
            except BaseException:
                shutil.rmtree(draft, ignore_errors=True)
                raise


def list_backups(out: Path) -> list[Path]:
    """The finished backups of a folder, oldest first."""
    return sorted(path for path in out.glob("onemap-*") if _NAME.fullmatch(path.name) and (path / FILE).is_file())


def find_backup(place: Path) -> Path:
    """A backup, or the newest one of a folder of backups. Raises BackupNotFound."""
    if (place / FILE).is_file():
        return place
    found = list_backups(place) if place.is_dir() else []
    if not found:
        raise BackupNotFound(f"{place}")
    return found[-1]


def remove_old(out: Path, keys: Path, keep: int) -> list[Path]:
    """Remove all but the newest backups, with their keys; returns what was removed."""
    old = list_backups(out)[:-keep]
    for backup in old:
        shutil.rmtree(backup)
        keys_file(keys, backup).unlink(missing_ok=True)
    return old
