"""``onemap address``: the address library, each command in a file of its own."""

from __future__ import annotations

import typer

from mapserver.cli import address_check, address_rules

app = typer.Typer(help="地址 / addresses", no_args_is_help=True)
app.command("check")(address_check.check_command)
app.command("rules")(address_rules.rules_command)
