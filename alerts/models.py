"""Tables of alerts and their steps (预警)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from alerts.lifecycle import NOT_ENDED, STEP_LABELS, AlertStatus
from database.tables.base import (
    CountyBase,
    also_grid_code_column,
    geometry_column,
    grid_code_check,
    grid_code_column,
    identity_column,
    now_column,
    tile_geometry_column,
)
from database.vocabulary import Severity


class Alert(CountyBase):
    """An alert (预警): work for a person, raised by an anomaly, with a lifecycle."""

    __tablename__ = "alert"
    __table_args__ = (
        CheckConstraint(AlertStatus.check("status"), name="status"),
        CheckConstraint(Severity.check("severity"), name="severity"),
        grid_code_check(),
        # one alert a finding, as long as the finding holds; when it comes back after an end it is another alert
        Index("uq_alert_fingerprint", "fingerprint", unique=True, postgresql_where=text("ceased_at IS NULL")),
        # what ceased, by its finding: the alert that takes it up again, and the earlier ones of one alert
        Index("ix_alert_ceased", "fingerprint", postgresql_where=text("ceased_at IS NOT NULL")),
        # tiles show what has not ended; years of ended alerts stay out of their way
        Index("ix_alert_tile", "geom_3857", postgresql_using="gist", postgresql_where=text(NOT_ENDED)),
        # how many wait in a cell, read from the index alone
        Index("ix_alert_not_ended", "grid_code", postgresql_include=["status"], postgresql_where=text(NOT_ENDED)),
        Index("ix_alert_list", "severity_rank", "first_raised_at", "id"),
        # what is new since a day
        Index("ix_alert_first_raised", "first_raised_at", "id"),
        # what one person has to do
        Index("ix_alert_assignee", "assignee", postgresql_where=text("assignee IS NOT NULL")),
        Index("ix_alert_subject", "subject_kind", "subject_id"),
        Index("ix_alert_status", "status"),
        Index("ix_alert_finding_key", "finding_key", postgresql_where=text("finding_key IS NOT NULL")),
        {"comment": "alerts (预警)"},
    )

    id: Mapped[int] = identity_column()
    fingerprint: Mapped[str] = mapped_column(
        Text,
        nullable=False,
        comment="rule + subject + what makes it the same finding; scanning twice makes one alert",
    )
    finding_key: Mapped[str | None] = mapped_column(
        Text, comment="the same for alerts that tell one finding to several sides, each in its own words"
    )
    rule: Mapped[str] = mapped_column(Text, nullable=False, comment="rule that found it")
    severity: Mapped[str] = mapped_column(Text, nullable=False, comment="high, medium, low")
    severity_rank: Mapped[int] = mapped_column(
        SmallInteger,
        Computed("CASE severity WHEN 'high' THEN 3 WHEN 'medium' THEN 2 ELSE 1 END", persisted=True),
        nullable=False,
        comment="3 high, 2 medium, 1 low: the order of lists",
    )
    status: Mapped[str] = mapped_column(
        Text,
        server_default=text("'open'"),
        nullable=False,
        comment="where it stands in the closed loop (闭环)",
    )
    version: Mapped[int] = mapped_column(
        Integer,
        server_default=text("1"),
        nullable=False,
        comment="counts the steps; a writer states the one they saw",
    )
    subject_kind: Mapped[str] = mapped_column(Text, nullable=False, comment="person, household, place, address, cell")
    subject_id: Mapped[str] = mapped_column(Text, nullable=False, comment="key of the subject")
    household_id: Mapped[int | None] = mapped_column(
        BigInteger, index=True, comment="household concerned, for the card"
    )
    title: Mapped[str] = mapped_column(Text, nullable=False, comment="in a line, Chinese")
    reason: Mapped[str] = mapped_column(Text, nullable=False, comment="why, in Chinese, from the facts")
    facts: Mapped[dict[str, Any]] = mapped_column(
        JSONB, server_default=text("'{}'"), nullable=False, comment="what the rule saw, before and after"
    )
    rule_version: Mapped[int | None] = mapped_column(
        SmallInteger, comment="version of the rule whose facts these are; empty: from before versions were kept"
    )
    assignee: Mapped[str | None] = mapped_column(Text, comment="who deals with it")
    first_raised_at: Mapped[datetime] = now_column("first found")
    last_raised_at: Mapped[datetime] = now_column("last found")
    ceased_at: Mapped[datetime | None] = mapped_column(
        DateTime(timezone=True), comment="since when what the rule found no longer holds; empty while it does"
    )
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), comment="when it was closed")
    grid_code: Mapped[str] = grid_code_column()
    geom: Mapped[Any | None] = geometry_column("POINT", "where")
    geom_3857: Mapped[Any | None] = tile_geometry_column("POINT")


class AlertWhole(CountyBase):
    """What an alert that crosses scopes says to who sees every place it names."""

    __tablename__ = "alert_whole"
    __table_args__ = (
        grid_code_check(),
        grid_code_check("also_grid_code"),
        {"comment": "alerts that cross scopes, in full (跨范围预警全文)"},
    )

    alert_id: Mapped[int] = mapped_column(
        ForeignKey("alert.id", ondelete="CASCADE"), primary_key=True, autoincrement=False, comment="the alert"
    )
    reason: Mapped[str] = mapped_column(Text, nullable=False, comment="why, with every place named")
    facts: Mapped[dict[str, Any]] = mapped_column(
        JSONB, server_default=text("'{}'"), nullable=False, comment="what the rule saw, before and after, in full"
    )
    grid_code: Mapped[str] = grid_code_column()
    also_grid_code: Mapped[str] = also_grid_code_column()


class AlertStep(CountyBase):
    """One step of an alert's life: who, when, from, to, why. Never changed, never removed."""

    __tablename__ = "alert_step"
    __table_args__ = (
        grid_code_check(),
        Index("ix_alert_step_alert", "alert_id", "id"),
        {"comment": "history of alerts (处置记录)"},
    )

    id: Mapped[int] = identity_column()
    alert_id: Mapped[int] = mapped_column(ForeignKey("alert.id"), nullable=False, comment="the alert")
    action: Mapped[str] = mapped_column(Text, nullable=False, comment=", ".join(STEP_LABELS))
    from_status: Mapped[str | None] = mapped_column(Text, comment="status before")
    to_status: Mapped[str] = mapped_column(Text, nullable=False, comment="status after")
    actor: Mapped[str] = mapped_column(Text, nullable=False, comment="who")
    reason: Mapped[str | None] = mapped_column(Text, comment="why")
    evidence: Mapped[dict[str, Any]] = mapped_column(
        JSONB, server_default=text("'{}'"), nullable=False, comment="what was seen on the spot"
    )
    at: Mapped[datetime] = now_column("when")
    grid_code: Mapped[str] = grid_code_column()
