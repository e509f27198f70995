"""Joining features that share a column into one row: small areas into cells, towns into the county."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from importing.files.cells import Text
from importing.files.source import BATCH_ROWS, Geometries, RowBatch, Source, as_text

if TYPE_CHECKING:
    from importing.mappings.mapping import Dissolve


class DissolvedSource:
    """Another source with one row per value of a column; other columns come from the first feature of each."""

    def __init__(self, source: Source, rule: Dissolve) -> None:
        self._source = source
        self._rule = rule
        self.columns = source.columns
        self.crs = source.crs
        self.encoding = source.encoding
        self.spatial = source.spatial
        self.structured = source.structured
        self.cut = source.cut

    @property
    def notices(self) -> list[str]:
        """Those of the other source."""
        return self._source.notices

    def close(self) -> None:
        """Close the other source."""
        self._source.close()

    def batches(self, size: int = BATCH_ROWS) -> Iterator[RowBatch]:
        """One row per value, in the order of their first features; row numbers are those of the first features."""
        by = self.columns.index(self._rule.by)
        sums = [self.columns.index(name) for name in self._rule.sum]
        firsts: dict[str, tuple[int, list[Text]]] = {}
        totals: dict[str, dict[int, float]] = {}
        parts: dict[str, list[Any]] = {}
        flaws: dict[str, str] = {}
        for batch in self._source.batches(size):
            for i, row in enumerate(batch.values):
                group = row[by] or ""
                firsts.setdefault(group, (batch.numbers[i], list(row)))
                if batch.geometries is not None and batch.geometries[i] is not None:
                    parts.setdefault(group, []).append(batch.geometries[i])
                if i in batch.flaws:
                    flaws[group] = batch.flaws[i]
                for column in sums:
                    number = _number(row[column])
                    if number is not None:
                        of_group = totals.setdefault(group, {})
                        of_group[column] = of_group.get(column, 0.0) + number
        groups = list(firsts)
        for start in range(0, len(groups), size):
            chunk = groups[start : start + size]
            for group in chunk:
                for column in sums:
                    total = totals.get(group, {}).get(column)
                    firsts[group][1][column] = as_text(total)
            yield RowBatch(
                [firsts[group][0] for group in chunk],
                [firsts[group][1] for group in chunk],
                _joined([parts.get(group, []) for group in chunk]) if parts or flaws else None,
                flaws={i: flaws[group] for i, group in enumerate(chunk) if group in flaws},
            )


def _joined(parts: list[list[Any]]) -> Geometries:
    out = np.empty(len(parts), dtype=object)
    for i, shapes in enumerate(parts):
        out[i] = _union(shapes)
    return out


def _union(shapes: list[Any]) -> Any:
    """The shapes as one; an invalid one alone stays, so that its row is sent back for it."""
    if not shapes:
        return None
    invalid = [shape for shape in shapes if not shapely.is_valid(shape)]
    return invalid[0] if invalid else shapely.union_all(shapes)


def _number(text: Text) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None
