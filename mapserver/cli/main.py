"""The ``onemap`` command: every sub-command in a file of its own."""

from __future__ import annotations

import sys

import typer
from pydantic import ValidationError
from rich.console import Console
from sqlalchemy.exc import OperationalError

from database.errors import OnemapError
from mapserver.cli import accounts, address, county, demo, doctor, importing, maps, scan, serve

app = typer.Typer(no_args_is_help=True, add_completion=False, help="数字乡村一张图 / one county on one map")
app.command("serve")(serve.serve)
app.command("worker")(serve.worker)
app.command("doctor")(doctor.doctor)
app.command("migrate")(county.migrate)
app.command("demo")(demo.demo)
app.command("scan")(scan.scan_command)
app.command("import")(importing.import_command)
app.command("import-plan")(importing.import_plan_command)
app.add_typer(address.app, name="address")
app.add_typer(county.app, name="county")
app.add_typer(county.database_app, name="database")
app.add_typer(accounts.account_app, name="account")
app.add_typer(accounts.token_app, name="token")
app.add_typer(maps.app, name="maps")


def main() -> None:
    """Run a command; a known error is one clear message and exit code 2, never a traceback."""
    console = Console(stderr=True)
    try:
        app()
    except OnemapError as error:
        console.print(f"[red]✗[/red] {error.title_zh} / {error.title_en}", highlight=False)
        if error.detail:
            console.print(error.detail, highlight=False, markup=False)
        sys.exit(2)
    except ValidationError as error:
        console.print("[red]✗[/red] 设置有误 / a setting is not valid", highlight=False)
        for item in error.errors(include_input=False):
            console.print(f"  ONEMAP_{str(item['loc'][0]).upper()}: {item['msg']}", highlight=False, markup=False)
        sys.exit(2)
    except OperationalError as error:
        console.print("[red]✗[/red] 连不上数据库 / cannot reach the database: onemap doctor", highlight=False)
        console.print(type(error.orig).__name__, highlight=False, markup=False)
        sys.exit(2)
