"""Restore a backup into a fresh home or an empty server: whole, compared with its manifest, or not at all."""

from __future__ import annotations

import fcntl
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import fields
from pathlib import Path

from sqlalchemy import Engine, create_engine, text

from database.backup.errors import (
    BackupDamaged,
    BackupKeysMissing,
    BackupOtherRelease,
    BackupUnderWay,
    RestoreDiffers,
    RestoreTargetInUse,
)
from database.backup.manifest import (
    DUMP,
    HEADS,
    RASTERS,
    Manifest,
    State,
    check_files,
    marks_of,
    read_manifest,
    read_state,
)
from database.backup.programs import client_program, disk_errors, in_database, refuse_without_space
from database.backup.take import server_at
from database.embedded import EmbeddedCluster, bootstrap_server, sqlalchemy_url
from database.embedded.bootstrap import DATABASE
from database.installation.keys import KeyRing
from database.installation.settings import (
    SECRETS_FILE,
    Settings,
    change_keys,
    load_home_secrets,
    load_secrets,
    prepare_home,
)
from database.tables.base import PLATFORM_SCHEMA
from database.upgrade.versions import is_known_revision

_SCRATCH = "verify-"
_FOUND = text("SELECT nspname FROM pg_namespace WHERE nspname = :platform OR nspname ~ '^c[0-9]{6}$' ORDER BY nspname")


def restore_backup(settings: Settings, backup: Path, keys: Path, *, superuser_url: str | None = None) -> Manifest:
    """Restore into the home of these settings, which has no data yet; returns what was restored.

    keys: the file of keys that was kept apart. superuser_url: of the server, when the settings name one: it is prepared as
    ``onemap database init`` does. Raises a BackupError; then the home and the server are as they were.
    """
    manifest = read_manifest(backup)
    check_files(backup, manifest)
    _check_release(manifest)
    ring = read_keys(keys, manifest)
    if superuser_url is None:
        _refuse_used(settings)
    _refuse_other_keys(settings.home, ring)
    prepare_home(settings.home)
    refuse_without_space(settings.home, manifest.database_bytes + manifest.bytes)
    with disk_errors(settings.home), _keys_in_place(settings, ring):
        if superuser_url is None:
            with _fresh_cluster(settings) as cluster:
                _fill(cluster.dsn("superuser"), backup, manifest)
                _put_files(settings, backup, manifest)
        else:
            secrets = load_secrets(settings)
            bootstrap_server(superuser_url, owner_password=secrets.owner_password, app_password=secrets.app_password)
            _fill(in_database(superuser_url), backup, manifest)
            _put_files(settings, backup, manifest)
    return manifest


def verify_backup(settings: Settings, backup: Path) -> Manifest:
    """Restore into a cluster that exists only for this, compare, and remove it. Raises a BackupError."""
    manifest = read_manifest(backup)
    check_files(backup, manifest)
    _check_release(manifest)
    prepare_home(settings.home)
    refuse_without_space(settings.home, manifest.database_bytes)
    with _one_at_a_time(settings.home):
        for leftover in settings.home.glob(f"{_SCRATCH}*"):  # of one that was killed
            _remove_scratch(leftover, settings)
        scratch = Path(tempfile.mkdtemp(prefix=_SCRATCH, dir=settings.home))
        try:
            with disk_errors(scratch):
                cluster = EmbeddedCluster(scratch, fsync=False, postgres_bin=settings.postgres_bin)
                cluster.start()
                _fill(cluster.dsn("superuser"), backup, manifest)
        finally:
            _remove_scratch(scratch, settings)
    return manifest


@contextmanager
def _one_at_a_time(home: Path) -> Iterator[None]:
    with (home / "verify.lock").open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupUnderWay(f"{home}：正在核验另一个备份 / another backup is being verified") from None
        yield


def _remove_scratch(scratch: Path, settings: Settings) -> None:
    _remove_cluster(EmbeddedCluster(scratch, postgres_bin=settings.postgres_bin))
    shutil.rmtree(scratch, ignore_errors=True)


