"""``onemap tiles``: offline packs of tiles, and what changed since one."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from layers.packs.delta import apply_delta, make_delta
from layers.packs.export import MAXZOOM, MINZOOM, USUAL_MAXZOOM, PackOrder, make_pack
from layers.packs.files import check_format, read_pack, write_pack
from layers.packs.pack import Pack
from layers.style.fonts import FontLibrary
from mapserver.app.create import WEB_APP
from mapserver.cli.opening import open_database

app = typer.Typer(help="瓦片：离线包 / tiles: offline packs", no_args_is_help=True, add_completion=False)
console = Console()
Source = Annotated[Path, typer.Argument(exists=True, dir_okay=False)]
Out = Annotated[Path, typer.Option(help="输出文件 .pmtiles 或 .mbtiles / file to write", dir_okay=False)]


@app.command()
def export(
    scope: Annotated[
        str, typer.Option(help="网格编码：县 6、镇 9、村 12、网格 15 或 17 位 / grid code of 6 to 17 digits")
    ],
    out: Out,
    since: Annotated[
        Path | None,
        typer.Option(help="只写与这个离线包不同的部分 / only what differs from this pack", exists=True, dir_okay=False),
    ] = None,
    personal: Annotated[
        bool,
        typer.Option("--personal", help="含住户、事件和预警 / with households, events and alerts; needs --purpose"),
    ] = False,
    purpose: Annotated[str | None, typer.Option(help="用途，写入审计 / purpose, kept in the audit trail")] = None,
    maxzoom: Annotated[int, typer.Option(help="最大缩放级别 / highest zoom", min=MINZOOM, max=MAXZOOM)] = USUAL_MAXZOOM,
) -> None:
    """把一个范围的地图写成一个离线文件 / write the map of a scope as one file that needs no server."""
    started = time.monotonic()
    check_format(out)
    base = read_pack(since) if since is not None else None
    database = open_database(pool_size=1)
    order = PackOrder(scope, maxzoom, personal, purpose)
    pack = make_pack(database, order, FontLibrary(WEB_APP / "assets"), actor="command line")
    database.close()
    _write(pack if base is None else make_delta(base, pack), out, started)


@app.command()
def apply(base: Source, delta: Source, out: Out) -> None:
    """把增量包并入离线包 / lay a delta over its pack."""
    started = time.monotonic()
    check_format(out)
    _write(apply_delta(read_pack(base), read_pack(delta)), out, started)


def _write(pack: Pack, out: Path, started: float) -> None:
    size = write_pack(pack, out)
    took = time.monotonic() - started
    kind = "离线包 / pack" if pack.base is None else "增量包 / delta"
    console.print(
        f"已写入 / written: {out} — {pack.title}, {kind}, {len(pack.tiles)} 瓦片 / tiles, {size / 1e6:.1f} MB, {took:.1f} s",
        highlight=False,
    )
