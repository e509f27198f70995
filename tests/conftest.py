"""Fixtures shared by all tests. One embedded cluster serves the whole run; everything connects as production does."""

import gc
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import Engine, text
from xdist.scheduler import LoadFileScheduling

from access.accounts import passwords
from database.connection.engine import Database
from database.embedded import EmbeddedCluster
from database.installation.settings import Settings, get_settings, load_secrets
from database.rights.scope import Scope
from database.secrets.seal import Sealer
from database.upgrade.counties import create_county
from database.upgrade.migrate import owner_engine
from mapserver.server.metadata import COUNTY_METADATA

COUNTY = "330521"
NEIGHBOUR = "330522"

# a shared machine may stall for a moment; how long one example takes is no property of the code
hypothesis.settings.register_profile("onemap", deadline=None)
hypothesis.settings.load_profile("onemap")


@pytest.fixture(scope="session", autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A home of the test run's own, also where no cluster is asked for: readers keep private folders there."""
    patch = pytest.MonkeyPatch()
    patch.setenv("ONEMAP_HOME", str(tmp_path_factory.mktemp("home")))
    get_settings.cache_clear()
    yield
    patch.undo()
    get_settings.cache_clear()


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Passwords are kept with the least work that argon2id knows, and checked by the code of production (`tests/access/test_passwords.py`
    says how much work that asks for)."""
    quick = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", lambda: quick)
        yield


#: What takes longest, though it is few tests, is begun first: so no worker is left alone with it in the end.
LONGEST = (
    "tests/demo/test_load.py", "tests/demo/test_generate.py", "tests/browser/", "tests/mapserver/test_backup.py",
    "tests/mapserver/test_outage.py", "tests/mapserver/test_workers.py", "tests/database/test_embedded.py",
)  # fmt: skip


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, then those with the most tests (`scripts/test` hands them out in this order, a file to a worker)."""
    tests = Counter(item.nodeid.partition("::")[0] for item in items)

    def order(item: pytest.Item) -> tuple[int, int, str]:
        file = item.nodeid.partition("::")[0]
        place = next((n for n, start in enumerate(LONGEST) if file.startswith(start)), len(LONGEST))
        return place, -tests[file], file

    items.sort(key=order)
    for file in {item.path for item in items if item.get_closest_marker("alone")}:
        if "mark.alone" not in file.read_text("utf-8"):
            raise pytest.UsageError(f"{file}: scripts/test looks for `mark.alone` in the file itself")


class FilesTogether(LoadFileScheduling):  # type: ignore[misc]
    """A file to a worker; the files of the browser tests to one, which loads their demo county once."""

    def _split_scope(self, nodeid: str) -> str:
        browser = "tests/browser"
        return browser if nodeid.startswith(f"{browser}/") else str(super()._split_scope(nodeid))


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadFileScheduling | None:
    """Where a file stays together (``--dist loadfile``)."""
    return FilesTogether(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_collection_finish() -> None:
    """Thousands of tests stay to the end: they are not looked through for garbage again and again."""
    gc.collect()
    gc.freeze()


#: A cluster of the tests and what it writes fit into memory when so much is free there.
MEMORY_BYTES = 4 * 2**30


def folder_of_clusters() -> Path | None:
    """Memory, where there is much of it: emptying a county makes some two hundred files anew. None: the folder of temporary files."""
    memory = Path("/dev/shm")
    return memory if memory.is_dir() and shutil.disk_usage(memory).free >= MEMORY_BYTES else None


@pytest.fixture(scope="session")
def cluster() -> Iterator[EmbeddedCluster]:
    """A running embedded cluster in a temporary home, fast and unsafe (fsync off)."""
    base = Path(tempfile.mkdtemp(prefix="onemap-", dir=folder_of_clusters()))
    base.chmod(0o755)  # the server's user passes through
    embedded = EmbeddedCluster(base / "home", fsync=False)
    embedded.start()
    try:
        yield embedded
    finally:
        embedded.stop()
        shutil.rmtree(base, ignore_errors=True)


@pytest.fixture(scope="session")
def settings(cluster: EmbeddedCluster) -> Iterator[Settings]:
    """Settings of a process that uses the test cluster; `get_settings()` returns the same."""
    patch = pytest.MonkeyPatch()
    patch.setenv("ONEMAP_HOME", str(cluster.home))
    patch.setenv("ONEMAP_EMBEDDED_FSYNC", "off")
    patch.setenv("ONEMAP_WORKERS", "1")
    # all tests of a worker come from one address under few names: the limits are met by the tests that set their own
    for limit in ("REQUESTS_PER_ACCOUNT", "REQUESTS_PER_ADDRESS", "STRANGERS_PER_ADDRESS"):
        patch.setenv(f"ONEMAP_{limit}", "1000000/minute")
    for name in ("ONEMAP_DATABASE_URL", "ONEMAP_OWNER_DATABASE_URL"):
        patch.delenv(name, raising=False)
    get_settings.cache_clear()
    yield get_settings()
    patch.undo()
    get_settings.cache_clear()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real files; a test that needs it is skipped, saying so, where it is absent."""
    folder = Settings().shared_data
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder} (ONEMAP_SHARED_DATA)")
    return folder


@pytest.fixture(scope="session")
def owner(cluster: EmbeddedCluster, settings: Settings) -> Iterator[Engine]:
    """The owning role, for making counties and for looking behind row-level security. Never for the test itself."""
    engine = owner_engine(cluster.dsn("owner"))
    create_county(engine, COUNTY, "测试县")
    create_county(engine, NEIGHBOUR, "邻县")
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def app_database(cluster: EmbeddedCluster, owner: Engine) -> Iterator[Database]:
    """The application role's pool; the county tables may hold rows of an earlier test."""
    pool = Database(cluster.dsn("app"))
    yield pool
    pool.close()


# emptying a hundred tables that are empty already takes longer than most tests: only those that hold rows are emptied
_TABLES = [f"c{code}.{table.name}" for code in (COUNTY, NEIGHBOUR) for table in COUNTY_METADATA.sorted_tables]
_FILLED = text(" UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (SELECT FROM {table})" for table in _TABLES))
_START_SEQUENCES = text(
    "SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false) FROM pg_sequences "
    f"WHERE schemaname IN ('c{COUNTY}', 'c{NEIGHBOUR}') AND last_value IS NOT NULL"
)


@pytest.fixture
def database(app_database: Database, owner: Engine) -> Database:
    """The application role, with both counties empty."""
    empty_counties(owner)
    return app_database


def empty_counties(owner: Engine) -> None:
    """No record, no account."""
    with owner.begin() as connection:
        connection.execute(text("SET LOCAL lock_timeout = '30s'"))
        connection.execute(_START_SEQUENCES)  # before: what answers to a truncation writes rows of its own
        if filled := connection.scalars(_FILLED).all():
            connection.execute(text(f"TRUNCATE {', '.join(filled)} CASCADE"))
        connection.execute(text("DELETE FROM platform.account"))
        connection.execute(text("DELETE FROM platform.sign_in_failure"))


@pytest.fixture(scope="session")
def county() -> str:
    """The county under test."""
    return COUNTY


@pytest.fixture(scope="session")
def neighbour() -> str:
    """Another county on the same server, which must never show through."""
    return NEIGHBOUR


@pytest.fixture(scope="session")
def system() -> Scope:
    """The whole county, as imports and scans see it."""
    return Scope.of_system(COUNTY)


@pytest.fixture(scope="session")
def sealer(settings: Settings) -> Sealer:
    """The sealer of the test installation."""
    return Sealer.from_secrets(load_secrets(settings))
