"""``onemap address``: the address library from the command line, each command in a file of its own."""

from __future__ import annotations

import typer

from mapserver.cli import address_plates

app = typer.Typer(help="地址 / addresses", no_args_is_help=True)
app.command("plates")(address_plates.plates)


@app.callback()
def address() -> None:
    """地址 / addresses."""
