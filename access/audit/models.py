"""Tables of the audit trail (审计)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    DateTime,
    Index,
    Integer,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from database.tables.base import (
    CountyBase,
    grid_code_check,
    grid_code_column,
    identity_column,
    now_column,
)


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
