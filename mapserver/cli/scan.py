"""``onemap scan``: run the anomaly rules now."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from database.embedded import ensure_database
from database.engine import Database, current_day
from database.scope import Scope
from database.settings import get_settings
from layers.anomaly.scan import scan


def scan_command(
    county: Annotated[str, typer.Option(help="县代码 / county code")],
    day: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="以这一天为今天 / as of this day")] = None,
) -> None:
    """运行全部异常规则 / run every anomaly rule. Running it again raises nothing twice."""
    database = Database(ensure_database(get_settings()).app, pool_size=1)
    with database.transaction(Scope.of_system(county, "scan")) as connection:
        report = scan(connection, day.date() if day else current_day(connection))
    database.close()
    table = Table("规则 / rule", "新增 / raised", "再次 / again")
    for rule, counts in report.counts.items():
        table.add_row(rule, str(counts.get("raised", 0)), str(counts.get("again", 0)))
    Console().print(table)
