"""The kinds there are."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Generic, TypeVar

from layers.catalogue.kind import Field, Kind

T = TypeVar("T")
_FOLDER = Path(__file__).parents[1]
_kinds: dict[str, Kind] = {}
_added: dict[str, list[Field]] = {}
_views: list[View[object]] = []


class KindDeclaredTwice(ValueError):
    """Two kinds of the catalogue have one name: a mistake of a maintainer, never of a user."""


def register(kind: Kind) -> Kind:
    """Take a kind into the catalogue; called where it is declared. Raises KindDeclaredTwice."""
    if any(kind.name == other.name or kind.record == other.record for other in _kinds.values()):
        raise KindDeclaredTwice(f"{kind.name} ({kind.record})")
    _kinds[kind.name] = kind
    _forget()
    return kind


def extend(name: str, *fields: Field) -> None:
    """Fields that a room above adds to a kind: of its own tables, about the records of that kind."""
    _added.setdefault(name, []).extend(fields)
    _forget()


def all_kinds() -> dict[str, Kind]:
    """Every kind by name, in the order of the map, with the fields that rooms above added."""
    _find_declarations()
    kinds = (
        replace(kind, fields=(*kind.fields, *_added[kind.name])) if kind.name in _added else kind
        for kind in _kinds.values()
    )
    return {kind.name: kind for kind in sorted(kinds, key=lambda kind: kind.order)}


@cache
def _find_declarations() -> None:
    importlib.import_module("layers.catalogue.areas")
    importlib.import_module("layers.catalogue.addresses")
    for file in sorted(_FOLDER.glob("*/kind.py")):
        if file.parent != Path(__file__).parent:
            importlib.import_module(f"layers.{file.parent.name}.kind")


class View(Mapping[str, T], Generic[T]):
    """What one reader makes of each kind, by name, in the order of the map; made once, and again when a kind is registered."""

    def __init__(self, make: Callable[[Kind], T]) -> None:
        self._make = make
        self._made: dict[str, T] = {}
        _views.append(self)  # type: ignore[arg-type]

    def _all(self) -> dict[str, T]:
        return self._made or self._fill()

    def _fill(self) -> dict[str, T]:
        made = {name: self._make(kind) for name, kind in all_kinds().items()}
        self._made = made
        return made

    def forget(self) -> None:
        """Make everything again when it is asked for next."""
        self._made = {}

    def __getitem__(self, name: str) -> T:
        return self._all()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())


def _itself(kind: Kind) -> Kind:
    return kind


def _forget() -> None:
    for view in _views:
        view.forget()


#: Every kind by name.
KINDS: Mapping[str, Kind] = View(_itself)
