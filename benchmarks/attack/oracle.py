"""The owner's view: every text and number of every row of a county with the grid codes that may see it.

Two kinds of tables. A *home* table says what a record is (household, person, address …). A table that *tells* (alert,
change, event log, queue …) repeats what others are: its own words belong to its rows, but a household number in it still
belongs to the household. So a value that has a home is foreign when all its homes lie outside the asker's scope, whatever
tells of it inside.
"""

from __future__ import annotations

import ast
import itertools
import re
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from benchmarks.attack.credentials import ACCOUNTS_ONLY
from mapserver.server.metadata import COUNTY_METADATA
from tests.rooms import ROOMS

ROOT = Path(__file__).parents[2]
#: Tables of what a record is. Every other table tells of these.
HOMES = frozenset({
    "division", "place_name", "standard_address", "address_alias", "grid_cell", "grid_worker", "posting", "household",
    "person", "household_member", "person_place", "event", "place", "facility", "visit", "service_point", "plate_token",
    "place_code",
})  # fmt: skip
#: What somebody typed tells of other things, in whatever table it stands.
TYPED = frozenset({"reason", "note", "purpose"})
#: A value that stands in so many villages is a word, not a secret.
WORD_FROM_VILLAGES = 4
RUN = re.compile(r"[\w*\u00b7-]+")
_TELLING = re.compile(r"[\u3400-\u9fff]{2,}|[0-9*X-]{6,}|[0-9a-f-]{32,}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d([T ].*)?$")
#: A time of day with its fraction: six digits of microseconds are no word.
_CLOCK = re.compile(r"(?<=\d[T ])\d\d:\d\d:\d\d(\.\d+)?")
_BEHIND = re.compile(r"[\u3400-\u9fff]{2,}")
_SHORTEST, _PROBE = 3, 6
#: A longer text of the program is no word that a formatted text takes in.
_PHRASE = 12


def runs_of(value: str) -> set[str]:
    """The words of a text that could name a record: with two Chinese characters or six digits."""
    return {run for run in RUN.findall(_CLOCK.sub(" ", value)) if _TELLING.search(run) and not _MOMENT.match(run)}


