"""Tables of the corrections: the queue, the batches with their log, and the rules that came of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Index, Integer, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from database.tables.base import CountyBase, code_column, grid_code_check, grid_code_column, identity_column, now_column
from gazetteer.corrections.vocabulary import CorrectionBatchKind, CorrectionKind, CorrectionOutcome, CorrectionStatus
from gazetteer.library.models import AddressReview, StandardAddress


class CorrectionBatch(CountyBase):
    """What was decided in one go: one row, or all that are alike. Taken back as a whole (撤销)."""

    __tablename__ = "correction_batch"
    __table_args__ = (
        CheckConstraint(CorrectionBatchKind.check("kind"), name="kind"),
        CheckConstraint("(undone_at IS NULL) = (undone_by IS NULL)", name="undone"),
        grid_code_check(),
        {"comment": "batches of corrections (纠正批次)"},
    )

    id: Mapped[int] = identity_column()
    kind: Mapped[str] = mapped_column(Text, nullable=False, comment="decide: one row; alike: all alike")
    action: Mapped[str] = mapped_column(Text, nullable=False, comment="alias, rule, accept, reject or dismiss")
    summary: Mapped[str] = mapped_column(Text, nullable=False, comment="what was decided, in Chinese")
    decided_n: Mapped[int] = mapped_column(Integer, server_default=text("0"), nullable=False, comment="rows decided")
    logged_n: Mapped[int] = mapped_column(
        Integer, server_default=text("0"), nullable=False, comment="rows in its log; an undo must see them all"
    )
    note: Mapped[str | None] = mapped_column(Text, comment="the decision in words")
    actor: Mapped[str] = mapped_column(Text, nullable=False, comment="who decided")
    created_at: Mapped[datetime] = now_column("when")
    undone_by: Mapped[str | None] = mapped_column(Text, comment="who took it back")
    undone_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), comment="when")
    grid_code: Mapped[str] = grid_code_column()


class AddressRule(CountyBase):
    """A road that people write otherwise: in this division, ``written`` means ``standard`` (地名纠正规则)."""

    __tablename__ = "address_rule"
    __table_args__ = (
        CheckConstraint("division_code ~ '^[0-9]{9}([0-9]{3})?$'", name="division_code_grammar"),
        CheckConstraint("grid_code = division_code", name="grid_code_is_division"),
        CheckConstraint("written <> standard", name="changes_something"),
        grid_code_check(),
        UniqueConstraint("division_code", "written"),
        {"comment": "rules learnt from decisions (地名纠正规则)"},
    )

    id: Mapped[int] = identity_column()
    division_code: Mapped[str] = code_column("town or village it holds in", nullable=False)
    written: Mapped[str] = code_column("road as written, normalised", nullable=False)
    standard: Mapped[str] = code_column("road as in the library, normalised", nullable=False)
    created_by: Mapped[str] = mapped_column(Text, nullable=False, comment="who said so")
    created_at: Mapped[datetime] = now_column("when")
    grid_code: Mapped[str] = grid_code_column()


class Correction(CountyBase):
    """Something uncertain that waits for a person: a text without a certain match, or a review of an address."""

    __tablename__ = "correction"
    __table_args__ = (
        CheckConstraint(CorrectionKind.check("kind"), name="kind"),
        CheckConstraint("(kind = 'review') = (review_id IS NOT NULL)", name="review"),
        CheckConstraint(CorrectionStatus.check("status"), name="status"),
        CheckConstraint("outcome IS NULL OR " + CorrectionOutcome.check("outcome"), name="outcome"),
        CheckConstraint("(status = 'decided') = (outcome IS NOT NULL)", name="decided"),
        CheckConstraint("(leased_by IS NULL) = (leased_until IS NULL)", name="lease"),
        grid_code_check(),
        UniqueConstraint("review_id"),
        Index("uq_correction_match", "match_key", "grid_code", unique=True, postgresql_where=text("kind = 'match'")),
        Index("ix_correction_open", "id", postgresql_where=text("status = 'open'")),
        Index("ix_correction_leased", "leased_by", postgresql_where=text("leased_by IS NOT NULL")),
        Index("ix_correction_road", "division_code", "road_key"),
        {"comment": "queue of uncertain texts and addresses (待纠正)"},
    )

    id: Mapped[int] = identity_column()
    kind: Mapped[str] = mapped_column(Text, nullable=False, comment="match: a text without a certain match; review")
    review_id: Mapped[int | None] = mapped_column(ForeignKey(AddressReview.id), comment="the review, when it is one")
    address_text: Mapped[str] = mapped_column(Text, nullable=False, comment="as written")
    match_key: Mapped[str] = code_column("normalised text; equal means the same text", nullable=False)
    division_code: Mapped[str | None] = code_column("division the text names, when it names one only")
    road_key: Mapped[str | None] = code_column("normalised road of the text")
    occurrences: Mapped[int] = mapped_column(
        Integer, server_default=text("1"), nullable=False, comment="records with this text"
    )
    status: Mapped[str] = mapped_column(Text, server_default=text("'open'"), nullable=False, comment="open, decided")
    outcome: Mapped[str | None] = mapped_column(Text, comment="what it became")
    address_id: Mapped[int | None] = mapped_column(
        ForeignKey(StandardAddress.id), index=True, comment="address in question, or the one decided on"
    )
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("correction_batch.id"), comment="batch that decided it")
    decided_by: Mapped[str | None] = mapped_column(Text, comment="who decided")
    decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), comment="when")
    leased_by: Mapped[str | None] = mapped_column(Text, comment="who has it on the screen")
    leased_until: Mapped[datetime | None] = mapped_column(
        DateTime(timezone=True), comment="until when nobody else gets it"
    )
    created_at: Mapped[datetime] = now_column("when it joined the queue")
    grid_code: Mapped[str] = grid_code_column()


class CorrectionLog(CountyBase):
    """One row that a batch made or changed, as it was before and after. Rows are added, never changed."""

    __tablename__ = "correction_log"
    __table_args__ = (
        CheckConstraint("before IS NOT NULL OR after IS NOT NULL", name="something"),
        grid_code_check(),
        Index("ix_correction_log_batch", "batch_id", "table_name"),
        {"comment": "what batches changed (纠正日志)"},
    )

    id: Mapped[int] = identity_column()
    batch_id: Mapped[int] = mapped_column(ForeignKey("correction_batch.id"), nullable=False, comment="batch")
    table_name: Mapped[str] = mapped_column(Text, nullable=False, comment="table of the row")
    row_id: Mapped[int] = mapped_column(BigInteger, nullable=False, comment="its key")
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True), comment="null: the batch made it")
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True), comment="null: the batch removed it")
    grid_code: Mapped[str] = grid_code_column()
