"""Where a key of a TOML text stands, so that a fault in a mapping is named with its line."""

from __future__ import annotations

import re
from collections.abc import Sequence

_TABLE = re.compile(r"\s*\[(\[)?\s*([^\[\]]+?)\s*\]")
_KEY = re.compile(r"""\s*("[^"]*"|'[^']*'|[A-Za-z0-9_\-\u3400-\u9fff.]+)\s*=""")
_STRINGS = re.compile(r'"(?:\\.|[^"\\])*"|\'[^\']*\'')

Path = tuple[str, ...]


def line_of(text: str, path: Sequence[str | int]) -> int | None:
    """The line, from 1, of the key at the end of the path, or of the nearest key above it that stands in the text.

    path: keys, and places in lists, as pydantic names them. None when nothing of it stands in the text.
    """
    lines, inside = _lines(text), _within(text)
    keys = tuple(str(part) for part in path)
    for length in range(len(keys), 0, -1):
        found = lines.get(keys[:length])
        if found is not None:
            rest = path[length:]
            # an inline table around the list opens before its members
            around = next((at for at, part in enumerate(rest) if isinstance(part, int)), len(rest))
            place = around + (int(rest[around]) if around < len(rest) else 0)
            starts = inside.get(found, [])
            return starts[place] if around < len(rest) and place < len(starts) else found
    return None


def _lines(text: str) -> dict[Path, int]:
    """Path of every key and table to its line."""
    lines: dict[Path, int] = {}
    table: Path = ()
    members: dict[Path, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        head = _TABLE.match(line)
        if head is not None and "=" not in _STRINGS.sub("", line.split("]", 1)[0]):
            table = _parts(head[2])
            if head[1]:
                at = members[table] = members.get(table, -1) + 1
                table = (*table, str(at))
            lines.setdefault(table, number)
            continue
        key = _KEY.match(line)
        if key is not None:
            lines.setdefault((*table, *_parts(key[1])), number)
    return lines


def _within(text: str) -> dict[int, list[int]]:
    """For a value that runs over several lines: line of its key → line of each inline table in it."""
    starts: dict[int, list[int]] = {}
    depth, begun = 0, 0
    for number, line in enumerate(text.splitlines(), start=1):
        plain = _STRINGS.sub("", line).split("#", 1)[0]
        if depth == 0:
            key = _KEY.match(line)
            if key is None:
                continue
            begun, plain = number, plain.split("=", 1)[-1]
        for character in plain:
            if character == "{":
                starts.setdefault(begun, []).append(number)
            depth += (character in "[{") - (character in "]}")
        depth = max(depth, 0)
    return {line: found for line, found in starts.items() if len(set(found)) > 1 or found[0] != line}


def _parts(dotted: str) -> Path:
    return tuple(part.strip().strip("\"'") for part in re.findall(r'"[^"]*"|\'[^\']*\'|[^.]+', dotted))
