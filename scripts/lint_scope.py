"""Fail when a scope filter is written by hand: row-level security is the guard, and there is one way in.

Looks at the string literals and comparisons of every file above the ground floor. A filter that a *user* chose (the
grid prefix of a list) goes through ``database.rights.scope.within_prefix``; the audit trail is the exception.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
#: Every room but the ground floor.
FLOORS = [room for room in CONTRACTS[0]["layers"] if room != "database"]
AUDITED = {"access/audit/record.py"}

FORBIDDEN: list[tuple[re.Pattern[str], str]] = [
    (re.compile(r"set_config\s*\(", re.I), "settings of the scope are made by platform.enter_scope only"),
    (re.compile(r"onemap\.prefixes|scope_prefixes\s*\(", re.I), "the prefixes are read by policies only"),
    (re.compile(r"\bSET\s+(LOCAL\s+|SESSION\s+)?(ROLE|search_path|SESSION\s+AUTHORIZATION|row_security)\b", re.I),
     "role, search path and row security are not changed by hand"),
    (re.compile(r"grid_code\s*(\^@|LIKE\b|ILIKE\b|~)", re.I), "filter by grid prefix with database.rights.scope.within_prefix"),
    (re.compile(r"starts_with\s*\(\s*(\w+\.)?grid_code", re.I), "filter by grid prefix with database.rights.scope.within_prefix"),
]  # fmt: skip


def faults(path: Path) -> Iterator[tuple[int, str]]:
    """Line and reason of every hand-written scope filter in a Python file."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            for pattern, reason in FORBIDDEN:
                if pattern.search(node.value):
                    yield node.lineno, reason
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("startswith", "like", "op")
            and isinstance(node.func.value, ast.Attribute)
            and node.func.value.attr == "grid_code"
        ):
            yield node.lineno, "rows are not filtered by grid code in Python"


def main(root: Path = ROOT) -> int:
    """Print every fault; the number of faults is the exit code."""
    count = 0
    for floor in FLOORS:
        for path in sorted((root / floor).rglob("*.py")):
            if path.relative_to(root).as_posix() in AUDITED:
                continue
            for line, reason in faults(path):
                print(f"{path.relative_to(root)}:{line}: {reason}")
                count += 1
    return min(count, 100)


if __name__ == "__main__":
    sys.exit(main())
