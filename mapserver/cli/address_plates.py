"""``onemap address plates``: door plates for a village or a cell, as a table for the printer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from database.connection.engine import Database
from database.embedded import ensure_database
from database.installation.settings import get_settings, load_secrets
from database.rights.scope import Scope
from database.secrets.sign import Signer
from gazetteer.plates.plates import issue_plates
from mapserver.pages.plate_table import plate_csv


def plates(
    county: Annotated[str, typer.Option(help="县代码 / county code")],
    scope: Annotated[str, typer.Option(help="网格编码前缀：镇、村、网格 / grid prefix: town, village or cell")],
    out: Annotated[Path, typer.Option(help="输出的 CSV 文件 / CSV file to write", dir_okay=False)],
    base_url: Annotated[str, typer.Option(help="二维码网址的开头，如 https://… / beginning of the links")] = "",
) -> None:
    """为没有门牌二维码的地址制发门牌，并导出全部有效门牌 / issue plates where there are none, write all valid ones."""
    settings = get_settings()
    database = Database(ensure_database(settings).app, pool_size=1)
    signer = Signer.of_plates(load_secrets(settings))
    lines = -1
    with (
        database.transaction(Scope.of_system(county, "command line")) as connection,
        out.open("w", encoding="utf-8-sig", newline="") as file,
    ):
        made = issue_plates(connection, scope, actor="command line")
        for line in plate_csv(connection, county, scope, signer, base_url=base_url):
            file.write(line)
            lines += 1
    database.close()
    Console().print(f"新制 {made}，共 {lines} 块 / {made} new, {lines} in all: {out}", highlight=False)