def strings_in(value: Any) -> Iterator[str]:
    """Every string of a column's value, dictionaries and lists included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, uuid.UUID):
        yield str(value)
    elif isinstance(value, dict):
        for inner in value.values():
            yield from strings_in(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from strings_in(inner)


@dataclass
class Oracle:
    """What a county holds. homes, told: value → grid codes. ids: table → id → grid codes; wide: ids of
    rows about the county as a whole, which tell nothing about a place."""

    county: str = ""
    homes: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    mentions: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    ids: dict[str, dict[str, set[str]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(set)))
    vouched: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    columns: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    wide: dict[str, list[str]] = field(default_factory=dict)
    numbers: set[str] = field(default_factory=set)
    divisions: set[str] = field(default_factory=set)
    rows: int = 0

    def read(self, owner: Engine, county: str) -> None:
        """Add a county, outside row-level security."""
        with owner.connect() as connection:
            for table in COUNTY_METADATA.sorted_tables:
                if "grid_code" not in table.c:
                    continue
                shown = [c for c in table.columns if not _unreadable(str(c.type))]
                names = ", ".join(f'"{c.name}"' for c in shown)
                links = {c.name: next(iter(c.foreign_keys)).column.table.name for c in shown if c.foreign_keys}
                keys = [c.name for c in table.primary_key.columns]
                rows = connection.execute(text(f"SELECT {names} FROM c{county}.{table.name}")).mappings().all()
                if all(
                    len(row["grid_code"]) == 6 for row in rows
                ):  # about the county as a whole: imports, rasters, runs
                    self.wide[table.name] = [str(row["id"]) for row in rows if "id" in row]
                    continue
                for row in rows:
                    self._take(table.name, keys[0] if len(keys) == 1 else None, links, row)

    def read_accounts(self, owner: Engine) -> None:
        """Add the names of all accounts: known inside their county."""
        with owner.connect() as connection:
            found = connection.execute(text("SELECT username, display_name, county FROM platform.account"))
            for name, shown, county in found:
                for run in runs_of(name) | runs_of(shown):
                    self.homes[run].add(f"within {county}")

    def _take(self, table: str, key: str | None, links: dict[str, str], row: Any) -> None:
        grid = row["grid_code"]
        self.rows += 1
        if table == "division":
            self.divisions |= runs_of(row["name"])
        home = table in HOMES or _was_there(table, row)
        for name, value in row.items():
            if value is None or isinstance(value, date | datetime | bool):
                continue
            holders = self.homes if home and name not in TYPED else self.mentions
            for one in strings_in(value):
                for run in runs_of(one):
                    holders[run].add(grid)
            if isinstance(value, str | uuid.UUID) and len(self.columns[name]) < 20_000 and name not in ("grid_code",):
                self.columns[name].setdefault(str(value), grid)
            if name in links and table in HOMES:
                self.vouched[links[name], str(value)].add(grid)
        if key is not None:
            self.ids[table][str(row[key])].add(grid)

    def finish(self) -> None:
        """Ready for questions: the index of beginnings, and the words everybody knows."""
        self.beginnings: dict[int, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for value in self.homes.keys() | self.mentions.keys():
            if len(value) < _SHORTEST or self._is_word(value):
                continue
            size = min(len(value), _PROBE)
            self.beginnings[size][value[:size]].append(value)

    def _is_word(self, value: str) -> bool:
        grids = self.homes.get(value) or self.mentions[value]
        return len({g[:12] for g in grids}) >= WORD_FROM_VILLAGES

    def candidates(self, run: str) -> set[str]:
        """The indexed values inside a word of an answer."""
        found: set[str] = set()
        for size, known in self.beginnings.items():
            if len(run) < size:
                continue
            for start in {run[i : i + size] for i in range(len(run) - size + 1)} & known.keys():
                found.update(value for value in known[start] if value in run)
        return found


def _was_there(table: str, row: Any) -> bool:
    """True for a change that tells of a record as it came or went: where it was then, it was known, wherever it is today."""
    return table == "change" and row["operation"] in ("added", "removed")


def _unreadable(kind: str) -> bool:
    return kind.lower().startswith(("geometry", "bytea", "blob", "largebinary"))


@cache
def _words_of_the_source() -> str:
    """Every text of the program: labels, titles of rules, names of mappings. They tell nothing about anybody."""
    files = (
        path for room in ROOMS for path in (ROOT / room).rglob("*") if path.suffix in (".py", ".json", ".toml", ".sql")
    )
    sources = (path for path in files if "demo" not in path.parts and path.stat().st_size < 10**6)
    return "\n".join(path.read_text("utf-8", errors="replace") for path in sources)


@cache
def _phrases_of_the_source() -> tuple[frozenset[str], frozenset[str]]:
    """Words of the program and what its formatted texts set behind a field: {level}相近 makes 路名相近 of 路名."""
    words, behind = set(), set()
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            if "demo" in path.parts:
                continue
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < _PHRASE:
                    words.add(node.value)
                elif isinstance(node, ast.JoinedStr):
                    behind |= {
                        _BEHIND.match(str(part.value))[0]  # type: ignore[index]
                        for field, part in itertools.pairwise(node.values)
                        if isinstance(field, ast.FormattedValue)
                        and isinstance(part, ast.Constant)
                        and _BEHIND.match(str(part.value))
                    }
    return frozenset(words), frozenset(behind)


def is_phrase(value: str) -> bool:
    """True for a fixed phrase of the program, which tells nothing about anybody: a text of it, or a word and what it sets behind."""
    if value in _words_of_the_source():
        return True
    words, behind = _phrases_of_the_source()
    return any(value[:cut] in words and value[cut:] in behind for cut in range(1, len(value)))


class Whole:
    """Several oracles as one: of each county, so that the one that is written to can be read again alone."""

    def __init__(self, parts: dict[str, Oracle]) -> None:
        self.parts = parts
        #: Words that the attack has sent in bodies: it may have written somebody's words into a home of another place.
        self.written: set[str] = set()
        self._views: dict[tuple[str, tuple[str, ...]], View] = {}
        self._pools: dict[str, list[str]] = {}

    @property
    def rows(self) -> int:
        """Rows read, of all parts."""
        return sum(part.rows for part in self.parts.values())

    def replace(self, name: str, part: Oracle, county: str) -> None:
        """Another state of a part; what was worked out for the scopes of its county is forgotten."""
        self.parts[name] = part
        self._views = {key: view for key, view in self._views.items() if key[0] != county}

    def view(self, county: str, prefixes: tuple[str, ...]) -> View:
        """What a scope may see."""
        key = (county, prefixes)
        if key not in self._views:
            self._views[key] = View(self, county, prefixes)
        return self._views[key]

    def holders(self, value: str, county: str) -> set[str]:
        """The grid codes to which a value belongs: of its homes, or else of the rows that tell of it.

        What the county itself holds comes first: two counties may have a road of one name. Of a masked number all
        rows count, for two persons may have one; so they do of words that the attack itself has written.
        """
        own = [part for part in self.parts.values() if part.county == county]
        for parts in (own, list(self.parts.values())):
            homes = set().union(*(part.homes.get(value, ()) for part in parts))
            mentions = set().union(*(part.mentions.get(value, ()) for part in parts))
            if ("***" in value or value in self.written) and (homes or mentions):
                return homes | mentions
            if homes or mentions:
                return homes or mentions
        return set()

    def is_division(self, value: str, county: str) -> bool:
        """True for the name of a town or village of the county."""
        return any(value in part.divisions for part in self.parts.values() if part.county == county)

    def candidates(self, run: str) -> set[str]:
        """The indexed values inside a word of an answer."""
        return set().union(*(part.candidates(run) for part in self.parts.values()))

    def ids(self, table: str) -> dict[str, set[str]]:
        """The numbers of a table's rows and their grid codes."""
        together: dict[str, set[str]] = defaultdict(set)
        for part in self.parts.values():
            for number in part.wide.get(table, ()):
                together[number].add(part.county)
            for number, grids in part.ids.get(table, {}).items():
                together[number] |= grids
        return together

    def grids_of(self, table: str, number: str) -> set[str]:
        """The grid codes of the rows with this number."""
        return set().union(*(part.ids.get(table, {}).get(number, ()) for part in self.parts.values()))

    def vouched(self, table: str, number: str) -> set[str]:
        """The grid codes of the rows of homes that link to it."""
        return set().union(*(part.vouched.get((table, number), ()) for part in self.parts.values()))

    def strings(self, column: str) -> list[str]:
        """Values of all columns of this name."""
        if column not in self._pools:
            self._pools[column] = sorted({v for part in self.parts.values() for v in part.columns.get(column, ())})
        return self._pools[column]


