"""Tables of the quality check: runs, findings, and the fixes that were applied."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from database.tables.base import (
    CountyBase,
    code_column,
    grid_code_check,
    grid_code_column,
    identity_column,
    now_column,
)
from database.vocabulary import Severity
from gazetteer.library.models import StandardAddress
from gazetteer.quality.vocabulary import FindingState


class QualityRun(CountyBase):
    """One run of the quality rules (质量检查)."""

    __tablename__ = "quality_run"
    __table_args__ = (grid_code_check(), {"comment": "runs of the address quality rules (地址质量检查)"})

    id: Mapped[int] = identity_column()
    actor: Mapped[str] = mapped_column(Text, nullable=False, comment="who ran it")
    addresses_n: Mapped[int] = mapped_column(Integer, nullable=False, comment="addresses it looked at")
    rules: Mapped[dict[str, Any]] = mapped_column(
        JSONB, server_default=text("'{}'"), nullable=False, comment="rule → found_n, seconds"
    )
    started_at: Mapped[datetime] = now_column("when it began")
    finished_at: Mapped[datetime | None] = mapped_column(
        DateTime(timezone=True), comment="when it ended; null: broken off"
    )
    grid_code: Mapped[str] = grid_code_column()


class AddressFinding(CountyBase):
    """What a rule found wrong about an address (质量问题): one row for each rule and address, whatever the number of runs."""

    __tablename__ = "address_finding"
    __table_args__ = (
        CheckConstraint(Severity.check("severity"), name="severity"),
        CheckConstraint(FindingState.check("state"), name="state"),
        CheckConstraint("(state = 'ignored') = (ignored_reason IS NOT NULL)", name="ignored_with_reason"),
        grid_code_check(),
        UniqueConstraint("rule", "address_id"),
        Index("ix_address_finding_address_id", "address_id"),
        Index("ix_address_finding_village", "division_code", "rule", "id"),
        Index("ix_address_finding_open", "rule", "division_code", "id", postgresql_where=text("state = 'open'")),
        {"comment": "findings of the address quality rules (地址质量问题)"},
    )

    id: Mapped[int] = identity_column()
    rule: Mapped[str] = mapped_column(Text(collation="C"), nullable=False, comment="name of the rule")
    severity: Mapped[str] = mapped_column(Text, nullable=False, comment="high, medium, low")
    address_id: Mapped[int] = mapped_column(ForeignKey(StandardAddress.id), nullable=False, comment="the address")
    division_code: Mapped[str] = code_column("village of the address when it was found", nullable=False)
    facts: Mapped[dict[str, Any]] = mapped_column(
        JSONB, server_default=text("'{}'"), nullable=False, comment="what the rule saw"
    )
    state: Mapped[str] = mapped_column(
        Text,
        server_default=text("'open'"),
        nullable=False,
        comment="open; fixed: a later run did not find it; ignored: a person said that it is right as it is",
    )
    ignored_reason: Mapped[str | None] = mapped_column(Text, comment="why it is ignored")
    ignored_by: Mapped[str | None] = mapped_column(Text, comment="who said so")
    run_id: Mapped[int] = mapped_column(BigInteger, nullable=False, comment="last run that found it")
    first_seen_at: Mapped[datetime] = now_column("first found")
    last_seen_at: Mapped[datetime] = now_column("last found")
    gone_at: Mapped[datetime | None] = mapped_column(
        DateTime(timezone=True), comment="first run that no longer found it"
    )
    grid_code: Mapped[str] = grid_code_column()


class QualityFix(CountyBase):
    """A fix applied to many addresses in one transaction (批量修复); it can be reverted."""

    __tablename__ = "quality_fix"
    __table_args__ = (grid_code_check(), {"comment": "applied quality fixes (地址批量修复)"})

    id: Mapped[int] = identity_column()
    rule: Mapped[str] = mapped_column(Text, nullable=False, comment="name of the rule")
    actor: Mapped[str] = mapped_column(Text, nullable=False, comment="who applied it")
    reason: Mapped[str] = mapped_column(Text, nullable=False, comment="why")
    addresses_n: Mapped[int] = mapped_column(Integer, nullable=False, comment="addresses changed")
    applied_at: Mapped[datetime] = now_column("when")
    reverted_by: Mapped[str | None] = mapped_column(Text, comment="who took it back")
    reverted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), comment="when it was taken back")
    grid_code: Mapped[str] = grid_code_column()


class QualityFixRow(CountyBase):
    """One address of a fix: the columns before and after."""

    __tablename__ = "quality_fix_row"
    __table_args__ = (
        grid_code_check(),
        UniqueConstraint("fix_id", "address_id"),
        {"comment": "addresses of quality fixes, before and after (批量修复明细)"},
    )

    id: Mapped[int] = identity_column()
    fix_id: Mapped[int] = mapped_column(ForeignKey("quality_fix.id"), nullable=False, comment="the fix")
    address_id: Mapped[int] = mapped_column(ForeignKey(StandardAddress.id), nullable=False, comment="the address")
    before: Mapped[dict[str, Any]] = mapped_column(JSONB, nullable=False, comment="columns before")
    after: Mapped[dict[str, Any]] = mapped_column(JSONB, nullable=False, comment="columns after")
    grid_code: Mapped[str] = grid_code_column()
