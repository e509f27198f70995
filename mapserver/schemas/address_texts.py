"""What the routes for address texts take and give."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

AddressText = Annotated[str, StringConstraints(max_length=2000)]
#: Largest body with a thousand texts or pairs, in bytes.
TEXTS_BYTES = 4_000_000
_EXAMPLE = "浙江省湖州市德清县武康街道永安街12号凯悦大厦3幢2单元1201室"


class TextsIn(BaseModel):
    """Address texts to read, as people write them."""

    texts: list[AddressText] = Field(min_length=1, max_length=1000, examples=[[_EXAMPLE]])


class ElementOut(BaseModel):
    """One labelled piece of a text; ``text[start:end]`` counts in Unicode characters."""

    label: str = Field(examples=["roadno"], description="one of the 21 labels")
    level: str | None = Field(
        examples=["number_plate"], description="the level of the address library, where it is one"
    )
    text: str = Field(examples=["12号"])
    start: int = Field(ge=0, examples=[15])
    end: int = Field(ge=0, examples=[18])


class ParsedText(BaseModel):
    """A text and its elements, in order; together they are the whole text."""

    text: str
    elements: list[ElementOut]


class ParsedTexts(BaseModel):
    """The texts in the order they came."""

    addresses: list[ParsedText]


class PairIn(BaseModel):
    """Two address texts."""

    a: AddressText = Field(examples=["德清县武康街道永安街12号3幢"])
    b: AddressText = Field(examples=["武康永安街12号"])


class PairsIn(BaseModel):
    """Pairs of address texts to compare."""

    pairs: list[PairIn] = Field(min_length=1, max_length=1000)


class RelationOut(BaseModel):
    """How two texts relate."""

    relation: Literal["same", "partial", "different"] = Field(
        examples=["partial"], description="same place; one holds or partly covers the other; different places"
    )
    score: float = Field(ge=0, le=1, examples=[0.91], description="the probability of this relation")


class Relations(BaseModel):
    """The relations in the order of the pairs."""

    relations: list[RelationOut]
