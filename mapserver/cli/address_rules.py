"""``onemap address rules``: the manuals of the quality rules."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from database.vocabulary import Severity
from gazetteer.quality.check import get_rule, rules_of
from gazetteer.quality.vocabulary import RuleFamily
from grid.quality.county import SETS

SEVERITIES = {str(one): f"{one.zh} / {one.en}" for one in Severity}
console = Console()


def rules_command(
    name: Annotated[
        str | None, typer.Argument(help="规则名；不写则列出全部 / name of a rule; default: list all")
    ] = None,
) -> None:
    """质量规则的说明 / the manual of a quality rule, or the list of all rules."""
    if name is None:
        table = Table("规则 / rule", "名称 / title", "类别 / family", "程度 / severity", "可修复 / fix")
        for rule in sorted(rules_of(SETS).values(), key=lambda rule: (list(RuleFamily).index(rule.family), rule.name)):
            table.add_row(
                rule.name, rule.manual.title, rule.family.zh, SEVERITIES[rule.severity], "✓" if rule.fix else ""
            )
        console.print(table)
        return
    rule = get_rule(SETS, name)
    manual = rule.manual
    console.print(f"[bold]{manual.title}[/bold] / {manual.title_en}  ({rule.name})", highlight=False)
    for label, words in (
        ("类别", rule.family.zh),
        ("程度", SEVERITIES[rule.severity]),
        ("问题", manual.problem),
        ("影响", manual.matters),
        ("处理", manual.mend),
        ("自动修复", f"onemap address check --fix {rule.name}" if rule.fix else "没有 / none"),
        ("English", manual.english),
    ):
        console.print(f"{label}：{words}", highlight=False, markup=False)
