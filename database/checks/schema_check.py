"""Is every schema what this release makes? A revision number alone does not say so: a migration may have been changed after it ran.

Each is compared, object by object, with one that is made anew by the migrations of this release, in a transaction that is rolled
back.
"""

from __future__ import annotations

from sqlalchemy import Connection, Engine, text

from database.checks.doctor import CheckResult
from database.embedded import EmbeddedCluster
from database.errors import Unavailable
from database.functions.texts import Branch
from database.installation.settings import Settings
from database.rights.scope import county_schema
from database.tables.base import PLATFORM_SCHEMA
from database.tables.catalogue import Catalogue, Difference, compare, read_catalogue
from database.upgrade.all_servers import counties_by_server, owner_of
from database.upgrade.counties import counties_here
from database.upgrade.migrate import owner_engine, upgrade_schema
from database.upgrade.server import ServerUnfit, close_platform

#: No county of China has this code.
SCRATCH_COUNTY = "999998"
_ASIDE = "platform_aside"
_SHOWN = 40


class SchemaDiffers(Unavailable):
    """数据库结构与本版本不符 | The schema is not the one of this release

    ``facts["objects"]``: schema → what differs.
    """


def unlike_fresh(engine: Engine, *, elsewhere: bool = False) -> dict[str, list[Difference]]:
    """Schema → what differs from one made anew; schemas that agree are left out. engine: of the owner. Changes nothing.

    elsewhere: it is not the home server.
    """
    with engine.connect() as connection, connection.begin() as attempt:
        try:
            return _unlike(connection, elsewhere=elsewhere)
        finally:
            attempt.rollback()


def refuse_unlike(engine: Engine) -> None:
    """Raises SchemaDiffers, which names the objects, unless every schema of every server is what this release makes.

    engine: of the owner, on the home server. Raises ServerUnfit when another server is away.
    """
    found: dict[str, list[Difference]] = {}
    for address in counties_by_server(engine):
        with owner_of(engine, address) as there:
            unlike = unlike_fresh(there, elsewhere=address is not None)
        found |= {f"{address} {schema}" if address else schema: differences for schema, differences in unlike.items()}
    if not found:
        return
    lines = [f"{schema}: {difference}" for schema, differences in found.items() for difference in differences]
    more = [f"… {len(lines) - _SHOWN}"] if len(lines) > _SHOWN else []
    raise SchemaDiffers(
        "\n".join(
            [
                *lines[:_SHOWN], *more,
                "版本号是最新的，但上列对象与新建的数据库不同（多半是升级脚本在执行之后又被修改，或有人手工改动）。"
                "函数和触发器由 onemap migrate 恢复；其余请先备份（onemap backup），再按新建的县改正这些对象，然后重新运行 onemap migrate。 / "
                "The revision is the newest, but these objects are not what a new installation has (a migration was changed after it "
                "ran, or somebody changed them by hand). Functions and triggers are put right by onemap migrate. For the others, back up "
                "(onemap backup), make them what a new county has, and run onemap migrate again.",
            ]
        ),
        objects={schema: [str(difference) for difference in found[schema]] for schema in found},
    )  # fmt: skip


def check_schema(settings: Settings) -> CheckResult:
    """The schemas are what this release makes; looked at when the database runs and its owner's address is known."""
    names = ("数据库结构", "Schema of the database")
    url = settings.owner_database_url
    if settings.database_url is None:
        cluster = EmbeddedCluster(settings.home, postgres_bin=settings.postgres_bin)
        url = cluster.dsn("owner") if cluster.status().state == "running" else None
    if url is None:
        return CheckResult(*names, True, "未检查：数据库未运行 / not looked at: it does not run", required=False)
    engine = owner_engine(url)
    try:
        refuse_unlike(engine)
    except (SchemaDiffers, ServerUnfit) as error:
        return CheckResult(*names, False, error.detail, "onemap migrate")
    finally:
        engine.dispose()
    return CheckResult(*names, True, "与本版本一致 / as this release makes it")


def _unlike(connection: Connection, *, elsewhere: bool) -> dict[str, list[Difference]]:
    counties = [county_schema(code) for code in counties_here(connection)]
    actual = {schema: read_catalogue(connection, schema) for schema in (PLATFORM_SCHEMA, *counties)}
    county = _fresh(connection, "county", county_schema(SCRATCH_COUNTY)) if counties else {}
    connection.execute(text(f"ALTER SCHEMA {PLATFORM_SCHEMA} RENAME TO {_ASIDE}"))
    platform = _fresh(connection, "platform", PLATFORM_SCHEMA, elsewhere=elsewhere)
    found = {
        schema: compare(catalogue, platform if schema == PLATFORM_SCHEMA else county)
        for schema, catalogue in actual.items()
    }
    return {schema: differences for schema, differences in found.items() if differences}


def _fresh(connection: Connection, branch: Branch, schema: str, *, elsewhere: bool = False) -> Catalogue:
    connection.execute(text(f"CREATE SCHEMA {schema}"))
    upgrade_schema(connection, branch, schema)
    if elsewhere:
        close_platform(connection)
    return read_catalogue(connection, schema)