class View:
    """What one scope may see; answers are cached, since answers repeat their words."""

    def __init__(self, whole: Whole, county: str, prefixes: Iterable[str]) -> None:
        self.whole, self.county, self.prefixes = whole, county, tuple(prefixes)
        self._runs: dict[str, tuple[str, ...]] = {}
        self._values: dict[str, bool] = {}
        self._seen_text: str | None = None
        self._ids: dict[str, tuple[list[str], list[str]]] = {}

    def sees(self, grid: str) -> bool:
        """True when a row of this grid code lies inside the scope."""
        if grid.startswith("within "):
            return grid == f"within {self.county}" and bool(self.prefixes)
        return grid.startswith(self.prefixes) if self.prefixes else False

    def sees_any(self, grids: Iterable[str]) -> bool:
        """True when one of them does."""
        return any(self.sees(grid) for grid in grids)

    def ids_of(self, table: str) -> tuple[list[str], list[str]]:
        """The numbers of a table's rows inside the scope, and of those outside."""
        if table not in self._ids:
            ids = self.whole.ids(table)
            inside = [number for number, grids in ids.items() if self.sees_any(grids)]
            self._ids[table] = inside, [number for number, grids in ids.items() if not self.sees_any(grids)]
        return self._ids[table]

    def foreign_texts(self, run: str) -> tuple[str, ...]:
        """The values in a word of an answer that belong only to rows outside the scope; of nested ones the longest."""
        if run not in self._runs:
            found = [value for value in self.whole.candidates(run) if self._is_foreign(value)]
            self._runs[run] = tuple(v for v in found if not any(v != other and v in other for other in found))
        return self._runs[run]

    def is_foreign_id(self, table: str, number: str) -> bool:
        """True when this is the number of a row outside the scope, and no row inside links to it."""
        grids = self.whole.grids_of(table, number)
        if not grids or self.sees_any(grids):
            return False
        return not self.sees_any(self.whole.vouched(table, number))

    def _is_foreign(self, value: str) -> bool:
        if self.prefixes == (ACCOUNTS_ONLY,) and (value.isdigit() or self.whole.is_division(value, self.county)):
            return False  # who administers accounts sees how far each of them reaches, and nothing of what lies there
        if value not in self._values:
            self._values[value] = (
                not self.sees_any(self.whole.holders(value, self.county))
                and value not in self._own_words()
                and not is_phrase(value)
            )
        return self._values[value]

    def _own_words(self) -> str:
        """All that the scope holds, as one text: 云溪路12号 is no secret where 云溪路12号院 is known."""
        if self._seen_text is None:
            parts = self.whole.parts.values()
            words = [v for part in parts for v, grids in part.homes.items() if self.sees_any(grids)]
            words += [
                v
                for part in parts
                for v, grids in part.mentions.items()
                if self.sees_any(grids) and not self._has_home(v)
            ]
            self._seen_text = "\n".join(words)
        return self._seen_text

    def _has_home(self, value: str) -> bool:
        return any(value in part.homes for part in self.whole.parts.values())
