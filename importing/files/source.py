"""What every reader gives: columns, and batches of rows in file order."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from importing.files.cells import LOST_DIGITS, Text, clean_text, marked

if TYPE_CHECKING:  # who reads a CSV need not wait for numpy
    import numpy as np
    import numpy.typing as npt

Geometries: TypeAlias = "npt.NDArray[np.object_]"

FID_COLUMN = "_fid"
WKT_COLUMN = "_wkt"
CRS_COLUMN = "_crs"
BATCH_ROWS = 5_000
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
    """Some rows in file order. values[i] matches the source's columns, texts cleaned (see ``cells``), nothing is None.

    numbers: the row of each as whoever opens the file sees it: the row of the sheet, the line on which a CSV record begins,
    the number of the feature from 1. geometries: shapely, in the CRS of the
    file, or None when the file has no geometry. broken: rows with a wrong number of values (number → values found).
    quotes: rows of ``broken`` whose quotes are wrong.
    flaws: geometries that are none (place in the batch → one of ``FLAWS``); they stand as None among the others.
    """

    numbers: list[int]
    values: list[list[Text]]
    geometries: Geometries | None = None
    broken: dict[int, list[Text]] = field(default_factory=dict)
    flaws: dict[int, str] = field(default_factory=dict)
    quotes: frozenset[int] = frozenset()


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

    @property
    def notices(self) -> list[str]:
        """What was left unread and why, Chinese / English, one a line; complete once all rows were read."""

    def batches(self, size: int = BATCH_ROWS) -> Iterator[RowBatch]:
        """All rows, some at a time. Beginning again ends an earlier reading."""

    def close(self) -> None:
        """Give back what the source holds; again does nothing."""


#: beyond this not every whole number has a floating point of its own (2^53)
MOST_EXACT = 9_007_199_254_740_992


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
    """A field of a layer as text; nothing, NaN and blanks are None, whole numbers have no point, and a whole number that came
    as floating point and is too large to be sure of its digits is marked."""
    if value is None:
        return None
    if isinstance(value, float) or type(value).__name__ in ("float32", "float16"):
        if math.isnan(value):
            return None
        plain = float(value)
        if not plain.is_integer() or math.isinf(plain):
            return str(value)  # of a number of few bits the shortest text that means it
        return str(int(plain)) if abs(plain) < MOST_EXACT else marked(LOST_DIGITS, "", repr(plain))
    if type(value).__name__ in ("bool", "bool_"):
        return "是" if value else "否"
    return clean_text(str(value))
