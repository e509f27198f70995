"""``onemap address``: the address library from the command line, each command in a file of its own."""

from __future__ import annotations

import typer

from mapserver.cli import address_check, address_compare, address_match, address_parse, address_plates, address_rules

app = typer.Typer(help="地址 / addresses", no_args_is_help=True)
app.command("parse")(address_parse.parse_command)
app.command("compare")(address_compare.compare_command)
app.command("match")(address_match.match_command)
app.command("check")(address_check.check_command)
app.command("rules")(address_rules.rules_command)
app.command("plates")(address_plates.plates)
