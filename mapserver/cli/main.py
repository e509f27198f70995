"""The ``onemap`` command: every sub-command in a file of its own."""

from __future__ import annotations

import errno
import signal
import sys

from rich.console import Console

from database.errors import OnemapError
from mapserver.cli.lazy import lazy_app
from mapserver.server import logs

app = lazy_app(
    "数字乡村一张图 / one county on one map",
    {
        "serve": "mapserver.cli.serve:serve",
        "worker": "mapserver.cli.serve:worker",
        "doctor": "mapserver.cli.doctor:doctor",
        "migrate": "mapserver.cli.county:migrate",
        "backup": "mapserver.cli.backup:backup",
        "restore": "mapserver.cli.backup:restore",
        "demo": "mapserver.cli.demo:demo",
        "scan": "mapserver.cli.scan:scan_command",
        "import": "mapserver.cli.importing:import_command",
        "import-plan": "mapserver.cli.importing:import_plan_command",
        "address": "mapserver.cli.address:app",
        "identity": "mapserver.cli.identity:app",
        "county": "mapserver.cli.county:app",
        "database": "mapserver.cli.county:database_app",
        "account": "mapserver.cli.accounts:account_app",
        "token": "mapserver.cli.accounts:token_app",
        "audit": "mapserver.cli.audit:app",
        "maps": "mapserver.cli.maps:app",
        "raster": "mapserver.cli.raster:app",
        "tiles": "mapserver.cli.tiles:app",
        "keys": "mapserver.cli.keys:app",
    },
)


#: SQLSTATE → what it means for whoever typed the command; everything was rolled back.
DATABASE_WORDS = {
    "55P03": "数据正被另一项工作占用，什么也没有改变，请稍后再试 / another piece of work holds the data; nothing changed, try again later",
    "57014": "用时超过限制，什么也没有改变 / it took longer than the limit; nothing changed (ONEMAP_JOB_STATEMENT_SECONDS)",
    "40P01": "与另一项工作冲突，什么也没有改变，请再试 / it crossed with another piece of work; nothing changed, try again",
    "53100": "数据库的磁盘已满，什么也没有改变 / the disk of the database is full; nothing changed",
    "53200": "数据库内存不足 / the database is out of memory",
    "53300": "数据库连接已用完，请稍后再试 / the database has no connection left; try again later",
    "57P01": "数据库在工作中停止，什么也没有改变 / the database was stopped in the middle; nothing changed",
    "57P03": "数据库正在启动或恢复，请稍后再试 / the database is starting or recovering; try again later",
}
#: The exit code of a command that was told to end, as shells count it.
TERMINATED = 128 + signal.SIGTERM
_terminated: list[int] = []


def _on_terminate(number: int, _frame: object) -> None:
    """As Ctrl-C: a statement under way is cancelled, transactions roll back, files and the cluster are given back."""
    _terminated.append(number)
    raise KeyboardInterrupt


def main() -> None:
    """Run a command; a known error is one clear message and exit code 2, never a traceback."""
    logs.install()
    console = Console(stderr=True)
    signal.signal(signal.SIGTERM, _on_terminate)
    try:
        app()
    except SystemExit as end:
        if not (_terminated and end.code):
            raise
        console.print("[yellow]![/yellow] 已中断，未完成的工作已撤回 / interrupted; unfinished work was taken back")
        raise SystemExit(TERMINATED) from end
    except OnemapError as error:
        console.print(f"[red]✗[/red] {error.title_zh} / {error.title_en}", highlight=False)
        if error.detail:
            console.print(error.detail, highlight=False, markup=False)
        sys.exit(2)
    except Exception as error:
        if not _explained(console, error):
            # not the message, nor local variables: they may hold a row
            console.print(logs.trace_of(error), highlight=False, markup=False, soft_wrap=True)
            sys.exit(1)
        sys.exit(2)


def _explained(console: Console, error: Exception) -> bool:
    """Say in one line what is wrong with the settings or the server; False for any other error."""
    import psycopg
    from pydantic import ValidationError  # here: a command that needs no settings shall not wait for them
    from sqlalchemy.exc import OperationalError

    if isinstance(error, ValidationError):
        console.print("[red]✗[/red] 设置有误 / a setting is not valid", highlight=False)
        for item in error.errors(include_input=False):
            console.print(f"  ONEMAP_{str(item['loc'][0]).upper()}: {item['msg']}", highlight=False, markup=False)
        return True
    cause = error.orig if isinstance(error, OperationalError) else error
    if isinstance(cause, psycopg.OperationalError):
        words = DATABASE_WORDS.get(cause.sqlstate or "", "连不上数据库 / cannot reach the database: onemap doctor")
        console.print(f"[red]✗[/red] {words}", highlight=False)
        console.print(f"{type(cause).__name__} {cause.sqlstate or ''}".rstrip(), highlight=False, markup=False)
        return True
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        console.print("[red]✗[/red] 磁盘已满，什么也没有写入 / the disk is full; nothing was written", highlight=False)
        console.print(str(error.filename or ""), highlight=False, markup=False)
        return True
    return False
