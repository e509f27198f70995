"""``onemap scan``: run the anomaly rules now."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from alerts.detection.scan import scan
from database.connection.engine import current_day
from database.rights.scope import Scope
from mapserver.cli.opening import open_database


def scan_command(
    county: Annotated[str, typer.Option(help="县代码 / county code")],
    day: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="以这一天为今天 / as of this day")] = None,
) -> None:
    """运行全部异常规则 / run every anomaly rule. Running it again raises nothing twice.

    不再成立的预警随之消除；以过去某天为今天时不消除 / what no longer holds ends, but not as of a day gone by.
    """
    database = open_database(pool_size=1)
    with database.transaction(Scope.of_system(county, "scan")) as connection:
        today = current_day(connection)
        as_of = day.date() if day else today
        report = scan(connection, as_of, end_unfound=as_of >= today)
    database.close()
    table = Table("规则 / rule", "新增 / raised", "再次 / again", "自行消除 / cleared", "条件不再成立 / ceased")
    for rule, counts in report.counts.items():
        ended = report.ended.get(rule)
        last = (str(ended.cleared), str(ended.ceased)) if ended else ("–", "–")
        table.add_row(rule, str(counts["raised"]), str(counts["again"]), *last)
    Console().print(table)
