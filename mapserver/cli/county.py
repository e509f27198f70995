"""Counties and their schemas: ``onemap county``, ``onemap migrate``, ``onemap database``."""

from __future__ import annotations

from typing import Annotated

import psycopg
import typer
from rich.console import Console

from database.checks.schema_check import refuse_unlike
from database.embedded import bootstrap_server, bootstrap_sql, ensure_database
from database.installation.settings import get_settings, load_secrets
from database.upgrade.all_servers import migrate_all
from database.upgrade.counties import create_county
from database.upgrade.migrate import owner_engine
from mapserver.server import metadata  # noqa: F401 - migrations refuse to run without the tables of every floor

app = typer.Typer(no_args_is_help=True, help="县 / counties")
database_app = typer.Typer(no_args_is_help=True, help="数据库服务器 / the database server")
console = Console()


@app.command("create")
def create(
    code: Annotated[str, typer.Argument(help="6 位县代码 / six-digit code")],
    name: Annotated[str, typer.Argument(help="县名 / name")],
    server: Annotated[
        str | None,
        typer.Option(
            help="数据所在的另一台服务器，如 postgresql://10.1.2.3/onemap，不含账号密码 / another server, no user, no password"
        ),
    ] = None,
) -> None:
    """建立一个县 / make a county: its schema, its tables, its policies."""
    engine = owner_engine(ensure_database(get_settings()).owner)
    try:
        create_county(engine, code, name, server=server)
    finally:
        engine.dispose()
    console.print(f"已建立 {name}（{code}）/ made county {code}")


def migrate() -> None:
    """升级平台和所有县的数据表，并核对结果 / bring the platform and every county to the newest revision, and check what came of it.

    On every server that counties live on. Exit code 2, with the names of the objects, when a schema is not what this release makes, and
    when a server is away (what can be upgraded is, all the same).
    """
    engine = owner_engine(ensure_database(get_settings()).owner)
    try:
        codes = migrate_all(engine)
        refuse_unlike(engine)
    finally:
        engine.dispose()
    console.print(f"已升级 / migrated: platform {' '.join(codes)}")


@database_app.command("init")
def init(
    superuser_url: Annotated[str | None, typer.Option(envvar="ONEMAP_SUPERUSER_URL", help="postgresql://…")] = None,
) -> None:
    """准备外部服务器的角色与扩展；不给地址则打印 SQL / prepare another server, or print the SQL when no URL is given."""
    secrets = load_secrets(get_settings())
    if superuser_url is None:
        typer.echo(bootstrap_sql(secrets.owner_password, secrets.app_password).script())
        return
    bootstrap_server(superuser_url, owner_password=secrets.owner_password, app_password=secrets.app_password)
    host = psycopg.conninfo.conninfo_to_dict(superuser_url).get("host", "")
    console.print(f"已准备 / prepared: {host}")
