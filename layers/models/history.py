"""Tables of what happens to records: imports, rejects, changes, alerts, audit."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Computed,
    DateTime,
    ForeignKey,
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

from database.base import (
    CountyBase,
    code_column,
    geometry_column,
    grid_code_check,
    grid_code_column,
    identity_column,
    now_column,
    tile_geometry_column,
)
from layers.alerts.lifecycle import NOT_ENDED, STATUS_LABELS, STEP_LABELS, states_sql

#: No personal number, and of dates of birth and death only the year: the database holds writers to it.
NO_NUMBERS = (
    "NOT (coalesce(before, '{}') || coalesce(after, '{}')) ?| "
    "ARRAY['id_number','id_number_masked','phone','phone_masked'] "
    "AND greatest(length(before ->> 'birth_date'), length(after ->> 'birth_date'), length(before ->> 'death_date'), "
    "length(after ->> 'death_date'), 0) <= 4"
)


def also_grid_code_column() -> Any:
    """The second place a row is about; who sees only one of the two does not see the row."""
    return code_column(
        "grid code of the other places named: who does not see those does not see the row", nullable=False
    )


# --- what every imported record carries -------------------------------------------------------------


class ImportBatch(CountyBase):
    """One file through the pipeline (导入批次)."""

    __tablename__ = "import_batch"
    __table_args__ = (
        CheckConstraint("state IN ('staged','checked','published','failed')", name="state"),
        grid_code_check(),
        Index("ix_import_batch_sha256", "sha256", "mapping"),
        {"comment": "imports (导入批次)"},
    )

    id: Mapped[int] = identity_column()
    mapping: Mapped[str] = mapped_column(Text, nullable=False, comment="mapping name = department table")
    target: Mapped[str] = mapped_column(Text, nullable=False, comment="what the rows become: address, person …")
    file_name: Mapped[str] = mapped_column(Text, nullable=False, comment="name of the file")
    sha256: Mapped[str] = mapped_column(Text, nullable=False, comment="of the file")
    state: Mapped[str] = mapped_column(Text, nullable=False, comment="staged, checked, published, failed")
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
    created_by: Mapped[str] = mapped_column(Text, nullable=False, comment="who")
    created_at: Mapped[datetime] = now_column("when it began")
    published_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), comment="when it was published")
    grid_code: Mapped[str] = grid_code_column()


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


class Change(CountyBase):
    """A change (异动): the difference between two states of a record.

    No personal number stands in it, of dates of birth and death only the year, of a place that the row's grid code does not
    hold only that there is one: the whole of that stands in ``change_whole``.
    """

    __tablename__ = "change"
    __table_args__ = (
        CheckConstraint("operation IN ('added','changed','removed')", name="operation"),
        CheckConstraint(NO_NUMBERS, name="no_numbers"),
        grid_code_check(),
        Index("ix_change_record", "entity", "entity_id"),
        Index("ix_change_entity", "entity", "id"),
        Index("ix_change_batch_id", "batch_id", "id", postgresql_include=["entity", "grid_code"]),
        Index("ix_change_scope", "grid_code", "id", postgresql_include=["entity", "batch_id"]),
        {"comment": "changes (异动)"},
    )

    id: Mapped[int] = identity_column()
    batch_id: Mapped[int | None] = mapped_column(
        ForeignKey("import_batch.id"), comment="import that made it; empty when made in the app"
    )
    entity: Mapped[str] = mapped_column(Text, nullable=False, comment="table of the record")
    entity_id: Mapped[str] = mapped_column(Text, nullable=False, comment="key of the record")
    operation: Mapped[str] = mapped_column(Text, nullable=False, comment="added, changed, removed")
    fields: Mapped[list[str]] = mapped_column(
        JSONB, server_default=text("'[]'"), nullable=False, comment="names of what differs"
    )
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB, comment="state before")
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB, comment="state after")
    actor: Mapped[str] = mapped_column(Text, nullable=False, comment="who")
    at: Mapped[datetime] = now_column("when")
    grid_code: Mapped[str] = grid_code_column(index=False)


class ChangeWhole(CountyBase):
    """The states of a change that names two places, in full: seen by who sees both."""

    __tablename__ = "change_whole"
    __table_args__ = (
        CheckConstraint(NO_NUMBERS, name="no_numbers"),
        grid_code_check(),
        grid_code_check("also_grid_code"),
        {"comment": "changes that cross scopes, in full (跨范围异动全文)"},
    )

    change_id: Mapped[int] = mapped_column(
        ForeignKey("change.id", ondelete="CASCADE"), primary_key=True, autoincrement=False, comment="the change"
    )
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB, comment="state before")
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB, comment="state after")
    grid_code: Mapped[str] = grid_code_column()
    also_grid_code: Mapped[str] = also_grid_code_column()


# --- alerts ---------------------------------------------------------------------------------------------


class Alert(CountyBase):
    """An alert (预警): work for a person, raised by an anomaly, with a lifecycle."""

    __tablename__ = "alert"
    __table_args__ = (
        CheckConstraint(f"status IN ({states_sql(frozenset(STATUS_LABELS))})", name="status"),
        CheckConstraint("severity IN ('high','medium','low')", name="severity"),
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


class AuditEvent(CountyBase):
    """A look at personal data, an export, a sign-in: who, when, what, for what purpose. Append only.

    number, previous and hash chain the rows; the database writes them at the commit, the application cannot.
    """

    __tablename__ = "audit_event"
    __table_args__ = (
        grid_code_check(),
        Index("ix_audit_event_at", "at"),
        Index("uq_audit_event_number", "number", unique=True),
        Index("ix_audit_event_unchained", "id", postgresql_where=text("number IS NULL")),
        Index("ix_audit_event_refused", "id", postgresql_where=text("NOT allowed")),
        *(Index(f"ix_audit_event_{name}", name, "id") for name in ("actor", "action", "target", "address")),
        {"comment": "audit trail (审计日志)"},
    )

    id: Mapped[int] = identity_column()
    at: Mapped[datetime] = now_column("when")
    actor: Mapped[str] = mapped_column(Text, nullable=False, comment="who")
    action: Mapped[str] = mapped_column(
        Text, nullable=False, comment="reveal, search_id, view_household, export, sign_in …"
    )
    target: Mapped[str | None] = mapped_column(Text, comment="what, e.g. person:12 id_number")
    purpose: Mapped[str | None] = mapped_column(Text, comment="stated purpose")
    allowed: Mapped[bool] = mapped_column(
        Boolean, server_default=text("true"), nullable=False, comment="false when it was refused"
    )
    rows_n: Mapped[int | None] = mapped_column(Integer, comment="records shown or written, where that is a number")
    times: Mapped[int] = mapped_column(
        Integer,
        server_default=text("1"),
        nullable=False,
        comment="identical refusals within a minute that this row stands for",
    )
    grid_code: Mapped[str] = grid_code_column()
    address: Mapped[str | None] = mapped_column(Text, comment="network address of the asker; none in commands and jobs")
    number: Mapped[int | None] = mapped_column(BigInteger, comment="place in the chain")
    previous: Mapped[str | None] = mapped_column(Text, comment="hash of the row before")
    hash: Mapped[str | None] = mapped_column(Text, comment="SHA-256 over the row and the hash before")


class AuditHead(CountyBase):
    """The last link of the chain of the audit trail. Its row is locked while a transaction that left audit rows commits."""

    __tablename__ = "audit_head"
    __table_args__ = (grid_code_check(), {"comment": "head of the chain of the audit trail (审计链头)"})

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False, comment="always 1")
    number: Mapped[int] = mapped_column(BigInteger, nullable=False, comment="last number of the chain")
    hash: Mapped[str] = mapped_column(Text, nullable=False, comment="its hash")
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), nullable=False, comment="when it was chained")
    grid_code: Mapped[str] = grid_code_column()


class PersonLook(CountyBase):
    """A look at personal numbers, counted for the limits: kept in the database, so that it counts for every process."""

    __tablename__ = "person_look"
    __table_args__ = (
        CheckConstraint("kind IN ('number','name','reveal','check')", name="kind"),
        grid_code_check(),
        Index("ix_person_look_actor", "actor", "kind", "at"),
        {"comment": "looks at personal numbers, for the limits (查号计数)"},
    )

    id: Mapped[int] = identity_column()
    at: Mapped[datetime] = now_column("when")
    actor: Mapped[str] = mapped_column(Text, nullable=False, comment="who")
    kind: Mapped[str] = mapped_column(
        Text, nullable=False, comment="search by number, by name, reveal, check of a file of numbers"
    )
    found: Mapped[bool] = mapped_column(Boolean, nullable=False, comment="whether anybody was found")
    grid_code: Mapped[str] = grid_code_column()
