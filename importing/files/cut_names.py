"""Names that a DBF cut after ten bytes, put back to what the mapping calls them."""

from __future__ import annotations

from collections.abc import Collection, Sequence


def whole_names(columns: Sequence[str], cut: Collection[str], wanted: Collection[str]) -> list[str]:
    """The columns, those cut off under the name that is wanted where only one of the wanted ones begins like it.

    cut: the columns that may be cut. A name that two columns or two wanted names could be stays as it is.
    """
    absent = [name for name in wanted if name not in columns]
    found = {column: [name for name in absent if _begins(name, column)] for column in cut}
    taken = [names[0] for names in found.values() if len(names) == 1]
    return [
        names[0] if len(names := found.get(column, [])) == 1 and taken.count(names[0]) == 1 else column
        for column in columns
    ]


def _begins(name: str, column: str) -> bool:
    return len(name) > len(column) > 0 and name.casefold().startswith(column.casefold())
