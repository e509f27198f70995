"""``onemap backup`` and ``onemap restore``."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from access.audit.record import record_platform
from access.sessions.sessions import end_every_session
from database.backup import find_backup, restore_backup, take_backup, verify_backup
from database.backup.manifest import Manifest
from database.backup.store import keys_file, keys_folder
from database.backup.take import SuperuserUrlMissing, superuser_url
from database.connection.engine import Database
from database.embedded import ensure_database
from database.installation.settings import Settings, get_settings
from database.upgrade.versions import head_of

console = Console()
Superuser = Annotated[
    str | None,
    typer.Option(
        "--superuser-url",
        envvar="ONEMAP_SUPERUSER_URL",
        help="外部服务器的超级用户地址 / postgresql://… of a superuser, for a server of your own",
    ),
]


def backup(
    out: Annotated[
        Path | None, typer.Option(help="备份目录，每次新建一个子目录 / folder of backups; each gets its own")
    ] = None,
    verify: Annotated[
        Path | None,
        typer.Option(help="核验一个备份：恢复到临时数据库并比对 / restore it into a scratch database and compare"),
    ] = None,
    keys: Annotated[
        Path | None,
        typer.Option(help="密钥另存的目录，默认“备份目录-keys” / folder for the keys; default OUT-keys, beside it"),
    ] = None,
    keep: Annotated[int | None, typer.Option(min=1, help="只保留最近 N 个 / keep the newest N")] = None,
    superuser: Superuser = None,
) -> None:
    """备份数据库、栅格与密钥（不停机），或核验备份 / back up database, rasters and, apart, the keys, while serving; or verify one."""
    settings = get_settings()
    if (out is None) == (verify is None):
        raise typer.BadParameter("--out DIR 或 / or --verify DIR")
    if verify is not None:
        chosen = find_backup(verify.absolute())
        _print(
            chosen,
            verify_backup(settings, chosen),
            "核验通过：可以恢复，行数与结构一致 / verified: it restores, rows and make agree",
        )
        return
    assert out is not None
    if superuser is None and settings.database_url is None:
        ensure_database(settings)
    url = superuser_url(settings, superuser)
    place, keys_place = out.absolute(), (keys.absolute() if keys else keys_folder(out.absolute()))
    made, manifest, removed = take_backup(settings, url, place, keys=keys_place, keep=keep)
    _record(settings, "backup", made)
    _print(made, manifest, "备份完成 / backed up")
    for name in manifest.missing:
        console.print(f"[yellow]![/yellow] 栅格文件缺失 / raster file is missing: {name}", highlight=False)
    if manifest.elsewhere:
        console.print(
            f"[yellow]![/yellow] 不在此备份中，数据在其他服务器上，请另行备份 / not in it, for they live on other servers: "
            f"{' '.join(manifest.elsewhere)}\n  onemap backup --out DIR --superuser-url postgresql://…",
            highlight=False, soft_wrap=True,
        )  # fmt: skip
    console.print(
        f"密钥 / keys: {keys_file(keys_place, made)}\n"
        "  没有密钥，证件号码和电话无法读取；请与备份分开保存 / without them no ID number or phone opens; keep them apart from the backup",
        highlight=False, soft_wrap=True,
    )  # fmt: skip
    for old in removed:
        console.print(f"已删除旧备份 / removed: {old.name}", highlight=False)


def restore(
    backup: Annotated[
        Path, typer.Argument(help="一个备份，或备份目录（取最新） / a backup, or a folder of them (the newest)")
    ],
    keys: Annotated[
        Path | None, typer.Option(help="密钥文件 / file of the keys; default as written by onemap backup")
    ] = None,
    superuser: Superuser = None,
) -> None:
    """恢复到空的 ONEMAP_HOME 或空的外部服务器；不成功则不留下任何东西 / restore into a fresh home or server, whole or not at all."""
    settings = get_settings()
    chosen = find_backup(backup.absolute())
    if settings.database_url is not None and superuser is None:
        raise SuperuserUrlMissing("--superuser-url, ONEMAP_SUPERUSER_URL")
    key_file = keys.absolute() if keys else keys_file(keys_folder(chosen.parent), chosen)
    manifest = restore_backup(settings, chosen, key_file, superuser_url=superuser)
    of_home = bool(manifest.state.counts.get("platform.account"))  # another server of counties has no account
    ended = _end_sessions(settings) if of_home else 0
    if set(manifest.state.revisions.values()) <= {head_of("platform"), head_of("county")}:
        _record(settings, "restore", chosen)
    _print(chosen, manifest, "已恢复 / restored")
    if of_home:
        console.print(
            f"备份中的 {ended} 个登录已全部结束，请各用户重新登录；备份之后吊销的令牌又有效，请核对：onemap token list / "
            f"every session of the backup ({ended}) has ended; tokens revoked since then are valid again, look: onemap token list",
            highlight=False, soft_wrap=True,
        )  # fmt: skip
    heads = {head_of("platform"), head_of("county")}
    if set(manifest.state.revisions.values()) - heads:
        console.print("备份来自较早的版本，请运行 / of an earlier release, run: onemap migrate", highlight=False)


def _end_sessions(settings: Settings) -> int:
    """A session that was signed out since the backup shall not live again; nobody knows which those are."""
    database = Database(ensure_database(settings).app, pool_size=1)
    with database.platform() as connection:
        ended = end_every_session(connection)
    database.close()
    return ended


def _record(settings: Settings, action: str, place: Path) -> None:
    """Into the trail of the platform: whoever holds a backup holds everything."""
    database = Database(ensure_database(settings).app, pool_size=1)
    with database.platform() as connection:
        record_platform(connection, action, actor=f"cli:{getpass.getuser()}", target=str(place))
    database.close()


def _print(place: Path, manifest: Manifest, words: str) -> None:
    rows = sum(manifest.state.counts.values())
    accounts = manifest.state.counts.get("platform.account", 0)
    counties = " ".join(schema[1:] for schema in manifest.state.revisions if schema != "platform")
    console.print(f"[green]✓[/green] {words}: {place}", highlight=False, soft_wrap=True)
    console.print(
        f"  {manifest.made_at}  {counties}  行 / rows {rows:,}  账号 / accounts {accounts:,}  "
        f"文件 / files {len(manifest.files):,}  {manifest.bytes / 2**20:,.1f} MB",
        highlight=False, soft_wrap=True,
    )  # fmt: skip
