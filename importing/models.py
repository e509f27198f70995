"""Tables of imports: batches, rejected rows, warnings (导入)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from database.tables.base import (
    CountyBase,
    grid_code_check,
    grid_code_column,
    identity_column,
    now_column,
)
from importing.vocabulary import ImportStage, ImportState
from layers.changes.models import Change


class ImportBatch(CountyBase):
    """One file through the pipeline (导入批次)."""

    __tablename__ = "import_batch"
    __table_args__ = (
        CheckConstraint(ImportState.check("state"), name="state"),
        CheckConstraint(ImportStage.check("stage"), name="stage"),
        CheckConstraint("state <> 'cancelled' OR cancelled_by IS NOT NULL", name="cancelled_by"),
        grid_code_check(),
        Index("ix_import_batch_sha256", "sha256", "mapping"),
        {"comment": "imports (导入批次)"},
    )

    id: Mapped[int] = identity_column()
    mapping: Mapped[str] = mapped_column(Text, nullable=False, comment="mapping name = department table")
    target: Mapped[str] = mapped_column(Text, nullable=False, comment="what the rows become: address, person …")
    file_name: Mapped[str] = mapped_column(Text, nullable=False, comment="name of the file")
    sha256: Mapped[str] = mapped_column(Text, nullable=False, comment="of the file")
    state: Mapped[str] = mapped_column(Text, nullable=False, comment=ImportState.comment())
    counts: Mapped[dict[str, Any]] = mapped_column(
        JSONB,
        server_default=text("'{}'"),
        nullable=False,
        comment="read, added, changed, unchanged, rejected, review; by reason",
    )
    stages: Mapped[dict[str, Any]] = mapped_column(
        JSONB, server_default=text("'{}'"), nullable=False, comment="seconds and rows of each stage"
    )
    error: Mapped[str | None] = mapped_column(Text, comment="why it failed")
    error_code: Mapped[str | None] = mapped_column(Text, comment="the same for programs, as in a problem document")
    stage: Mapped[str | None] = mapped_column(Text, comment="what it is doing: " + ImportStage.comment())
    rows_done: Mapped[int] = mapped_column(
        Integer, server_default=text("0"), nullable=False, comment="rows that this stage has done"
    )
    rows_total: Mapped[int | None] = mapped_column(Integer, comment="rows of the file, once it was read")
    progressed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), comment="last sign of life")
    cancelled_by: Mapped[str | None] = mapped_column(Text, comment="who asked that it ends")
    request: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB(none_as_null=True), comment="of a file from the web: what was asked for, and with which rights"
    )
    starts: Mapped[int] = mapped_column(
        SmallInteger, server_default=text("0"), nullable=False, comment="how often the background job was begun"
    )
    created_by: Mapped[str] = mapped_column(Text, nullable=False, comment="who")
    created_at: Mapped[datetime] = now_column("when it began")
    published_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), comment="when it was published")
    grid_code: Mapped[str] = grid_code_column()


# a change says which import made it; what an import is, the layers need not know
Change.metadata.tables[Change.__tablename__].append_constraint(ForeignKeyConstraint(["batch_id"], ["import_batch.id"]))


class ImportReject(CountyBase):
    """A row that was not published, with the reason; the row itself is encrypted, for it may hold ID numbers."""

    __tablename__ = "import_reject"
    __table_args__ = (
        grid_code_check(),
        UniqueConstraint("batch_id", "row_no", "reason_code"),
        {"comment": "rejected rows (退回行)"},
    )

    id: Mapped[int] = identity_column()
    batch_id: Mapped[int] = mapped_column(
        ForeignKey("import_batch.id", ondelete="CASCADE"), nullable=False, comment="import"
    )
    row_no: Mapped[int] = mapped_column(Integer, nullable=False, comment="row in the file, as a spreadsheet numbers it")
    column_name: Mapped[str | None] = mapped_column(Text, comment="column at fault, as the file names it")
    reason_code: Mapped[str] = mapped_column(Text, nullable=False, comment="why, for programs")
    reason: Mapped[str] = mapped_column(Text, nullable=False, comment="why and how to mend it, Chinese and English")
    row_cipher: Mapped[bytes] = mapped_column(
        LargeBinary, nullable=False, comment="the row as it came (JSON), AES-256-GCM"
    )
    grid_code: Mapped[str] = grid_code_column()


class ImportWarning(CountyBase):
    """A row that was taken, and that a person should look at all the same. No personal number stands in it."""

    __tablename__ = "import_warning"
    __table_args__ = (
        grid_code_check(),
        Index("ix_import_warning_batch", "batch_id", "warning_code", "row_no"),
        {"comment": "warnings of imports (导入提醒)"},
    )

    id: Mapped[int] = identity_column()
    batch_id: Mapped[int] = mapped_column(
        ForeignKey("import_batch.id", ondelete="CASCADE"), nullable=False, comment="import"
    )
    row_no: Mapped[int] = mapped_column(Integer, nullable=False, comment="row in the file, as in import_reject")
    warning_code: Mapped[str] = mapped_column(Text, nullable=False, comment="what, for programs")
    column_name: Mapped[str | None] = mapped_column(Text, comment="column in question, as the file names it")
    warning: Mapped[str] = mapped_column(Text, nullable=False, comment="what, and what to do, Chinese and English")
    grid_code: Mapped[str] = grid_code_column()


class ImportPiece(CountyBase):
    """Some bytes of a file that came from the web, encrypted; gone when its import has ended."""

    __tablename__ = "import_piece"
    __table_args__ = (grid_code_check(), {"comment": "pieces of files to import (待导入文件)"})

    batch_id: Mapped[int] = mapped_column(
        ForeignKey("import_batch.id", ondelete="CASCADE"), primary_key=True, comment="import"
    )
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False, comment="order of the pieces")
    sealed: Mapped[bytes] = mapped_column(
        LargeBinary, nullable=False, comment="encrypted bytes: the file may hold ID numbers"
    )
    grid_code: Mapped[str] = grid_code_column()
