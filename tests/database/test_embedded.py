"""The embedded cluster starts, is shared, survives a crash, and is closed to everybody else."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from database.embedded import (
    EmbeddedCluster,
    bootstrap_server,
    bootstrap_sql,
    ensure_database,
    find_binaries,
    sqlalchemy_url,
)
from database.embedded.errors import (
    ClusterStartError,
    ClusterVersionError,
    OwnerUrlMissingError,
    PostgisMissingError,
    PostgresMissingError,
)
from database.embedded.keeper import ClusterKeeper
from database.embedded.process import server_pid
from database.installation.settings import SECRETS_FILE, SecretsMissingError, Settings


@pytest.fixture
def base() -> Iterator[Path]:
    """A short temporary folder the server's user may pass through."""
    folder = Path(tempfile.mkdtemp(prefix="onemap-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def finished_home() -> Iterator[Path]:
    """The home of a created, stopped cluster, to be copied: creating one takes seconds."""
    folder = Path(tempfile.mkdtemp(prefix="onemap-"))
    folder.chmod(0o755)
    template = EmbeddedCluster(folder / "home", fsync=False)
    template.start()
    template.stop()
    yield template.home
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def own(base: Path, finished_home: Path) -> Iterator[EmbeddedCluster]:
    """A cluster for one test, created but not started, with fsync off."""
    subprocess.run(["cp", "-a", str(finished_home), str(base / "home")], check=True)
    embedded = EmbeddedCluster(base / "home", fsync=False)
    yield embedded
    embedded.stop()


def query(url: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


# --- Life of a cluster --------------------


def test_a_home_without_a_cluster_is_left_alone_by_status(base: Path) -> None:
    assert EmbeddedCluster(base / "home").status().state == "absent"
    assert list(base.iterdir()) == []


def test_a_cluster_starts_is_reused_stops_and_starts_again(own: EmbeddedCluster) -> None:
    assert own.status().state == "stopped"
    first = own.start()
    assert first.started_here
    assert own.status().state == "running"
    again = EmbeddedCluster(own.home, fsync=False).start()
    assert not again.started_here
    assert again.pid == first.pid
    query(own.dsn("owner"), "CREATE SCHEMA kept")
    assert own.stop()
    assert not own.stop()
    assert own.status().state == "stopped"
    started = time.monotonic()
    own.start()
    assert time.monotonic() - started < 10
    assert query(own.dsn("owner"), "SELECT 1 FROM pg_namespace WHERE nspname = 'kept'") == [(1,)]


def test_committed_rows_survive_kill_9(base: Path) -> None:
    own = EmbeddedCluster(base / "home", fsync=True)
    try:
        info = own.start()
        query(own.dsn("owner"), "CREATE SCHEMA s; CREATE TABLE s.t AS SELECT generate_series(1, 1000) AS n")
        assert info.pid is not None
        os.kill(info.pid, signal.SIGKILL)
        recovered = own.start()
        assert recovered.started_here
        assert query(own.dsn("owner"), "SELECT count(*) FROM s.t") == [(1000,)]
    finally:
        own.stop()


def test_a_pid_file_naming_an_unrelated_process_does_not_block_the_start(own: EmbeddedCluster) -> None:
    own.start()
    pid_file = own.layout.data_dir / "postmaster.pid"
    content = pid_file.read_text()
    own.stop()
    user = own.layout.user
    unrelated = subprocess.Popen(
        ["sleep", "60"], cwd="/", user=user.uid if user else None, group=user.gid if user else None
    )
    try:
        pid_file.write_text("\n".join([str(unrelated.pid), *content.split("\n")[1:]]))
        assert server_pid(own.layout.data_dir) is None
        assert own.start().started_here
    finally:
        unrelated.kill()
        unrelated.wait()


@pytest.mark.parametrize("content", ["", "garbage\n", "99999999\n"])
def test_an_empty_or_garbled_pid_file_does_not_block_the_start(own: EmbeddedCluster, content: str) -> None:
    (own.layout.data_dir / "postmaster.pid").write_text(content)
    assert own.start().started_here


def test_a_keeper_starts_it_again_and_stops_with_its_user(own: EmbeddedCluster) -> None:
    own.acquire()
    lost: list[Exception] = []
    keeper = ClusterKeeper(own, lost.append)
    keeper.start()
    old = server_pid(own.layout.data_dir)
    assert old is not None
    os.kill(old, signal.SIGQUIT)  # an immediate end, as of a machine in trouble
    deadline = time.monotonic() + 30
    while (new := server_pid(own.layout.data_dir)) in (None, old) or own.status().state != "running":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert query(own.dsn("app"), "SELECT 1") == [(1,)]
    keeper.stop()
    assert own.release()  # it still stops with its last user
    assert (own.status().state, lost, new != old) == ("stopped", [], True)


def test_a_server_that_cannot_start_again_is_given_up(own: EmbeddedCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("database.embedded.keeper.GIVEN_UP_S", 0.0)
    monkeypatch.setattr("database.embedded.keeper.GRACE_S", 0.0)
    own.acquire()
    lost: list[Exception] = []
    own.stop()
    settings_file = own.layout.data_dir / "postgresql.conf"
    good = settings_file.read_text()
    settings_file.write_text("nonsense\n")
    keeper = ClusterKeeper(own, lost.append)
    keeper.start()
    keeper.join(30)
    settings_file.write_text(good)
    assert [type(error) for error in lost] == [ClusterStartError]


def test_processes_that_start_at_once_share_one_server(own: EmbeddedCluster) -> None:
    with ThreadPoolExecutor(4) as pool:
        infos = list(pool.map(lambda _: EmbeddedCluster(own.home, fsync=False).start(), range(4)))
    assert len({info.pid for info in infos}) == 1
    assert sum(info.started_here for info in infos) == 1


def test_the_last_user_stops_a_cluster_that_was_started_for_use(own: EmbeddedCluster) -> None:
    other = EmbeddedCluster(own.home, fsync=False)
    own.acquire()
    other.acquire()
    assert not own.release()
    assert own.status().state == "running"
    assert other.release()
    assert own.status().state == "stopped"


def test_release_leaves_a_cluster_that_somebody_started_to_stay(own: EmbeddedCluster) -> None:
    own.start()
    own.acquire()
    assert not own.release()
    assert own.status().state == "running"


def test_a_process_that_ends_releases_the_cluster(own: EmbeddedCluster) -> None:
    program = "from database.embedded import ensure_database; from database.installation.settings import Settings; "
    program += "ensure_database(Settings())"
    environment = {**os.environ, "ONEMAP_HOME": str(own.home), "ONEMAP_EMBEDDED_FSYNC": "off"}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)
    assert own.status().state == "stopped"


# --- What is refused --------------------


def test_data_of_another_major_version_is_refused_with_the_way_out(own: EmbeddedCluster) -> None:
    own.start()
    own.stop()
    version_file = own.layout.data_dir / "PG_VERSION"
    good = version_file.read_text()
    version_file.write_text("12\n")
    try:
        with pytest.raises(ClusterVersionError, match=r"(?s)创建.*was made by PostgreSQL 12.*apt-get install"):
            own.start()
    finally:
        version_file.write_text(good)


def test_lost_secrets_stop_the_start_instead_of_being_replaced(own: EmbeddedCluster) -> None:
    own.start()
    own.stop()
    secrets_file = own.home / SECRETS_FILE
    secrets_file.rename(own.home / "kept")
    with pytest.raises(SecretsMissingError):
        EmbeddedCluster(own.home, fsync=False).start()
    (own.home / "kept").rename(secrets_file)


def test_missing_programs_are_named_with_the_command_that_installs_them(tmp_path: Path) -> None:
    with pytest.raises(PostgresMissingError, match="apt-get install postgresql-15 postgresql-15-postgis-3"):
        find_binaries(tmp_path)


def test_missing_postgis_is_named_with_the_command_that_installs_it(tmp_path: Path) -> None:
    answers = {
        "initdb": "",
        "pg_ctl": "",
        "postgres": "postgres (PostgreSQL) 16.2",
        "pg_config": str(tmp_path),
    }
    for name, answer in answers.items():
        (tmp_path / name).write_text(f"#!/bin/sh\necho '{answer}'\n")
        (tmp_path / name).chmod(0o755)
    with pytest.raises(PostgisMissingError, match="apt-get install postgresql-16-postgis-3"):
        find_binaries(tmp_path)


# --- Roles and closed doors --------------------


def test_no_role_of_onemap_is_mighty(cluster: EmbeddedCluster) -> None:
    rows = query(
        cluster.dsn("superuser"),
        "SELECT rolname, rolcanlogin, rolinherit, "
        "rolsuper OR rolbypassrls OR rolcreatedb OR rolcreaterole OR rolreplication "
        "FROM pg_roles WHERE rolname IN ('onemap_app', 'onemap_owner', 'onemap_tiles') ORDER BY 1",
    )
    assert rows == [
        ("onemap_app", True, False, False),
        ("onemap_owner", True, True, False),
        ("onemap_tiles", False, True, False),
    ]


def test_the_application_role_owns_nothing_and_cannot_create_tables(cluster: EmbeddedCluster) -> None:
    owned = (
        "SELECT count(*) FROM pg_shdepend WHERE refclassid = 'pg_authid'::regclass AND deptype = 'o' "
        "AND refobjid = 'onemap_app'::regrole"
    )
    assert query(cluster.dsn("superuser"), owned) == [(0,)]
    for statement in ("CREATE TABLE public.t (n int)", "CREATE SCHEMA mine", "SET ROLE onemap_tiles"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            query(cluster.dsn("app"), statement)


def test_the_owner_may_create_schemas_and_hand_functions_to_the_tiles_role(cluster: EmbeddedCluster) -> None:
    for statement in (
        "CREATE SCHEMA handing",
        "GRANT USAGE, CREATE ON SCHEMA handing TO onemap_tiles",
        "CREATE FUNCTION handing.f() RETURNS int LANGUAGE sql SECURITY DEFINER RETURN 1",
        "ALTER FUNCTION handing.f() OWNER TO onemap_tiles",
        "DROP SCHEMA handing CASCADE",
    ):
        query(cluster.dsn("owner"), statement)


def test_the_extensions_are_installed_and_know_cgcs2000(cluster: EmbeddedCluster) -> None:
    names = query(cluster.dsn("app"), "SELECT extname FROM pg_extension ORDER BY 1")
    assert names == [("btree_gist",), ("pg_trgm",), ("plpgsql",), ("postgis",)]
    assert query(cluster.dsn("app"), "SELECT ST_SRID(ST_SetSRID(ST_MakePoint(120, 30), 4490))") == [(4490,)]


def test_bootstrap_may_be_repeated(cluster: EmbeddedCluster) -> None:
    bootstrap_server(
        cluster.dsn("superuser", database="postgres"),
        owner_password=cluster.secrets.owner_password,
        app_password=cluster.secrets.app_password,
    )
    assert query(cluster.dsn("app"), "SELECT current_user::text") == [("onemap_app",)]


def test_the_bootstrap_script_holds_no_password() -> None:
    script = bootstrap_sql("first-password", "second-password").script()
    assert "-password" not in script
    assert "\\gexec" in script


def test_a_wrong_password_is_refused(cluster: EmbeddedCluster) -> None:
    url = cluster.dsn("app").replace(cluster.secrets.app_password, "wrong")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        query(url, "SELECT 1")


def test_nothing_listens_on_tcp(cluster: EmbeddedCluster) -> None:
    pid = server_pid(cluster.layout.data_dir)
    held = {str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()}
    tables = [Path(f"/proc/{pid}/net/{name}") for name in ("tcp", "tcp6")]
    lines = [line.split() for table in tables if table.exists() for line in table.read_text().splitlines()[1:]]
    listening = {f"socket:[{fields[9]}]" for fields in lines if fields[3] == "0A"}
    assert not held & listening
    assert query(cluster.dsn("app"), "SHOW listen_addresses") == [("",)]


def test_socket_data_and_secrets_are_closed_to_other_users(cluster: EmbeddedCluster) -> None:
    assert mode(cluster.layout.socket_dir) == 0o700
    assert mode(cluster.layout.data_dir) == 0o700
    assert mode(cluster.home / SECRETS_FILE) == 0o600
    assert mode(cluster.home) & 0o067 == 0
    assert not list(cluster.home.rglob("*password*"))


def test_the_server_does_not_run_as_root(cluster: EmbeddedCluster) -> None:
    pid = server_pid(cluster.layout.data_dir)
    assert Path(f"/proc/{pid}").stat().st_uid != 0


# --- Awkward places --------------------


def test_a_home_with_a_long_path_gets_a_short_private_socket_folder(base: Path) -> None:
    own = EmbeddedCluster(base / ("long" * 30) / "home, with 空格", fsync=False)
    try:
        own.start()
        assert len(str(own.layout.socket_dir)) < 60
        assert mode(own.layout.socket_dir) == 0o700
        assert query(own.dsn("app"), "SELECT 1") == [(1,)]
    finally:
        own.stop()
        shutil.rmtree(own.layout.socket_dir, ignore_errors=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts the server as another user")
def test_a_home_closed_to_the_servers_user_keeps_its_data_elsewhere(base: Path) -> None:
    (base / "closed").mkdir(mode=0o700)
    own = EmbeddedCluster(base / "closed" / "home", fsync=False)
    try:
        info = own.start()
        assert info.data_dir.parent == Path("/var/lib/onemap")
        assert own.stop()
        assert EmbeddedCluster(own.home, fsync=False).start().data_dir == info.data_dir
        assert query(own.dsn("app"), "SELECT 1") == [(1,)]
    finally:
        own.stop()
        for folder in (own.layout.data_dir, own.layout.socket_dir):
            shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")
def test_an_ordinary_user_may_run_it_too(base: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    home = base / "theirs"
    home.mkdir()
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    own = EmbeddedCluster(home, fsync=False)
    try:
        assert own.start().os_user == "nobody"
        assert (home / SECRETS_FILE).stat().st_uid == nobody.pw_uid
    finally:
        own.stop()


# --- Which database --------------------


def test_ensure_database_gives_urls_of_both_roles(settings: Settings) -> None:
    urls = ensure_database(settings)
    assert query(urls.app, "SELECT current_user::text") == [("onemap_app",)]
    assert query(urls.owner, "SELECT current_user::text") == [("onemap_owner",)]
    assert repr(urls) == "DatabaseUrls()"


def test_a_given_server_is_used_as_it_is() -> None:
    given = Settings(database_url="postgres://a:b@db.example/onemap")
    urls = ensure_database(given)
    assert urls.app == "postgresql://a:b@db.example/onemap"
    with pytest.raises(OwnerUrlMissingError):
        _ = urls.owner
    assert sqlalchemy_url(urls.app) == "postgresql+psycopg://a:b@db.example/onemap"
