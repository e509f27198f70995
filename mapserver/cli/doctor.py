"""``onemap doctor``: what is missing, and the command that mends it."""

from __future__ import annotations

import typer
from rich.console import Console

from database.checks.doctor import run_checks
from database.checks.schema_check import check_schema
from database.confinement.check import check_confinement
from database.installation.settings import get_settings


def doctor() -> None:
    """检查本机缺什么、如何补上 / say what is missing and the command that mends it. Exit code 1 when something is."""
    console = Console()
    missing = False
    for check in run_checks(get_settings(), extra=[check_confinement, check_schema]):
        console.print(
            f"{'[green]✓[/green]' if check.ok else '[red]✗[/red]'} {check.name_zh} / {check.name_en}",
            highlight=False,
        )
        console.print(f"    {check.message}", highlight=False, markup=False)
        if not check.ok and check.command:
            console.print(f"    → {check.command}", highlight=False, markup=False)
        missing = missing or (check.required and not check.ok)
    raise typer.Exit(1 if missing else 0)
