"""From a record of the rooms below to what the interface shows of it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar

from pydantic import BaseModel

Shown = TypeVar("Shown", bound=BaseModel)


def shown(model: type[Shown], record: object, **more: Any) -> Shown:
    """The record as the model shows it: every field by its name from the record's attributes, nested records too.

    more: fields the record lacks, or whose value is another here. A field that has a default may be missing in the record.
    """
    if not more:
        return model.model_validate(record, from_attributes=True)
    kind: Any = type(record)
    names, read = _reader(model, kind, frozenset(more))
    return model.model_validate(dict(zip(names, read(record), strict=True), **more), from_attributes=True)


@cache
def _reader(
    model: type[BaseModel], kind: Hashable, given: frozenset[str]
) -> tuple[tuple[str, ...], Callable[[object], tuple[Any, ...]]]:
    """The fields to read from a record of this kind (a dataclass with slots), and what reads them."""
    names = tuple(
        name
        for name, field in model.model_fields.items()
        if name not in given and (field.is_required() or hasattr(kind, name))
    )
    return names, attrgetter(*names) if len(names) > 1 else lambda record: tuple(getattr(record, n) for n in names)
