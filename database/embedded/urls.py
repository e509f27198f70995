"""One question for the rest of the house: which database, as which role?"""

import atexit
import os
from dataclasses import dataclass, field

from database.embedded.cluster import EmbeddedCluster
from database.embedded.errors import OwnerUrlMissingError
from database.embedded.keeper import ClusterKeeper, Lost
from database.installation.settings import Settings


@dataclass(frozen=True)
class DatabaseUrls:
    """`postgresql://` URLs of the application and owner roles. They hold passwords: never log them."""

    app: str = field(repr=False)
    owner_url: str | None = field(repr=False)

    @property
    def owner(self) -> str:
        """The URL for migrations. Raises OwnerUrlMissingError when a server was given without it."""
        if self.owner_url is None:
            raise OwnerUrlMissingError(
                "迁移数据库需要 onemap_owner 的连接地址。 / Migrations need the URL of onemap_owner.",
                setting="ONEMAP_OWNER_DATABASE_URL",
            )
        return self.owner_url


_clusters: dict[tuple[int, str], EmbeddedCluster] = {}
_keepers: dict[tuple[int, str], ClusterKeeper] = {}


def ensure_database(settings: Settings) -> DatabaseUrls:
    """The database of these settings: the given server, or the embedded cluster, started if need be.

    This process counts as a user of the embedded cluster until `release_database` or until it ends; the last
    user stops the cluster, unless it was started with `EmbeddedCluster.start`.
    """
    if settings.database_url is not None:
        return DatabaseUrls(app=settings.database_url, owner_url=settings.owner_database_url)
    key = (os.getpid(), str(settings.home))
    cluster = _clusters.get(key)
    if cluster is None:
        cluster = EmbeddedCluster(settings.home, fsync=settings.embedded_fsync, postgres_bin=settings.postgres_bin)
        cluster.acquire()
        if not any(pid == key[0] for pid, _ in _clusters):
            atexit.register(release_database)
        _clusters[key] = cluster
    else:
        cluster.acquire()
    return DatabaseUrls(app=cluster.dsn("app"), owner_url=cluster.dsn("owner"))


def keep_database(settings: Settings, lost: Lost) -> None:
    """From now on the embedded cluster of these settings is started again whenever it dies, until `release_database`.

    lost: called once, from another thread, when that fails for a minute. A given server is its administrator's to keep.
    """
    key = (os.getpid(), str(settings.home))
    if settings.database_url is None and key in _clusters and key not in _keepers:
        _keepers[key] = ClusterKeeper(_clusters[key], lost)
        _keepers[key].start()


def release_database() -> None:
    """Stop using the embedded clusters of this process; the last user of a cluster stops it."""
    for key in [key for key in _keepers if key[0] == os.getpid()]:
        _keepers.pop(key).stop()
    for key in [key for key in _clusters if key[0] == os.getpid()]:
        _clusters.pop(key).release()


def release_inherited() -> None:
    """In a process just forked: let go of the parent's hold on its clusters, which the parent keeps. What is used here is acquired anew."""
    for key in [key for key in _clusters if key[0] != os.getpid()]:
        _clusters.pop(key).let_go()


def sqlalchemy_url(url: str) -> str:
    """The same URL in the form SQLAlchemy wants for psycopg 3: `postgresql+psycopg://…`."""
    return "postgresql+psycopg://" + url.split("://", 1)[1]
