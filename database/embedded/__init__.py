"""The private PostGIS cluster that onemap runs for itself, and the choice between it and a given server."""

from database.embedded.binaries import MINIMUM_MAJOR, ServerBinaries, find_binaries
from database.embedded.bootstrap import (
    APP_ROLE,
    DATABASE,
    OWNER_ROLE,
    TILES_ROLE,
    bootstrap_server,
    bootstrap_sql,
)
from database.embedded.cluster import ClusterInfo, ClusterStatus, EmbeddedCluster
from database.embedded.urls import (
    DatabaseUrls,
    ensure_database,
    keep_database,
    release_database,
    release_inherited,
    sqlalchemy_url,
)

__all__ = [
    "APP_ROLE",
    "DATABASE",
    "MINIMUM_MAJOR",
    "OWNER_ROLE",
    "TILES_ROLE",
    "ClusterInfo",
    "ClusterStatus",
    "DatabaseUrls",
    "EmbeddedCluster",
    "ServerBinaries",
    "bootstrap_server",
    "bootstrap_sql",
    "ensure_database",
    "find_binaries",
    "keep_database",
    "release_database",
    "release_inherited",
    "sqlalchemy_url",
]
