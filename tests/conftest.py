"""Fixtures shared by all tests. One embedded cluster serves the whole run."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from database.embedded import EmbeddedCluster
from database.settings import Settings, get_settings


@pytest.fixture(scope="session")
def cluster() -> Iterator[EmbeddedCluster]:
    """A running embedded cluster in a temporary home, fast and unsafe (fsync off)."""
    base = Path(tempfile.mkdtemp(prefix="onemap-"))
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
    for name in ("ONEMAP_DATABASE_URL", "ONEMAP_OWNER_DATABASE_URL"):
        patch.delenv(name, raising=False)
    get_settings.cache_clear()
    yield get_settings()
    patch.undo()
    get_settings.cache_clear()
