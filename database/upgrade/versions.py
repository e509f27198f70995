"""Which revision each schema of this server is at, and which one this release wants."""

from __future__ import annotations

from functools import lru_cache

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from database.rights.scope import county_schema
from database.upgrade.counties import counties_here
from database.upgrade.migrate import MIGRATIONS

_READABLE = text("SELECT has_table_privilege(CAST(:name AS text), 'SELECT')")
_TABLE_EXISTS = text("SELECT to_regclass(:name) IS NOT NULL")


@lru_cache(maxsize=2)
def head_of(branch: str) -> str:
    """The newest revision of a branch of this release: ``platform`` or ``county``."""
    head = _scripts(branch).get_current_head()
    assert head is not None
    return head


def is_known_revision(branch: str, revision: str) -> bool:
    """Whether this release has the revision: of a schema of an older release, or of its own."""
    return revision in {script.revision for script in _scripts(branch).walk_revisions()}


def _scripts(branch: str) -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS / branch))
    return ScriptDirectory.from_config(config)


def schemas_behind(connection: Connection) -> list[str]:
    """The schemas of the server of this connection that are not at the head of this release, also those of a newer one; ``platform`` first, then ``c330521`` …

    A schema whose revision the application may not read is of an older release.
    """
    if not _is_at(connection, "platform", head_of("platform")):
        return ["platform"]
    head = head_of("county")
    schemas = (county_schema(code) for code in counties_here(connection))
    return [schema for schema in schemas if not _is_at(connection, schema, head)]


def _is_at(connection: Connection, schema: str, head: str) -> bool:
    name = f"{schema}.alembic_version"
    if not connection.scalar(_TABLE_EXISTS, {"name": name}) or not connection.scalar(_READABLE, {"name": name}):
        return False
    found = connection.scalars(text(f"SELECT version_num FROM {schema}.alembic_version"))  # noqa: S608 - a schema of ours
    return list(found) == [head]
