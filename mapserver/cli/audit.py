"""``onemap audit``: verify the trail, write its heads, export it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from access.audit.chain import PLATFORM, Line, Verdict, check_heads, read_lines, report, verify, verify_file
from access.audit.heads import current_heads, heads_file, write_heads
from access.audit.trail import Trail, chain_rest, export_header, read_chain
from database.connection.engine import Database
from database.embedded import ensure_database
from database.installation.settings import get_settings
from database.rights.scope import Scope
from database.upgrade.counties import county_codes

app = typer.Typer(no_args_is_help=True, help="审计日志 / the audit trail")
County = Annotated[str | None, typer.Option(help="县代码；不给则全部 / county code; default all, and the platform")]


@app.command("verify")
def verify_command(
    county: County = None,
    heads: Annotated[Path | None, typer.Option(help="外存的链头文件 / file of heads kept elsewhere")] = None,
    file: Annotated[
        Path | None, typer.Option(help="核验导出文件，不连数据库 / an export; no database is asked")
    ] = None,
    part: Annotated[bool, typer.Option("--part", help="导出只是一段 / the export is a part")] = False,
) -> None:
    """核验审计链：改、删、换序、截断 / find altered, deleted, reordered and cut-off rows. Exit code 1 when there are some."""
    path = heads or (None if file else heads_file(get_settings()))
    if heads is not None and not heads.is_file():
        raise typer.BadParameter(f"没有文件 / no such file: {heads}")
    chain_heads = list(read_lines(str(path))) if path and path.is_file() else []
    wrong = 0
    for fault in check_heads(chain_heads):
        typer.echo(f"✗ {path}: {fault}")
        wrong = 1
    for verdict in _verdicts(county, file, chain_heads, part):
        count = len([head for head in chain_heads if head.get("chain") == verdict.chain])
        wrong |= report(verdict, count, typer.echo)
    if heads is None and file is None and chain_heads:
        typer.echo(
            f"链头取自本机 {path}；外存的一份更可信 / these heads lie on this machine; a copy elsewhere says more"
        )
    raise typer.Exit(wrong)


def _verdicts(county: str | None, file: Path | None, heads: list[Line], part: bool) -> list[Verdict]:
    if file is not None:
        try:
            return [verify_file(str(file), heads, part=part)]
        except (OSError, ValueError) as error:
            raise typer.BadParameter(str(error)) from None
    database = Database(ensure_database(get_settings()).app, pool_size=1)
    try:
        return [_verify_chain(database, chain, heads) for chain in _chains(database, county)]
    finally:
        database.close()


def _chains(database: Database, county: str | None) -> list[str]:
    with database.platform() as connection:
        codes = county_codes(connection)
    return [PLATFORM, *codes] if county is None else [county]


def _verify_chain(database: Database, chain: str, heads: list[Line]) -> Verdict:
    if chain == PLATFORM:
        with database.platform() as connection:
            chain_rest(connection, "platform")
        with database.platform() as connection:
            return verify(chain, read_chain(connection, "platform"), heads)
    scope = Scope.of_system(chain, "audit")
    with database.transaction(scope) as connection:
        chain_rest(connection, "county")
    with database.transaction(scope, one_moment=True) as connection:
        return verify(chain, read_chain(connection, "county"), heads)


@app.command("head")
def head_command(
    county: County = None,
    write: Annotated[bool, typer.Option(help="也写入链头文件 / append them to the file of heads")] = True,
) -> None:
    """打印并登记链头，请另存一份 / print the heads and append them to their file; keep a copy of it elsewhere."""
    settings = get_settings()
    database = Database(ensure_database(settings).app, pool_size=1)
    with database.platform() as connection:
        codes = county_codes(connection) if county is None else [county]
    heads = current_heads(database, codes)
    database.close()
    for line in write_heads(heads, settings) if write else heads:
        typer.echo(json.dumps(line, ensure_ascii=False))
    if write:
        typer.echo(f"→ {heads_file(settings)}", err=True)


@app.command("export")
def export_command(
    chain: Annotated[str, typer.Argument(help="县代码，或 platform / county code, or platform")],
    out: Annotated[Path | None, typer.Option(help="文件，不给则打印 / file; default standard output")] = None,
) -> None:
    """导出整条审计链（JSON 行），可在别处核验 / the whole trail as JSON lines, to be verified elsewhere."""
    database = Database(ensure_database(get_settings()).app, pool_size=1)
    trail: Trail = "platform" if chain == PLATFORM else "county"
    opened = database.platform() if chain == PLATFORM else database.transaction(Scope.of_system(chain, "audit"))
    with opened as connection, out.open("w", encoding="utf-8") if out else sys.stdout as file:
        file.write(json.dumps(export_header(trail, chain)) + "\n")
        for row in read_chain(connection, trail):
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    database.close()
