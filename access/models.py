"""The trail of what concerns no county: sign-ins of unknown names, accounts, sessions, tokens."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, DateTime, Index, Integer, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from database.base import PlatformBase, identity_column, now_column


class PlatformAuditEvent(PlatformBase):
    """One act on accounts, sessions or tokens, or a sign-in that failed; rows are added, never changed."""

    __tablename__ = "audit_event"
    __table_args__ = (
        Index("ix_platform_audit_event_at", "at"),
        Index("uq_platform_audit_event_number", "number", unique=True),
        Index("ix_platform_audit_event_unchained", "id", postgresql_where=text("number IS NULL")),
        Index("ix_platform_audit_event_county", "county", "id"),
        Index("ix_platform_audit_event_actor", "actor", "id"),
        {"comment": "audit trail of the platform (平台审计日志)"},
    )

    id: Mapped[int] = identity_column()
    at: Mapped[datetime] = now_column("when")
    actor: Mapped[str] = mapped_column(Text, nullable=False, comment="who, or the name that was tried")
    action: Mapped[str] = mapped_column(Text, nullable=False, comment="sign_in, account_create, token_revoke …")
    target: Mapped[str | None] = mapped_column(Text, comment="what, e.g. account:zhangsan")
    purpose: Mapped[str | None] = mapped_column(Text, comment="stated purpose")
    allowed: Mapped[bool] = mapped_column(
        Boolean, server_default=text("true"), nullable=False, comment="false when it was refused"
    )
    county: Mapped[str | None] = mapped_column(Text, comment="county of the account concerned; none for unknown names")
    address: Mapped[str | None] = mapped_column(Text, comment="network address of the asker")
    number: Mapped[int | None] = mapped_column(BigInteger, comment="place in the chain")
    previous: Mapped[str | None] = mapped_column(Text, comment="hash of the row before")
    hash: Mapped[str | None] = mapped_column(Text, comment="SHA-256 over the row and the hash before")


class PlatformAuditHead(PlatformBase):
    """The last link of the chain of the platform's audit trail."""

    __tablename__ = "audit_head"
    __table_args__ = ({"comment": "head of the chain of the platform's audit trail (审计链头)"},)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False, comment="always 1")
    number: Mapped[int] = mapped_column(BigInteger, nullable=False, comment="last number of the chain")
    hash: Mapped[str] = mapped_column(Text, nullable=False, comment="its hash")
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), nullable=False, comment="when it was chained")
