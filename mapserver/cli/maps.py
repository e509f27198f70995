"""``onemap maps alerts``: the alert map as one HTML file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from alerts.store import AlertFilter
from database.rights.scope import Scope
from database.upgrade.counties import get_county
from mapserver.cli.opening import open_database
from mapserver.maps.pages import make_alerts_page

app = typer.Typer(no_args_is_help=True, help="地图文件 / map files")


@app.callback()
def maps() -> None:
    """地图文件 / map files."""


@app.command("alerts")
def alerts(
    county: Annotated[str, typer.Option(help="县代码 / county code")],
    out: Annotated[Path, typer.Option(help="输出的 HTML 文件 / file to write", dir_okay=False)],
    status: Annotated[list[str] | None, typer.Option(help="状态，可多次 / status, repeatable")] = None,
    rule: Annotated[list[str] | None, typer.Option(help="规则，可多次 / rule, repeatable")] = None,
    severity: Annotated[list[str] | None, typer.Option(help="级别，可多次 / severity, repeatable")] = None,
    grid: Annotated[str | None, typer.Option(help="只看这个网格编码以下 / grid prefix")] = None,
) -> None:
    """把预警地图写成一个可离线打开的网页 / write the alert map as one page that opens without any network."""
    database = open_database(pool_size=1)
    with database.platform() as connection:
        info = get_county(connection, county)
    scope = Scope.of_system(county, "command line")
    where = AlertFilter(status or (), rule or (), severity or (), grid)
    with database.transaction(scope) as connection:
        page = make_alerts_page(connection, info.name, synthetic=info.synthetic, where=where)
    database.close()
    out.write_text(page, encoding="utf-8")
    Console().print(f"已写入 / written: {out} ({len(page) // 1024} KB)", highlight=False)
