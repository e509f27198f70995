"""All quality rules of the house, lower floor first, and a run over a whole county on two connections."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from database.connection.engine import Database
from database.rights.scope import Scope
from gazetteer.quality.check import CheckReport, finish_run, get_rule, rules_of, run_rules, start_run
from gazetteer.quality.rules import RULES as ADDRESS_RULES
from grid.quality.rules import RULES as CELL_RULES

SETS = (ADDRESS_RULES, CELL_RULES)
CONNECTIONS = 2


def check_county(
    database: Database, scope: Scope, *, only: Iterable[str] | None = None, connections: int = CONNECTIONS
) -> CheckReport:
    """Run the rules over everything the scope shows; each connection takes a share of them and stores what it found.

    only: names of rules; default all. Raises UnknownRule. A run that breaks off leaves whole rules behind, never halves,
    and no end in ``quality_run``.
    """
    names = sorted(rules_of(SETS) if only is None else {get_rule(SETS, name).name for name in only})
    shares = [share for share in _shares(names, connections) if share]
    with database.transaction(scope) as connection:
        run_id = start_run(connection, scope)

    def work(share: list[str]) -> CheckReport:
        report = CheckReport(run_id)
        with database.transaction(scope) as connection:
            run_rules(connection, scope, SETS, report, only=share)
        return report

    with ThreadPoolExecutor(max_workers=max(1, len(shares))) as pool:
        parts = list(pool.map(work, shares))
    whole = CheckReport(run_id, addresses_n=max((part.addresses_n for part in parts), default=0))
    for part in parts:
        whole.found |= part.found
        for name, seconds in part.seconds.items():
            whole.seconds[name] = max(seconds, whole.seconds.get(name, 0.0))
    with database.transaction(scope) as connection:
        finish_run(connection, whole)
    return whole


def _shares(names: list[str], connections: int) -> list[list[str]]:
    """Rules that share something (arrays, joined tables) go together; the others fill up the second share.

    The first: rules in Python, those about cells, and the cheap ones about dates and state. The second: all other SQL.
    """
    if connections < 2:
        return [names]
    rules = rules_of(SETS)
    first = [name for name in names if rules[name].find is not None or rules[name].family in ("grid", "dates", "state")]
    return [first, [name for name in names if name not in first]]
