"""``onemap address``: what can be done with address texts and the address library from the command line."""

from __future__ import annotations

import typer

from mapserver.cli import address_compare, address_parse

app = typer.Typer(help="地址 / addresses", no_args_is_help=True)
app.command("parse")(address_parse.parse_command)
app.command("compare")(address_compare.compare_command)
