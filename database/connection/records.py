"""From the rows of a query to the records that a room hands out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Result

Record = TypeVar("Record")


def records_of(kind: Callable[..., Record], result: Result[Any]) -> list[Record]:
    """Every row as a record, each column as the field of its name.

    Raises TypeError where columns and fields differ.
    """
    names = tuple(result.keys())
    return [kind(**dict(zip(names, row, strict=True))) for row in result]
