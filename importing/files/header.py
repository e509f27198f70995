"""The names of a table's columns: where they stand, which are the same, which are missing."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from importing.errors import ColumnTwice
from importing.files.cells import address, folded
from layers.people.masking import columns_to_show

#: rows that may stand above the header: titles, dates, blank ones
MOST_ABOVE = 20


def find_header(rows: Sequence[Sequence[str]], wanted: Collection[str]) -> int | None:
    """Which of the first rows is the header: the first with all the wanted names, else the one with most of them, else the
    first that is not blank. None when all are blank. rows: cleaned names."""
    names = {folded(name) for name in wanted}
    best: tuple[int, int] | None = None
    for i, row in enumerate(rows):
        found = len(names & {folded(name) for name in row if name})
        if names and found == len(names):
            return i
        if any(row) and (best is None or found > best[1]):
            best = i, found
    return None if best is None else best[0]


def repeated_headers(numbers: Sequence[int]) -> list[str]:
    """The notice for rows that repeat the header, as printed pages do; none without any."""
    if not numbers:
        return []
    shown = "、".join(map(str, numbers[:3])) + (" …" if len(numbers) > 3 else "")
    return [
        f"{len(numbers)} 行重复了表头，没有读取：第 {shown} 行 / rows that repeat the header are not read ({len(numbers)}): {shown}"
    ]


def settle_names(columns: Sequence[str], used: Collection[str], letters: bool) -> tuple[list[str], list[str]]:
    """The columns under the names the mapping uses, each name once; and notices, Chinese / English.

    A column whose name differs only by width, case, spaces, radical forms or invisible marks takes the mapping's spelling. letters: name
    columns as Excel does. Raises ColumnTwice when two columns could be the same wanted one.
    """
    from gazetteer.reading.characters import (
        fold_forms,  # here: the confined process, which shares this module, needs none of it
    )

    def same(name: str) -> str:
        return folded(fold_forms(name))

    names = list(columns)
    notices: list[str] = []
    places: dict[str, list[int]] = {}
    for i, name in enumerate(names):
        if name:
            places.setdefault(same(name), []).append(i)
    for wanted in dict.fromkeys(used):
        found = places.get(same(wanted), [])
        if len(found) > 1 and not wanted.startswith("_"):
            shown = "、".join(columns_to_show([wanted]))
            where = "、".join(_place(i, letters) for i in found)
            raise ColumnTwice(
                f"“{shown}”有 {len(found)} 列：{where}。请删去或改名多余的列。 / {len(found)} columns are called {shown!r}: "
                f"{', '.join(_place_en(i, letters) for i in found)}. Delete or rename all but one.",
                column=wanted,
                places=[i + 1 for i in found],
            )
        if len(found) == 1 and wanted not in names:
            names[found[0]] = wanted
    for found in places.values():
        if len(found) > 1:
            where = "、".join(_place(i, letters) for i in found)
            shown = "、".join(columns_to_show([columns[found[0]]]))
            notices.append(
                f"“{shown}”有 {len(found)} 列（{where}），映射没有用到，按“{shown} (2)”等名称保留。 / {len(found)} columns are called "
                f"{shown!r} ({', '.join(_place_en(i, letters) for i in found)}); the mapping does not use them."
            )
            for n, i in enumerate(found[1:], start=2):
                names[i] = f"{names[found[0]]} ({n})"
    return names, notices


def _place(column: int, letters: bool) -> str:

    return f"{address(0, column + 1)[:-1]} 列" if letters else f"第 {column + 1} 列"


def _place_en(column: int, letters: bool) -> str:

    return f"column {address(0, column + 1)[:-1]}" if letters else f"column {column + 1}"
