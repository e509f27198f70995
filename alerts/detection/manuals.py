"""The manuals of the anomaly rules as a page, for ``docs/alerts.md``: ``python -m alerts.detection.manuals docs/alerts.md``.

What stands in the page before the heading of the rules is written by hand and stays.
"""

from __future__ import annotations

import sys
from pathlib import Path

from alerts.detection.rule import AnomalyRule
from alerts.detection.rules import RULES
from database.rules.manual import written

HEADING = "## 规则 / Rules\n"


def rules_page() -> str:
    """All rules in the order they are shown, in Markdown, from the heading on."""
    rows = "".join(f"| `{r.name}` | {r.title} | {r.severity.zh} | {r.description} |\n" for r in RULES.values())
    table = f"| 规则 | 名称 | 程度 | 查什么 |\n|---|---|---|---|\n{rows}"
    return f"{HEADING}\n{table}\n" + "\n".join(_manual(rule) for rule in RULES.values())


def _manual(rule: AnomalyRule) -> str:
    manual = rule.manual
    lines = [
        f"### {manual.title} / {manual.title_en}\n",
        f"`{rule.name}`，程度{rule.severity.zh}\n",
        f"- 问题：{manual.problem}",
        f"- 影响：{manual.matters}",
        f"- 处理：{manual.mend}",
        f"- English: {manual.english}\n",
    ]
    if rule.parameters:
        lines += ["| 参数 | 默认 | 意思 | 依据 | English |", "|---|---|---|---|---|"]
        lines += [
            f"| `{one.name}` | {written(one.default)} {one.unit} | {one.meaning} | {one.source} | {one.meaning_en}; {one.source_en} |"
            for one in rule.parameters
        ]
        lines.append("")
    return "\n".join(lines)


def main(page: Path) -> None:
    """Write the rules into a page, after what stands before their heading."""
    before, _, _ = page.read_text("utf-8").partition(HEADING)
    page.write_text(before + rules_page(), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
