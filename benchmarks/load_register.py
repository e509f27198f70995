"""Load the real county beside the project through the import pipeline: rows per second of each stage, peak memory.

    python -m benchmarks.load_register [--data ../shared/data] [--keep]

Runs against ONEMAP_DATABASE_URL, or the embedded cluster of ONEMAP_HOME; the county of the plan must be empty for figures
that mean anything. Memory is the peak resident set of this process; PostgreSQL's backends are measured apart.
"""

from __future__ import annotations

import argparse
import resource
import sys
import threading
import time
from pathlib import Path

from sqlalchemy import text

from database.connection.engine import Database
from database.embedded import ensure_database
from database.installation.settings import get_settings, load_secrets
from database.rights.scope import Scope
from database.secrets.seal import Sealer
from database.upgrade.counties import create_county
from database.upgrade.migrate import owner_engine
from importing.pipeline import ImportReport
from importing.plan import Step, load_plan, run_plan
from mapserver.server import metadata  # noqa: F401 - migrations need the tables of every floor


class BackendMemory(threading.Thread):
    """Watches the private memory of this process's database backends, where they run on this machine."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak_mb = 0.0
        self.stopped = threading.Event()

    def run(self) -> None:
        while not self.stopped.wait(0.2):
            self.peak_mb = max(self.peak_mb, *(self._private_mb(item) for item in self._backends()), 0.0)

    @staticmethod
    def _backends() -> list[Path]:
        found = []
        for item in Path("/proc").glob("[0-9]*"):
            try:
                if b"onemap_app" in (item / "cmdline").read_bytes():
                    found.append(item)
            except OSError:
                continue
        return found

    @staticmethod
    def _private_mb(process: Path) -> float:
        try:
            lines = (process / "smaps_rollup").read_text().splitlines()
        except OSError:
            return 0.0
        kilobytes = sum(int(line.split()[1]) for line in lines if line.startswith(("Private_Clean", "Private_Dirty")))
        return kilobytes / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plan", default="hualien")
    parser.add_argument("--data", type=Path, default=None)
    parser.add_argument("--check", action="store_true", help="do not publish")
    arguments = parser.parse_args()
    settings = get_settings()
    urls = ensure_database(settings)
    plan = load_plan(arguments.plan)
    owner = owner_engine(urls.owner)
    create_county(owner, plan.county, plan.county_name)
    owner.dispose()
    database = Database(urls.app, pool_size=2)
    memory = BackendMemory()
    memory.start()
    start = time.perf_counter()
    rows = 0
    print(f"{'mapping':28} {'stage':9} {'rows':>8} {'seconds':>8} {'rows/s':>10}")
    for step, report in run_plan(
        database,
        Scope.of_system(plan.county, "benchmark"),
        plan,
        arguments.data or settings.shared_data,
        sealer=Sealer.from_secrets(load_secrets(settings)),
        publish=not arguments.check,
    ):
        rows += report.counts["read"]
        print_report(step, report)
    seconds = time.perf_counter() - start
    memory.stopped.set()
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\nwhole county: {rows} rows in {seconds:.1f} s = {rows / seconds:,.0f} rows/s")
    print(f"peak memory: {peak_mb:.0f} MB this process, {memory.peak_mb:.0f} MB private in the busiest backend")
    with database.transaction(Scope.of_system(plan.county)) as connection:
        for table in (
            "division",
            "grid_cell",
            "standard_address",
            "address_cell",
            "address_review",
            "place",
            "event",
            "change",
        ):
            print(f"{table:18} {connection.scalar(text(f'SELECT count(*) FROM {table}')):>8}")
    database.close()
    sys.exit(0)


def print_report(step: Step, report: ImportReport) -> None:
    """The stages of one file, then its counts."""
    for name, stage in report.stages.items():
        speed = stage["rows"] / stage["seconds"] if stage["seconds"] else 0
        print(f"{step.mapping:28} {name:9} {stage['rows']:>8.0f} {stage['seconds']:>8.2f} {speed:>10,.0f}")
    print(f"{'':28} {report.counts}")


if __name__ == "__main__":
    main()
