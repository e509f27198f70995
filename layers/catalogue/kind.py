"""A kind of record, and its fields: what a declaration of the catalogue says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import Column, ColumnElement, Table, literal_column

from database.tables.base import CountyBase
from database.vocabulary import Vocabulary

Subject = Literal["area", "address", "person", "event", "place", "object", "work"]
Geometry = Literal["point", "polygon", "mixed"]
Sensitivity = Literal["public", "internal", "personal"]
Type = Literal["string", "integer", "number", "date", "timestamp"]
#: The vocabulary that a field holds codes of.
Codes = type[Vocabulary]


@dataclass(frozen=True, slots=True)
class Label:
    """The same in Chinese and in English."""

    zh: str
    en: str


#: What a county's "one map" is about (人、事、地、物), the ground it stands on, and the work it makes.
SUBJECTS: dict[Subject, Label] = {
    "area": Label("区划与网格", "Areas"),
    "address": Label("地址", "Addresses"),
    "person": Label("人", "Persons"),
    "event": Label("事", "Events"),
    "place": Label("地", "Places"),
    "object": Label("物", "Objects"),
    "work": Label("预警", "Alerts"),
}


@dataclass(frozen=True, slots=True)
class Colours:
    """A colour of its own in each theme of the map, ``#rrggbb``; it keeps the contrasts of the palette."""

    light: str
    dark: str
    contrast: str


@dataclass(frozen=True, slots=True)
class Parts:
    """Rows of another table that belong to a record and are counted with it. key: names the record. present: which of them count."""

    table: str
    key: str
    present: str

    def columns(self) -> list[str]:
        """The columns that say which of them count."""
        return re.findall(r"\{p\}\.(\w+)", self.present)

    @property
    def sql(self) -> str:
        """How many a record has, SQL with ``{t}`` for the record."""
        present = self.present.replace("{p}", "parts")
        return f"(SELECT count(*) FROM {self.table} parts WHERE parts.{self.key} = {{t}}.id AND {present})"  # noqa: S608 - words of ours


@dataclass(frozen=True, slots=True)
class Field:
    """An attribute of a kind, and where it is shown.

    column: of the table, when not named like the field. sql: an expression instead, with ``{t}`` for the row. tile: lowest zoom at
    which tiles carry it; None, never. tile_sql: what a tile carries where that is not the value itself, as text. rows_only: absent
    where rows are counted together. meaning: more than the label says. codes: the vocabulary of its values. counts: the kind whose records it counts in the area of
    this one. parts: what it counts of the record itself; added up where rows are counted together.
    """

    name: str
    label: Label
    type: Type = "string"
    column: str | None = None
    sql: str | None = None
    tile: int | None = None
    tile_sql: str | None = None
    rows_only: bool = True
    ogc: bool = False
    queryable: bool = True
    writable: bool = False
    card: bool = False
    change: bool = False
    search: bool = False
    meaning: str | None = None
    codes: Codes | None = None
    counts: str | None = None
    parts: Parts | None = None

    @property
    def explained(self) -> str | None:
        """More than the label says: in words, or the codes it holds."""
        return self.meaning if self.meaning is not None or self.codes is None else self.codes.comment()

    def expression(self, row: str, *, on_tile: bool = False) -> str:
        """The value as SQL. row: alias of the table."""
        own = self.tile_sql if on_tile and self.tile_sql is not None else self.parts.sql if self.parts else self.sql
        return f"{row}.{self.column or self.name}" if own is None else own.replace("{t}", row)

    def value(self, table: Table) -> ColumnElement[Any]:
        """The value as an expression of SQLAlchemy: the column, or the text."""
        if self.sql is None and self.parts is None:
            return table.c[self.column or self.name]
        return literal_column(self.expression(table.name))


@dataclass(frozen=True, slots=True)
class Variant:
    """Records drawn otherwise. value: of the deciding field; None, any value. colour: token of the palette. icon: of the sprite."""

    value: str | None
    colour: str
    icon: str


