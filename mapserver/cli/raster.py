"""``onemap raster``: rasters into a county, out of it, and the elevation at its addresses."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from database.installation.settings import get_settings
from database.rights.scope import Scope
from layers.raster.catalogue import list_rasters
from layers.raster.contours import draw_contours
from layers.raster.elevations import refresh_elevations
from layers.raster.ingest import NewRaster, add_raster, drop_raster
from layers.raster.kinds import KINDS
from layers.raster.vocabulary import RasterKind, RasterSensitivity
from mapserver.cli.opening import open_database

app = typer.Typer(help="栅格：影像、高程、土地覆盖、人口 / rasters", no_args_is_help=True, add_completion=False)
console = Console()
County = Annotated[str, typer.Option(help="县代码 / county code")]


@app.command()
def add(
    file: Annotated[Path, typer.Argument(help="GeoTIFF、JPEG 2000 或 ASCII grid", exists=True, dir_okay=False)],
    county: County,
    kind: Annotated[str, typer.Option(help=f"{', '.join(KINDS)}")],
    name: Annotated[str, typer.Option(help="网址中的名称 / name in addresses: a-z 0-9 - _")],
    title: Annotated[str | None, typer.Option(help="显示的名称 / name as shown")] = None,
    sensitivity: Annotated[
        str | None, typer.Option(help="public 全县可见，scoped 只见本人范围 / public or scoped; default by kind")
    ] = None,
    crs: Annotated[str | None, typer.Option(help="坐标系，文件没写或写错时 / reference system, e.g. EPSG:4549")] = None,
    nodata: Annotated[float | None, typer.Option(help="无效值 / value of pixels without data")] = None,
    band: Annotated[int | None, typer.Option(help="只取这一波段 / this band only", min=1)] = None,
    unit: Annotated[str | None, typer.Option(help="单位 / unit: m, persons, persons/km2")] = None,
    attribution: Annotated[str | None, typer.Option(help="数据来源署名 / whom to name")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="替换同名栅格 / replace the one of this name")] = False,
) -> None:
    """检查并入库一个栅格 / check a raster file and add it. Nothing is kept of a file that is refused."""
    if kind not in KINDS:
        raise typer.BadParameter(f"{', '.join(KINDS)}", param_hint="--kind")
    if sensitivity is not None and sensitivity not in list(RasterSensitivity):
        raise typer.BadParameter(", ".join(RasterSensitivity), param_hint="--sensitivity")
    settings = get_settings()
    database = open_database()
    new = NewRaster(
        name=name,
        kind=RasterKind(kind),
        title=title,
        sensitivity=RasterSensitivity(sensitivity) if sensitivity else None,
        crs=crs,
        nodata=nodata,
        band=band,
        unit=unit,
        attribution=attribution,
        replace=replace,
    )
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    with Progress(*columns, transient=True, console=console) as progress:
        task = progress.add_task(file.name)
        added = add_raster(
            database,
            Scope.of_system(county, "command line"),
            settings.rasters_folder,
            file,
            new,
            max_mb=settings.max_raster_mb,
            progress=lambda step: progress.update(task, description=f"{file.name} {step.zh} / {step}"),
        )
    database.close()
    console.print(
        f"已入库 / added: {added.name} ({added.kind}, {added.resolution_m:g} m, z{added.minzoom}–{added.maxzoom})",
        highlight=False,
    )
    if added.kind == "dem":
        console.print("地址高程 / elevations: onemap raster elevations", highlight=False)


@app.command("list")
def list_command(county: County) -> None:
    """列出本县的栅格 / the rasters of the county."""
    database = open_database()
    with database.transaction(Scope.of_system(county, "command line")) as connection:
        rasters = list_rasters(connection)
    database.close()
    table = Table(
        "名称 / name", "种类 / kind", "标题 / title", "分辨率 / m", "可见 / seen", "入库 / added", "文件 / file"
    )
    for one in rasters:
        added = f"{one.added_at:%Y-%m-%d} {one.added_by}"
        table.add_row(one.name, one.kind, one.title, f"{one.resolution_m:g}", one.sensitivity, added, one.file)
    console.print(table)


@app.command()
def remove(name: Annotated[str, typer.Argument(help="名称 / name")], county: County) -> None:
    """移除一个栅格；目录中的记录和审计保留 / remove a raster; its row and the audit trail stay."""
    database = open_database()
    removed = drop_raster(database, Scope.of_system(county, "command line"), get_settings().rasters_folder, name)
    database.close()
    console.print(f"已移除 / removed: {removed.name}", highlight=False)


@app.command()
def elevations(
    county: County,
    name: Annotated[
        str | None, typer.Option(help="高程栅格的名称；默认分辨率最高的 / elevation model; the finest")
    ] = None,
) -> None:
    """读取各地址的高程：缺的、移动了的、旧模型的 / the elevation at each address that has none, moved, or is of an older model."""
    database = open_database()
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    with Progress(*columns, transient=True, console=console) as progress:
        task = progress.add_task("0")
        report = refresh_elevations(
            database,
            Scope.of_system(county, "command line"),
            get_settings().rasters_folder,
            name=name,
            progress=lambda n: progress.update(task, description=f"{n}"),
        )
    database.close()
    console.print(
        f"{report.raster}: 读取 {report.read_n}，其中无值 {report.empty_n} / {report.read_n} read, {report.empty_n} without a value",
        highlight=False,
    )


@app.command()
def contours(
    county: County,
    name: Annotated[
        str | None, typer.Option(help="高程栅格的名称；默认分辨率最高的 / elevation model; the finest")
    ] = None,
    interval: Annotated[float | None, typer.Option(help="等高距（米），默认按起伏 / metres; by the relief")] = None,
) -> None:
    """由高程绘制底图的等高线，替换上一次的 / draw the contours of the base map from an elevation model, in place of the last."""
    database = open_database()
    with Progress(SpinnerColumn(), TimeElapsedColumn(), transient=True, console=console) as progress:
        progress.add_task("")
        report = draw_contours(
            database,
            Scope.of_system(county, "command line"),
            get_settings().rasters_folder,
            name=name,
            interval_m=interval,
        )
    database.close()
    console.print(
        f"{report.raster}: 等高距 {report.interval_m:g} m，{report.lines_n} 条 / every {report.interval_m:g} m, {report.lines_n} lines",
        highlight=False,
    )
