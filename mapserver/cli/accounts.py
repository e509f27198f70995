"""Accounts and access tokens: ``onemap account``, ``onemap token``."""

from __future__ import annotations

import secrets
from typing import Annotated

import typer
from rich.console import Console

from access.accounts import create_account
from access.tokens import create_token
from database.embedded import ensure_database
from database.engine import Database
from database.scope import Role
from database.settings import get_settings

account_app = typer.Typer(no_args_is_help=True, help="账号 / accounts")
token_app = typer.Typer(no_args_is_help=True, help="访问令牌 / access tokens")
console = Console()


@account_app.command("create")
def create(
    username: Annotated[str, typer.Argument(help="用户名 / sign-in name")],
    role: Annotated[Role, typer.Option(help="角色 / role")],
    county: Annotated[str, typer.Option(help="县代码 / county code")],
    name: Annotated[str | None, typer.Option(help="显示名 / name as shown")] = None,
    scope: Annotated[list[str] | None, typer.Option(help="网格编码前缀，可多次 / grid prefix, repeatable")] = None,
) -> None:
    """建立账号或重设其密码与范围 / make an account, or reset its password, role and scope. The password is shown once."""
    settings = get_settings()
    database = Database(ensure_database(settings).app, pool_size=1)
    password = secrets.token_urlsafe(12)
    with database.platform() as connection:
        create_account(
            connection,
            username=username,
            display_name=name or username,
            password=password,
            role=role,
            county=county,
            prefixes=scope or [county],
            settings=settings,
        )
    database.close()
    console.print(f"{username}  {password}", highlight=False)


@token_app.command("create")
def token(
    username: Annotated[str, typer.Argument(help="用户名 / sign-in name")],
    name: Annotated[str, typer.Option(help="用途 / what it is for")] = "command line",
    days: Annotated[int, typer.Option(min=1, max=365, help="有效天数 / days it is valid")] = 180,
) -> None:
    """为账号签发令牌，只显示一次 / issue a personal access token; it is shown once."""
    database = Database(ensure_database(get_settings()).app, pool_size=1)
    with database.platform() as connection:
        issued = create_token(connection, username, name, days=days)
    database.close()
    typer.echo(issued)
