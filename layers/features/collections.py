"""The collections: the kinds of the layer catalogue as features, with the properties they show and those they hide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Boolean, Column, ColumnElement, Table, literal_column

from database.tables.base import CountyBase
from layers.catalogue.kind import Kind, Type
from layers.catalogue.registry import KINDS, View
from layers.features.errors import HiddenProperty, UnknownCollection, UnknownProperty


@dataclass(frozen=True, slots=True)
class Property:
    """One property. kind: of its values. queryable: may stand in a filter. writable: a client may set it."""

    name: str
    title: str
    kind: Type
    value: ColumnElement[Any]
    queryable: bool = True
    writable: bool = False

    @property
    def nullable(self) -> bool:
        """Whether features may hold no value of it: so the column says, and of what is reckoned nothing is known."""
        return not (isinstance(self.value, Column) and not self.value.nullable)


@dataclass(frozen=True)
class Collection:
    """One collection. key: names a feature for good; its order is that of ``grid_code`` and key.

    shown: which rows are features at all, the same as on tiles. time: what ``datetime`` compares. sortable: properties with a
    unique index. indexed: a table that grows with the records, whose boxes go through ``features_in_box``.
    """

    name: str
    title: str
    model: type[CountyBase]
    key: str
    properties: dict[str, Property]
    shown: tuple[ColumnElement[bool], ...]
    time: str | None = None
    sortable: frozenset[str] = frozenset()
    indexed: bool = True
    editable: bool = False
    also_hidden: frozenset[str] = frozenset()

    @property
    def table(self) -> Table:
        """The table its rows live in."""
        table = self.model.__table__
        assert isinstance(table, Table)
        return table

    @property
    def sensitivity(self) -> Literal["public", "internal", "personal"]:
        """As the catalogue declares it."""
        return KINDS[self.name].sensitivity

    @property
    def geometry_kind(self) -> Literal["point", "polygon", "mixed"]:
        """As the catalogue declares it."""
        return KINDS[self.name].geometry

    @property
    def hidden(self) -> frozenset[str]:
        """Columns that exist and are never shown: personal ones, and those of the machinery."""
        columns = {column.name for column in self.table.columns} | self.also_hidden
        return frozenset(columns - set(self.properties) - {"id", self.key})

    @property
    def key_kind(self) -> Type:
        """Kind of the identifiers."""
        return "integer" if self.table.c[self.key].type.python_type is int else "string"

    def property_named(self, name: str) -> Property:
        """A property, ``id`` included. Raises HiddenProperty, UnknownProperty."""
        if name == "id":
            return Property("id", "要素标识", self.key_kind, self.table.c[self.key])
        if name in self.properties:
            return self.properties[name]
        if name in self.hidden:
            raise HiddenProperty(f"{self.name}: {name}", property=name)
        raise UnknownProperty(f"{self.name}: {name}；{', '.join(self.properties)}", property=name)


def get_collection(name: str) -> Collection:
    """A collection by its name. Raises UnknownCollection."""
    if name not in COLLECTIONS:
        raise UnknownCollection(f"{name}；{', '.join(COLLECTIONS)}")
    return COLLECTIONS[name]


def _collection(kind: Kind) -> Collection:
    table = kind.table
    return Collection(
        kind.name,
        kind.title.zh,
        kind.model,
        kind.key,
        {
            one.name: Property(
                one.name, one.label.zh, one.type, one.value(table), queryable=one.queryable, writable=one.writable
            )
            for one in kind.fields
            if one.ogc
        },
        () if kind.shows == "true" else (literal_column(kind.shown(table.name), Boolean),),
        time=kind.time,
        sortable=kind.sortable,
        indexed=not kind.is_area,
        editable=kind.editable,
        also_hidden=kind.also_hidden,
    )


COLLECTIONS: Mapping[str, Collection] = View(_collection)