def read_keys(path: Path, manifest: Manifest) -> KeyRing:
    """The keys of a file, which must be those of the backup. Raises BackupKeysMissing."""
    try:
        ring = KeyRing.from_json(json.loads(path.read_text(encoding="ascii")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise BackupKeysMissing(f"{path} 缺失或无法读取 / is missing or cannot be read", path=str(path)) from None
    marks = marks_of(ring)
    missing = [version for version, mark in manifest.keys.items() if marks.get(version) != mark]
    if missing:
        raise BackupKeysMissing(
            f"{path} 不是这个备份的密钥（版本 {'、'.join(missing)}） / these are not the keys of this backup",
            path=str(path),
        )
    return ring


def _check_release(manifest: Manifest) -> None:
    """Older ones are restored as they are and migrated then; newer ones this release does not understand."""
    for schema, revision in manifest.state.revisions.items():
        branch = "platform" if schema == PLATFORM_SCHEMA else "county"
        if not is_known_revision(branch, revision):
            raise BackupOtherRelease(
                f"{schema} 的版本 {revision} 本软件不认识，请安装做备份时的版本或更新的版本 / "
                f"revision {revision} of {schema} is unknown here; install the release that made the backup, or a later one",
                schema=schema, revision=revision,
            )  # fmt: skip
    client_program("pg_restore", manifest.postgresql)


def _refuse_other_keys(home: Path, ring: KeyRing) -> None:
    """A home that holds other keys belongs to other data."""
    if (home / SECRETS_FILE).exists():
        own_keys = load_home_secrets(home).keys.ring(now=True)
        if marks_of(own_keys) != marks_of(ring):
            raise RestoreTargetInUse(
                f"{home / SECRETS_FILE} 是另一套数据的密钥，请换一个 ONEMAP_HOME / holds the keys of other data; use another home",
                path=str(home),
            )


def _refuse_used(settings: Settings) -> None:
    cluster = EmbeddedCluster(settings.home, postgres_bin=settings.postgres_bin)
    if cluster.status().state != "absent":
        raise RestoreTargetInUse(
            f"{settings.home} 已有数据库；请换一个 ONEMAP_HOME，或先移走它 / has a database; use another ONEMAP_HOME, or move it away",
            path=str(settings.home),
        )


@contextmanager
def _keys_in_place(settings: Settings, ring: KeyRing) -> Iterator[None]:
    """The keys of the backup with fresh passwords; taken away again when the block fails."""
    path = settings.home / SECRETS_FILE
    made_here = not path.exists()
    before = load_home_secrets(settings.home).keys.ring(now=True)
    change_keys(settings.home, lambda _fresh: ring)
    try:
        yield
    except BaseException:
        if made_here:
            path.unlink(missing_ok=True)
        else:
            change_keys(settings.home, lambda _ring: before)
        raise


@contextmanager
def _fresh_cluster(settings: Settings) -> Iterator[EmbeddedCluster]:
    """The embedded cluster of a home without data, running; removed again when the block fails. It is stopped in the end."""
    cluster = EmbeddedCluster(settings.home, fsync=settings.embedded_fsync, postgres_bin=settings.postgres_bin)
    try:
        cluster.start()
        yield cluster
        cluster.stop()
    except BaseException:
        _remove_cluster(cluster)
        raise


def _remove_cluster(cluster: EmbeddedCluster) -> None:
    """What a cluster has made in its home, and nothing else."""
    with suppress(Exception):
        cluster.stop()
    layout = cluster.layout
    shutil.rmtree(layout.data_dir, ignore_errors=True)
    shutil.rmtree(layout.socket_dir, ignore_errors=True)
    for name in ("cluster.json", "bootstrap.done", "cluster.lock", "cluster.autostop", "cluster.users"):
        (cluster.home / name).unlink(missing_ok=True)


def _fill(url: str, backup: Path, manifest: Manifest) -> None:
    """The dump, in one transaction; then compared. Raises RestoreTargetInUse, BackupDamaged, RestoreDiffers."""
    engine = create_engine(sqlalchemy_url(url), hide_parameters=True)
    try:
        with engine.connect() as connection:
            server = server_at(connection, url)
            found = connection.scalars(_FOUND, {"platform": PLATFORM_SCHEMA}).all()
        if found:
            raise RestoreTargetInUse(f"数据库 {DATABASE} 中已有 / there are already: {', '.join(found)}")
        if server.major < manifest.postgresql:
            raise BackupOtherRelease(f"PostgreSQL {manifest.postgresql} → {server.major}")
        server.run("pg_restore", "--single-transaction", "--exit-on-error", str(backup / DUMP))
        try:
            _refuse_unlike(engine, manifest.state)
        except BaseException:
            with engine.begin() as connection:
                for schema in manifest.state.revisions:
                    connection.execute(text(f"DROP SCHEMA IF EXISTS {schema} CASCADE"))
            raise
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE"))
    finally:
        engine.dispose()


def _refuse_unlike(engine: Engine, wanted: State) -> None:
    with engine.connect() as connection, connection.begin():
        if set(wanted.revisions) - set(connection.scalars(_FOUND, {"platform": PLATFORM_SCHEMA})):
            raise BackupDamaged(DUMP)
        found = read_state(connection)
    wrong = [
        f"{part.name}: {name} {getattr(wanted, part.name).get(name)} → {getattr(found, part.name).get(name)}"
        for part in fields(State)
        for name in sorted(getattr(wanted, part.name) | getattr(found, part.name))
        if getattr(wanted, part.name).get(name) != getattr(found, part.name).get(name)
    ]
    if wrong:
        raise RestoreDiffers("\n".join(wrong[:20]))


def _put_files(settings: Settings, backup: Path, manifest: Manifest) -> None:
    for name in manifest.files:
        if name.startswith(f"{RASTERS}/"):
            target = settings.rasters_folder / name.removeprefix(f"{RASTERS}/")
        elif name == HEADS:
            target = (settings.audit_anchor_folder or settings.home / "audit-heads") / "heads.jsonl"
            if target.exists():
                continue  # lines are only ever added: the one that is there is of later
        else:
            continue
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = target.with_name(f".{target.name}.restoring")
        shutil.copyfile(backup / name, draft)
        draft.replace(target)
