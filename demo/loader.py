"""The demo files through the real import, in order: nothing of the demo county enters the database by another way."""

from __future__ import annotations

import time
from typing import Any, Protocol

from database.connection.engine import Database
from database.rights.scope import Scope
from database.secrets.seal import Sealer
from demo.generate import DemoCounty, DemoFile
from importing.mappings.mapping import find_mapping
from importing.pipeline import ImportReport, import_file


class Printer(Protocol):
    """Something that shows a line, such as a Rich console."""

    def print(self, *objects: Any) -> None:
        """Show it."""


def load_demo(
    database: Database, scope: Scope, county: DemoCounty, sealer: Sealer, printer: Printer | None = None
) -> list[ImportReport]:
    """Import and publish every file of the county, in order; returns the report of each.

    scope: the whole county. Loading twice changes nothing the second time. Raises an ImportRefused when a file is refused.
    """
    reports = []
    for number, file in enumerate(county.files, start=1):
        start = time.perf_counter()
        report = import_file(database, scope, file.path, find_mapping(file.mapping), sealer=sealer, publish=True)
        reports.append(report)
        if printer is not None:
            printer.print(f"  {number:2}/{len(county.files)} {_line(file, report, time.perf_counter() - start)}")
    return reports


def _line(file: DemoFile, report: ImportReport, seconds: float) -> str:
    counts = report.counts
    edition = "（第二期）" if file.path.parent.name == "update" else ""
    return (
        f"{file.path.name}{edition}：读取 {counts['read']}，新增 {counts['added']}，变更 {counts['changed']}，"
        f"未变 {counts['unchanged']}，退回 {counts['rejected']}（{seconds:.1f} s）"
    )
