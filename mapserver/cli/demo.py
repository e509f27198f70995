"""``onemap demo``: a whole synthetic county, from department files to alerts, served on this machine."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from access.accounts.accounts import create_account
from access.accounts.passwords import new_password
from alerts.detection.scan import scan
from database.connection.engine import Database, current_day
from database.embedded import ensure_database
from database.installation.settings import Settings, get_settings, load_secrets
from database.rights.scope import Role, Scope
from database.secrets.seal import Sealer
from database.upgrade.all_servers import migrate_all
from database.upgrade.counties import create_county
from database.upgrade.migrate import owner_engine
from mapserver.cli.serve import serve
from mapserver.server import metadata  # noqa: F401 - migrations refuse to run without the tables of every floor

if TYPE_CHECKING:
    from demo.generate import DemoCounty

console = Console()
STATE_FILE = "demo.json"
ACCOUNTS_FILE = "demo-accounts.json"


class Scale(StrEnum):
    """How large the demo county is."""

    SMALL = "small"
    COUNTY = "county"
    LARGE = "large"


def demo(
    port: Annotated[int, typer.Option(help="端口 / port")] = 8000,
    scale: Annotated[Scale, typer.Option(help="规模：约 2 万、40 万、100 万人 / size")] = Scale.SMALL,
    serve_it: Annotated[bool, typer.Option("--serve/--no-serve", help="是否启动网页 / serve it")] = True,
) -> None:
    """生成并启动演示县（全部为合成数据）/ generate a synthetic county, load it, serve it. A second start reuses it."""
    settings = get_settings()
    urls = ensure_database(settings)
    owner = owner_engine(urls.owner)
    migrate_all(owner)
    state = _read(settings, STATE_FILE)
    if state.get("scale") == scale and state.get("ready"):
        console.print(f"沿用已有的演示数据 / reusing the demo data: {state['name']}")
    else:
        _build(settings, Database(urls.app, pool_size=2), owner, scale)
    owner.dispose()
    _print_accounts(settings, port)
    if serve_it:
        serve(host=settings.host, port=port, worker=True)


def _build(settings: Settings, database: Database, owner: Any, scale: Scale) -> None:
    """Generate, import, scan. Interrupted, it starts over: importing the same files again changes nothing."""
    files = settings.home / "demo" / scale
    console.print(f"生成合成县 / generating a synthetic county ({scale}) …")
    # here: a second start, which finds its data, shall not wait for what makes them
    from demo.generate import generate_county
    from demo.loader import load_demo

    demo_county = generate_county(files, scale.value)
    create_county(owner, demo_county.code, demo_county.name, synthetic=True)
    sealer = Sealer.from_secrets(load_secrets(settings))
    system = Scope.of_system(demo_county.code, "demo")
    load_demo(database, system, demo_county, sealer, console)
    console.print("首次异常扫描 / first anomaly scan …")
    with database.transaction(system) as connection:
        report = scan(connection, current_day(connection))
    raised = sum(counts.get("raised", 0) for counts in report.counts.values())
    console.print(f"  预警 {raised} 条 / {raised} alerts")
    _make_accounts(settings, database, demo_county)
    database.close()
    _write(
        settings,
        STATE_FILE,
        {"scale": scale, "ready": True, "code": demo_county.code, "name": demo_county.name},
    )


def _make_accounts(settings: Settings, database: Database, demo_county: DemoCounty) -> None:
    sheet: list[dict[str, str]] = []
    with database.platform() as connection:
        for account in demo_county.accounts:
            password = new_password(account.username, settings)
            create_account(
                connection,
                username=account.username,
                display_name=account.display_name,
                password=password,
                role=Role(account.role),
                county=demo_county.code,
                prefixes=account.prefixes,
                settings=settings,
            )
            sheet.append({"username": account.username, "password": password, "name": account.display_name})
    _write(settings, ACCOUNTS_FILE, {"accounts": sheet})


def _print_accounts(settings: Settings, port: int) -> None:
    accounts: Sequence[dict[str, str]] = _read(settings, ACCOUNTS_FILE).get("accounts", [])
    table = Table("用户名 / user", "密码 / password", "身份 / who", title="演示账号 / demo sign-ins")
    for account in accounts:
        table.add_row(account["username"], account["password"], account["name"])
    console.print(table)
    console.print(f"部门文件 / department files: {settings.home / 'demo'}", highlight=False)
    console.print(f"[bold]http://{settings.host}:{port}/[/bold]  （Ctrl-C 停止 / Ctrl-C stops it）", highlight=False)


def _read(settings: Settings, name: str) -> dict[str, Any]:
    path = settings.home / name
    content: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    return content


def _write(settings: Settings, name: str, content: dict[str, Any]) -> None:
    """Write whole or not at all, readable by the owner only."""
    path: Path = settings.home / name
    draft = path.with_suffix(".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file, ensure_ascii=False, indent=1)
    draft.replace(path)
