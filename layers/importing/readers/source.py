"""What every reader gives: columns, and batches of rows in file order."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:  # who reads a CSV need not wait for numpy
    import numpy as np
    import numpy.typing as npt

Text = str | None
Geometries: TypeAlias = "npt.NDArray[np.object_]"

FID_COLUMN = "_fid"
WKT_COLUMN = "_wkt"
CRS_COLUMN = "_crs"
BATCH_ROWS = 5_000


@dataclass(frozen=True, slots=True)
class RowBatch:
    """Some rows in file order. values[i] matches the source's columns, texts stripped, nothing is None.

    numbers: the row number of each in the file, the first data row is 1. geometries: shapely, in the CRS of the
    file, or None when the file has no geometry. broken: rows with a wrong number of values (number → values found).
    """

    numbers: list[int]
    values: list[list[Text]]
    geometries: Geometries | None = None
    broken: dict[int, list[Text]] = field(default_factory=dict)


class Source(Protocol):
    """An open department file. It can be read again from the beginning."""

    @property
    def columns(self) -> list[str]:
        """Names of the columns, in file order."""

    @property
    def crs(self) -> str | None:
        """What the file says about its coordinates, for instance ``EPSG:3826``; None when it says nothing."""

    @property
    def encoding(self) -> str | None:
        """The encoding that was found; None where the format has only one."""

    def batches(self, size: int = BATCH_ROWS) -> Iterator[RowBatch]:
        """All rows, some at a time. Beginning again ends an earlier reading."""

    def close(self) -> None:
        """Give back what the source holds; again does nothing."""


def as_text(value: Any) -> Text:
    """A cell of a workbook or a field of a layer as text; nothing, NaN and blanks are None, whole numbers have no point."""
    if value is None:
        return None
    if isinstance(value, float) or type(value).__name__ in ("float32", "float16"):
        if math.isnan(value):
            return None
        plain = float(value)
        return str(int(plain)) if plain.is_integer() and abs(plain) < 1e15 else repr(plain)
    text = str(value).strip()
    return text or None
