"""``onemap address reread``: bring keys, depth and levels of every address in line with its text."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer
from rich.console import Console

from database.connection.engine import Database
from database.embedded import ensure_database
from database.installation.settings import get_settings
from database.rights.scope import Scope
from gazetteer.lifecycle.reread import reread

console = Console()


def reread_command(county: Annotated[str, typer.Option(help="县代码 / county code")]) -> None:
    """升级后重新解析全部地址，改正与文字不符的列 / read all addresses again. Running again changes nothing."""
    database = Database(ensure_database(get_settings()).app, pool_size=2)
    with database.transaction(Scope.of_system(county, getpass.getuser())) as connection:
        done = reread(connection)
    database.close()
    console.print(
        f"{done.addresses_n} 条地址，改正 {done.changed_n} 条；{done.aliases_n} 个别名，改正 {done.aliases_changed_n} 个 / "
        f"{done.changed_n} of {done.addresses_n} addresses and {done.aliases_changed_n} of {done.aliases_n} aliases put right",
        highlight=False,
    )