@dataclass(frozen=True, slots=True)
class Look:
    """How records are drawn. icon: of the sprite. minzoom: where the dots begin. icons_from: where icons take their place.

    dot: zoom and radius in pixels, twice. decided_by: the field whose value chooses a variant; variants: the most pressing first, the
    last for every other value. unless: a field, and the values of it with which a record is not drawn. above: over everything else.
    ring: a ring, not a disc: there are many, and they stay behind. figure: polygons of the icon, in a box of 24 units, on a square in
    the colour of the kind; None where the sprite has an icon of this name.
    """

    icon: str
    minzoom: int
    dot: tuple[float, float, float, float]
    icons_from: int = 16
    decided_by: str | None = None
    variants: tuple[Variant, ...] = ()
    unless: tuple[str, frozenset[str]] | None = None
    above: bool = False
    ring: bool = False
    figure: tuple[tuple[tuple[float, float], ...], ...] | None = None


@dataclass(frozen=True, slots=True)
class Total:
    """A number of the overview: rows of a table for which the condition holds; counted in an index alone."""

    name: str
    label: Label
    model: type[CountyBase]
    condition: str = "true"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of record: a layer of the map, a collection of features, an entity of changes.

    name: of the layer and the collection. record: of one record, in changes and imports. order: lowest lies undermost and is listed
    first. shows: which rows are shown at all, SQL with ``{t}`` for the row, served by ``ix_<table>_tile``. levels: of an area, the
    lowest zoom of each; empty for records. minzoom: below it the layer is empty; rows_from: lowest zoom at which rows are told
    apart. sensitivity: 'public' names and outlines; 'internal' records; 'personal' about households. names_people: a title of it may
    hold a name, whoever may see the layer. time: the field that ``datetime`` compares. sortable: fields with a unique index.
    also_hidden: columns of other tables that are never shown. colour: token of the palette, or its own.
    """

    name: str
    record: str
    title: Label
    subject: Subject
    model: type[CountyBase]
    geometry: Geometry
    order: int
    colour: str | Colours
    fields: tuple[Field, ...]
    sensitivity: Sensitivity = "internal"
    names_people: bool = False
    key: str = "id"
    key_meaning: str = "id"
    shows: str = "true"
    minzoom: int = 0
    rows_from: int = 13
    levels: Mapping[str, int] = field(default_factory=dict)
    time: str | None = None
    sortable: frozenset[str] = frozenset({"id"})
    editable: bool = False
    also_hidden: frozenset[str] = frozenset()
    totals: tuple[Total, ...] = ()
    look: Look | None = None

    @property
    def table(self) -> Table:
        """The table of its rows."""
        table = self.model.__table__
        assert isinstance(table, Table)
        return table

    @property
    def noun(self) -> Label:
        """What its records are called: the title without the subject before the colon."""
        return Label(self.title.zh.rpartition("：")[2], self.title.en.rpartition(": ")[2])

    @property
    def seen_from(self) -> int:
        """Lowest zoom at which something of it is drawn."""
        return self.look.minzoom if self.look is not None else self.minzoom

    @property
    def is_area(self) -> bool:
        """True for outlines that are generalised; records of other kinds are counted together instead."""
        return self.geometry == "polygon"

    def shown(self, row: str | None = None) -> str:
        """The condition of the rows that are shown. row: alias of the table; None, bare columns."""
        return self.shows.replace("{t}.", f"{row}." if row else "")

    def field_named(self, name: str) -> Field:
        """A field by its name. Raises KeyError."""
        return {one.name: one for one in self.fields}[name]

    def tile_fields(self) -> tuple[Field, ...]:
        """The fields that tiles carry."""
        return tuple(one for one in self.fields if one.tile is not None)

    def key_is_number(self) -> bool:
        """Whether the key is a number; else it is a code."""
        column: Column[Any] = self.table.c[self.key]
        return column.type.python_type is int
