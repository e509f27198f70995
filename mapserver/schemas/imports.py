"""What the import routes take and give."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from importing.vocabulary import ImportStage, ImportState


class MappingOut(BaseModel):
    """A department table the pipeline knows how to read."""

    name: str = Field(examples=["demo_population"])
    title: str = Field(examples=["人口基础信息"])
    target: str = Field(examples=["person"])
    columns: list[str] = Field(description="columns the file must have")


class BatchOut(BaseModel):
    """One file through the pipeline."""

    id: int
    mapping: str = Field(examples=["demo_population"])
    target: str = Field(examples=["person"])
    file_name: str
    state: ImportState
    to_publish: bool = Field(description="false: only checked, nothing changes")
    stage: ImportStage | None = Field(description="what it is doing; none: it has not begun")
    rows_done: int = Field(description="rows that this stage has done; 0 as well where it cannot be told")
    rows_total: int | None = Field(description="rows of the file, once it was read")
    progressed_at: datetime | None = Field(description="last sign of life")
    counts: dict[str, Any]
    stages: dict[str, Any]
    error: str | None = Field(description="why it failed, or was only checked")
    error_code: str | None = Field(description="the same for programs", examples=["confirmation-needed"])
    cancelled_by: str | None = Field(description="who asked that it ends")
    created_by: str
    created_at: datetime
    published_at: datetime | None


class RejectOut(BaseModel):
    """Why rows were sent back."""

    reason_code: str = Field(examples=["bad_id_checksum"])
    column_name: str | None = Field(description="column at fault, as the file names it; several with 、")
    reason: str = Field(examples=["身份证号校验位不符"])
    rows_n: int
    first_row: int


class WarningOut(BaseModel):
    """What was taken and should still be looked at."""

    warning_code: str = Field(examples=["name_spaces"])
    column_name: str | None = Field(examples=["姓名"])
    warning: str = Field(description="what, and what to do, Chinese and English", examples=["姓名中间有空格：张 三"])
    rows_n: int = Field(description="rows listed, at most 5,000; counts.warnings has them all")
    rows: list[int] = Field(description="the first rows, at most 20")


class BatchDetail(BatchOut):
    """One import with the reasons of its rejected rows, its warnings, and what is odd about the whole file."""

    rejects: list[RejectOut]
    warnings: list[WarningOut]
