"""Backup and restore as commands: the same rows, makes, accounts, numbers and answers; and nothing half done."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text
from typer.testing import CliRunner, Result

from access.accounts.accounts import create_account
from access.sessions.sessions import hash_secret
from database.backup import find_backup
from database.backup.manifest import DUMP, digest_of, read_manifest
from database.connection.engine import Database
from database.embedded import EmbeddedCluster, release_database
from database.installation.settings import SECRETS_FILE, Settings, get_settings
from database.rights.scope import Role, Scope
from database.secrets.seal import Sealer
from mapserver.app.create import create_app
from mapserver.cli.main import app as command_line
from tests import world
from tests.conftest import empty_counties
from tests.world import CELLS

PASSWORD = "correct horse battery"
COOKIE = "signed in when the backup was taken"
ID_NUMBER = "11010519491231002X"
ROLES = {Role.COUNTY_ADMIN: "330521", Role.TOWN_OFFICIAL: world.WUKANG, Role.GRID_WORKER: CELLS[0]}
PATHS = [
    *(f"/api/330521/{name}" for name in (
        "overview", "addresses/changes", "address-operations", "addresses/search?q=永安街1号", "reviews", "alerts", "rules",
        "workers", "imports", "changes", "rasters", "addresses/reverse?lon=120.0025&lat=30.505",
    )),
    *(f"/ogc/330521/{name}" for name in ("", "collections", "collections/cells/items", "collections/events/items",
                                         "collections/addresses/items")),
    "/tiles/330521/cells,events,households/12/3413/1689.mvt",
]  # fmt: skip


@pytest.fixture(scope="module")
def full(settings: Settings, owner: Engine, app_database: Database, sealer: Sealer) -> Settings:
    """The shared installation with a county, accounts, sealed numbers and a raster."""
    empty_counties(owner)
    with app_database.transaction(Scope.of_system("330521")) as connection:
        world.build_county(connection)
        addresses = [world.add_address(connection, f"永安街{n}号", CELLS[0], n) for n in range(1, 6)]
        households = [world.add_household(connection, f"H{n}", CELLS[0], a, n) for n, a in enumerate(addresses)]
        for n, household in enumerate(households):
            world.add_person(connection, f"甲{n}", CELLS[0], household, id_number=ID_NUMBER if n == 0 else None,
                             phone="13812345678" if n == 0 else None, sealer=sealer if n == 0 else None)  # fmt: skip
            world.add_event(connection, f"E{n}", CELLS[n % 4], datetime(2026, 1, 1 + n, tzinfo=UTC), n=n)
    with app_database.platform() as connection:
        for role, prefix in ROLES.items():
            create_account(
                connection, username=role.value, display_name=role.value, password=PASSWORD, role=role, county="330521",
                prefixes=(prefix,), settings=settings,
            )  # fmt: skip
        connection.execute(
            text(
                "INSERT INTO platform.session (token_hash, username, expires_at) VALUES (:hash, :name, now() + interval '1 day')"
            ),
            {"hash": hash_secret(COOKIE), "name": Role.COUNTY_ADMIN.value},
        )
    return settings


@pytest.fixture(scope="module")
def base() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="onemap-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def run(home: Path, *words: str, **environment: str) -> Result:
    """A command as somebody types it, for a home."""
    patch = pytest.MonkeyPatch()
    for name, value in {"ONEMAP_HOME": str(home), **environment}.items():
        patch.setenv(name, value)
    get_settings.cache_clear()
    try:
        return CliRunner().invoke(command_line, list(words))
    finally:
        release_database()  # as at the end of a process
        patch.undo()
        get_settings.cache_clear()


@pytest.fixture(scope="module")
def backup(full: Settings, base: Path, app_database: Database) -> Path:
    """Taken while another transaction writes."""
    ended = threading.Event()

    def write() -> None:
        with suppress(RuntimeError), app_database.transaction(Scope.of_system("330521")) as connection:
            world.add_event(connection, "uncommitted", CELLS[0], datetime(2026, 2, 1, tzinfo=UTC))
            ended.wait(60)
            raise RuntimeError("rolled back")

    other = threading.Thread(target=write)
    other.start()
    try:
        done = run(full.home, "backup", "--out", str(base / "backups"))
    finally:
        ended.set()
        other.join()
    assert done.exit_code == 0, done.output
    return find_backup(base / "backups")


@pytest.fixture(scope="module")
def restored(backup: Path, base: Path) -> Iterator[EmbeddedCluster]:
    """A fresh home, restored into."""
    done = run(base / "restored", "restore", str(base / "backups"))
    assert done.exit_code == 0, f"{done.output} {done.exception}"
    cluster = EmbeddedCluster(base / "restored", fsync=False)
    cluster.start()
    yield cluster
    cluster.stop()


def answers(client: TestClient) -> dict[str, Any]:
    """What three people see, and a number in the clear."""
    found: dict[str, Any] = {}
    for role in ROLES:
        client.cookies.clear()
        signed = client.post("/api/session", json={"username": role.value, "password": PASSWORD})
        assert signed.status_code == 200, signed.text
        for path in PATHS:
            answer = client.get(path)
            body = answer.json() if "json" in answer.headers.get("Content-Type", "") else answer.content
            if isinstance(body, dict):
                body.pop("timeStamp", None)
            found[f"{role.value} {path}"] = (answer.status_code, body)
        person = client.post("/api/330521/persons/search", json={"id_number": ID_NUMBER}).json()
        found[f"{role.value} person"] = person
        if role is Role.COUNTY_ADMIN:
            number = person["items"][0]["person_id"]
            revealed = client.post(
                f"/api/330521/persons/{number}/reveal", json={"field": "id_number", "purpose": "核对身份信息"}
            )
            assert ID_NUMBER in revealed.text
            found["revealed"] = revealed.json()
    return found


def served(settings: Settings) -> dict[str, Any]:
    app = create_app(settings, worker=False)
    with TestClient(app, raise_server_exceptions=False, headers={"X-Onemap-Request": "1"}) as client:
        assert client.get("/readyz").status_code == 200
        return answers(client)


def test_the_restored_county_answers_as_before(full: Settings, backup: Path, restored: EmbeddedCluster) -> None:
    manifest = read_manifest(backup)
    assert manifest.state.counts["platform.account"] == 3
    assert manifest.state.counts["c330521.event"] == 5
    assert any(" policy " in name for name in manifest.state.objects)
    before = served(full)
    assert len(before) > 50
    after = served(Settings(home=restored.home))
    assert {name for name in before if before[name] != after[name]} == set()
    with psycopg.connect(
        restored.dsn("app")
    ) as connection:  # row-level security holds: without a scope there is nothing
        connection.execute("SET search_path = c330521, public")
        assert connection.execute("SELECT count(*) FROM person").fetchone() == (0,)


def test_no_session_of_the_backup_lives_again(backup: Path, restored: EmbeddedCluster) -> None:
    assert read_manifest(backup).state.counts["platform.session"] > 0
    with psycopg.connect(restored.dsn("owner")) as connection:
        result = connection.execute(
            "SELECT count(*) FROM platform.session WHERE token_hash = %s", [hash_secret(COOKIE)]
        )
        assert result.fetchone() == (0,)


def test_the_keys_lie_apart_and_nothing_of_them_in_the_backup(full: Settings, backup: Path) -> None:
    keys = json.loads((full.home / SECRETS_FILE).read_text())
    secrets = [one[part] for one in keys["keys"].values() for part in ("data", "index")]
    secrets += [keys["superuser_password"], keys["owner_password"], keys["app_password"]]
    for file in backup.rglob("*"):
        assert file.stat().st_mode & 0o077 == 0
        assert not any(secret.encode() in file.read_bytes() for secret in secrets if file.is_file())
    kept = backup.parent.with_name("backups-keys") / f"{backup.name}.secrets.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert "password" not in kept.read_text()
    assert json.loads(kept.read_text())["keys"] == keys["keys"]


def damaged(backup: Path, base: Path, change: Callable[[Path], None]) -> Path:
    place = base / "damaged" / backup.name
    shutil.rmtree(place.parent, ignore_errors=True)
    shutil.copytree(backup, place)
    change(place)
    return place


def cut(place: Path) -> None:
    os.truncate(place / DUMP, 1000)


def flip(place: Path) -> None:
    content = bytearray((place / DUMP).read_bytes())
    content[len(content) // 2] ^= 1
    (place / DUMP).write_bytes(content)


def lose(place: Path) -> None:
    (place / DUMP).unlink()


def garble(place: Path) -> None:
    (place / "manifest.json").write_text("{")


def later(place: Path) -> None:
    content = json.loads((place / "manifest.json").read_text())
    content["state"]["revisions"]["c330521"] = "9999"
    (place / "manifest.json").write_text(json.dumps(content))


def fake(place: Path) -> None:
    """A dump that is none, with a manifest that fits it."""
    (place / DUMP).write_bytes(b"PGDMP nothing")
    content = json.loads((place / "manifest.json").read_text())
    content["files"][DUMP] = [digest_of(place / DUMP), (place / DUMP).stat().st_size]
    (place / "manifest.json").write_text(json.dumps(content))


def lie(place: Path) -> None:
    content = json.loads((place / "manifest.json").read_text())
    content["state"]["counts"]["c330521.person"] += 1
    (place / "manifest.json").write_text(json.dumps(content))


def test_a_backup_is_verified_by_restoring_it_and_told_where_it_differs(
    full: Settings, backup: Path, base: Path
) -> None:
    (full.home / "verify-killed").mkdir()
    done = run(full.home, "backup", "--verify", str(damaged(backup, base, lie)))
    assert type(done.exception).__name__ == "RestoreDiffers", done.output
    assert str(done.exception).endswith("counts: c330521.person 6 → 5")  # and everything else agreed
    assert not list(full.home.glob("verify-*"))


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (cut, "BackupDamaged"), (flip, "BackupDamaged"), (lose, "BackupDamaged"), (garble, "BackupDamaged"),
        (later, "BackupOtherRelease"), (fake, "BackupError"),
    ],
)  # fmt: skip
def test_what_cannot_be_restored_whole_leaves_nothing(
    backup: Path, base: Path, change: Callable[[Path], None], kind: str
) -> None:
    keys = backup.parent.with_name("backups-keys") / f"{backup.name}.secrets.json"
    home = base / "refused"
    done = run(home, "restore", str(damaged(backup, base, change)), "--keys", str(keys))
    assert type(done.exception).__name__ == kind, done.output
    assert not home.exists() or not [path for path in home.iterdir() if path.name != "work"]


def test_foreign_keys_and_a_home_in_use_are_refused(backup: Path, base: Path, restored: EmbeddedCluster) -> None:
    foreign = base / "foreign.json"
    EmbeddedCluster(base / "other").secrets  # noqa: B018 - makes a secrets file
    shutil.copy(base / "other" / SECRETS_FILE, foreign)
    done = run(base / "third", "restore", str(backup), "--keys", str(foreign))
    assert type(done.exception).__name__ == "BackupKeysMissing"
    assert not (base / "third").exists()
    again = run(restored.home, "restore", str(backup))
    assert type(again.exception).__name__ == "RestoreTargetInUse"
    assert restored.status().state == "running"


def test_an_account_that_row_level_security_binds_makes_no_backup(
    full: Settings, base: Path, cluster: EmbeddedCluster
) -> None:
    done = run(full.home, "backup", "--out", str(base / "weak"), ONEMAP_SUPERUSER_URL=cluster.dsn("owner"))
    assert type(done.exception).__name__ == "BackupRoleTooWeak"
    assert not list((base / "weak").glob("onemap-*"))


def test_a_full_disk_leaves_no_half_backup(
    full: Settings, base: Path, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = base / "full-disk"
    usage = shutil.disk_usage(base)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=10))
    done = run(full.home, "backup", "--out", str(out))
    assert type(done.exception).__name__ == "BackupNoSpace"
    assert not list(out.glob("onemap-*"))


def test_a_backup_that_is_killed_counts_for_nothing_and_the_next_one_sweeps(full: Settings, base: Path) -> None:
    out = base / "killed"
    out.mkdir()
    (out / "onemap-20260101T000000.unfinished").mkdir()
    for expected in (1, 1):
        done = run(full.home, "backup", "--out", str(out), "--keep", "1")
        assert done.exit_code == 0, done.output
        assert len(list(out.glob("onemap-*"))) == expected
        assert len(list((base / "killed-keys").iterdir())) == expected
