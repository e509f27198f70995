"""Tables of files matched in the background. A second policy, beside that of the scope, shows them to their owner alone."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, Integer, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from database.tables.base import CountyBase, grid_code_check, grid_code_column, identity_column, now_column
from importing.vocabulary import MatchJobState


class MatchJob(CountyBase):
    """A file handed in to be matched (地址匹配任务)."""

    __tablename__ = "match_job"
    __table_args__ = (
        CheckConstraint(MatchJobState.check("state"), name="state"),
        CheckConstraint("result_format IN ('csv','xlsx')", name="result_format"),
        CheckConstraint(
            "(state IN ('done','failed')) = (finished_at IS NOT NULL) AND (state = 'failed') = (error IS NOT NULL)",
            name="end",
        ),
        grid_code_check(),
        Index("ix_match_job_created_by", "created_by", "id"),
        {"comment": "files matched in the background (地址匹配任务)"},
    )

    id: Mapped[int] = identity_column()
    file_name: Mapped[str] = mapped_column(Text, nullable=False, comment="name of the file that was sent")
    column_name: Mapped[str] = mapped_column(Text, nullable=False, comment="column of the address text")
    sheet: Mapped[str | None] = mapped_column(Text, comment="sheet of a workbook; none: the first")
    encoding: Mapped[str | None] = mapped_column(Text, comment="encoding that was declared; none: found out")
    result_format: Mapped[str] = mapped_column(Text, nullable=False, comment="csv or xlsx")
    state: Mapped[str] = mapped_column(Text, server_default=text("'waiting'"), nullable=False, comment="see the check")
    rows_n: Mapped[int] = mapped_column(Integer, server_default=text("0"), nullable=False, comment="rows done")
    classes: Mapped[dict[str, int]] = mapped_column(
        JSONB, server_default=text("'{}'"), nullable=False, comment="rows by class: A, B, C, 多个, 无, 空, 坏行"
    )
    error: Mapped[str | None] = mapped_column(Text, comment="why it failed")
    created_by: Mapped[str] = mapped_column(Text, nullable=False, comment="whose file it is")
    created_at: Mapped[datetime] = now_column("when it was handed in")
    progressed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), comment="last sign of life")
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), comment="when it ended")
    grid_code: Mapped[str] = grid_code_column()


class MatchJobPiece(CountyBase):
    """Some bytes of a file, encrypted."""

    __tablename__ = "match_job_piece"
    __table_args__ = (
        CheckConstraint("kind IN ('file','result')", name="kind"),
        grid_code_check(),
        {"comment": "pieces of files to match and of results (地址匹配文件)"},
    )

    job_id: Mapped[int] = mapped_column(
        ForeignKey("match_job.id", ondelete="CASCADE"), primary_key=True, comment="the job"
    )
    kind: Mapped[str] = mapped_column(
        Text, primary_key=True, comment="file: as it was sent; result: as it will be fetched"
    )
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False, comment="order of the pieces")
    sealed: Mapped[bytes] = mapped_column(
        LargeBinary, nullable=False, comment="encrypted bytes: the file may hold ID numbers"
    )
    created_by: Mapped[str] = mapped_column(Text, nullable=False, comment="whose file it is")
    grid_code: Mapped[str] = grid_code_column()
