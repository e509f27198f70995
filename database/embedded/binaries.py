"""Where the PostgreSQL programs are, and whether PostGIS goes with them."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from database.embedded.errors import PostgisMissingError, PostgresMissingError

MINIMUM_MAJOR = 15
APT_COMMAND = "sudo apt-get install postgresql-15 postgresql-15-postgis-3"
_PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")


@dataclass(frozen=True)
class ServerBinaries:
    """One installed PostgreSQL server. has_postgis: its extension folder holds postgis.control."""

    folder: Path
    major: int
    has_postgis: bool

    def program(self, name: str) -> str:
        """The full path of one program, for instance `pg_ctl`."""
        return str(self.folder / name)


def list_binaries(folder: Path | None = None) -> list[ServerBinaries]:
    """Every server found, newest first. folder: look only there."""
    if folder is not None:
        folders = [folder]
    else:
        folders = [path for pattern in _PLACES for path in Path("/").glob(pattern.removeprefix("/"))]
        on_path = shutil.which("pg_ctl")
        if on_path:
            folders.append(Path(on_path).resolve().parent)
    found = {}
    for candidate in folders:
        if all((candidate / name).exists() for name in ("initdb", "pg_ctl", "postgres")):
            major = _major_version(candidate)
            found[candidate] = ServerBinaries(candidate, major, _has_postgis(candidate, major))
    return sorted(found.values(), key=lambda server: (server.major, server.has_postgis), reverse=True)


def find_binaries(folder: Path | None = None, *, major: int | None = None) -> ServerBinaries:
    """The newest usable server (15 or later, with PostGIS). major: exactly this version.

    Raises PostgresMissingError or PostgisMissingError, each naming the command that mends it.
    """
    servers = [
        server
        for server in list_binaries(folder)
        if server.major >= MINIMUM_MAJOR and (major is None or server.major == major)
    ]
    if not servers:
        raise PostgresMissingError(f"请运行 / run: {APT_COMMAND}", mend=APT_COMMAND, folder=str(folder or ""))
    for server in servers:
        if server.has_postgis:
            return server
    command = f"sudo apt-get install postgresql-{servers[0].major}-postgis-3"
    raise PostgisMissingError(f"请运行 / run: {command}", mend=command, folder=str(servers[0].folder))


def client_folders(program: str) -> list[tuple[Path, int]]:
    """Folders that hold a client program such as `pg_dump`, with the major version, newest first."""
    folders = [path for pattern in _PLACES for path in Path("/").glob(pattern.removeprefix("/"))]
    on_path = shutil.which(program)
    if on_path:
        folders.append(Path(on_path).resolve().parent)
    found = {folder: _program_major(folder / program) for folder in folders if (folder / program).exists()}
    return sorted(found.items(), key=lambda item: item[1], reverse=True)


def _program_major(program: Path) -> int:
    match = re.search(r"\(PostgreSQL\) (\d+)", _output_of([str(program), "--version"]))
    return int(match[1]) if match else 0


def _major_version(folder: Path) -> int:
    debian = re.fullmatch(r"/usr/lib/postgresql/(\d+)/bin", str(folder))
    if debian:
        return int(debian[1])
    match = re.search(r"\(PostgreSQL\) (\d+)", _output_of([str(folder / "postgres"), "--version"]))
    return int(match[1]) if match else 0


def _has_postgis(folder: Path, major: int) -> bool:
    share = Path(f"/usr/share/postgresql/{major}")
    if str(folder) != f"/usr/lib/postgresql/{major}/bin":
        share = Path(_output_of([str(folder / "pg_config"), "--sharedir"]).strip() or share)
    return (share / "extension" / "postgis.control").exists()


def _output_of(command: list[str]) -> str:
    try:
        finished = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return finished.stdout
