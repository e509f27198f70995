"""``onemap address check``: run the quality rules, show the counts, write the findings to a file, apply a safe fix."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from database.connection.engine import Database
from database.embedded import ensure_database
from database.installation.settings import get_settings
from database.rights.scope import Scope
from gazetteer.quality.check import CheckReport, get_rule, rules_of
from gazetteer.quality.findings import count_findings
from gazetteer.quality.fix import FixReport, apply_fix, preview_fix
from gazetteer.quality.report import write_report
from grid.quality.county import SETS, check_county
from mapserver.cli.address_rules import SEVERITIES

console = Console()


def check_command(
    county: Annotated[str, typer.Option(help="县代码 / county code")],
    rule: Annotated[list[str] | None, typer.Option(help="只运行这些规则 / only these rules")] = None,
    village: Annotated[str | None, typer.Option(help="只看这个村（12 位代码）/ show one village only")] = None,
    fix: Annotated[str | None, typer.Option(help="修复这条规则的问题 / mend what this rule found")] = None,
    apply: Annotated[bool, typer.Option("--apply", help="真正修复；不加则只预览 / really mend")] = False,
    reason: Annotated[str, typer.Option(help="修复的理由 / why it is mended")] = "命令行批量修复",
    out: Annotated[Path | None, typer.Option(help="问题清单写到 XLSX 或 CSV / write the findings here")] = None,
) -> None:
    """检查标准地址库的质量 / run the quality rules over a county. Running again doubles nothing."""
    database = Database(ensure_database(get_settings()).app, pool_size=2)
    scope = Scope.of_system(county, getpass.getuser())
    if fix is not None:
        get_rule(SETS, fix)
    report = check_county(database, scope, only=[*(rule or []), *([fix] if fix else [])] or None)
    with database.transaction(scope) as connection:
        counts: dict[str, int] = {}
        for row in count_findings(connection, village=village):
            counts[row.rule] = counts.get(row.rule, 0) + row.open_n
        print_counts(report, counts)
        if out is not None:
            n = write_report(connection, rules_of(SETS), list(report.found), out, village=village)
            console.print(f"{n} 条问题已写入 / findings written to {out}", highlight=False)
        if fix is not None:
            chosen = get_rule(SETS, fix)
            if apply:
                print_fix(apply_fix(connection, scope, chosen, reason=reason, village=village))
            else:
                print_fix(preview_fix(connection, chosen, village=village))
    database.close()


def print_counts(report: CheckReport, counts: dict[str, int]) -> None:
    """The rules that found something, the most severe first."""
    rules = rules_of(SETS)
    table = Table("规则 / rule", "名称 / title", "程度 / severity", "待处理 / open", "秒 / s")
    order = list(SEVERITIES)
    for name in sorted(report.found, key=lambda name: (order.index(rules[name].severity), -counts.get(name, 0), name)):
        if counts.get(name):
            rule = rules[name]
            seconds = f"{report.seconds.get(name, 0.0):.1f}"
            table.add_row(name, rule.manual.title, SEVERITIES[rule.severity], str(counts[name]), seconds)
    console.print(table)
    total = sum(counts.get(name, 0) for name in report.found)
    console.print(
        f"{report.addresses_n} 条地址，{len(report.found)} 条规则，{total} 个问题 / "
        f"{report.addresses_n} addresses, {len(report.found)} rules, {total} findings",
        highlight=False,
    )


def print_fix(report: FixReport) -> None:
    """What was changed, or would be."""
    table = Table("地址编码 / code", "原来 / before", "改为 / after")
    for change in report.changes[:10]:
        table.add_row(change.code, _shown(change.before), _shown(change.after))
    console.print(table)
    if report.fix_id is None:
        console.print(
            f"将修复 {report.changed_n} 条，留给人工 {report.skipped_n} 条；加 --apply 执行 / preview, add --apply"
        )
    else:
        console.print(f"已修复 {report.changed_n} 条，留给人工 {report.skipped_n} 条，编号 {report.fix_id} / mended")


def _shown(values: dict[str, object]) -> str:
    hidden = ("match_key", "local_key", "road_key", "number_key")
    return "\n".join(f"{name}: {value}" for name, value in values.items() if name not in hidden)
