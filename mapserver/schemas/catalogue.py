"""What the catalogue route gives: the kinds of record, their fields, and how they are drawn."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


class Words(BaseModel):
    """The same in Chinese and in English."""

    zh: str = Field(examples=["物：部件"])
    en: str = Field(examples=["Objects in public space"])


class Colours(BaseModel):
    """A colour in each theme of the map, ``#rrggbb``."""

    light: str = Field(examples=["#0f7273"])
    dark: str
    contrast: str


class KindField(BaseModel):
    """An attribute of a kind, and where it is shown."""

    name: str = Field(examples=["state"])
    label: Words
    type: Literal["string", "integer", "number", "date", "timestamp"]
    meaning: str | None = Field(description="more than the label says")
    vocabulary: str | None = Field(description="whose codes it holds; null: no codes", examples=["facility_state"])
    tile_from: int | None = Field(description="lowest zoom at which tiles carry it; null: never")
    feature: bool = Field(description="a property of OGC features")
    queryable: bool = Field(description="may stand in a filter")
    card: bool = Field(description="on the card of a record")
    change: bool = Field(description="a change of it is told")
    search: bool = Field(description="searched")


class KindVariant(BaseModel):
    """Records drawn otherwise."""

    value: str | None = Field(description="of the deciding field; null: any value")
    colours: Colours
    icon: str


class KindLook(BaseModel):
    """How records are drawn: as dots, then as icons."""

    icon: str = Field(description="name in the sprite")
    dots_from: int = Field(description="zoom")
    icons_from: int = Field(description="zoom")
    decided_by: str | None = Field(description="field whose value chooses a variant")
    variants: list[KindVariant]
    above: bool = Field(description="over everything else")
    ring: bool


class KindTotal(BaseModel):
    """A number of the overview."""

    name: str = Field(description="key in ``totals`` of the overview")
    label: Words


class KindOut(BaseModel):
    """A kind of record: a layer of the map, a collection of features, an entity of changes."""

    name: str = Field(description="tile layer and OGC collection", examples=["objects"])
    record: str = Field(description="one record, in changes and imports", examples=["facility"])
    title: Words
    noun: Words = Field(description="the title without the subject")
    subject: str = Field(description="code of a subject", examples=["object"])
    geometry: Literal["point", "polygon", "mixed"]
    sensitivity: Literal["public", "internal", "personal"]
    key: str = Field(description="what names a record")
    minzoom: int = Field(description="below it the layer is empty")
    rows_from: int = Field(description="lowest zoom at which records are told apart")
    seen_from: int = Field(description="lowest zoom at which something of it is drawn")
    colours: Colours
    look: KindLook | None = Field(description="null: outlines")
    fields: list[KindField]
    totals: list[KindTotal]


class SubjectOut(BaseModel):
    """What a kind is about (人、事、地、物)."""

    code: str
    title: Words


class Catalogue(BaseModel):
    """The kinds of record that the account may see, in the order of the map, lowest first."""

    subjects: list[SubjectOut]
    kinds: list[KindOut]
