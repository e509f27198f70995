"""The findings as a workbook or CSV file, to hand to towns and villages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from sqlalchemy import Connection, text

from database.errors import Invalid
from database.spreadsheet import SheetTable, csv_file
from gazetteer.quality.rule import QualityRule

COLUMNS = (
    "规则",
    "名称",
    "程度",
    "地址编码",
    "标准地址",
    "村（社区）代码",
    "问题",
    "处理办法",
    "经度",
    "纬度",
    "首次发现",
)
_ROWS = """
SELECT f.rule, f.facts, f.division_code, f.first_seen_at, a.code, a.full_text, st_x(a.geom), st_y(a.geom)
FROM address_finding f JOIN standard_address a ON a.id = f.address_id
WHERE f.state = 'open' AND f.rule = ANY(:rules) AND (CAST(:village AS text) IS NULL OR f.division_code = :village)
ORDER BY f.rule, f.division_code, f.id
"""


class UnknownReportFormat(Invalid):
    """只能写 .xlsx 或 .csv 文件 | Reports are .xlsx or .csv files"""


def write_report(
    connection: Connection,
    rules: Mapping[str, QualityRule],
    names: Sequence[str],
    path: Path,
    *,
    village: str | None = None,
) -> int:
    """Write the open findings of some rules; returns how many. A sheet holds a million rows. Raises UnknownReportFormat."""
    if path.suffix.lower() not in (".xlsx", ".csv"):
        raise UnknownReportFormat(path.name)
    rows = _rows(connection, rules, names, village)
    n = 0
    if path.suffix.lower() == ".csv":
        with csv_file(path) as table:
            table.write(COLUMNS)
            for row in rows:
                table.write(row)
                n += 1
        return n
    sheet = SheetTable("质量问题")
    sheet.write_header(COLUMNS)
    for row in rows:
        sheet.write(row)
        n += 1
    sheet.save(path)
    return n


def _rows(
    connection: Connection, rules: Mapping[str, QualityRule], names: Sequence[str], village: str | None
) -> Iterator[tuple[object, ...]]:
    found = connection.execute(text(_ROWS), {"rules": list(names), "village": village})
    for name, facts, division, first_seen, code, full_text, lon, lat in found:
        rule = rules[name]
        yield (
            name, rule.manual.title, rule.severity.zh, code, full_text, division, rule.sentence(facts),
            rule.manual.mend, lon, lat, first_seen.date().isoformat(),
        )  # fmt: skip
