"""``onemap address match``: a file of address texts, matched with the library."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from database.connection.engine import Database
from database.embedded import ensure_database
from database.installation.settings import get_settings
from database.rights.scope import Scope
from gazetteer.matching.candidates import ConfidenceClass
from importing.bulk_match.run import match_file

console = Console()
CLASSES = {
    **{str(one): f"{one} {one.zh} / {one.en}" for one in ConfidenceClass},
    "多个": "多个同样相符 / several equal",
    "无": "没有匹配 / no match",
    "空": "没有文本 / no text",
    "坏行": "列数不符 / broken row",
}


def match_command(
    file: Annotated[Path, typer.Argument(help="CSV（UTF-8、GB18030）或 XLSX")],
    county: Annotated[str, typer.Option(help="县代码 / county code")],
    column: Annotated[str, typer.Option(help="地址所在的列 / column of the address text")],
    out: Annotated[Path, typer.Option(help="结果文件 .csv 或 .xlsx / result file")],
    sheet: Annotated[str | None, typer.Option(help="工作表，默认第一个 / sheet, default the first")] = None,
    encoding: Annotated[str | None, typer.Option(help="编码，默认自动识别 / encoding, default: found out")] = None,
    processes: Annotated[int | None, typer.Option(min=1, help="进程数，默认每核一个 / default one a core")] = None,
) -> None:
    """把文件里的地址匹配到标准地址 / match a file's address texts; adds code, text, class, score, lon, lat, reasons."""
    database = Database(ensure_database(get_settings()).app, pool_size=2)
    shown = Progress(
        SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), transient=True, console=console
    )
    with shown as progress:
        task = progress.add_task(file.name)
        report = match_file(
            database,
            Scope.of_system(county, "cli"),
            file,
            column,
            out,
            sheet=sheet,
            encoding=encoding,
            processes=processes,
            progress=lambda rows: progress.update(task, description=f"{file.name} {rows:,}"),
        )
    database.close()
    table = Table(title=f"{out}", show_header=False)
    for key, label in CLASSES.items():
        if report.classes[key]:
            table.add_row(label, f"{report.classes[key]:,}", f"{report.classes[key] / max(report.rows, 1):.1%}")
    table.add_row("行 / rows", f"{report.rows:,}", f"{report.rows / max(report.seconds, 1e-9):,.0f}/s")
    console.print(table)
