"""The keys of sealed values: ``onemap keys``."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console

from database.installation.settings import get_settings, load_secrets
from layers.keys.rotation import KeyKeeper
from mapserver.cli.opening import open_database

app = typer.Typer(no_args_is_help=True, help="密钥 / keys of sealed values")
console = Console()
_SHOWN = 20


@contextmanager
def _keeper() -> Iterator[KeyKeeper]:
    settings = get_settings()
    database = open_database()
    try:
        yield KeyKeeper(database, settings, load_secrets(settings).keys)
    finally:
        database.close()


@app.command("list")
def list_keys() -> None:
    """列出密钥版本及其密文数量 / every version and how many values it sealed."""
    with _keeper() as keeper:
        for use in keeper.list_keys():
            mark = "当前 / current" if use.current else ""
            unbound = f"，其中旧格式 / in the first format {use.unbound}" if use.unbound else ""
            console.print(f"{use.key.version}  {use.key.suite.value}  {use.values:,}{unbound}  {mark}", highlight=False)


@app.command("add")
def add() -> None:
    """新增一个密钥版本，暂不启用 / make a new version known; with several machines, before it is used anywhere."""
    with _keeper() as keeper:
        key = keeper.add()
    console.print(f"已新增 / added: {key.version} {key.suite.value}。请备份 / back up: secrets.json", highlight=False)


@app.command("rotate")
def rotate(
    new: Annotated[
        bool,
        typer.Option("--new", help="即使上次未完成也新增版本 / add a version even if values of older ones are left"),
    ] = False,
) -> None:
    """启用新密钥并在线重新加密；中断后再次运行即可继续 / seal everything anew, online; run again after an interruption."""
    began = last = time.monotonic()
    counts: dict[str, int] = {}

    def tell(table: str, rows: int) -> None:
        nonlocal last
        counts[table] = counts.get(table, 0) + rows
        if time.monotonic() - last > 5:
            last = time.monotonic()
            console.print("  " + "  ".join(f"{name} {n:,}" for name, n in counts.items()), highlight=False)

    with _keeper() as keeper:
        done = keeper.rotate(tell, new=new)
    rows = "  ".join(f"{name} {n:,}" for name, n in done.rows.items() if n)
    console.print(
        f"密钥 / key {done.version} {done.suite.value}: {rows or '0'}  {time.monotonic() - began:.0f} s",
        highlight=False,
    )
    for words, names in (("无法解开 / do not open", done.closed), ("重复 / hash is there twice", done.twice)):
        for name in names[:_SHOWN]:
            console.print(f"[red]✗[/red] {words}: {name}", highlight=False)
        if len(names) > _SHOWN:
            console.print(f"  … {len(names):,}", highlight=False)
    if not done.finished:
        raise typer.Exit(2)


@app.command("retire")
def retire(version: Annotated[int, typer.Argument(min=1, help="版本 / version")]) -> None:
    """停用旧密钥；仍有数据使用时拒绝 / forget an old version; refused while any value needs it."""
    with _keeper() as keeper:
        keeper.retire(version)
    console.print(
        f"已停用 / retired: {version}。旧备份仍需旧的 secrets.json / older backups still need the older secrets.json",
        highlight=False,
    )
