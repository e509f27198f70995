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
#: A number that lost its last digits before it came here, as text.
LOST_DIGITS = "\x00lost:"
#: What GeoJSON means when it says nothing; a mapping may know better.
ASSUMED_CRS = "OGC:CRS84"
#: what is wrong with a geometry that could not be read: Chinese, English
FLAWS = {
    "empty": ("空图形，没有坐标", "empty, without coordinates"),
    "unclosed": ("环没有闭合或点数过少", "a ring is not closed or has too few points"),
    "kind": ("不支持的图形类型（三角网、曲面体等）", "a kind of geometry that is not supported"),
    "unreadable": ("图形数据读不出来", "the geometry cannot be read"),
}


@dataclass(frozen=True, slots=True)
class RowBatch:
    """Some rows in file order. values[i] matches the source's columns, texts stripped, nothing is None.

    numbers: the row number of each in the file, the first data row is 1. geometries: shapely, in the CRS of the
    file, or None when the file has no geometry. broken: rows with a wrong number of values (number → values found).
    flaws: geometries that are none (place in the batch → one of ``FLAWS``); they stand as None among the others.
    """

    numbers: list[int]
    values: list[list[Text]]
    geometries: Geometries | None = None
    broken: dict[int, list[Text]] = field(default_factory=dict)
    flaws: dict[int, str] = field(default_factory=dict)


class Reader(Protocol):
    """A reader of one format, inside the confined process. It can be read again from the beginning."""

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


class Source(Reader, Protocol):
    """An open department file, as its importer sees it."""

    @property
    def spatial(self) -> bool:
        """Whether the file has geometries of its own."""

    @property
    def structured(self) -> list[str]:
        """Columns whose texts are JSON lists or objects."""

    @property
    def cut(self) -> list[str]:
        """Columns whose names may be cut off, as a DBF does after ten bytes."""


def as_text(value: Any) -> Text:
    """A cell of a workbook or a field of a layer as text; nothing, NaN and blanks are None, whole numbers have no point."""
    if value is None:
        return None
    if isinstance(value, float) or type(value).__name__ in ("float32", "float16"):
        if math.isnan(value):
            return None
        plain = float(value)
        if not plain.is_integer() or math.isinf(plain):
            return str(value)  # of a number of few bits the shortest text that means it
        return str(int(plain)) if abs(plain) < 1e15 else repr(plain)
    if type(value).__name__ in ("bool", "bool_"):
        return "是" if value else "否"
    text = str(value).strip()
    return text or None
