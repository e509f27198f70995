"""The quality rules: recall and precision on planted errors, and the time over a million addresses. Prints Markdown.

    python -m benchmarks.quality [--times 6] [--million] [--connections 2]

Makes county 330521 on the embedded cluster of ONEMAP_HOME (or ONEMAP_DATABASE_URL) and drops it afterwards.
"""

from __future__ import annotations

import argparse
import os
import time
from collections import Counter
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, text

from benchmarks.quality_errors import PLANTS, Planted, plant_all
from benchmarks.quality_library import COUNTY, MILLION, SMALL, Size, build
from database.connection.engine import Database
from database.embedded import ensure_database
from database.installation.settings import get_settings
from database.rights.scope import Scope
from database.upgrade.counties import create_county
from database.upgrade.migrate import owner_engine
from gazetteer.quality.check import rules_of
from grid.quality.county import SETS, check_county
from mapserver.server import metadata  # noqa: F401 - migrations need the tables of every floor


@dataclass(frozen=True, slots=True)
class Score:
    """Of one rule: planted, found of these, and found that nobody planted."""

    planted: int
    hit: int
    wrong: int


def score(connection: Connection, planted: Planted) -> dict[str, Score]:
    """Each rule's findings against what was planted; findings that a planted error explains count neither way."""
    rows = connection.execute(
        text(
            "SELECT f.rule, f.address_id, a.road, a.division_code FROM address_finding f "
            "JOIN standard_address a ON a.id = f.address_id WHERE f.state = 'open'"
        )
    ).all()
    found = {(row.rule, row.address_id): row for row in rows}
    must = Counter(rule for rule, _ in planted.expected)
    hit = Counter(rule for rule, address_id in planted.expected if (rule, address_id) in found)
    wrong = Counter(
        row.rule
        for key, row in found.items()
        if key not in planted.expected
        and (row.rule, row.road) not in planted.allowed
        and (row.rule, row.division_code) not in planted.allowed
    )
    return {name: Score(must[name], hit[name], wrong[name]) for name in sorted(must.keys() | wrong.keys())}


def totals(scores: dict[str, Score]) -> tuple[float, float]:
    """(recall, precision) over all rules."""
    hit, planted, wrong = (sum(getattr(s, n) for s in scores.values()) for n in ("hit", "planted", "wrong"))
    return hit / max(planted, 1), hit / max(hit + wrong, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=6, help="errors of each rule; 0: skip")
    parser.add_argument("--million", action="store_true", help="also time a million addresses")
    parser.add_argument("--connections", type=int, default=2)
    arguments = parser.parse_args()
    urls = ensure_database(get_settings())
    owner = owner_engine(urls.owner)
    database = Database(urls.app)
    if arguments.times:
        seeded(owner, database, arguments.times, arguments.connections)
    if arguments.million:
        timed(owner, database, arguments.connections)
    fresh(owner)
    database.close()
    owner.dispose()


def fresh(owner: Engine) -> None:
    """The county without a row of it."""
    with owner.begin() as connection:
        connection.execute(text(f"DROP SCHEMA IF EXISTS c{COUNTY} CASCADE"))
        connection.execute(text("DELETE FROM platform.county WHERE code = :code"), {"code": COUNTY})


def filled(owner: Engine, database: Database, size: Size) -> int:
    """A new county with a clean library."""
    fresh(owner)
    create_county(owner, COUNTY, "质量基准县")
    with database.transaction(Scope.of_system(COUNTY)) as connection:
        return build(connection, size)


def seeded(owner: Engine, database: Database, times: int, connections: int) -> None:
    scope = Scope.of_system(COUNTY, "benchmark")
    filled(owner, database, SMALL)
    report = check_county(database, scope, connections=connections)
    print(
        f"\nClean library, {report.addresses_n} addresses: {({k: n for k, n in report.found.items() if n}) or 'no'} findings\n"
    )
    with database.transaction(scope) as connection:
        planted = plant_all(connection, SMALL, times)
    check_county(database, scope, connections=connections)
    with database.transaction(scope) as connection:
        scores = score(connection, planted)
    print("| rule | planted | found | recall | false |\n|---|--:|--:|--:|--:|")
    for name, s in scores.items():
        print(f"| {name} | {s.planted} | {s.hit} | {s.hit / s.planted if s.planted else 1:.2f} | {s.wrong} |")
    recall, precision = totals(scores)
    untested = sorted(rules_of(SETS).keys() - PLANTS.keys())
    print(f"\n{len(rules_of(SETS))} rules; recall {recall:.1%}, precision {precision:.1%}; never planted: {untested}\n")


def timed(owner: Engine, database: Database, connections: int) -> None:
    start = time.perf_counter()
    n = filled(owner, database, MILLION)
    print(f"{n} addresses made in {time.perf_counter() - start:.0f} s; load {os.getloadavg()}\n")
    for attempt in ("first run", "second run"):
        start = time.perf_counter()
        report = check_county(database, Scope.of_system(COUNTY, "benchmark"), connections=connections)
        whole = time.perf_counter() - start
        print(f"{attempt}: {whole:.1f} s, {sum(report.found.values())} findings, load {os.getloadavg()}")
    print(f"\nsum over rules: {sum(report.seconds.values()):.0f} s")
    slowest = sorted(report.seconds.items(), key=lambda item: -item[1])[:25]
    print("\n| part | s |\n|---|--:|")
    for name, seconds in slowest:
        print(f"| {name} | {seconds:.1f} |")


if __name__ == "__main__":
    main()
