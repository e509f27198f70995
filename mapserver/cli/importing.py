"""``onemap import`` and ``onemap import-plan``: department files into a county."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from database.connection.engine import Database
from database.connection.jobs import queue_app
from database.embedded import ensure_database
from database.installation.settings import get_settings, load_secrets
from database.rights.scope import Scope
from database.secrets.seal import Sealer
from importing.errors import ConfirmationNeeded
from importing.mappings.mapping import Mapping, find_mapping, load_mapping
from importing.pipeline import ImportReport, import_file
from importing.plan import load_plan, run_plan
from importing.stage.warnings import WARNINGS
from importing.values.reasons import REASONS
from importing.vocabulary import EmptyCells, ImportCount
from mapserver.cli.opening import open_database
from mapserver.server.jobs import hand_in_elevations

console = Console()

#: The stages whose seconds are counted.
STAGES = {"stage": "读取标准化", "compare": "比对", "resolve": "匹配归格", "publish": "发布"}


def import_command(
    file: Annotated[Path, typer.Argument(help="CSV、XLSX、GeoPackage、Shapefile（或 zip）、GeoJSON")],
    county: Annotated[str, typer.Option(help="县代码 / county code")],
    mapping: Annotated[str, typer.Option(help="映射名，或 TOML 文件 / mapping name, or a TOML file")],
    publish: Annotated[bool, typer.Option("--publish", help="真正写入；不加则只报告会怎样 / write it")] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="整表可疑也发布（已核对）/ publish although the whole file looks odd")
    ] = False,
    rejects: Annotated[Path | None, typer.Option(help="退回行写到这个 XLSX / workbook of rejected rows")] = None,
    sheet: Annotated[str | None, typer.Option(help="工作簿里的工作表 / sheet of a workbook")] = None,
) -> None:
    """导入一个部门表 / import a department file. Without --publish nothing changes and the report says what would."""
    database, sealer = _open()
    chosen = _mapping(mapping)
    if sheet is not None:
        chosen = chosen.model_copy(update={"sheet": sheet})
    with _shown() as progress:
        task = progress.add_task(file.name)
        doubt: ConfirmationNeeded | None = None
        try:
            report = import_file(
                database,
                Scope.of_system(county, "cli"),
                file,
                chosen,
                sealer=sealer,
                publish=publish,
                confirmed=yes,
                rejects_path=rejects,
                progress=lambda stage, rows: progress.update(task, description=f"{file.name} {stage.zh} {rows or ''}"),
            )
        except ConfirmationNeeded as error:
            doubt, report = error, error.report
    database.close()
    print_report(report, file.name)
    if report.rejects_path is not None:
        console.print(f"退回行和提醒 / rejected rows and warnings: {report.rejects_path}", highlight=False)
    elif report.counts["rejected"] or report.counts["warned"]:
        console.print("加 --rejects FILE.xlsx 可取得退回行和提醒 / add --rejects FILE.xlsx to get them as a workbook")
    if doubt is not None:
        raise doubt
    if report.state == "published":
        _hand_in_elevations(county)


def import_plan_command(
    plan: Annotated[str, typer.Argument(help="装载计划名，或 TOML 文件 / plan name, or a TOML file")],
    data: Annotated[Path, typer.Option(help="文件所在目录 / folder of the files")],
    county: Annotated[str | None, typer.Option(help="县代码，须与计划一致 / county code, as in the plan")] = None,
    publish: Annotated[bool, typer.Option("--publish", help="真正写入 / write it")] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="整表可疑也发布（已核对）/ publish although a whole file looks odd")
    ] = False,
) -> None:
    """按计划依次导入整个县 / import a whole county, file by file. Run again, it carries on where it stopped."""
    chosen = load_plan(plan)
    if county is not None and county != chosen.county:
        raise typer.BadParameter(f"计划属于 {chosen.county} / the plan is for {chosen.county}")
    database, sealer = _open()
    with _shown() as progress:
        task = progress.add_task(chosen.county_name)
        for step, report in run_plan(
            database,
            Scope.of_system(chosen.county, "cli"),
            chosen,
            data,
            sealer=sealer,
            publish=publish,
            confirmed=yes,
            started=lambda step: progress.update(task, description=step.mapping),
            progress=lambda stage, rows: progress.update(task, description=f"{stage.zh} {rows or ''}"),
        ):
            print_report(report, step.mapping)
    database.close()
    if publish:
        _hand_in_elevations(chosen.county)


def print_report(report: ImportReport, name: str) -> None:
    """The counts, the reasons of rejected rows, what went to review, and the seconds of each stage."""
    state = "已发布 / published" if report.state == "published" else "仅检查，未写入 / checked, nothing written"
    table = Table(title=f"{escape(name)} #{report.batch_id} {state}", show_header=False)
    for one in ImportCount:
        if report.counts.get(one) or one is ImportCount.READ:
            table.add_row(f"{one.zh} / {one.en}", str(report.counts[one]))
    for group in report.counts["reasons"]:
        column = f" {group['column']}" if group["column"] else ""
        mend = REASONS[group["code"]].mend_zh if group["code"] in REASONS else ""
        table.add_row(
            f"  退回 / rejected: {group['code']}{escape(column)}",
            f"{group['rows']}（首见第 {group['first']} 行）{'' if '{' in mend else mend}",
        )
    for code, n in report.counts["reviews"].items():
        table.add_row(f"  待复核 / to review: {code}", str(n))
    for code, n in report.counts["warnings"].items():
        table.add_row(f"  提醒 / warning: {code}", f"{n}  {WARNINGS[code].title[0]} / {WARNINGS[code].title[1]}")
    for column, cells in report.counts["empty"].items():
        shown = "，".join(f"{one.zh} / {one.en} {cells[one]}" for one in EmptyCells if cells[one])
        table.add_row(f"  空单元格 / empty cells: {escape(column)}", shown)
    seconds = "  ".join(f"{STAGES.get(stage, stage)} {entry['seconds']:.1f}s" for stage, entry in report.stages.items())
    table.add_row("用时 / time", seconds)
    console.print(table)
    # below the table, in full lines: what is proposed is there to be copied
    for question in report.counts["questions"]:
        for line in (f"整表可疑：{question['zh']}", f"odd as a whole: {question['en']}", question["mapping"]):
            if line:
                console.print(line, markup=False, highlight=False, soft_wrap=True)
    for notice in report.counts["notices"]:
        console.print(f"注意 / note: {notice}", highlight=False, markup=False)


def _open() -> tuple[Database, Sealer]:
    settings = get_settings()
    return open_database(), Sealer.from_secrets(load_secrets(settings))


def _hand_in_elevations(county: str) -> None:
    """For the flood question: the server's worker reads the elevations of new and moved addresses when it is there."""
    with queue_app(ensure_database(get_settings()).app).open() as queue:
        hand_in_elevations(queue, county)


def _mapping(name: str) -> Mapping:
    return load_mapping(Path(name)) if name.endswith(".toml") else find_mapping(name)


def _shown() -> Any:
    return Progress(
        SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), transient=True, console=console
    )
