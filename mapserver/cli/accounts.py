"""Accounts and access tokens from the server's shell: ``onemap account``, ``onemap token``. Recorded as ``cli:`` + the shell user."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from access.accounts.accounts import AccountInvalid, create_account, find_account
from access.accounts.passwords import new_password
from access.administration.account_list import list_all_accounts
from access.administration.administration import Administration, Administrator
from access.audit.record import record_platform
from access.sessions.sessions import list_sessions
from access.sessions.tokens import create_token, list_tokens, revoke_token
from database.connection.engine import Database
from database.embedded import ensure_database
from database.installation.settings import Settings, get_settings
from database.rights.scope import Role

account_app = typer.Typer(no_args_is_help=True, help="账号 / accounts")
token_app = typer.Typer(no_args_is_help=True, help="访问令牌 / access tokens")
console = Console()

Username = Annotated[str, typer.Argument(help="用户名 / sign-in name")]
Prefixes = Annotated[list[str] | None, typer.Option("--scope", help="网格编码前缀，可多次 / grid prefix, repeatable")]
County = Annotated[str | None, typer.Option(help="县代码 / county code")]


def operator() -> Administrator:
    """The shell operator, who may act everywhere."""
    return Administrator(f"cli:{getpass.getuser()}", None)


@contextmanager
def database_of(settings: Settings) -> Iterator[Database]:
    """The database, for one command."""
    database = Database(ensure_database(settings).app, pool_size=1)
    try:
        yield database
    finally:
        database.close()


@contextmanager
def acts() -> Iterator[Administration]:
    """The acts of the shell operator."""
    settings = get_settings()
    with database_of(settings) as database:
        yield Administration(database, settings, operator())


@account_app.command("list")
def list_command(county: County = None) -> None:
    """列出账号 / list accounts: role, scope, sessions, tokens, failed sign-ins."""
    settings = get_settings()
    with database_of(settings) as database, database.platform() as connection:
        found = list_all_accounts(connection, county, settings)
    table = Table(
        "用户名 / user", "显示名 / name", "角色 / role", "范围 / scope", "状态 / state", "失败登录 / failures"
    )
    table.columns[0].no_wrap = True
    for one in found:
        states = [
            "停用 disabled" if one.disabled else "",
            "待授权 no role" if one.role is None else "",
            "须改密 must change" if one.must_change_password else "",
            "双因素 2FA" if one.has_second_factor else "",
            f"{one.sessions} 会话 sessions" if one.sessions else "",
            f"{one.tokens} 令牌 tokens" if one.tokens else "",
        ]
        failures = f"{one.failures} ({', '.join(one.failure_addresses)})" if one.failures else ""
        table.add_row(
            one.username,
            one.display_name,
            one.role or "-",
            " ".join(one.prefixes) or "-",
            ", ".join(filter(None, states)),
            failures,
        )
    console.print(table, markup=False)


@account_app.command("create")
def create(
    username: Username,
    role: Annotated[Role, typer.Option(help="角色 / role")],
    county: Annotated[str, typer.Option(help="县代码 / county code")],
    name: Annotated[str | None, typer.Option(help="显示名 / name as shown")] = None,
    scope: Prefixes = None,
) -> None:
    """建立账号或重设其密码与范围 / make an account, or reset its password, role and scope. The password is shown once and
    changed at the first sign-in."""
    settings = get_settings()
    password = new_password(username, settings)
    with database_of(settings) as database, database.platform() as connection:
        create_account(
            connection,
            username=username,
            display_name=name or username,
            password=password,
            role=role,
            county=county,
            prefixes=scope or [county],
            settings=settings,
            must_change=True,
        )
        record_platform(
            connection,
            "account_create",
            actor=operator().name,
            target=f"account:{username} role={role.value} scope={','.join(scope or [county])[:400]}",
            county=county,
        )
    console.print(f"{username}  {password}", highlight=False, markup=False)


@account_app.command("disable")
def disable(username: Username) -> None:
    """停用账号，会话与令牌立即失效 / shut an account out at once."""
    with acts() as by:
        by.set_disabled(username, disabled=True)


@account_app.command("enable")
def enable(username: Username) -> None:
    """启用账号 / let a disabled account in again."""
    with acts() as by:
        by.set_disabled(username, disabled=False)


@account_app.command("unlock")
def unlock(username: Username) -> None:
    """清除登录失败记录，不必再等待 / forget failed sign-ins, so that nobody has to wait."""
    with acts() as by:
        by.unlock(username)


@account_app.command("reset")
def reset(
    username: Username,
    second_factor: Annotated[
        bool, typer.Option("--second-factor", help="重设双因素而不是密码 / the second factor, not the password")
    ] = False,
) -> None:
    """重设密码，只显示一次 / a new password, shown once; or take away the second factor of a lost phone."""
    with acts() as by:
        if second_factor:
            by.reset_second_factor(username)
        else:
            console.print(f"{username}  {by.reset_password(username)}", highlight=False, markup=False)


def _change(username: str, role: Role | None, prefixes: list[str] | None) -> None:
    with acts() as by:
        with by.database.platform() as connection:
            account = find_account(connection, username)
        if account is None and (role is None or prefixes is None):
            raise AccountInvalid(
                "账号不存在、已停用或尚未授权 / no such account, disabled, or without a role: onemap account list"
            )
        password = by.grant(
            username,
            role or (account.role if account else Role.GRID_WORKER),
            prefixes or ((list(account.prefixes) or [account.county]) if account else []),
        )
    if password:
        console.print(f"{username}  {password}", highlight=False, markup=False)


@account_app.command("scope")
def scope_command(
    username: Username, prefixes: Annotated[list[str], typer.Argument(help="网格编码前缀 / grid prefixes")]
) -> None:
    """更改数据范围，会话与令牌失效 / change the scope; sessions and tokens end."""
    _change(username, None, prefixes)


@account_app.command("role")
def role_command(
    username: Username, role: Annotated[Role, typer.Argument(help="角色 / role")], scope: Prefixes = None
) -> None:
    """更改角色（及范围），会话与令牌失效 / change the role, and the scope; sessions and tokens end."""
    _change(username, role, scope)


@account_app.command("sessions")
def sessions(
    username: Username,
    end: Annotated[bool, typer.Option("--end", help="全部下线 / sign out everywhere")] = False,
) -> None:
    """列出会话，或全部下线 / list sessions, or end them all."""
    with acts() as by:
        if end:
            typer.echo(by.end_sessions(username))
            return
        with by.database.platform() as connection:
            for one in list_sessions(connection, username, by.settings, None):
                typer.echo(f"{one.id}\t{one.last_seen_at:%Y-%m-%d %H:%M}\t{one.address or '-'}\t{one.agent or '-'}")


@account_app.command("revoke")
def revoke(username: Username) -> None:
    """会话与令牌全部失效 / end every session and token."""
    with acts() as by:
        by.end_sessions(username)
        by.revoke_tokens(username)


@token_app.command("list")
def token_list(username: Username) -> None:
    """列出有效令牌 / list the valid tokens of an account."""
    with database_of(get_settings()) as database, database.platform() as connection:
        for one in list_tokens(connection, username):
            used = f"{one.last_used_at:%Y-%m-%d %H:%M}" if one.last_used_at else "-"
            typer.echo(f"{one.id}\t{one.name}\t{used}\t{one.expires_at:%Y-%m-%d}")


@token_app.command("create")
def token(
    username: Username,
    name: Annotated[str, typer.Option(help="用途 / what it is for")] = "command line",
    days: Annotated[int, typer.Option(min=1, max=365, help="有效天数 / days it is valid")] = 180,
) -> None:
    """为账号签发令牌，只显示一次 / issue a personal access token; it is shown once."""
    with database_of(get_settings()) as database, database.platform() as connection:
        issued = create_token(connection, username, name, days=days)
        account = find_account(connection, username)
        record_platform(
            connection,
            "token_create",
            actor=operator().name,
            target=f"account:{username}",
            county=account.county if account else None,
        )
    typer.echo(issued)


@token_app.command("revoke")
def token_revoke(
    username: Username,
    token_id: Annotated[int | None, typer.Argument(help="编号，不填为全部 / its number; all when left out")] = None,
) -> None:
    """令牌失效 / end one token, or all."""
    with acts() as by:
        if token_id is None:
            typer.echo(by.revoke_tokens(username))
            return
        with by.database.platform() as connection:
            revoke_token(connection, username, token_id)
            record_platform(connection, "token_revoke", actor=by.by.name, target=f"account:{username} token:{token_id}")
