"""A sample of the rows of a file, taken while it is read: the same rows each time the same file is read."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Text = str | None

#: Shares of so many rows are right to about one per cent; to read them takes well under a second.
SAMPLE_ROWS = 2_000
#: Smaller files are never doubted as a whole.
LEAST_ROWS = 20


@dataclass(frozen=True, slots=True)
class SampledRow:
    """A row as it came, and its values by field (no personal number among them)."""

    cells: Sequence[Text]
    values: Mapping[str, Text]


class Sample:
    """At most ``SAMPLE_ROWS`` rows, each row of the file as likely as any other (reservoir sampling)."""

    def __init__(self) -> None:
        self._random = random.Random(0)  # noqa: S311 - the same rows each time, no secret
        self.rows: list[SampledRow] = []
        self.seen = 0

    def place(self) -> int | None:
        """Where the next row would go, None when it is left out."""
        self.seen += 1
        if len(self.rows) < SAMPLE_ROWS:
            return len(self.rows)
        place = self._random.randrange(self.seen)
        return place if place < SAMPLE_ROWS else None

    def put(self, place: int, row: SampledRow) -> None:
        """Keep a row at the place that was found for it."""
        if place == len(self.rows):
            self.rows.append(row)
        else:
            self.rows[place] = row
