"""What the vocabulary route gives."""

from __future__ import annotations

from pydantic import BaseModel, Field


class CodeLabel(BaseModel):
    """A code and what people call it."""

    code: str = Field(examples=["nobody_home"])
    zh: str = Field(examples=["无人在家"])
    en: str = Field(examples=["nobody home"])


class VocabularyOut(BaseModel):
    """The codes of one kind of value, in their order."""

    name: str = Field(examples=["visit_outcome"])
    description: str = Field(examples=["What a visit came to (走访结果)."])
    national: bool = Field(description="true for a table of a national standard; the description names its clause")
    codes: list[CodeLabel]


class VocabulariesOut(BaseModel):
    """Every vocabulary."""

    vocabularies: list[VocabularyOut]
