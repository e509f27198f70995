"""The ``onemap`` command: every sub-command in a file of its own."""

from __future__ import annotations

import sys

from rich.console import Console

from database.errors import OnemapError
from mapserver import logs
from mapserver.cli.lazy import lazy_app

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


def main() -> None:
    """Run a command; a known error is one clear message and exit code 2, never a traceback."""
    logs.install()
    console = Console(stderr=True)
    try:
        app()
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
    from pydantic import ValidationError  # here: a command that needs no settings shall not wait for them
    from sqlalchemy.exc import OperationalError

    if isinstance(error, ValidationError):
        console.print("[red]✗[/red] 设置有误 / a setting is not valid", highlight=False)
        for item in error.errors(include_input=False):
            console.print(f"  ONEMAP_{str(item['loc'][0]).upper()}: {item['msg']}", highlight=False, markup=False)
        return True
    if isinstance(error, OperationalError):
        console.print("[red]✗[/red] 连不上数据库 / cannot reach the database: onemap doctor", highlight=False)
        console.print(type(error.orig).__name__, highlight=False, markup=False)
        return True
    return False
