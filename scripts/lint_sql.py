"""Fail when SQL names a table or a function of a room above its own, or county SQL names a table of schema ``platform``.

import-linter sees what Python imports; a name in SQL it does not see. A table belongs to the room of its model, a function to the room of
its text (``database/functions/<room>``). Looked at: the string literals of every room, and the SQL functions. What a room above
registered (a provider's text) is its own. A trigger stands in the room of the function that it calls.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
#: From above.
ROOMS: tuple[str, ...] = tuple(CONTRACTS[0]["layers"])
FUNCTIONS = Path("database") / "functions"
#: These may name tables of ``platform``, beside no table of a county: the platform is theirs, or they look at the whole server.
OF_THE_PLATFORM = {"database", "access", "mapserver", "demo"}
_SQL = re.compile(r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|FROM|JOIN|TRUNCATE|EXECUTE|PERFORM|WITH|VALUES)\b")
_TABLE = re.compile(
    r"\b(?:FROM|JOIN|INTO|UPDATE|TRUNCATE|TABLE|USING|ON)\s+(?:ONLY\s+)?(?:\{schema\}\.|(platform)\.)?([a-z_]+)\b(?!\s*\()"
)
#: Not a word of the language: a table wherever it stands.
_COMPOUND = re.compile(r"(?<![\w.:'])()([a-z]+(?:_[a-z]+)+)\b(?!\s*\(|')")
_ROWTYPE = re.compile(r"\b()([a-z_]+)%ROWTYPE")
_CALL = re.compile(r"\b(?:platform\.|\{schema\}\.)?([a-z_0-9]+)\s*\(")
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)


@dataclass(frozen=True)
class House:
    """table → room, of counties and of the platform; function → room."""

    tables: dict[str, str]
    platform_tables: dict[str, str]
    functions: dict[str, str]


def read_house(root: Path = ROOT) -> House:
    """From the models (``__tablename__`` and the base class) and from the folders of the functions."""
    tables: dict[str, str] = {}
    platform: dict[str, str] = {}
    for room in ROOMS:
        for path in sorted((root / room).rglob("*models.py")):
            for node in ast.parse(path.read_text("utf-8")).body:
                if isinstance(node, ast.ClassDef) and (name := _tablename(node)):
                    bases = {base.id for base in node.bases if isinstance(base, ast.Name)}
                    (platform if "PlatformBase" in bases else tables)[name] = room
    functions = {path.stem: path.relative_to(root / FUNCTIONS).parts[0] for path in (root / FUNCTIONS).rglob("*.sql")}
    return House(tables, platform, functions)


def faults(room: str, sql: str, house: House, *, of_platform: bool = False) -> Iterator[str]:
    """What a piece of SQL of a room names and may not. of_platform: a function of the platform, whose own tables need no schema."""
    if not _SQL.search(sql):
        return
    sql = _COMMENT.sub("", sql)
    above = set(ROOMS[: ROOMS.index(room)])
    named = [match.groups() for pattern in (_TABLE, _ROWTYPE, _COMPOUND) for match in pattern.finditer(sql)]
    county = sorted({name for schema, name in named if not schema and name in house.tables and not of_platform})
    platform = sorted({name for schema, name in named if schema and name in house.platform_tables})
    for name in county:
        if house.tables[name] in above:
            yield f"table {name} belongs to {house.tables[name]}, above {room}"
    for name in platform:
        if room not in OF_THE_PLATFORM or county:
            yield f"county SQL names platform.{name}: on another server there is none"
    for name in sorted({match[1] for match in _CALL.finditer(sql)}):
        if house.functions.get(name) in above:
            yield f"function {name} belongs to {house.functions[name]}, above {room}"


def pieces(path: Path) -> Iterator[tuple[int, str]]:
    """Line and text of what may be SQL in a Python file: string literals, and functions called through SQLAlchemy (``func.name``).

    An f-string is one piece, with ``?`` for what is filled in; a foreign key of a model is a piece that reads the table.
    """
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    inside = {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
    docstrings = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    skipped = inside | docstrings
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
            yield node.lineno, node.value
        elif isinstance(node, ast.JoinedStr):
            parts = (part.value if isinstance(part, ast.Constant) else "?" for part in node.values)
            yield node.lineno, "".join(str(part) for part in parts)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "func":
            yield node.lineno, f"SELECT {node.attr}()"
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "ForeignKey"
            and isinstance(target := node.args[0], ast.Constant)
        ):
            yield node.lineno, f"SELECT FROM {str(target.value).rpartition('.')[0]}"


def main(root: Path = ROOT) -> int:
    """Print every fault; the number of faults is the exit code."""
    house = read_house(root)
    found: list[str] = []
    for room in ROOMS:
        for path in sorted((root / room).rglob("*.py")):
            where = path.relative_to(root)
            if where.parts[:2] == ("database", "migrations"):
                continue
            for line, sql in pieces(path):
                found += [f"{where}:{line}: {fault}" for fault in faults(room, sql, house)]
        for path in sorted(
            (root / room).rglob("*.sql")
        ):  # templates; those of the ground floor are its functions and its migrations
            if room != "database":
                found += [
                    f"{path.relative_to(root)}: {fault}" for fault in faults(room, path.read_text("utf-8"), house)
                ]
    for path in sorted((root / FUNCTIONS).rglob("*.sql")):
        where = path.relative_to(root)
        room = where.parts[2]
        found += [
            f"{where}: {fault}"
            for fault in faults(room, path.read_text("utf-8"), house, of_platform=where.parts[3] == "platform")
        ]
    for line in found:
        print(line)
    return min(len(found), 100)


def _tablename(node: ast.ClassDef) -> str | None:
    for statement in node.body:
        if (
            isinstance(statement, ast.Assign)
            and isinstance(statement.targets[0], ast.Name)
            and statement.targets[0].id == "__tablename__"
            and isinstance(statement.value, ast.Constant)
        ):
            return str(statement.value.value)
    return None


if __name__ == "__main__":
    sys.exit(main())
