"""What a backup holds, in ``manifest.json``: files with their digests, rows of every table, the make of every schema, the keys needed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, text

from database.backup.errors import BackupDamaged, BackupOtherRelease
from database.installation.keys import KeyRing
from database.rights.scope import county_schema
from database.tables.base import PLATFORM_SCHEMA
from database.tables.catalogue import read_catalogue
from database.upgrade.counties import counties_here

FILE, DUMP, RASTERS, HEADS = "manifest.json", "database.dump", "rasters", "audit-heads.jsonl"
FORMAT = 1
_TABLES = text(
    "SELECT relname FROM pg_class WHERE relnamespace = CAST(:schema AS regnamespace) AND relkind = 'r' ORDER BY relname"
)


@dataclass(frozen=True)
class State:
    """A database as it stands at one moment. counts: rows by ``schema.table``. objects: digest of the description of each object of
    each schema (tables, columns, policies, grants, functions, …; see ``database/tables/catalogue.py``)."""

    revisions: dict[str, str]
    counts: dict[str, int]
    objects: dict[str, str]


@dataclass(frozen=True)
class Manifest:
    """made_at: ISO 8601. postgresql: major version. files: path → [SHA-256, bytes]. keys: version → mark of the key, by which nobody
    finds the key. missing: rasters of the catalogue that had no file. elsewhere: counties that live on another server and are not in it."""

    made_at: str
    postgresql: int
    database_bytes: int
    state: State
    keys: dict[str, str]
    files: dict[str, tuple[str, int]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    format: int = FORMAT

    @property
    def bytes(self) -> int:
        """Of all files together."""
        return sum(size for _digest, size in self.files.values())

    def write(self, folder: Path) -> None:
        """Write it, closed to others."""
        path = folder / FILE
        path.touch(mode=0o600)
        path.write_text(json.dumps(asdict(self), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a backup. Raises BackupDamaged, BackupOtherRelease."""
    try:
        content = json.loads((folder / FILE).read_text(encoding="utf-8"))
        if content["format"] > FORMAT:
            raise BackupOtherRelease(f"{folder}: format {content['format']} > {FORMAT}")
        content["state"] = State(**content["state"])
        content["files"] = {path: (str(digest), int(size)) for path, (digest, size) in content["files"].items()}
        found = Manifest(**content)
        datetime.fromisoformat(found.made_at)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise BackupDamaged(f"{folder / FILE} 无法读取 / cannot be read", path=str(folder)) from None
    return found


def check_files(folder: Path, manifest: Manifest) -> None:
    """Every file is there, whole and unchanged. Raises BackupDamaged, which names the first that is not."""
    for name, (digest, size) in manifest.files.items():
        path = folder / name
        if not path.is_file() or path.stat().st_size != size or digest_of(path) != digest:
            raise BackupDamaged(f"{name} 缺失或内容不符 / {name} is missing or is not what was written", path=str(path))
    if DUMP not in manifest.files:
        raise BackupDamaged(f"{folder / DUMP}", path=str(folder))


def read_state(connection: Connection) -> State:
    """Of platform and every county that lives on this server; the transaction should see one moment, as a role that sees every row."""
    schemas = [PLATFORM_SCHEMA, *(county_schema(code) for code in counties_here(connection))]
    revisions, counts, objects = {}, {}, {}
    for schema in schemas:
        revisions[schema] = str(connection.scalar(text(f"SELECT version_num FROM {schema}.alembic_version")))  # noqa: S608
        for table in connection.scalars(_TABLES, {"schema": schema}).all():
            counts[f"{schema}.{table}"] = int(
                connection.execute(text(f'SELECT count(*) FROM {schema}."{table}"')).scalar_one()  # noqa: S608
            )
        for (kind, name), description in read_catalogue(connection, schema).items():
            objects[f"{schema} {kind} {name}"] = _digest(description.encode())[:16]
    return State(revisions, counts, objects)


def marks_of(ring: KeyRing) -> dict[str, str]:
    """Version → a mark of its keys: equal keys have equal marks, and no mark tells a key."""
    return {
        str(version): _digest(b"onemap backup\0" + key.data + key.index + ring.record.index + ring.plate)[:24]
        for version, key in ring.keys.items()
    }


def digest_of(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
