"""Bring the platform schema and every county schema to the newest revision.

Each schema keeps its own ``alembic_version``; after the migrations its SQL functions are put in place (``database/functions``), in the
same transaction. Migrations wait at most ``LOCK_TIMEOUT`` for a lock, so that a
running release is never held up behind them; a run that times out changed nothing and can be repeated.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, MetaData, create_engine, text

from database.embedded import sqlalchemy_url
from database.errors import Unavailable
from database.functions.place import put_functions
from database.functions.texts import Branch
from database.rights.scope import county_schema
from database.tables.base import PLATFORM_SCHEMA, CountyBase
from database.tables.models import County

LOCK_TIMEOUT = "5s"
MIGRATIONS = Path(__file__).parent.parent / "migrations"


class EmptyMetadata(Unavailable):
    """The models were not imported before migrating: comparing against nothing would drop everything."""

    title_zh = "没有加载数据表定义，拒绝迁移"
    title_en = "No table definitions loaded; refusing to migrate"


class RevisionUnknown(Unavailable):
    """本版本无法升级这个数据库 | This release cannot upgrade this database

    ``facts``: schema, revision.
    """


def owner_engine(owner_url: str) -> Engine:
    """An engine of the owning role, for migrations only."""
    return create_engine(sqlalchemy_url(owner_url), connect_args={"options": f"-c lock_timeout={LOCK_TIMEOUT}"})


def migrate_platform(engine: Engine) -> None:
    """Create or upgrade schema ``platform``."""
    with engine.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {PLATFORM_SCHEMA}"))
        upgrade_schema(connection, "platform", PLATFORM_SCHEMA)


def migrate_county(engine: Engine, code: str) -> None:
    """Create or upgrade the schema of one county. Raises EmptyMetadata when no models are loaded."""
    refuse_empty(CountyBase.metadata)
    schema = county_schema(code)
    with engine.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))
        upgrade_schema(connection, "county", schema)


def refuse_empty(metadata: MetaData) -> None:
    """Raise EmptyMetadata when ``metadata`` knows no table."""
    if not metadata.tables:
        raise EmptyMetadata("导入各层 models 后再迁移 / import the models of every floor first")


def differences(engine: Engine, code: str | None = None) -> list[object]:
    """What the models and the migrated schema disagree about; empty when they agree. Without a code: the platform."""
    metadata = CountyBase.metadata if code else County.metadata
    refuse_empty(metadata)
    with engine.connect() as connection:
        _use_schema(connection, county_schema(code) if code else "public")
        context = MigrationContext.configure(
            connection,
            opts={
                "include_object": _ours,
                "include_schemas": code is None,
                "include_name": _platform_only if code is None else None,
            },
        )
        return list(compare_metadata(context, metadata))


def _platform_only(name: str | None, kind: str, _parents: object) -> bool:
    return kind != "schema" or name == PLATFORM_SCHEMA


def _ours(_object: object, name: str | None, kind: str, reflected: bool, _other: object) -> bool:
    return not (
        kind == "table"
        and reflected
        and (name in ("alembic_version", "spatial_ref_sys") or str(name).startswith("procrastinate"))
    )


def _use_schema(connection: Connection, schema: str) -> None:
    connection.execute(text(f"SET search_path = {schema}, public"))
    connection.dialect.default_schema_name = schema


def upgrade_schema(connection: Connection, branch: Branch, schema: str, revision: str = "head") -> None:
    """Bring a schema, which exists, to a revision of its branch in the caller's transaction; at the newest one, with its functions.

    Raises RevisionUnknown when it is at a revision that this release does not have.
    """
    _use_schema(connection, schema)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS / branch))
    config.attributes["connection"] = connection
    config.attributes["schema"] = schema
    _refuse_unknown(connection, config, schema)
    command.upgrade(config, revision)
    if revision == "head":
        put_functions(connection, branch, schema)


def _refuse_unknown(connection: Connection, config: Config, schema: str) -> None:
    present = MigrationContext.configure(connection, opts={"version_table_schema": schema}).get_current_revision()
    scripts = ScriptDirectory.from_config(config)
    if present is None or present in {script.revision for script in scripts.walk_revisions()}:
        return
    if present < min(base for base in scripts.get_bases()):
        advice = (
            "该数据库早于本版本能升级的最早版本。请先备份，再用 0.4.0 之前最后一个版本运行 onemap migrate，然后安装本版本重新升级。 / "
            "The database is older than the oldest this release upgrades. Back up, run onemap migrate with the last version before "
            "0.4.0, then install this release and upgrade again."
        )
    else:
        advice = (
            "该数据库由更新的版本建立。请安装那个版本，或恢复升级前的备份。 / "
            "A newer release made the database. Install that one, or restore a backup of before."
        )
    raise RevisionUnknown(f"{schema}: {present}. {advice}", schema=schema, revision=present)
