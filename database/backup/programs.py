"""``pg_dump`` and ``pg_restore``: found beside the server programs, run with the password in the environment only."""

from __future__ import annotations

import errno
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from psycopg.conninfo import conninfo_to_dict

from database.backup.errors import BackupError, BackupNoSpace, BackupProgramsMissing
from database.embedded.binaries import client_folders
from database.embedded.bootstrap import DATABASE

_TAIL = 2000
_FULL = re.compile(r"no space left on device|could not (write|extend)", re.IGNORECASE)


@dataclass(frozen=True)
class Server:
    """A server as a role that sees every row. url: ``postgresql://`` of that role; it holds a password. major: its version."""

    url: str = field(repr=False)
    major: int

    def run(self, program: str, *words: str) -> None:
        """Run a client program against the database. Raises BackupProgramsMissing, BackupNoSpace, BackupError."""
        found = conninfo_to_dict(self.url)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        environment |= {"PGPASSWORD": unquote(str(found.get("password") or "")), "LC_ALL": "C.UTF-8"}
        connection = [f"--host={found.get('host', '')}", f"--port={found.get('port', 5432)}"]
        connection += [f"--username={found.get('user', '')}", f"--dbname={DATABASE}", "--no-password"]
        command = [client_program(program, self.major), *connection, *words]
        done = subprocess.run(  # noqa: S603 - fixed programs, no shell
            command, env=environment, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL, check=False
        )  # fmt: skip
        if done.returncode != 0:
            reason = "\n".join(line for line in done.stderr.splitlines() if not line.startswith("CONTEXT"))[-_TAIL:]
            kind = BackupNoSpace if _FULL.search(reason) else BackupError
            raise kind(f"{program}: {reason}", program=program)


def client_program(name: str, major: int) -> str:
    """The newest program of this name that can read a server of this version. Raises BackupProgramsMissing."""
    for folder, found in client_folders(name):
        if found >= major:
            return str(folder / name)
    command = f"sudo apt-get install postgresql-client-{major}"
    raise BackupProgramsMissing(f"请运行 / run: {command}", mend=command)


def refuse_without_space(folder: Path, needed_bytes: int) -> None:
    """Raises BackupNoSpace unless the disk of the folder has so much left."""
    free = shutil.disk_usage(folder).free
    if free < needed_bytes:
        raise BackupNoSpace(
            f"{folder}：需要约 {needed_bytes / 2**20:,.0f} MB，剩余 {free / 2**20:,.0f} MB / "
            f"about {needed_bytes / 2**20:,.0f} MB are needed, {free / 2**20:,.0f} MB are left",
            path=str(folder),
        )


@contextmanager
def disk_errors(folder: Path) -> Iterator[None]:
    """A disk that is full, or does not let us write, is a sentence."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise BackupNoSpace(f"{folder}", path=str(folder)) from None
        if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM, errno.ENOTDIR, errno.EEXIST):
            raise BackupError(f"无法写入 / cannot write: {error.filename or folder}", path=str(folder)) from None
        raise


def in_database(url: str) -> str:
    """The same URL for the database of onemap."""
    base, _, rest = url.partition("://")
    place, _, query = rest.partition("?")
    return f"{base}://{place.split('/', 1)[0]}/{DATABASE}" + (f"?{query}" if query else "")
