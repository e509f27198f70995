"""The trail of what concerns no county: sign-ins of unknown names, accounts, sessions, tokens."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from database.base import PlatformBase, identity_column, now_column


class PlatformAuditEvent(PlatformBase):
    """One act on accounts, sessions or tokens, or a sign-in that failed; rows are added, never changed."""

    __tablename__ = "audit_event"
    __table_args__ = (
        Index("ix_platform_audit_event_at", "at"),
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
