"""Take a backup while everything serves: one moment of the database, the rasters of its catalogue, the keys apart."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, create_engine, text

from database.backup.errors import BackupRoleTooWeak
from database.backup.manifest import DUMP, HEADS, RASTERS, Manifest, digest_of, marks_of, read_state
from database.backup.programs import Server, disk_errors, in_database, refuse_without_space
from database.backup.store import keys_file, keys_folder, new_backup, remove_old
from database.connection.servers import addresses_of_counties
from database.embedded import EmbeddedCluster, sqlalchemy_url
from database.errors import Unavailable
from database.installation.settings import Settings, load_secrets
from database.rights.scope import county_schema
from database.tables.base import PLATFORM_SCHEMA
from database.upgrade.counties import counties_here

#: A dump is smaller than the database; indexes are not in it.
_DUMP_SHARE = 0.5


class SuperuserUrlMissing(Unavailable):
    """备份和恢复需要超级用户的连接地址 | Backup and restore need the URL of a superuser

    A role bound by row-level security sees no row of an account or of a county.
    """


def superuser_url(settings: Settings, given: str | None) -> str:
    """The URL of the role that sees every row: the embedded cluster's own, or the given one. Raises SuperuserUrlMissing."""
    if given is not None:
        return given
    if settings.database_url is not None:
        raise SuperuserUrlMissing("--superuser-url, ONEMAP_SUPERUSER_URL")
    return EmbeddedCluster(settings.home, postgres_bin=settings.postgres_bin).dsn("superuser")


def take_backup(
    settings: Settings, url: str, out: Path, *, keys: Path | None = None, keep: int | None = None
) -> tuple[Path, Manifest, list[Path]]:
    """Write a new backup below ``out``; returns it, its manifest, and older ones that were removed.

    url: of a role that sees every row, with any database. keys: folder for the keys; default beside ``out``. keep: so many backups stay.
    Raises a BackupError; then nothing of it stays.
    """
    keys = keys or keys_folder(out)
    url = in_database(url)
    engine = create_engine(sqlalchemy_url(url), isolation_level="REPEATABLE READ", hide_parameters=True)
    try:
        with (
            engine.connect() as connection,
            new_backup(out, datetime.now(UTC)) as (draft, final),
            disk_errors(out),
        ):
            manifest = _take(connection, settings, url, draft)
            _keep_keys(settings, keys_file(keys, final))
    finally:
        engine.dispose()
    removed = [] if keep is None else remove_old(out, keys, keep)
    return final, manifest, removed


def server_at(connection: Connection, url: str) -> Server:
    """The server of a connection. Raises BackupRoleTooWeak unless its role sees every row."""
    row = connection.execute(
        text(
            "SELECT current_user::text AS role, rolsuper OR rolbypassrls AS sees_all, "
            "current_setting('server_version_num')::int / 10000 AS major FROM pg_roles WHERE rolname = current_user"
        )
    ).one()
    if not row.sees_all:
        raise BackupRoleTooWeak(
            f"{row.role}：请用超级用户或带 BYPASSRLS 的账号 / use a superuser or a role with BYPASSRLS"
        )
    return Server(url, row.major)


def _take(connection: Connection, settings: Settings, url: str, draft: Path) -> Manifest:
    server = server_at(connection, url)
    moment = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
    size = connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
    schemas = [PLATFORM_SCHEMA, *(county_schema(code) for code in counties_here(connection))]
    rasters, missing = _rasters(connection, settings, schemas)
    refuse_without_space(draft, int(size * _DUMP_SHARE) + sum(path.stat().st_size for path in rasters.values()))
    state = read_state(connection)
    server.run(
        "pg_dump", "--format=custom", "--compress=3", f"--snapshot={moment}", "--lock-wait-timeout=60s",
        *(f"--schema={schema}" for schema in schemas), f"--file={draft / DUMP}",
    )  # fmt: skip
    (draft / DUMP).chmod(0o600)
    for name, path in rasters.items():
        _copy(path, draft / RASTERS / name)
    heads = (settings.audit_anchor_folder or settings.home / "audit-heads") / "heads.jsonl"
    if heads.is_file():
        _copy(heads, draft / HEADS)
    manifest = Manifest(
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        postgresql=server.major,
        database_bytes=size,
        state=state,
        keys=marks_of(load_secrets(settings).keys.ring(now=True)),
        missing=missing,
        elsewhere=sorted(code for code, address in addresses_of_counties(connection).items() if address is not None),
    )
    written = sorted(path for path in draft.rglob("*") if path.is_file())
    files = {str(path.relative_to(draft)): (digest_of(path), path.stat().st_size) for path in written}
    manifest = replace(manifest, files=files)
    manifest.write(draft)
    for path in [*written, draft / "manifest.json", draft]:
        _to_disk(path)
    return manifest


def _rasters(connection: Connection, settings: Settings, schemas: list[str]) -> tuple[dict[str, Path], list[str]]:
    """The files of the catalogues, by name below the folder of rasters; and those that are not there."""
    names = []
    for schema in schemas[1:]:
        if not connection.scalar(text("SELECT to_regclass(:name) IS NOT NULL"), {"name": f"{schema}.raster"}):
            continue  # of a release from before rasters: a backup is taken before the upgrade
        rows = connection.execute(text(f"SELECT file, tile_file FROM {schema}.raster"))  # noqa: S608 - a schema of ours
        names += [name for row in rows for name in row if name]
    paths = {name: settings.rasters_folder / name for name in dict.fromkeys(names)}
    missing = [name for name, path in paths.items() if not path.is_file()]
    return {name: path for name, path in paths.items() if path.is_file()}, missing


def _keep_keys(settings: Settings, path: Path) -> None:
    """The keys of this moment, without the passwords of the database, as a file closed to others."""
    with disk_errors(path.parent):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            json.dump(load_secrets(settings).keys.ring(now=True).to_json(), file, indent=1)
            file.flush()
            os.fsync(file.fileno())


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(0o600)


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
