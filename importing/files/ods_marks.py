"""Cells of an ODS sheet without a value of their own, which the reading library shows as empty: errors, formulas without a
result, and cells covered by a merged one (OpenDocument 1.3, part 3, 9.1)."""

from __future__ import annotations

from importing.files.cells import ERROR_CELL, FORMULA, MERGED, address, marked

#: repetitions of such a cell that are remembered
MOST_REPEATED = 1_000
_CELLS = ("table-cell", "covered-table-cell")


class OdsCells:
    """Goes through the content of an ODS; handlers for a parser of XML."""

    def __init__(self, sheet: str) -> None:
        self.found: dict[tuple[int, int], str] = {}
        self._sheet = sheet
        self._inside = False
        self._row = self._column = 0
        self._rows = self._columns = 1
        self._kind = ""
        self._text: list[str] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """The start of an element."""
        tag = tag.rpartition(":")[2]
        values = {name.rpartition(":")[2]: value for name, value in attributes.items()}
        if tag == "table":
            self._inside = values.get("name") == self._sheet
            self._row = 0
        elif tag == "table-row":
            self._column, self._rows = 0, _times(values.get("number-rows-repeated"))
        elif tag in _CELLS:
            self._columns = _times(values.get("number-columns-repeated"))
            self._text = []
            typed = attributes.get("office:value-type")
            if attributes.get("calcext:value-type") == "error":
                self._kind = ERROR_CELL
            elif tag == "covered-table-cell":
                self._kind = MERGED
            else:
                self._kind = FORMULA if "formula" in values and typed is None else ""

    def text(self, text: str) -> None:
        """Text inside an element."""
        if self._kind:
            self._text.append(text)

    def end(self, tag: str) -> None:
        """The end of an element."""
        tag = tag.rpartition(":")[2]
        if tag in _CELLS:
            self._keep()
            self._column += self._columns
        elif tag == "table-row":
            self._row += self._rows
        elif tag == "table":
            self._inside = False

    def _keep(self) -> None:
        shown = "".join(self._text).strip()
        if not self._inside or not self._kind or (self._kind == MERGED and shown):
            return
        if self._rows > MOST_REPEATED or self._columns > MOST_REPEATED:
            return  # an adornment of a whole sheet
        for row in range(self._row, self._row + self._rows):
            for column in range(self._column, self._column + self._columns):
                at = address(row + 1, column + 1)
                self.found[row, column] = marked(self._kind, at, shown or ("#N/A" if self._kind == ERROR_CELL else ""))


def _times(count: str | None) -> int:
    return int(count) if count and count.isdigit() else 1
